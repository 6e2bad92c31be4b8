"""Attacks on the record of a target: rows, schema, journals. Checksums and hashes are forged to fit."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from ambertime_tui.drive.record.integrity import IntegrityHashes
from ambertime_tui.drive.record.row_checksums import TABLES, row_checksum
from tests.hostile.attacks import MONTH, RECORD, Attack, Victim, hostile_paths

BACKUP = ".ambertime/record.backup.sqlite3"
SEAL = ".ambertime/seal.json"


def reseal(root: Path) -> None:
    """Write hashes that fit the files, as AmberTime does at the end of a run."""
    hashes = [
        sha256((root / path).read_bytes()).hexdigest() if (root / path).is_file() else ""
        for path in (RECORD, BACKUP, "SHA256SUMS")
    ]
    integrity = IntegrityHashes(*hashes)
    fields = {"record": hashes[0], "backup": hashes[1], "checksums": hashes[2], "seal": integrity.own_hash}
    (root / SEAL).write_text(json.dumps(fields))


def _finish(victim: Victim, words: str) -> None:
    """Choose what the seal and the backup copy say of a changed record."""
    root, chance = victim.root, victim.chance
    record, backup = root / RECORD, root / BACKUP
    match chance.randrange(4):
        case 0:
            (root / SEAL).unlink(missing_ok=True)
            words += ", no seal"
        case 1:
            (root / SEAL).unlink(missing_ok=True)
            backup.unlink(missing_ok=True)
            words += ", no seal, no backup copy"
        case 2:
            shutil.copyfile(record, backup)
            reseal(root)
            words += ", sealed, also the backup copy"
        case 3:
            reseal(root)
            words += ", sealed"
    victim.note(words)


def _is_plain(victim: Victim) -> bool:
    """Whether the record is still a file that can be attacked, without a journal that SQLite would apply."""
    if any(os.path.lexists(victim.root / f"{path}-journal") for path in (RECORD, BACKUP)):
        return False
    paths = [victim.root / path for path in (".ambertime", RECORD, BACKUP, SEAL, "SHA256SUMS")]
    return (
        not any(path.is_symlink() for path in paths)
        and all(path.is_file() or not os.path.lexists(path) for path in paths[2:])
        and (victim.root / RECORD).is_file()
    )


def _values(victim: Victim) -> list[Any]:
    paths = [path for path in hostile_paths(victim) if path.isascii()]
    return [
        *paths,
        *paths,
        "a\udcff".encode("utf-8", "surrogateescape"),
        "x\x1b[2J\u202e\x9b",
        "y" * 5_000_000,
        -1,
        2**63 - 1,
        -(2**63),
        1e308,
        float("inf"),
        None,
        b"\xff" * 32,
        b"",
    ]


def change_rows(victim: Victim) -> None:
    """Values of any column that lead out of the archive, or are of another type, size or sign."""
    if not _is_plain(victim):
        return
    chance, told = victim.chance, []
    with closing(sqlite3.connect(victim.root / RECORD, isolation_level=None)) as record:
        record.create_function("row_checksum", -1, row_checksum, deterministic=True)
        record.execute("PRAGMA foreign_keys = OFF")
        record.execute("PRAGMA ignore_check_constraints = ON")
        for _ in range(chance.randrange(1, 5)):
            table = chance.choice(
                ["asset", "file", "file", "file", "reserved", "forgotten", "loose", "aside"]
            )
            columns = TABLES[table]
            column = chance.choice(
                [c for c in columns if c in ("folder", "name", "path", "stem")] + [chance.choice(columns)]
            )
            value = chance.choice(_values(victim))
            with suppress(sqlite3.Error, OverflowError):
                if chance.random() < 0.3 or not record.execute(f"SELECT 1 FROM {table}").fetchone():
                    _insert(record, table, column, value, chance.choice(["A", "PHONE"]))
                else:
                    record.execute(f"UPDATE {table} SET {column} = ?", (value,))
                told.append(f"{table}.{column} = {value!r:.50}")
            if isinstance(value, bytes):
                with suppress(sqlite3.Error):
                    record.execute(f"UPDATE {table} SET {column} = CAST(? AS TEXT)", (value,))
        if chance.random() < 0.8:
            for table, columns in TABLES.items():
                with suppress(sqlite3.Error, UnicodeError):
                    record.execute(
                        f"UPDATE {table} SET checksum = row_checksum('{table}', {', '.join(columns)})"
                    )
            told.append("row checksums fit")
            victim.forged = True
    _finish(victim, f"rows {'; '.join(told)}")


def _insert(record: sqlite3.Connection, table: str, column: str, value: object, uuid: str) -> None:
    fill: dict[str, object] = {
        "udid": "PHONE", "uuid": uuid, "original_filename": "a.JPG", "folder": MONTH, "stem": "a",
        "completed_at": 1.0, "role": "photo", "generation": 0, "name": f"{uuid}.JPG", "name_key": "a.jpg",
        "true_name": "a.JPG", "size": 5, "sha256": b"x" * 32, "read_back": "drive", "written_at": 1.0,
        "source_path": "DCIM/a", "adopted": 0, "path": f"{uuid}.txt", "instead_of": "b", "moved_at": 1.0,
        "forgotten_at": 1.0,
    }  # fmt: skip
    row = [value if name == column else fill.get(name) for name in TABLES[table]]
    marks = ", ".join("?" * (len(row) + 1))
    record.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", (*row, row_checksum(table, *row)))


ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) "
SCHEMA_TRICKS: tuple[str, ...] = (
    "CREATE TRIGGER t AFTER INSERT ON file BEGIN UPDATE file SET folder = '../x'; END",
    "CREATE TRIGGER t BEFORE UPDATE ON asset BEGIN SELECT RAISE(ABORT, 'no'); END",
    "CREATE TRIGGER t BEFORE DELETE ON loose BEGIN INSERT INTO aside VALUES ('../x', '..', 1, x'00'); END",
    f"ALTER TABLE file RENAME TO f; CREATE VIEW file AS {ENDLESS} SELECT * FROM f, n",
    "ALTER TABLE loose RENAME TO l; "
    "CREATE VIEW loose AS SELECT '../x' AS path, zeroblob(32) AS sha256, x'' AS checksum",
    "CREATE VIRTUAL TABLE v USING fts5(a); INSERT INTO v VALUES ('x')",
    "DROP TABLE aside; CREATE VIRTUAL TABLE aside USING fts5(path, instead_of, moved_at, checksum)",
    "CREATE VIRTUAL TABLE r USING rtree(a, b, c)",
    "CREATE TABLE sqlite_stat9 (a)",
    "CREATE TABLE more (a, b AS (randomblob(1000000000)))",
    "CREATE INDEX i ON file (abs(size))",
    "CREATE TABLE c (a CHECK (a IN (WITH RECURSIVE n(x) AS (SELECT 1) SELECT x FROM n)))",
    "DROP TABLE forgotten",
    "DROP INDEX file_by_name",
    "PRAGMA user_version = 99",
    "PRAGMA user_version = -1",
    "PRAGMA user_version = 2",
    "PRAGMA user_version = 0",
    "PRAGMA application_id = 7",
    "PRAGMA journal_mode = WAL",
    "PRAGMA page_size = 65536; VACUUM",
    "PRAGMA auto_vacuum = 2; VACUUM",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET rootpage = 2",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = 'CREATE TABLE file (a)' WHERE name = 'file'",
    "PRAGMA writable_schema = ON; "
    "UPDATE sqlite_master SET sql = CAST(x'ff00fe' AS TEXT) WHERE name = 'asset'",
    "PRAGMA writable_schema = ON; "
    "UPDATE sqlite_master SET sql = sql || ' -- ' || hex(zeroblob(3000000)) WHERE name = 'file'",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET type = 'view', rootpage = 0 WHERE name = 'file'",
    "PRAGMA writable_schema = ON; INSERT INTO sqlite_master VALUES "
    "('table', 'x', 'x', 0, 'CREATE VIRTUAL TABLE x USING csv(filename=/etc/passwd)')",
    "DELETE FROM file; DELETE FROM asset",
)


def change_schema(victim: Victim) -> None:
    """Triggers, views, virtual tables, endless queries, other versions, other page sizes."""
    if not _is_plain(victim):
        return
    trick = victim.chance.choice(SCHEMA_TRICKS)
    with closing(sqlite3.connect(victim.root / RECORD, isolation_level=None)) as record:
        for statement in _statements(trick):
            with suppress(sqlite3.Error):
                record.execute(statement)
    if victim.chance.random() < 0.3:  # SQLite's own files beside it, as after a crash
        shutil.copyfile(victim.root / RECORD, victim.root / f"{RECORD}-wal")
    _finish(victim, f"schema {trick[:90]}")


def _statements(script: str) -> list[str]:
    found, so_far = [], ""
    for piece in script.split(";"):
        so_far += f"{piece};"
        if sqlite3.complete_statement(so_far):
            found.append(so_far)
            so_far = ""
    return found


def plant_journal(victim: Victim) -> None:
    """A journal that names another file as its super-journal, which SQLite deletes, or with hostile pages."""
    if not _is_plain(victim):
        return
    chance, path = victim.chance, victim.chance.choice([RECORD, BACKUP])
    if not (victim.root / path).is_file():
        return
    outside = os.fsencode(victim.outside / "letter.txt")
    header = (victim.root / path).read_bytes()[:100]
    page = int.from_bytes(header[16:18], "big") or 4096
    page = 65536 if page == 1 else page
    pages = max(1, (victim.root / path).stat().st_size // page)
    magic = bytes.fromhex("d9d505f920a163d7")
    count = chance.choice([0, 1, 0xFFFFFFFF, 3])
    numbers = (count, 0, chance.choice([0, 1, pages, 0xFFFFFFFF]), 512, page)
    data = (magic + b"".join(number.to_bytes(4, "big") for number in numbers)).ljust(512, b"\0")
    for number in range(1, chance.randrange(1, 4)):
        body = chance.randbytes(page)
        data += number.to_bytes(4, "big") + body + sum(body[page - 200 :: -200]).to_bytes(4, "big")
    if chance.random() < 0.7:
        lock = (2**30 // page + 1).to_bytes(4, "big")
        data += lock + outside + len(outside).to_bytes(4, "big") + sum(outside).to_bytes(4, "big") + magic
    journal = victim.free(f"{path}-journal")
    journal.write_bytes(data)
    if chance.random() < 0.5:
        (victim.root / SEAL).unlink(missing_ok=True)
    victim.note(f"journal of {path}, {len(data)} bytes")


def other_record(victim: Victim) -> None:
    """The record of another archive, an old or empty database, or another program's."""
    if not _is_plain(victim):
        return
    path = victim.root / victim.chance.choice([RECORD, BACKUP])
    kind = victim.chance.choice(["empty", "other", "blank", "from outside", "cut"])
    match kind:
        case "empty":
            path.write_bytes(b"")
        case "from outside":
            shutil.copyfile(victim.outside / "diary.sqlite3", path)
        case "cut" if path.is_file():
            os.truncate(path, path.stat().st_size // 2)
        case _:
            path.unlink(missing_ok=True)
            with closing(sqlite3.connect(path)) as database:
                database.execute(f"PRAGMA application_id = {0x416D6254}")
                database.execute(f"PRAGMA user_version = {victim.chance.randrange(6)}")
                if kind == "other":
                    database.execute("CREATE TABLE file (folder, name)")
    _finish(victim, f"{kind} database as {path.name}")


ON_RECORDS: dict[str, Attack] = {
    "rows of the record": change_rows,
    "schema of the record": change_schema,
    "journals of SQLite": plant_journal,
    "another record": other_record,
}
