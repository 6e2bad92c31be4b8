"""Photos.sqlite of any iOS version to a Library."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from ambertime_tui.library import catalogue, dates
from ambertime_tui.library.assets import AssetMaker
from ambertime_tui.library.collector import collector_paused
from ambertime_tui.library.errors import LibraryUnreadable
from ambertime_tui.library.model import Asset, Library
from ambertime_tui.library.notices import Notices, printable
from ambertime_tui.library.rows import rows_by_asset
from ambertime_tui.library.schema import ATTRIBUTES, NEWEST_KNOWN_MODEL, Schema, detect_schema

__all__ = ["LibraryUnreadable", "read_library"]

_PROGRESS_EVERY = 1000
_LONGEST_VALUE = 1 << 26
"""Bytes; a damaged length must not make SQLite ask for a gigabyte."""


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
            with collector_paused():
                return _read_tolerantly(connection, on_progress)
    except (sqlite3.Error, UnicodeError) as error:  # messages about a damaged schema may not decode either
        raise LibraryUnreadable(_why(database, error)) from error


def _read_tolerantly(connection: sqlite3.Connection, on_progress: Callable[[int], None] | None) -> Library:
    """Read with text as SQLite hands it out, which is fast, or again with bytes for what is not UTF-8."""
    try:
        return _read(connection, on_progress)
    except sqlite3.OperationalError as error:
        if "decode" not in str(error).lower():
            raise
    connection.text_factory = _text_or_bytes
    return _read(connection, on_progress)


def _text_or_bytes(raw: bytes) -> str | bytes:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def _read(database: sqlite3.Connection, on_progress: Callable[[int], None] | None) -> Library:
    notices = Notices()
    schema = detect_schema(database)
    _say_what_is_unknown(schema, notices)
    maker = AssetMaker(notices)
    doubled = _doubled_uuids(database, schema)
    keys = array("q")
    assets: list[Asset] = []
    for row, about, files in rows_by_asset(database, schema, notices):
        asset = maker.make(row, about, files)
        if asset is None:
            continue
        if asset.uuid in doubled:
            if doubled[asset.uuid]:
                maker.tell(asset, "another item has the same identifier; this one is left out.")
                continue
            doubled[asset.uuid] = True
        keys.append(row[0])
        assets.append(asset)
        if on_progress and len(assets) % _PROGRESS_EVERY == 0:
            on_progress(len(assets))
    _undate_the_future(assets, maker)
    uuids = catalogue.UuidByKey(keys, [asset.uuid for asset in assets])
    albums = catalogue.read_albums(database, schema, uuids, notices)
    people = catalogue.read_people(database, schema, uuids, notices)
    if on_progress:
        on_progress(len(assets))
    return Library(
        assets=tuple(assets),
        model_version=schema.model_version,
        notices=notices.sentences(),
        albums=albums,
        titles=maker.titles,
        people=people,
    )


def _say_what_is_unknown(schema: Schema, notices: Notices) -> None:
    version = schema.model_version
    if version is not None and version > NEWEST_KNOWN_MODEL:
        notices.say(
            f"The library is of an iOS newer than this AmberTime knows (model version {version}); "
            "it is read as far as its tables are known. Look for an update of AmberTime."
        )
    if not schema.has(ATTRIBUTES, "ZASSET"):
        notices.say("The library tells no additional attributes: original names and zones are unknown.")


def _doubled_uuids(database: sqlite3.Connection, schema: Schema) -> dict[object, bool]:
    """Identifiers that occur more than once (a damaged database), each with whether it was seen yet."""
    query = f"SELECT ZUUID FROM {schema.asset_table} GROUP BY ZUUID HAVING count(*) > 1"
    return {uuid: False for (uuid,) in database.execute(query)}


def _undate_the_future(assets: list[Asset], maker: AssetMaker) -> None:
    latest = dates.latest_capture(maker.newest_added)
    for number, asset in enumerate(assets):
        if asset.created is not None and asset.created > latest:
            maker.tell(
                asset, "its date of capture lies after all that came to the library; listed as undated."
            )
            assets[number] = replace(asset, created=None)


def _why(database: Path, error: Exception) -> str:
    text = printable(str(error))
    if "not a database" in text:
        return f"{database.name} is not a library database: it is no SQLite file, or encrypted."
    if "unable to open" in text:
        return f"The library database {database.name} could not be opened ({text})."
    return (
        f"The library database is damaged ({text}). Fetch it again; should that not help, restart the phone."
    )
