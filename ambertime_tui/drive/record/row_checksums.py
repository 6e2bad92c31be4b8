"""Checksums of the rows of the record, to find bits that flipped in it.

A flipped bit in an identifier, a size or a hash leaves a valid SQLite database. So each row ends with a
checksum of its other columns and the name of its table. It protects against faults, not against forgery.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

TABLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "asset": ("udid", "uuid", "original_filename", "folder", "stem", "completed_at"),
        "file": (
            "udid",
            "uuid",
            "role",
            "generation",
            "folder",
            "name",
            "name_key",
            "true_name",
            "size",
            "sha256",
            "modified_at",
            "read_back",
            "written_at",
            "source_path",
            "source_modified_at",
            "adopted",
            "fingerprint",
            "library_fingerprint",
            "library_size",
        ),
        "reserved": ("udid", "uuid", "role", "folder", "name", "name_key"),
        "forgotten": ("udid", "uuid", "original_filename", "folder", "stem", "forgotten_at"),
        "loose": ("path", "sha256"),
        "aside": ("path", "instead_of", "moved_at"),
        "superseded": ("path",),
    }
)
"""The columns of each table, in order, without the checksum."""
_SIZE = 8


def row_checksum(table: str, *columns: object) -> bytes:
    """The checksum (8 bytes) of a row, from its values in the order of TABLES.

    It is equal for a value before and after SQLite stored it: 3 and 3.0, 0.0 and -0.0 count as one value.
    """
    stored = [int(value) if isinstance(value, float) and value.is_integer() else value for value in columns]
    return hashlib.blake2b(ascii((table, stored)).encode(), digest_size=_SIZE).digest()


def with_checksum(table: str, columns: Sequence[object]) -> tuple[object, ...]:
    """A row to insert: its values and their checksum."""
    return (*columns, row_checksum(table, *columns))


def checked_row(table: str, row: Sequence[Any]) -> Sequence[Any]:
    """Check a row that ends with its checksum, and return its other columns.

    Raises:
        ValueError: the checksum does not fit.
    """
    *columns, checksum = row
    if checksum != row_checksum(table, *columns):
        raise ValueError(f"the checksum of a row in {table} does not fit")
    return columns


def insert_into(table: str) -> str:
    """The statement that inserts a row made by `with_checksum`."""
    return f"INSERT INTO {table} VALUES ({', '.join('?' * (len(TABLES[table]) + 1))})"


def add_checksum_function(connection: sqlite3.Connection) -> None:
    """Make `row_checksum(table, ...)` available to the statements of a connection."""
    connection.create_function("row_checksum", -1, row_checksum, deterministic=True)
