"""Photos.sqlite of any iOS version to assets.

Three cursors, each in the order of the asset's primary key, are read side by side: assets, their additional
attributes, the records of their files. So nothing has to be held but the result, and SQLite joins no rows.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from ambertime_tui.library import catalogue, dates
from ambertime_tui.library.errors import LibraryUnreadable
from ambertime_tui.library.media_paths import is_file_name, is_media_directory, is_outside
from ambertime_tui.library.model import Asset, Kind, Library
from ambertime_tui.library.notices import Notices, printable
from ambertime_tui.library.ownership import ownership
from ambertime_tui.library.resources import Place, ResourceRow, resources_of
from ambertime_tui.library.schema import ATTRIBUTES, NEWEST_KNOWN_MODEL, RESOURCES, Schema, detect_schema

__all__ = ["LibraryUnreadable", "read_library"]

_PROGRESS_EVERY = 1000
_LONGEST_VALUE = 1 << 26
"""Bytes; a damaged length must not make SQLite ask for a gigabyte."""
_KINDS = {0: Kind.PHOTO, 1: Kind.VIDEO}
_LIVE_PHOTO = 2
_SYNCED = 3
_OWN_SAVED_TYPE = 3


def read_library(database: Path, *, on_progress: Callable[[int], None] | None = None) -> Library:
    """Read a private copy of a library database; the flags in it decide what is local (see `presence`).

    Args:
        database: A copy that may be written beside, with its `-wal` next to it if there is one: SQLite
            replays the log itself, and removes it.
        on_progress: Called with the number of assets read so far, every thousand and at the end.

    Raises:
        LibraryUnreadable: it is damaged, not the database of a Photo Library, or lacks a required column.
    """
    try:
        with closing(sqlite3.connect(database.absolute().as_uri() + "?mode=rw", uri=True)) as connection:
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
            for pragma in ("query_only = ON", "trusted_schema = OFF", "cell_size_check = ON"):
                connection.execute(f"PRAGMA {pragma}")
            return _read(connection, on_progress)
    except (sqlite3.Error, UnicodeError) as error:  # messages about a damaged schema may not decode either
        raise LibraryUnreadable(_why(database, error)) from error


def _read(connection: sqlite3.Connection, on_progress: Callable[[int], None] | None) -> Library:
    try:
        return _Reader(connection, on_progress).read()
    except sqlite3.OperationalError as error:
        if "decode" not in str(error).lower():
            raise
    connection.text_factory = _text_or_bytes
    return _Reader(connection, on_progress).read()


def _text_or_bytes(raw: bytes) -> str | bytes:
    """Text that is not UTF-8 stays bytes, and so is found out as a value of the wrong type."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def _why(database: Path, error: Exception) -> str:
    text = printable(str(error))
    if "not a database" in text:
        return f"{database.name} is not a library database: it is no SQLite file, or encrypted."
    if "unable to open" in text:
        return f"The library database {database.name} could not be opened ({text})."
    return f"The library database is damaged ({text}): fetch it again, or restart the phone so that iOS repairs it."


class _Reader:
    """One reading of one database."""

    def __init__(self, database: sqlite3.Connection, on_progress: Callable[[int], None] | None) -> None:
        self._database = database
        self._on_progress = on_progress
        self._notices = Notices()
        self._schema: Schema = detect_schema(database)
        self._directories: dict[str, tuple[str, str, bool]] = {}
        self._shared: dict[str, str] = {}
        self._titles: dict[str, str] = {}
        self._newest_added: float | None = None
        self._asset_name = ""
        self._uuid = ""

    def read(self) -> Library:
        version = self._schema.model_version
        if version is not None and version > NEWEST_KNOWN_MODEL:
            self._notices.say(
                f"The library is of an iOS newer than this AmberTime knows (model version {version}); it is read "
                "as far as its tables are known. Look for an update of AmberTime."
            )
        if ATTRIBUTES not in self._schema.columns:
            self._notices.say(
                "The library has no table of additional attributes: original names and zones are unknown."
            )
        doubled = self._doubled_uuids()
        keys = array("q")
        assets: list[Asset] = []
        for key, asset in self._assets():
            if asset.uuid in doubled:
                if doubled[asset.uuid]:
                    self._doubt("another item of the library has the same identifier; this one is left out.")
                    continue
                doubled[asset.uuid] = True
            keys.append(key)
            assets.append(asset)
            if self._on_progress and len(assets) % _PROGRESS_EVERY == 0:
                self._on_progress(len(assets))
        self._undate_the_future(assets)
        uuids = catalogue.UuidByKey(keys, [asset.uuid for asset in assets])
        albums = catalogue.read_albums(self._database, self._schema, uuids, self._notices)
        people = catalogue.read_people(self._database, self._schema, uuids, self._notices)
        if self._on_progress:
            self._on_progress(len(assets))
        return Library(
            assets=tuple(assets),
            model_version=version,
            notices=self._notices.sentences(),
            albums=albums,
            titles=self._titles,
            people=people,
        )

    def _doubled_uuids(self) -> dict[object, bool]:
        """Identifiers that occur more than once (a damaged database), each with whether it was seen yet."""
        rows = self._database.execute(
            f"SELECT ZUUID FROM {self._schema.asset_table} GROUP BY ZUUID HAVING count(*) > 1"
        )
        return {uuid: False for (uuid,) in rows}

    def _asset_rows(self) -> Iterator[tuple[object, ...]]:
        table = self._schema.asset_table
        column = self._schema.column
        master = "NULL"
        if self._schema.has(table, "ZMASTER") and self._schema.has(
            "ZCLOUDMASTER", "Z_PK", "ZCLOUDLOCALSTATE"
        ):
            master = f"(SELECT m.ZCLOUDLOCALSTATE FROM ZCLOUDMASTER m WHERE m.Z_PK = {table}.ZMASTER)"
        chosen = (
            "Z_PK",
            "ZUUID",
            "ZDIRECTORY",
            "ZFILENAME",
            "ZDATECREATED",
            column(table, "ZADDEDDATE"),
            "ZKIND",
            column(table, "ZKINDSUBTYPE", otherwise="0"),
            "ZHIDDEN",
            "ZTRASHEDSTATE",
            column(table, "ZFAVORITE", otherwise="0"),
            column(table, "ZADJUSTMENTSSTATE", "ZHASADJUSTMENTS", otherwise="0"),
            column(table, "ZAVALANCHEUUID"),
            column(table, "ZSAVEDASSETTYPE", otherwise=str(_OWN_SAVED_TYPE)),
            f"ifnull({column(table, 'ZBUNDLESCOPE', otherwise='0')}, 0)",
            f"{column(table, 'ZCLOUDBATCHPUBLISHDATE')} IS NOT NULL",
            f"{column(table, 'ZCOLLECTIONSHARE')} IS NOT NULL",
            f"{column(table, 'ZLIBRARYSCOPE')} IS NOT NULL",
            master,
        )
        return self._database.execute(f"SELECT {', '.join(chosen)} FROM {table} ORDER BY Z_PK")

    def _attribute_rows(self) -> Iterator[tuple[object, ...]]:
        if not self._schema.has(ATTRIBUTES, "ZASSET"):
            return iter(())
        names = ("ZORIGINALFILENAME", "ZTIMEZONEOFFSET", "ZTIMEZONENAME", "ZTITLE", "ZORIGINALFILESIZE")
        chosen = ", ".join(self._schema.column(ATTRIBUTES, name) for name in names)
        return self._database.execute(f"SELECT ZASSET, {chosen} FROM {ATTRIBUTES} ORDER BY ZASSET")

    def _resource_rows(self) -> Iterator[tuple[object, ...]]:
        column = self._schema.column
        file_type = column(RESOURCES, "ZCOMPACTUTI")
        if file_type == "NULL" and self._schema.has(RESOURCES, "ZUNIFORMTYPEIDENTIFIER"):
            file_type = f"{RESOURCES}.ZUNIFORMTYPEIDENTIFIER"
            if self._schema.has("ZUNIFORMTYPEIDENTIFIER", "Z_PK", "ZIDENTIFIER"):
                file_type = f"(SELECT u.ZIDENTIFIER FROM ZUNIFORMTYPEIDENTIFIER u WHERE u.Z_PK = {file_type})"
        return self._database.execute(
            "SELECT ZASSET, ZRESOURCETYPE, ZDATASTORESUBTYPE, ZDATASTORECLASSID, ZVERSION, ZRECIPEID, "
            "ZLOCALAVAILABILITY, ZREMOTEAVAILABILITY, "
            f"{column(RESOURCES, 'ZCLOUDLOCALSTATE')}, ZDATALENGTH, {file_type} FROM {RESOURCES} "
            "WHERE ZRECIPEID = 0 OR ZVERSION = 2 "
            "OR typeof(ZRECIPEID) <> 'integer' OR typeof(ZVERSION) <> 'integer' ORDER BY ZASSET"
        )

    def _assets(self) -> Iterator[tuple[int, Asset]]:
        attributes = self._grouped(self._attribute_rows(), ATTRIBUTES)
        resources = self._grouped(self._resource_rows(), RESOURCES)
        for row in self._asset_rows():
            key = row[0]
            if type(key) is not int:
                continue
            asset = self._asset(row, next(iter(attributes(key)), None), resources(key))
            if asset is not None:
                yield key, asset

    def _grouped(
        self, rows: Iterator[tuple[object, ...]], table: str
    ) -> Callable[[int], list[tuple[object, ...]]]:
        """A function that gives the rows of an asset; it has to be asked in ascending order of keys."""
        ordered = self._of_assets(rows, table)
        nothing: list[tuple[object, ...]] = []
        ahead = next(ordered, None)
        ahead_key = ahead[0] if ahead else None

        def rows_of(key: int) -> list[tuple[object, ...]]:
            nonlocal ahead, ahead_key
            while ahead is not None and ahead_key < key:  # type: ignore[operator]
                ahead = next(ordered, None)
                ahead_key = ahead[0] if ahead else None
            if ahead_key != key:
                return nothing
            group = []
            while ahead is not None and ahead_key == key:
                group.append(ahead)
                ahead = next(ordered, None)
                ahead_key = ahead[0] if ahead else None
            return group

        return rows_of

    def _of_assets(self, rows: Iterator[tuple[object, ...]], table: str) -> Iterator[tuple[object, ...]]:
        lost = 0
        last = -(1 << 63)
        for row in rows:
            key = row[0]
            if type(key) is not int:
                lost += 1
                continue
            if key < last:
                raise sqlite3.DatabaseError(f"the index of {table} is out of order")
            last = key
            yield row
        if lost:
            self._notices.say(f"{lost:,} rows of {table} do not say to which asset they belong; left out.")

    def _asset(
        self, row: tuple[object, ...], attributes: tuple[object, ...] | None, files: list[ResourceRow]
    ) -> Asset | None:
        (
            key, uuid, directory, filename, created, added, kind, subtype, hidden, trashed, favourite, edited,
            burst, saved_type, scope, published, collection_share, library_scope, master_state,
        ) = row  # fmt: skip
        if type(uuid) is not str or not uuid:
            self._uuid = self._asset_name = ""
            name = filename if isinstance(filename, str) else f"row {key}"
            self._notices.about(name, "this item of the library has no identifier and is left out.")
            return None
        self._uuid = uuid
        self._asset_name = filename if type(filename) is str else ""
        _, original_name, offset, zone_name, title, original_size = attributes or (None,) * 6
        original_name = self._original_name(original_name)
        place, shown_directory = self._place(directory, filename)
        raw_kind = self._whole(kind, "ZKIND")
        asset_kind = _KINDS.get(raw_kind)
        if asset_kind is None:
            self._doubt("it is neither a photo nor a video (ZKIND); taken for a photo.")
            asset_kind = Kind.PHOTO
        is_edited = self._whole(edited, "the mark of an edit") > 0
        owner = ownership(
            shown_directory,
            self._whole(saved_type, "ZSAVEDASSETTYPE", _OWN_SAVED_TYPE),
            self._whole(scope, "ZBUNDLESCOPE"),
            published=published == 1,
            collection_share=collection_share == 1,
            library_scope=library_scope == 1,
        )
        resources = resources_of(
            files,
            place,
            kind=asset_kind,
            edited=is_edited,
            own=owner.is_archived,
            original_size=original_size if type(original_size) is int and original_size > 0 else None,
            master_synced=master_state == _SYNCED,
            doubt=self._doubt,
        )
        instant = self._instant(created)
        arrived = dates.unix_time(added)
        if arrived is not None and (self._newest_added is None or arrived > self._newest_added):
            self._newest_added = arrived
        if type(title) is str and title:
            self._titles[uuid] = title
        whole_subtype = self._whole(subtype, "ZKINDSUBTYPE")
        return Asset(
            uuid,
            asset_kind,
            instant,
            self._zone_offset(offset, zone_name, instant),
            shown_directory,
            place.filename,
            original_name or place.filename or uuid,
            resources,
            owner,
            whole_subtype,
            whole_subtype == _LIVE_PHOTO or any(r.role == "paired_video" for r in resources),
            any(r.role == "alternate_photo" for r in resources),
            is_edited,
            self._whole(hidden, "ZHIDDEN") != 0,
            self._whole(trashed, "ZTRASHEDSTATE") != 0,
            self._whole(favourite, "ZFAVORITE") != 0,
            self._text(burst, "ZAVALANCHEUUID"),
            self._text(zone_name, "ZTIMEZONENAME"),
        )

    def _place(self, directory: object, filename: object) -> tuple[Place, str]:
        """Where the asset lies, and its directory as it may be shown."""
        if type(directory) is not str or type(filename) is not str:
            self._doubt("the library does not say where its file is (ZDIRECTORY, ZFILENAME).")
            return Place("", filename if type(filename) is str and is_file_name(filename) else "", True), ""
        known = self._directories.get(directory)
        if known is None:
            inside = is_media_directory(directory)
            outside = not inside and is_outside(directory)
            known = (
                directory if inside else "",
                directory if inside or outside else "",
                not inside and not outside,
            )
            self._directories[directory] = known
        to_ask, shown, refused = known
        if refused:
            self._doubt(
                f"its path {printable(ascii(directory))} leads out of the media folder and is refused."
            )
        if not is_file_name(filename):
            self._doubt(f"its file name {printable(ascii(filename))} is a path, and is refused.")
            return Place("", "", True), shown
        return Place(to_ask, filename, refused), shown

    def _original_name(self, name: object) -> str:
        if name is None:
            return ""
        if type(name) is not str:
            self._doubt("its original name is no text; it goes by its file name.")
            return ""
        if name == self._asset_name:
            return self._asset_name
        if not is_file_name(name):
            if name:
                self._doubt(
                    f"its original name {printable(ascii(name))} is a path; it goes by its file name."
                )
            return ""
        return name

    def _instant(self, created: object) -> float | None:
        instant = dates.unix_time(created)
        if instant is None:
            self._doubt(
                "it has no date of capture; listed as undated."
                if created is None
                else "its date of capture cannot be; listed as undated."
            )
        return instant

    def _zone_offset(self, offset: object, zone_name: object, instant: float | None) -> int | None:
        if dates.is_zone_offset(offset):
            return offset  # type: ignore[return-value]
        if offset is not None:
            self._doubt("its time zone cannot be; its day is taken in UTC.")
        if type(zone_name) is str and zone_name:
            return dates.offset_of_zone(zone_name, instant)
        return None

    def _undate_the_future(self, assets: list[Asset]) -> None:
        latest = dates.latest_capture(self._newest_added)
        for number, asset in enumerate(assets):
            if asset.created is not None and asset.created > latest:
                self._uuid, self._asset_name = asset.uuid, asset.filename
                self._doubt(
                    "its date of capture lies after everything that came to the library; listed as undated."
                )
                assets[number] = replace(asset, created=None)

    def _whole(self, value: object, column: str, otherwise: int = 0) -> int:
        if type(value) is int:
            return value
        self._doubt(f"{column} is no whole number; read as {otherwise}.")
        return otherwise

    def _text(self, value: object, column: str) -> str | None:
        if value is None or type(value) is str:
            if not value:
                return None
            return self._shared.setdefault(value, value)
        self._doubt(f"{column} is no text; passed over.")
        return None

    def _doubt(self, problem: str) -> None:
        name = f"{self._asset_name} ({self._uuid})" if self._asset_name else self._uuid
        self._notices.about(name, problem)
