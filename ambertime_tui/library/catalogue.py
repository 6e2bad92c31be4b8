"""What users added to their library: albums, captions, names of people. Optional, so failures are only
notices."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from ambertime_tui.library.model import Album, Catalogue
from ambertime_tui.library.notices import Notices
from ambertime_tui.library.schema import ATTRIBUTES, Schema, album_join

_USER_ALBUM = 2


def read_catalogue(database: sqlite3.Connection, schema: Schema) -> Catalogue:
    """Read the catalogue. Problems are reported in its notices.

    Args:
        database: a private copy.
        schema: its tables and columns.
    """
    notices = Notices()
    return Catalogue(
        albums=_albums(database, schema, notices),
        titles=_titles(database, schema, notices),
        people=_people(database, schema, notices),
        notices=notices.sentences(),
    )


def _titles(database: sqlite3.Connection, schema: Schema, notices: Notices) -> dict[str, str]:
    if not schema.has(ATTRIBUTES, "ZASSET", "ZTITLE"):
        return {}
    assets = schema.asset_table
    try:
        rows = database.execute(
            f"SELECT {assets}.ZUUID, {ATTRIBUTES}.ZTITLE FROM {ATTRIBUTES} "
            f"JOIN {assets} ON {assets}.Z_PK = {ATTRIBUTES}.ZASSET WHERE {ATTRIBUTES}.ZTITLE <> ''"
        )
        return {uuid: title for uuid, title in rows if isinstance(uuid, str) and isinstance(title, str)}
    except sqlite3.Error as error:
        notices.add(f"The titles of the library could not be read ({error}).")
        return {}


def _albums(database: sqlite3.Connection, schema: Schema, notices: Notices) -> tuple[Album, ...]:
    """Read the user's own albums in database order, with their assets in album order."""
    table = "ZGENERICALBUM"
    if not schema.has(table, "Z_PK", "ZKIND", "ZTITLE"):
        return ()
    try:
        join = album_join(database, schema)
        trashed = f"ifnull({schema.column(table, 'ZTRASHEDSTATE', default='0')}, 0)"
        titles = database.execute(
            f"SELECT Z_PK, ZTITLE FROM {table} WHERE ZKIND = {_USER_ALBUM} AND {trashed} = 0 ORDER BY Z_PK"
        ).fetchall()
        members: dict[object, list[str]] = {key: [] for key, _ in titles}
        if join is not None:
            name, album, asset, order = join
            assets = schema.asset_table
            rows = database.execute(
                f"SELECT {album}, {assets}.ZUUID FROM {name} JOIN {assets} ON {assets}.Z_PK = {asset} "
                f"ORDER BY {album}, {order or asset}, {asset}"
            )
            for key, uuid in rows:
                if isinstance(uuid, str) and uuid and key in members:
                    members[key].append(uuid)
    except sqlite3.Error as error:
        notices.add(f"The albums of the library could not be read ({error}).")
        return ()
    return tuple(
        Album(title, tuple(dict.fromkeys(members[key]))) for key, title in titles if isinstance(title, str)
    )


def _people(database: sqlite3.Connection, schema: Schema, notices: Notices) -> dict[str, tuple[str, ...]]:
    """Read the names of the people in each asset, by uuid: each name once, in the order of the faces."""
    faces = "ZDETECTEDFACE"
    person = schema.column(faces, "ZPERSONFORFACE", "ZPERSON", default="")
    asset = schema.column(faces, "ZASSETFORFACE", "ZASSET", default="")
    if not person or not asset or not schema.has("ZPERSON", "Z_PK", "ZFULLNAME"):
        return {}
    try:
        assets = schema.asset_table
        rows = database.execute(
            f"SELECT {assets}.ZUUID, ZPERSON.ZFULLNAME FROM {faces} JOIN ZPERSON ON ZPERSON.Z_PK = {person} "
            f"JOIN {assets} ON {assets}.Z_PK = {asset} WHERE ZPERSON.ZFULLNAME <> '' ORDER BY {faces}.rowid"
        )
        return _by_asset(rows)
    except sqlite3.Error as error:
        notices.add(f"The names of people in the library could not be read ({error}).")
        return {}


def _by_asset(rows: Iterator[tuple[object, object]]) -> dict[str, tuple[str, ...]]:
    people: dict[str, tuple[str, ...]] = {}
    for uuid, name in rows:
        if not isinstance(uuid, str) or not isinstance(name, str):
            continue
        known = people.get(uuid, ())
        if name not in known:
            people[uuid] = (*known, name)
    return people
