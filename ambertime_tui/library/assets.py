"""From the rows of an asset to an Asset.

The rows are foreign: any column can hold anything. What cannot be understood is told with the asset's name
and replaced by the harmless value, so that one bad row never costs the others.
"""

from __future__ import annotations

from ambertime_tui.library import dates
from ambertime_tui.library.media_paths import is_file_name, is_media_directory, is_outside
from ambertime_tui.library.model import Asset, Kind, Role
from ambertime_tui.library.notices import Notices, printable
from ambertime_tui.library.ownership import ownership
from ambertime_tui.library.resources import Place, resources_of
from ambertime_tui.library.rows import AssetRow, AttributesRow, ResourceRow

_KINDS = {0: Kind.PHOTO, 1: Kind.VIDEO}
_LIVE_PHOTO = 2
_SYNCED = 3
_OWN_SAVED_TYPE = 3
_FURTHEST_KNOWN_SCOPE = 3


class AssetMaker:
    """Makes assets, one at a time, and remembers what a whole library has to know of them."""

    def __init__(self, notices: Notices) -> None:
        self.titles: dict[str, str] = {}
        """Titles by uuid, of the assets that have one."""
        self.newest_added: float | None = None
        """The newest plausible ZADDEDDATE, in seconds since 1970."""
        self._notices = notices
        self._directories: dict[str, tuple[str, str, bool]] = {}
        self._shared: dict[str, str] = {}
        self._uuid = ""
        self._filename = ""

    def make(self, row: AssetRow, about: AttributesRow, files: list[ResourceRow]) -> Asset | None:
        """The asset; None where it has no identifier, so that nothing could ever be said of it."""
        uuid = row.uuid
        if type(uuid) is not str or not uuid:
            name = row.filename if isinstance(row.filename, str) else f"row {row.key}"
            self._notices.about(name, "this item of the library has no identifier and is left out.")
            return None
        self._uuid = uuid
        self._filename = row.filename if type(row.filename) is str else ""
        place, shown_directory = self._place(row)
        original_filename = self._original_filename(about.original_filename)
        kind = self._kind(row.kind)
        subtype = self._whole(row.subtype, "ZKINDSUBTYPE")
        edited = self._whole(row.edited, "the mark of an edit") > 0
        scope = self._whole(row.bundle_scope, "ZBUNDLESCOPE")
        if scope > _FURTHEST_KNOWN_SCOPE:
            self._doubt("it is of a kind of library that this AmberTime does not know; taken for one's own.")
        owner = ownership(
            shown_directory,
            self._whole(row.saved_type, "ZSAVEDASSETTYPE", _OWN_SAVED_TYPE),
            scope,
            published=row.published == 1,
            collection_share=row.collection_share == 1,
            library_scope=row.library_scope == 1,
        )
        size = about.original_size
        resources = resources_of(
            files,
            place,
            kind=kind,
            edited=edited,
            own=owner.is_archived,
            original_size=size if type(size) is int and size > 0 else None,
            master_synced=row.master_state == _SYNCED,
            doubt=self._doubt,
        )
        created = self._created(row)
        if type(about.title) is str and about.title:
            self.titles[uuid] = about.title
        return Asset(
            uuid=uuid,
            kind=kind,
            created=created,
            zone_offset=self._zone_offset(about, created),
            directory=shown_directory,
            filename=place.filename,
            original_filename=original_filename or place.filename or uuid,
            resources=resources,
            ownership=owner,
            subtype=subtype,
            live_photo=subtype == _LIVE_PHOTO or any(r.role is Role.PAIRED_VIDEO for r in resources),
            raw_pair=any(r.role is Role.ALTERNATE_PHOTO for r in resources),
            edited=edited,
            hidden=self._whole(row.hidden, "ZHIDDEN") != 0,
            trashed=self._whole(row.trashed, "ZTRASHEDSTATE") != 0,
            favourite=self._whole(row.favourite, "ZFAVORITE") != 0,
            burst_uuid=self._text(row.burst, "ZAVALANCHEUUID"),
            zone_name=self._text(about.zone_name, "ZTIMEZONENAME"),
        )

    def tell(self, asset: Asset, problem: str) -> None:
        """Add a notice about an asset made before."""
        self._uuid, self._filename = asset.uuid, asset.filename
        self._doubt(problem)

    def _place(self, row: AssetRow) -> tuple[Place, str]:
        """Where the asset lies, and its directory as it may be shown."""
        directory, filename = row.directory, row.filename
        if type(directory) is not str or type(filename) is not str:
            self._doubt("the library does not say where its file is (ZDIRECTORY, ZFILENAME).")
            return Place("", filename if type(filename) is str and is_file_name(filename) else "", True), ""
        known = self._directories.get(directory)
        if known is None:
            inside = is_media_directory(directory)
            shown = directory if inside or is_outside(directory) else ""
            known = self._directories[directory] = (directory if inside else "", shown, not shown)
        to_ask, shown, refused = known
        if refused:
            self._doubt(
                f"its path {printable(ascii(directory))} leads out of the media folder and is refused."
            )
        if not is_file_name(filename):
            self._doubt(f"its file name {printable(ascii(filename))} is a path, and is refused.")
            return Place("", "", True), shown
        return Place(to_ask, filename, refused), shown

    def _original_filename(self, name: object) -> str:
        if name is None:
            return ""
        if type(name) is not str:
            self._doubt("its original name is no text; it goes by its file name.")
            return ""
        if name == self._filename:
            return self._filename  # one string for both
        if name and not is_file_name(name):
            self._doubt(f"its original name {printable(ascii(name))} is a path; it goes by its file name.")
            return ""
        return name

    def _kind(self, value: object) -> Kind:
        kind = _KINDS.get(value) if type(value) is int else None
        if kind is None:
            self._doubt("it is neither a photo nor a video (ZKIND); taken for a photo.")
            return Kind.PHOTO
        return kind

    def _created(self, row: AssetRow) -> float | None:
        added = dates.unix_time(row.added)
        if added is not None and (self.newest_added is None or added > self.newest_added):
            self.newest_added = added
        created = dates.unix_time(row.created)
        if created is None:
            self._doubt(
                "it has no date of capture; listed as undated."
                if row.created is None
                else "its date of capture cannot be; listed as undated."
            )
        return created

    def _zone_offset(self, about: AttributesRow, created: float | None) -> int | None:
        offset = dates.zone_offset(about.zone_offset)
        if offset is None:
            if about.zone_offset is not None:
                self._doubt("its time zone cannot be; its day is taken by the zone's name, or in UTC.")
            if type(about.zone_name) is str and about.zone_name:
                return dates.offset_of_zone(about.zone_name, created)
        return offset

    def _whole(self, value: object, column: str, otherwise: int = 0) -> int:
        if type(value) is int:
            return value
        self._doubt(f"{column} is no whole number; read as {otherwise}.")
        return otherwise

    def _text(self, value: object, column: str) -> str | None:
        if not value:
            return None
        if type(value) is str:
            return self._shared.setdefault(value, value)
        self._doubt(f"{column} is no text; passed over.")
        return None

    def _doubt(self, problem: str) -> None:
        self._notices.about(f"{self._filename} ({self._uuid})" if self._filename else self._uuid, problem)
