"""The schemas of earlier versions of the record, exactly as those versions created them."""

from __future__ import annotations

STEPS: tuple[tuple[str, ...], ...] = (
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
"""Statements that created version 1, and those that made version 2 of it."""
