"""What iOS writes when it offloads an original, and when it has downloaded one (PLInternalResource)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from ambertime_tui.simulator.library.schema import Schema
from ambertime_tui.simulator.library.variants import file_type

LOCAL, NOT_LOCAL, NOT_LOCAL_THUMBNAIL = 1, -1, -32768
"""ZLOCALAVAILABILITY. The third value occurs in rows of thumbnails."""

RESOURCE_ROW = {
    "photo": (0, 1, 0, 0),
    "video": (1, 1, 0, 0),
    "paired_video": (3, 18, 0, 0),
    "alternate_photo": (4, 17, 0, 0),
    "adjustment_data": (5, 22, 0, 0),
    "over_capture_photo": (10, 1, 0, 0),
    "over_capture_video": (11, 18, 0, 0),
    "edited_photo": (0, 2, 2, 65938),
    "edited_video": (1, 16, 2, 131072),
    "edited_paired_video": (3, 19, 2, 131272),
}
"""ZRESOURCETYPE, ZDATASTORESUBTYPE, ZVERSION and ZRECIPEID by role. Adjustments.plist has no row."""

_OF_ROLE = (
    " WHERE ZASSET = ? AND ZDATASTORECLASSID = 0 AND ZRESOURCETYPE = ? AND ZVERSION = ? AND ZRECIPEID = ?"
)
_KEY_TAILS = {"1": 0, "3": 1, "6": 3, "9": 5, "23": 11, "24": 12, "37": 18}


def key_data(role: str, name: str) -> bytes:
    """Return ZDATASTOREKEYDATA of a local resource: six bytes, laid out as in real libraries."""
    kind, _, version, _ = RESOURCE_ROW[role]
    head = b"\x03\x08\x22\x19" if version == 2 else bytes((3, kind << 4, 0, 0))
    return head + bytes((0x80, _KEY_TAILS[file_type(name).compact_uti]))


def mark_purged(
    connection: sqlite3.Connection, schema: Schema, asset: int, roles: Iterable[str], now: float
) -> None:
    """Mark resources of an asset as purged.

    Args:
        connection: A connection with an open transaction.
        schema: The schema of the database.
        asset: The primary key of the asset.
        roles: The roles of the purged resources.
        now: Core Data time.
    """
    for role in roles:
        kind, _, version, recipe = RESOURCE_ROW[role]
        connection.execute(
            "UPDATE ZINTERNALRESOURCE SET ZLOCALAVAILABILITY = -1, ZDATASTOREKEYDATA = NULL, ZFILEID = -1,"
            " ZCLOUDPRUNEDAT = ?, Z_OPT = Z_OPT + 1" + _OF_ROLE,
            (now, asset, kind, version, recipe),
        )
    _touch(connection, schema, asset)


def mark_arrived(
    connection: sqlite3.Connection,
    schema: Schema,
    asset: int,
    files: Iterable[tuple[str, str, int]],
    now: float,
) -> None:
    """Mark resources of an asset as downloaded.

    Args:
        connection: A connection with an open transaction.
        schema: The schema of the database.
        asset: The primary key of the asset.
        files: Role, file name and inode number of each downloaded resource.
        now: Core Data time.
    """
    for role, name, inode in files:
        kind, _, version, recipe = RESOURCE_ROW[role]
        connection.execute(
            "UPDATE ZINTERNALRESOURCE SET ZLOCALAVAILABILITY = 1, ZDATASTOREKEYDATA = ?, ZFILEID = ?,"
            " ZCLOUDLASTONDEMANDDOWNLOADDATE = ?, ZCLOUDPRUNEDAT = NULL, Z_OPT = Z_OPT + 1" + _OF_ROLE,
            (key_data(role, name), inode, now, asset, kind, version, recipe),
        )
    _touch(connection, schema, asset)


def mark_not_remote(connection: sqlite3.Connection, schema: Schema, asset: int, roles: Iterable[str]) -> None:
    """Mark resources of an asset as not in iCloud: a download has failed.

    Args:
        connection: A connection with an open transaction.
        schema: The schema of the database.
        asset: The primary key of the asset.
        roles: The roles of the resources.
    """
    for role in roles:
        kind, _, version, recipe = RESOURCE_ROW[role]
        connection.execute(
            "UPDATE ZINTERNALRESOURCE SET ZREMOTEAVAILABILITY = 0, Z_OPT = Z_OPT + 1" + _OF_ROLE,
            (asset, kind, version, recipe),
        )
    _touch(connection, schema, asset)


def _touch(connection: sqlite3.Connection, schema: Schema, asset: int) -> None:
    connection.execute(f"UPDATE {schema.asset_table} SET Z_OPT = Z_OPT + 1 WHERE Z_PK = ?", (asset,))
