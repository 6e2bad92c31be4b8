"""Albums, people and shares of a generated library."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from ambertime_tui.simulator.library.core_data import TableWriter, core_data_time
from ambertime_tui.simulator.library.made_assets import MadeAlbum, MadeAsset
from ambertime_tui.simulator.library.rows import COLLECTION_SHARE, LIBRARY_SHARE
from ambertime_tui.simulator.library.schema import Schema

_ROOT, _PROJECTS, _FOLDER, _IMPORT = 3999, 3998, 4000, 1506
_MADE = core_data_time(1_600_000_000)


def write_albums(
    connection: sqlite3.Connection, schema: Schema, albums: Sequence[MadeAlbum]
) -> dict[str, int]:
    """Write ZGENERICALBUM with its two root folders, a folder and an import session.

    Args:
        connection: A connection with an open transaction.
        schema: The schema of the database.
        albums: The albums.

    Returns:
        The primary keys of the albums, by UUID.
    """
    table = TableWriter(connection, schema, "ZGENERICALBUM", "GenericAlbum")
    entities = schema.entities

    def add(kind: int, entity: str, uuid: str, title: str | None, parent: int | None, **more: int) -> int:
        return table.add(
            {
                "ZKIND": kind,
                "ZUUID": uuid,
                "ZTITLE": title,
                "ZPARENTFOLDER": parent,
                "ZTRASHEDSTATE": more.get("trashed", 0),
                "ZCACHEDCOUNT": more.get("count", 0),
                "ZCLOUDLOCALSTATE": 1,
                "ZCLOUDDELETESTATE": 0,
                "ZCREATIONDATE": _MADE,
                "ZPENDINGITEMSTYPE": 1,
                "ZCUSTOMSORTASCENDING": 1,
                "ZCUSTOMSORTKEY": 0,
                "ZCLOUDGUID": uuid,
            },
            entity=entities[entity],
        )

    root = add(_ROOT, "Folder", "13A08E24-F8C0-458F-9D29-BDDCAE13BB00", None, None)
    add(_PROJECTS, "Folder", "99A47C0E-5873-4973-AF24-41CAF962A2BD", None, None)
    folder = add(_FOLDER, "Folder", "0D5E1B2C-7A40-4E0E-9A3B-6B1E57F5C1AA", "Years", root)
    add(_IMPORT, "ImportSession", "FE220618-5E1E-41EC-B4C2-227E6DB6811F", None, None)
    keys = {}
    for index, album in enumerate(albums):
        keys[album.uuid] = add(
            album.kind,
            "CloudSharedAlbum" if album.kind == 1505 else "Album",
            album.uuid,
            album.title,
            folder if index == 0 else root,
            trashed=int(album.trashed),
            count=len(album.assets),
        )
    table.finish()
    return keys


def write_members(
    connection: sqlite3.Connection,
    schema: Schema,
    albums: Sequence[MadeAlbum],
    album_keys: Mapping[str, int],
    asset_keys: Mapping[str, int],
    assets: Sequence[MadeAsset],
) -> None:
    """Add assets to their albums.

    Args:
        connection: A connection with an open transaction.
        schema: The schema of the database.
        albums: The albums.
        album_keys: The primary keys of the albums, by UUID.
        asset_keys: The primary keys of the assets, by UUID.
        assets: The assets to add. Other members of the albums are skipped.
    """
    join, album_column, asset_column, order_column = schema.album_join
    added = {asset.uuid for asset in assets}
    connection.executemany(
        f"INSERT INTO {join} ({album_column}, {asset_column}, {order_column}) VALUES (?, ?, ?)",
        [
            (album_keys[album.uuid], asset_keys[uuid], 1024 * place)
            for album in albums
            for place, uuid in enumerate(album.assets, 1)
            if uuid in added
        ],
    )


def write_people(
    connection: sqlite3.Connection, schema: Schema, assets: Sequence[MadeAsset], keys: Mapping[str, int]
) -> None:
    """Write ZPERSON and ZDETECTEDFACE. People already in the database are not added again."""
    people = TableWriter(connection, schema, "ZPERSON", "Person")
    faces = TableWriter(connection, schema, "ZDETECTEDFACE", "DetectedFace")
    known = dict(connection.execute("SELECT ZFULLNAME, Z_PK FROM ZPERSON").fetchall())
    people.last_key = len(known)
    faces.last_key = connection.execute("SELECT coalesce(max(Z_PK), 0) FROM ZDETECTEDFACE").fetchone()[0]
    for asset in assets:
        for name in asset.people:
            if name not in known:
                number = people.last_key + 1
                known[name] = people.add(
                    {
                        "ZFULLNAME": name,
                        "ZDISPLAYNAME": name.split()[0],
                        "ZPERSONUUID": f"3DDC8F83-FDAB-4943-AE53-1942{number:08X}",
                        "ZTYPE": 0,
                        "ZVERIFIEDTYPE": 1,
                        "ZFACECOUNT": 1,
                        "ZCLOUDLOCALSTATE": 0,
                    }
                )
            asset_key = keys[asset.uuid]
            faces.add(
                {
                    "ZPERSON": known[name],
                    "ZPERSONFORFACE": known[name],
                    "ZASSET": asset_key,
                    "ZASSETFORFACE": asset_key,
                    "Z34_ASSET": 35,
                    "ZUUID": f"{asset.uuid[:-4]}{known[name]:04X}",
                    "ZHIDDEN": 0,
                    "ZISINTRASH": 0,
                    "ZASSETVISIBLE": 1,
                    "ZMANUAL": 0,
                    "ZNAMESOURCE": 1,
                    "ZCENTERX": 0.5,
                    "ZCENTERY": 0.4,
                    "ZSIZE": 0.1,
                    "ZQUALITY": 0.5,
                }
            )
    people.finish()
    faces.finish()


def write_shares(connection: sqlite3.Connection, schema: Schema) -> None:
    """Write ZSHARE (iOS 14 and later): a shared collection and the shared library."""
    if "ZSHARE" not in schema.columns:
        return
    shares = TableWriter(connection, schema, "ZSHARE", "Share")
    for key, entity, title in (
        (COLLECTION_SHARE, "Share", "Grandma's photos"),
        (LIBRARY_SHARE, "LibraryScope", None),
    ):
        shares.add(
            {
                "ZTITLE": title,
                "ZUUID": f"5B0C1E1A-0000-4000-8000-{key:012X}",
                "ZSCOPEIDENTIFIER": f"scope-{key}",
                "ZTRASHEDSTATE": 0,
            },
            key,
            schema.entities.get(entity),
        )
    shares.finish()
