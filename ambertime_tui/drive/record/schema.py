"""Schema of the record, its migrations, and checks that a file is a valid record."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ambertime_tui.drive.errors import RecordDamaged, RecordFailed, RecordTooNew

APPLICATION_ID = 0x416D6254
"""'AmbT': distinguishes a record from other SQLite files."""
_MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE asset (
            udid TEXT NOT NULL,
            uuid TEXT NOT NULL,
            original_filename TEXT NOT NULL,
            folder TEXT NOT NULL,
            stem TEXT NOT NULL,
            completed_at REAL NOT NULL,
            PRIMARY KEY (udid, uuid)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE file (
            udid TEXT NOT NULL,
            uuid TEXT NOT NULL,
            role TEXT NOT NULL,
            generation INTEGER NOT NULL,
            folder TEXT NOT NULL,
            name TEXT NOT NULL,
            name_key TEXT NOT NULL,
            true_name TEXT NOT NULL,
            size INTEGER NOT NULL,
            sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
            modified_at REAL,
            read_back TEXT NOT NULL,
            written_at REAL NOT NULL,
            source_path TEXT NOT NULL,
            source_modified_at REAL,
            adopted INTEGER NOT NULL,
            PRIMARY KEY (udid, uuid, role, generation),
            FOREIGN KEY (udid, uuid) REFERENCES asset (udid, uuid)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE UNIQUE INDEX file_by_name ON file (folder, name_key)",
        """
        CREATE TABLE loose (
            path TEXT NOT NULL PRIMARY KEY,
            sha256 BLOB NOT NULL CHECK (length(sha256) = 32)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE aside (
            path TEXT NOT NULL PRIMARY KEY,
            instead_of TEXT NOT NULL,
            moved_at REAL NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
    ),
    (
        # Two phones with the same photo may both refer to one file.
        "DROP INDEX file_by_name",
        "CREATE INDEX file_by_name ON file (folder, name_key)",
        "CREATE INDEX file_by_size ON file (size)",
        "CREATE TABLE superseded (path TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID",
    ),
)
SCHEMA_VERSION = len(_MIGRATIONS)
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})


def record_error(error: sqlite3.Error, path: Path) -> RecordDamaged | RecordFailed:
    """Translate an error of SQLite or of Python's sqlite3 module."""
    code = getattr(error, "sqlite_errorcode", None)
    # An error without a code comes from the sqlite3 module, for example for text that is not UTF-8.
    undecodable = code is None and isinstance(error, sqlite3.OperationalError)
    if undecodable or (code is not None and code & 0xFF in _DAMAGE):
        return RecordDamaged(path, str(error))
    return RecordFailed(path, str(error))


def configure(connection: sqlite3.Connection, path: Path) -> None:
    """Configure a connection so that a commit that returned survives a power cut.

    Raises:
        RecordFailed: the journal mode is not available on this file system.
    """
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")
    connection.execute("PRAGMA foreign_keys = ON")
    if connection.execute("PRAGMA journal_mode = TRUNCATE").fetchone()[0] != "truncate":
        raise RecordFailed(path, "SQLite cannot use its journal there")


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Upgrade the tables from a version, within the open transaction. Version 0 means create them."""
    for statements in _MIGRATIONS[version:]:
        for statement in statements:
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def checked_version(connection: sqlite3.Connection, path: Path) -> int:
    """Check a record and return its schema version; 0 for an empty file.

    Raises:
        RecordDamaged: it is not a valid record.
        RecordTooNew: a newer version wrote it.
    """
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise RecordDamaged(path, str(verdict))
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not tables and not version:
        return 0
    if application != APPLICATION_ID:
        raise RecordDamaged(path, "it is not an AmberTime record")
    if version > SCHEMA_VERSION:
        raise RecordTooNew(path, version)
    return int(version)
