"""Schema of the record, and checks that a file is a record of a version that we know.

Version 2 added `superseded`, and lets assets of two phones share a file. Version 3 added Apple's
fingerprints, assets in part, forgotten assets and row checksums. `migration` upgrades older records.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from ambertime_tui.drive.errors import RecordDamaged, RecordFailed, RecordTooNew
from ambertime_tui.drive.record.older_schemas import STEPS

APPLICATION_ID = 0x416D6254
"""'AmbT': distinguishes a record from other SQLite files."""
SCHEMA_VERSION = 3
"""A later version must also change the text of the schema, because a flipped bit may change the number."""
SCHEMA = (
    """
    CREATE TABLE asset (
        udid TEXT NOT NULL,
        uuid TEXT NOT NULL,
        original_filename TEXT NOT NULL,
        folder TEXT NOT NULL,
        stem TEXT NOT NULL,
        completed_at REAL NOT NULL,
        checksum BLOB NOT NULL,
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
        fingerprint TEXT,
        library_fingerprint TEXT,
        library_size INTEGER,
        checksum BLOB NOT NULL,
        PRIMARY KEY (udid, uuid, role, generation),
        FOREIGN KEY (udid, uuid) REFERENCES asset (udid, uuid)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX file_by_name ON file (folder, name_key)",
    "CREATE INDEX file_by_size ON file (size, sha256)",
    """
    CREATE TABLE reserved (
        udid TEXT NOT NULL,
        uuid TEXT NOT NULL,
        role TEXT NOT NULL,
        folder TEXT NOT NULL,
        name TEXT NOT NULL,
        name_key TEXT NOT NULL,
        checksum BLOB NOT NULL,
        PRIMARY KEY (udid, uuid, role),
        FOREIGN KEY (udid, uuid) REFERENCES asset (udid, uuid)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX reserved_by_name ON reserved (folder, name_key)",
    """
    CREATE TABLE forgotten (
        udid TEXT NOT NULL,
        uuid TEXT NOT NULL,
        original_filename TEXT NOT NULL,
        folder TEXT NOT NULL,
        stem TEXT NOT NULL,
        forgotten_at REAL NOT NULL,
        checksum BLOB NOT NULL,
        PRIMARY KEY (udid, uuid)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE loose (
        path TEXT NOT NULL PRIMARY KEY,
        sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
        checksum BLOB NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE aside (
        path TEXT NOT NULL PRIMARY KEY,
        instead_of TEXT NOT NULL,
        moved_at REAL NOT NULL,
        checksum BLOB NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE TABLE superseded (path TEXT NOT NULL PRIMARY KEY, checksum BLOB NOT NULL) STRICT, WITHOUT ROWID",
)
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})


_WHY = {
    sqlite3.SQLITE_IOERR_FSYNC: "the drive did not confirm that it is stored (fsync failed)",
    sqlite3.SQLITE_IOERR_LOCK: "it cannot be locked",
}


def record_error(error: sqlite3.Error, path: Path) -> RecordDamaged | RecordFailed:
    """Translate an error of SQLite or of Python's sqlite3 module."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is None:
        # The sqlite3 module itself raises this one, for text that is not UTF-8.
        damaged = str(error).startswith("Could not decode to UTF-8")
    else:
        # Our statements are fixed, so a general error means that a table or column is not there.
        damaged = code & 0xFF in _DAMAGE or code == sqlite3.SQLITE_ERROR
    if damaged:
        return RecordDamaged(path, str(error))
    return RecordFailed(path, _WHY.get(code or 0, str(error)))


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


def create_tables(connection: sqlite3.Connection) -> None:
    """Create the tables in an empty database, within the open transaction."""
    for statement in SCHEMA:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def checked_version(connection: sqlite3.Connection, path: Path) -> int:
    """Check a record and return its schema version; 0 for an empty file.

    Raises:
        RecordDamaged: it is not a valid record.
        RecordTooNew: a newer version wrote it.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not tables and not version:
        return 0
    if application != APPLICATION_ID:
        raise RecordDamaged(path, "it is not an AmberTime record")
    words = _words_of_schema(connection)
    if words == _WORDS.get(version):
        # Only now: a constraint or view that somebody added could run forever.
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise RecordDamaged(path, str(verdict))
        return int(version)
    if version > SCHEMA_VERSION and not (words == _WORDS[SCHEMA_VERSION] and _one_bit_differs(version)):
        raise RecordTooNew(path, version)
    raise RecordDamaged(path, f"its tables are not those of version {version}")


def _one_bit_differs(version: int) -> bool:
    return (version ^ SCHEMA_VERSION).bit_count() == 1


def _words_of_schema(connection: sqlite3.Connection) -> list[list[str]]:
    """The words of each statement of a schema, because SQLite keeps the spaces of a statement."""
    statements = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
    return [str(sql).split() for (sql,) in statements]


def _words_after(statements: Iterable[str]) -> list[list[str]]:
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in statements:
            connection.execute(statement)
        return _words_of_schema(connection)


_WORDS = {1: _words_after(STEPS[0]), 2: _words_after((*STEPS[0], *STEPS[1])), 3: _words_after(SCHEMA)}
