"""A complete check of the record, for when no integrity hash says that it is what the last run left.

SQLite's integrity check compares tables with their indexes, but does not know what a row means. After it, the
checksum of each row finds bits that flipped in a value, and the rules below find rows that do not belong
together.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable
from typing import Any

from ambertime_tui.drive.record.rows import assets_in, digest_of, rows_of
from ambertime_tui.drive.volume.relative_path import (
    LONGEST_NAME,
    checked_archive_path,
    checked_folder,
    checked_name,
    checked_path,
)

_SHARED_PATHS = "SELECT folder, name_key FROM file GROUP BY folder, name_key HAVING count(*) > 1"
"""Needs the index only, so it is fast."""
_CONFLICTS = (
    "SELECT folder, name FROM file WHERE (folder, name_key) = (?, ?) "
    "GROUP BY name HAVING min(sha256) <> max(sha256) OR min(size) <> max(size)"
)


_NAMED = (
    ("asset", "folder", "stem"),
    ("file", "folder", "name"),
    ("reserved", "folder", "name"),
    ("forgotten", "folder", "stem"),
)
_PATHS = (("loose", "path"), ("aside", "path"), ("aside", "instead_of"))


def check_everything(connection: sqlite3.Connection) -> None:
    """Check a record of any version. Holds a few rows in memory at a time.

    Raises:
        ValueError, KeyError, TypeError: something is not valid.
        sqlite3.Error: it cannot be read.
    """
    (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        raise ValueError(verdict)
    orphan = connection.execute("PRAGMA foreign_key_check").fetchone()
    if orphan is not None:
        raise ValueError(f"a row in {orphan[0]} belongs to no asset")
    for asset in assets_in(connection):
        checked_name(asset.stem)
        if not asset.files and not asset.reserved:
            raise ValueError(f"the asset {asset.uuid} has no file")
    for shared in connection.execute(_SHARED_PATHS):
        conflict = connection.execute(_CONFLICTS, shared).fetchone()
        if conflict is not None:
            raise ValueError(f"{'/'.join(conflict)} is recorded with two contents")
    for table, check in _CHECKS.items():
        deque(map(check, rows_of(connection, table)), maxlen=0)


def check_paths(connection: sqlite3.Connection) -> None:
    """Check that no path in a record of any version leads out of the archive.

    Anybody who can write to the drive can write a record with fitting checksums and integrity hashes. SQLite
    searches for the names, so that this takes little longer than reading the file.

    Raises:
        UnsafePath: a path must not be used.
        sqlite3.Error: the record cannot be read.
    """
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for table, folder, name in _NAMED:
        if table in tables:
            for (found,) in connection.execute(f"SELECT DISTINCT {folder} FROM {table}"):
                checked_archive_path(found, "x")
            for (found,) in connection.execute(f"SELECT {name} FROM {table} WHERE {_unsafe(name)} LIMIT 1"):
                checked_name(found)
    for table, column in _PATHS:
        for (found,) in connection.execute(f"SELECT {column} FROM {table}"):
            checked_path(found)


def _unsafe(name: str) -> str:
    """A condition for names that `checked_name` refuses."""
    return (
        f"{name} IN ('', '.', '..') OR instr({name}, '/') OR instr({name}, char(0)) "
        f"OR length(CAST({name} AS BLOB)) > {LONGEST_NAME}"
    )


def _check_forgotten(row: tuple[Any, ...]) -> None:
    _, _, _, folder, stem, _ = row
    checked_folder(folder)
    checked_name(stem)


def _check_loose(row: tuple[Any, ...]) -> None:
    path, digest = row
    checked_path(path)
    digest_of(digest)


def _check_aside(row: tuple[Any, ...]) -> None:
    path, instead_of, _ = row
    checked_path(path)
    checked_path(instead_of)


def _check_superseded(row: tuple[Any, ...]) -> None:
    checked_path(row[0])


_CHECKS: dict[str, Callable[[Any], None]] = {
    "forgotten": _check_forgotten,
    "loose": _check_loose,
    "aside": _check_aside,
    "superseded": _check_superseded,
}
