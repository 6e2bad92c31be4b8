"""What people added to their library: albums, titles, names of people. Optional, so never an error."""

from __future__ import annotations

import sqlite3
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from ambertime_tui.library.model import Album
from ambertime_tui.library.notices import Notices
from ambertime_tui.library.schema import Schema, album_join

_USER_ALBUM = 2


class UuidByKey:
    """Asset uuids by the primary key of their rows: two sequences, since a dict of a million is 100 MB."""

    def __init__(self, keys: array[int], uuids: Sequence[str]) -> None:
        """Keys have to be in ascending order, with the uuid of each at the same place."""
        self._keys = keys
        self._uuids = uuids

    def get(self, key: object) -> str | None:
        """The uuid of an asset, or None if there is none with this key."""
        if type(key) is not int or not self._keys or not self._keys[0] <= key <= self._keys[-1]:
            return None
        place = bisect_left(self._keys, key)
        return self._uuids[place] if self._keys[place] == key else None


def read_albums(
    database: sqlite3.Connection, schema: Schema, uuids: UuidByKey, notices: Notices
) -> tuple[Album, ...]:
    """The person's own albums with their assets in order, in the order of the database."""
    table = "ZGENERICALBUM"
    if not schema.has(table, "Z_PK", "ZKIND", "ZTITLE"):
        return ()
    try:
        join = album_join(database, schema)
        trashed = schema.column(table, "ZTRASHEDSTATE", otherwise="0")
        titles = database.execute(
            f"SELECT Z_PK, ZTITLE FROM {table} WHERE ZKIND = {_USER_ALBUM} AND {trashed} = 0 ORDER BY Z_PK"
        ).fetchall()
        members: dict[object, list[str]] = {key: [] for key, _ in titles}
        if join is not None:
            name, album, asset, order = join
            rows = database.execute(
                f"SELECT {album}, {asset} FROM {name} ORDER BY {album}, {order or asset}, {asset}"
            )
            for key, asset_key in rows:
                uuid = uuids.get(asset_key)
                if uuid is not None and key in members:
                    members[key].append(uuid)
    except sqlite3.Error as error:
        notices.say(f"The albums of the library could not be read ({error}).")
        return ()
    return tuple(
        Album(title, tuple(dict.fromkeys(members[key]))) for key, title in titles if isinstance(title, str)
    )


def read_people(
    database: sqlite3.Connection, schema: Schema, uuids: UuidByKey, notices: Notices
) -> dict[str, tuple[str, ...]]:
    """The names of the people in an asset, by its uuid, each name once, in the order of the faces."""
    faces = "ZDETECTEDFACE"
    person = schema.column(faces, "ZPERSONFORFACE", "ZPERSON", otherwise="")
    asset = schema.column(faces, "ZASSETFORFACE", "ZASSET", otherwise="")
    if not person or not asset or not schema.has("ZPERSON", "Z_PK", "ZFULLNAME"):
        return {}
    try:
        rows = database.execute(
            f"SELECT {asset}, ZPERSON.ZFULLNAME FROM {faces} JOIN ZPERSON ON ZPERSON.Z_PK = {person} "
            f"WHERE ZPERSON.ZFULLNAME <> '' ORDER BY {faces}.rowid"
        )
        return _by_asset(rows, uuids)
    except sqlite3.Error as error:
        notices.say(f"The names of people in the library could not be read ({error}).")
        return {}


def _by_asset(rows: Iterator[tuple[object, object]], uuids: UuidByKey) -> dict[str, tuple[str, ...]]:
    people: dict[str, tuple[str, ...]] = {}
    for key, name in rows:
        uuid = uuids.get(key)
        if uuid is None or not isinstance(name, str):
            continue
        known = people.get(uuid, ())
        if name not in known:
            people[uuid] = (*known, name)
    return people
