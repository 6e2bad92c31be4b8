"""Free room inside the record, so that it never grows where it lies once it vouches for something.

exFAT and FAT have no journal: a power cut while a file is being extended can leave its chain of clusters
broken, and their repair tools then cut the file off, old bytes included (measured with exfat-fuse and
fsck.exfat: one of 1,000 power cuts took the whole record). So the record is made with free pages inside,
and a larger one is a new file that takes the old one's name once it is whole on the drive.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from ambertime_tui.drive.record.record_model import RecordedAsset

RESERVE = 4 * 1024 * 1024
"""Free bytes in a new record: enough for about 4,000 assets."""


def reserve(connection: sqlite3.Connection, size: int) -> None:
    """Sees to it that a database has `size` free bytes at least, within the open transaction."""
    connection.execute("CREATE TABLE reserve (room BLOB)")
    connection.execute("INSERT INTO reserve VALUES (zeroblob(?))", (size,))
    connection.execute("DROP TABLE reserve")


def free_bytes(connection: sqlite3.Connection) -> int:
    """Bytes of a database's free pages."""
    return _number(connection, "freelist_count") * _number(connection, "page_size")


def size_of(connection: sqlite3.Connection) -> int:
    """Bytes of a database, free pages included."""
    return _number(connection, "page_count") * _number(connection, "page_size")


def max_bytes_needed(connection: sqlite3.Connection, assets: Iterable[RecordedAsset], others: int) -> int:
    """Bytes that a transaction may need at most: a page for each row, in each of its trees; a file has three,
    and may give up a name.

    Args:
        connection: the record's.
        assets: to be recorded.
        others: further rows.
    """
    rows = sum(1 + 4 * len(asset.files) for asset in assets) + others
    return (rows + 8) * _number(connection, "page_size")


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    (value,) = connection.execute(f"PRAGMA {pragma}").fetchone()
    return int(value)
