"""Convert the database rows of an asset to an Asset.

The rows are untrusted: any column can hold any value. An invalid value is reported with the asset's name
and replaced by a safe default, so that one bad row does not affect others.
"""

from __future__ import annotations

from ambertime_tui.library import dates
from ambertime_tui.library.fingerprint import stored_fingerprint
from ambertime_tui.library.frozen_factory import frozen_factory
from ambertime_tui.library.media_paths import is_file_name, is_media_directory, is_outside
from ambertime_tui.library.model import Asset, Kind, Ownership, Role
from ambertime_tui.library.notices import Notices, printable
from ambertime_tui.library.ownership import owner_by_store, ownership
from ambertime_tui.library.resources import LARGEST_FILE, Description, Place, resources_of
from ambertime_tui.library.rows import ABSENT, ResourceColumns, Row

_new_asset = frozen_factory(Asset)
_KINDS = {0: Kind.PHOTO, 1: Kind.VIDEO}
_LIVE_PHOTO = 2
_SYNCED = 3
_OWN = 3
_FURTHEST_KNOWN_SCOPE = 5
_STORE = ResourceColumns._fields.index("store")


class AssetMaker:
    """Creates assets one at a time, and caches what many of them share."""

    def __init__(self, notices: Notices, latest: float = dates.LATEST) -> None:
        """
        Args:
            notices: collects problems.
            latest: the latest plausible capture time (`dates.latest_capture`).
        """
        self._notices = notices
        self._latest = latest
        self._directories: dict[str, tuple[str, str, bool]] = {}
        self._owners: dict[tuple[str, int, int, int, int, int], Ownership] = {}
        self._uuid = ""
        self._filename = ""

    def make(self, row: Row, about: Row, files: list[Row]) -> Asset | None:
        """Create the asset; None if it has no identifier.

        Args:
            row: the columns of `rows.AssetColumns`.
            about: the columns of `rows.AttributesColumns`.
            files: rows with the columns of `rows.ResourceColumns`, in any order.
        """
        (
            key, uuid, directory, filename, raw_created, kind, subtype, hidden, trashed, favourite,
            edited, burst, saved_type, scope, published, collection_share, library_scope, master_state,
            processing,
        ) = row  # fmt: skip
        _, original_filename, raw_offset, zone_name, original_size, inferred_offset, fingerprint = about
        if type(uuid) is not str or not uuid:
            name = filename if type(filename) is str else f"row {key}"
            self._notices.about(name, "it has no identifier in the library and is left out.")
            return None
        self._uuid = uuid
        self._filename = filename if type(filename) is str else ""
        place, shown_directory = self._place(directory, filename)
        try:
            _ = (
                kind | subtype | hidden | trashed | favourite | edited | saved_type | scope
            )  # only integers support |
        except TypeError:
            kind, saved_type = self._whole(kind, "ZKIND"), self._whole(saved_type, "ZSAVEDASSETTYPE", _OWN)
            subtype, scope = self._whole(subtype, "ZKINDSUBTYPE"), self._whole(scope, "ZBUNDLESCOPE")
            hidden, trashed = self._whole(hidden, "ZHIDDEN"), self._whole(trashed, "ZTRASHEDSTATE")
            favourite = self._whole(favourite, "ZFAVORITE")
            edited = self._whole(edited, "the edit flag", ABSENT)
        if not 0 <= scope <= _FURTHEST_KNOWN_SCOPE:
            self._warn("its kind of library (ZBUNDLESCOPE) is unknown; treated as your own.")
        marks = (shown_directory, saved_type, scope, published, collection_share, library_scope)
        owner = self._owners.get(marks)
        if owner is None:
            owner = self._owners[marks] = ownership(*marks)
        if owner.is_archived:
            owner = owner_by_store(owner, [file[_STORE] for file in files])
        of_files = Description(
            self._kind(kind),
            subtype == _LIVE_PHOTO,
            None if edited == ABSENT else edited > 0,
            owner.is_archived,
            original_size if type(original_size) is int and 0 < original_size <= LARGEST_FILE else None,
            None if master_state is None else master_state == _SYNCED,
            stored_fingerprint(fingerprint),
            processing == 1,
        )
        resources = resources_of(files, place, of_files, self._warn)
        # An inferred resource counts only if its file exists (see `presence`).
        roles = [resource.role for resource in resources if not resource.inferred]
        created = self._created(raw_created)
        return _new_asset(
            uuid,
            of_files.kind,
            created,
            self._zone_offset(raw_offset, zone_name, inferred_offset, created),
            shown_directory,
            place.filename,
            self._original_filename(original_filename) or place.filename or uuid,
            resources,
            owner,
            subtype,
            live_photo=subtype == _LIVE_PHOTO or Role.PAIRED_VIDEO in roles,
            raw_pair=Role.ALTERNATE_PHOTO in roles,
            edited=edited > 0 or (edited == ABSENT and not all(role.is_original for role in roles)),
            hidden=hidden != 0,
            trashed=trashed != 0,
            favourite=favourite != 0,
            burst_uuid=self._text(burst, "ZAVALANCHEUUID"),
            zone_name=self._text(zone_name, "ZTIMEZONENAME"),
            processing=processing == 1,
        )

    def warn_about(self, asset: Asset, problem: str) -> None:
        """Add a notice about an asset created earlier."""
        self._uuid, self._filename = asset.uuid, asset.filename
        self._warn(problem)

    def _place(self, directory: object, filename: object) -> tuple[Place, str]:
        """Return the asset's place, and its directory for display."""
        if type(directory) is not str or type(filename) is not str:
            self._warn("the library does not say where its file is (ZDIRECTORY, ZFILENAME).")
            return Place("", filename if type(filename) is str and is_file_name(filename) else "", True), ""
        known = self._directories.get(directory)
        if known is None:
            inside = is_media_directory(directory)
            shown = directory if inside or is_outside(directory) else ""
            known = self._directories[directory] = (directory if inside else "", shown, not shown)
        inside_path, shown, refused = known
        if refused:
            self._warn(f"its path {printable(ascii(directory))} is outside the media folder and was refused.")
        if not is_file_name(filename):
            self._warn(f"its file name {printable(ascii(filename))} is not a plain name and was refused.")
            return Place("", "", True), shown
        return Place(inside_path, filename, refused), shown

    def _original_filename(self, name: object) -> str:
        if name is None:
            return ""
        if type(name) is not str:
            self._warn("its original name is not text; its file name is used instead.")
            return ""
        return name

    def _kind(self, value: int) -> Kind:
        kind = _KINDS.get(value)
        if kind is None:
            self._warn("it is neither a photo nor a video (ZKIND); treated as a photo.")
            return Kind.PHOTO
        return kind

    def _created(self, value: object) -> float | None:
        created = dates.unix_time(value)
        if value is None:
            self._warn("it has no capture date; listed as undated.")
        elif created is None:
            self._warn("its capture date is impossible; listed as undated.")
        elif created > self._latest:
            self._warn("its capture date is in the future; listed as undated.")
            return None
        return created

    def _zone_offset(
        self, value: object, zone_name: object, inferred: object, created: float | None
    ) -> int | None:
        """The offset of the capture, else that of the named zone, else the one that iOS inferred."""
        offset = dates.zone_offset(value)
        if offset is None:
            if value is not None:
                self._warn(
                    "its time zone is impossible; its day is computed from the zone's name, or in UTC."
                )
            if type(zone_name) is str and zone_name:
                offset = dates.offset_of_zone(zone_name, created)
        if offset is None:
            offset = dates.zone_offset(inferred)
        return offset

    def _whole(self, value: object, column: str, default: int = 0) -> int:
        if type(value) is int:
            return value
        read_as = "decided by its files" if default == ABSENT else f"read as {default}"
        self._warn(f"{column} is not a whole number; {read_as}.")
        return default

    def _text(self, value: object, column: str) -> str | None:
        if not value:
            return None
        if type(value) is str:
            return value
        self._warn(f"{column} is not text; ignored.")
        return None

    def _warn(self, problem: str) -> None:
        named = self._filename if self._uuid in self._filename else f"{self._filename} ({self._uuid})"
        self._notices.about(named if self._filename else self._uuid, problem)
