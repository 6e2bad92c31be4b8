"""Free space inside the record, so that its file never grows in place.

exFAT and FAT have no journal. A power cut while a file is being extended can break its cluster chain, and
repair tools then truncate the file, old data included. (Measured with exfat-fuse and fsck.exfat: one of 1,000
power cuts destroyed the whole record.) So the record is created with free pages, and a larger one is a new
file that replaces the old one when it is completely on the drive.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from ambertime_tui.drive.record.record_model import RecordedAsset

RESERVE = 4 * 1024 * 1024
"""Free bytes in a new record, enough for about 4,000 assets."""
_LARGEST_BLOB = 1 << 28
"""Bytes. SQLite's limit for one value is 1,000,000,000."""


def reserve(connection: sqlite3.Connection, size: int) -> None:
    """Add at least `size` free bytes to a database, within the open transaction."""
    connection.execute("CREATE TABLE reserve (room BLOB)")
    for start in range(0, size, _LARGEST_BLOB):
        connection.execute("INSERT INTO reserve VALUES (zeroblob(?))", (min(_LARGEST_BLOB, size - start),))
    connection.execute("DROP TABLE reserve")


def free_bytes(connection: sqlite3.Connection) -> int:
    """Total size of the free pages of a database, in bytes."""
    return _number(connection, "freelist_count") * _number(connection, "page_size")


def size_of(connection: sqlite3.Connection) -> int:
    """Size of a database in bytes, free pages included."""
    return _number(connection, "page_count") * _number(connection, "page_size")


def max_bytes_needed(connection: sqlite3.Connection, assets: Iterable[RecordedAsset], others: int) -> int:
    """Upper limit of the bytes that a transaction needs: one page per row in each of its B-trees.

    A file is in three B-trees, and may add a superseded name.

    Args:
        connection: the record's.
        assets: those to record.
        others: number of further rows.
    """
    rows = sum(1 + 4 * len(asset.files) for asset in assets) + others
    return (rows + 8) * _number(connection, "page_size")


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    (value,) = connection.execute(f"PRAGMA {pragma}").fetchone()
    return int(value)
