"""Hostile contents of a phone: a Photos.sqlite and media files that somebody prepared."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
PATH_COLUMNS = ("ZDIRECTORY", "ZFILENAME", "ZORIGINALFILENAME", "ZUUID")
TRICKS = (
    "CREATE TRIGGER t AFTER UPDATE ON ZASSET BEGIN DELETE FROM ZASSET; END",
    f"ALTER TABLE ZASSET RENAME TO a; CREATE VIEW ZASSET AS {ENDLESS} SELECT a.* FROM a, n",
    "ALTER TABLE ZINTERNALRESOURCE RENAME TO r; "
    f"CREATE VIEW ZINTERNALRESOURCE AS {ENDLESS} SELECT r.* FROM r, n",
    "ALTER TABLE ZASSET RENAME TO a; CREATE VIEW ZASSET AS SELECT * FROM a UNION ALL SELECT * FROM a",
    "ALTER TABLE ZASSET RENAME TO a; CREATE VIEW ZASSET AS SELECT * FROM ZASSET",
    "CREATE VIRTUAL TABLE v USING fts5(a)",
    "DROP TABLE ZADDITIONALASSETATTRIBUTES; "
    "CREATE VIRTUAL TABLE ZADDITIONALASSETATTRIBUTES USING fts5(ZASSET, ZORIGINALFILENAME)",
    "CREATE INDEX i ON ZASSET (abs(Z_PK))",
    "ALTER TABLE ZASSET ADD COLUMN ZMORE AS (randomblob(900000000))",
    "DROP TABLE ZINTERNALRESOURCE",
    "DELETE FROM ZINTERNALRESOURCE",
    "DELETE FROM ZASSET",
    "UPDATE ZINTERNALRESOURCE SET ZASSET = 1",
    "UPDATE ZADDITIONALASSETATTRIBUTES SET ZASSET = 1",
    "UPDATE ZASSET SET ZUUID = 'A'",
    "UPDATE ZASSET SET ZFILENAME = 'IMG_0001.JPG'",
    "UPDATE ZASSET SET ZDATECREATED = 9e999",
    "UPDATE ZASSET SET ZDATECREATED = -1e300",
    "UPDATE ZINTERNALRESOURCE SET ZDATALENGTH = 9223372036854775807",
    "UPDATE ZINTERNALRESOURCE SET ZDATALENGTH = -1",
    "UPDATE ZINTERNALRESOURCE SET ZDATALENGTH = 4000000000000",
    "PRAGMA user_version = 4000000",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET rootpage = 2",
    "PRAGMA writable_schema = ON; "
    "UPDATE sqlite_master SET sql = CAST(x'ff00fe' AS TEXT) WHERE name = 'ZASSET'",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET type = 'view', rootpage = 0 WHERE name = 'ZASSET'",
    "PRAGMA page_size = 65536; VACUUM",
    "PRAGMA encoding = 'UTF-16'; VACUUM",
)
HOSTILE_TEXTS = (
    "../../../../etc", "/etc/passwd", "..", ".", "", "DCIM/../../..", "DCIM/100APPLE/..", "a/b", "a\\b",
    "\\..\\..\\x.JPG",
    "nul\0in.JPG", "x\x1b[2J\x9b\u202e.JPG", "x" * 300 + ".JPG", "y" * 3_000_000, "CON", ".ambertime",
    "SHA256SUMS",
    "../.ambertime/record.sqlite3", "IMG_0001.JPG/x", "line\nend.JPG", ".hidden.JPG", "..JPG", " ",
    "IMG_0001.JPG.part",
    "e\u0301\u00e9.JPG", "-rf", "%s%n", "\ufeffx.JPG", "DCIM/100APPLE/" * 200,
)  # fmt: skip


def change_values(media: Path, chance: random.Random) -> str:
    """Odd values in any column of the tables that a scan reads, most often in paths."""
    told = []
    with _database(media) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for _ in range(chance.randrange(1, 6)):
            table = chance.choice([name for name in tables if name.startswith("Z")])
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            paths = [name for name in columns if name in PATH_COLUMNS]
            column = chance.choice(paths if paths and chance.random() < 0.6 else columns)
            value = chance.choice(_odd_values() if chance.random() < 0.4 else list(HOSTILE_TEXTS))
            where = "" if chance.random() < 0.3 else "WHERE abs(random()) % 2"
            cast = "CAST(? AS TEXT)" if isinstance(value, bytes) and chance.random() < 0.7 else "?"
            with suppress(sqlite3.Error, OverflowError):
                database.execute(f"UPDATE {table} SET {column} = {cast} {where}", (value,))
                told.append(f"{table}.{column} = {value!r:.40}")
    return f"values {'; '.join(told)}"


def _odd_values() -> list[Any]:
    odd: list[Any] = [
        -1,
        0,
        2**63 - 1,
        -(2**63),
        1e308,
        float("inf"),
        -float("inf"),
        None,
        b"\xff\xfe",
        b"",
        "1e999",
    ]
    return [*odd, b"x" * 3_000_000, "9" * 5000, "\ud7ff", "1;DROP TABLE ZASSET"]


def change_schema(media: Path, chance: random.Random) -> str:
    """Views, triggers, virtual tables, endless queries, missing and doubled rows."""
    trick = chance.choice(TRICKS)
    with _database(media) as database:
        for statement in trick.split("; "):
            with suppress(sqlite3.Error):
                database.execute(statement)
    return f"schema {trick[:90]}"


def change_database_file(media: Path, chance: random.Random) -> str:
    """Another file in the place of the database or its log."""
    database = media / "PhotoData/Photos.sqlite"
    place = chance.choice([database, database, Path(f"{database}-wal"), Path(f"{database}-shm")])
    before = place.read_bytes() if place.exists() else b""
    kind = chance.choice(
        ["empty", "garbage", "cut", "flipped", "huge", "folder", "pipe", "link", "gone", "itself"]
    )
    place.unlink(missing_ok=True)
    match kind:
        case "empty":
            place.write_bytes(b"")
        case "garbage":
            place.write_bytes(chance.randbytes(9000))
        case "cut":
            place.write_bytes(before[: len(before) // 2])
        case "flipped":
            data = bytearray(before or bytes(5000))
            for _ in range(chance.choice([1, 30, 300])):
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            place.write_bytes(data)
        case "huge":
            place.write_bytes(before)
            os.truncate(place, 600 << 20)
        case "folder":
            place.mkdir()
        case "pipe":
            os.mkfifo(place)
        case "link":
            place.symlink_to("../../../../etc/passwd")
        case "itself":
            place.symlink_to(place.name)
    return f"{kind} {place.name}"


def change_files(media: Path, chance: random.Random) -> str:
    """Media files with odd names, links, pipes, folders in their places, and folders that loop."""
    files = sorted(path for path in (media / "DCIM").glob("*/*") if path.is_file())
    folder = chance.choice(files).parent
    names = [
        b"\xff\xfe.JPG",
        b"a\x1b[2J\x9b.JPG",
        "\u202egpj.HEIC".encode(),
        b"x\ny.JPG",
        b"q" * 250 + b".JPG",
        b"\\.JPG",
    ]
    told = []
    for _ in range(chance.randrange(1, 5)):
        kind = chance.choice(["name", "rename", "link", "loop", "pipe", "folder", "cut", "grown"])
        victim = chance.choice(files)
        told.append(kind)
        with suppress(OSError):
            match kind:
                case "name":
                    (folder / os.fsdecode(chance.choice(names))).write_bytes(chance.randbytes(3000))
                case "rename":
                    victim.rename(folder / os.fsdecode(chance.choice(names)))
                case "link":
                    victim.unlink()
                    victim.symlink_to(
                        chance.choice(["/etc/passwd", "../../..", victim.name, "IMG_0002.HEIC"])
                    )
                case "loop":
                    (folder / "200APPLE").symlink_to("..")
                case "pipe":
                    victim.unlink()
                    os.mkfifo(victim)
                case "folder":
                    victim.unlink()
                    victim.mkdir()
                    (victim / "IMG_0001.JPG").write_bytes(b"x")
                case "cut":
                    os.truncate(victim, victim.stat().st_size // 2)
                case "grown":
                    os.truncate(victim, victim.stat().st_size + 5000)
    return f"files {', '.join(told)}"


@contextmanager
def _database(media: Path) -> Iterator[sqlite3.Connection]:
    """The library's database, for any change."""
    path = media / "PhotoData/Photos.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        yield database


CONTENTS: dict[str, Callable[[Path, random.Random], str]] = {
    "values in Photos.sqlite": change_values,
    "schema of Photos.sqlite": change_schema,
    "media files": change_files,
    "files of Photos.sqlite": change_database_file,
}
"""In the order in which they are done: what replaces the database cannot be attacked."""
