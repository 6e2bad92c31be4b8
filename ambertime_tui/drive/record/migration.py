"""Copying a record of an earlier version into one of the current version.

The old record is only read. The new one is a separate file, written in one transaction, that replaces the old
one when it is completely on the drive (see `Record`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from ambertime_tui.drive.record.row_checksums import TABLES, insert_into, with_checksum
from ambertime_tui.drive.record.rows import rows_of
from ambertime_tui.drive.record.schema import create_tables


def copy_upgraded(old: sqlite3.Connection, new: sqlite3.Connection) -> None:
    """Create the tables in an empty database and copy all rows of an earlier version, with checksums.

    Within the open transaction of `new`. Holds one row in memory at a time.

    Raises:
        ValueError, TypeError: a row is not valid.
    """
    create_tables(new)
    for table in TABLES:
        new.executemany(insert_into(table), _rows(old, table))


def _rows(old: sqlite3.Connection, table: str) -> Iterator[tuple[object, ...]]:
    return (with_checksum(table, row) for row in rows_of(old, table))
