"""Damaged, foreign and hostile files give a sentence or notices, never another exception.

The long form (AMBERTIME_LONG=1) tries thousands of damaged files. Each has a seed, so that it can be
repeated.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from ambertime_tui.library.model import Availability
from ambertime_tui.library.photos_db import LibraryUnreadable, read_library
from tests.library.planted import GENERATIONS, Planted, catalogue_of
from tests.library.test_foreign_rows import is_safe

SHORT, LONG = 60, 4000
ASSETS = 200
FRAME_BYTES = 24 + 4096
DAMAGES = ("truncate", "flip bits", "blank a page", "swap pages", "overwrite a run", "damage the log")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[bytes, bytes]]:
    """Database and log of a library of two hundred items per schema, half of them only in the log."""
    made = {}
    for generation in (GENERATIONS[0], GENERATIONS[3], GENERATIONS[5]):
        path = tmp_path_factory.mktemp("whole") / "Photos.sqlite"
        planted = Planted(path, generation)
        planted.database.commit()
        planted.database.execute("PRAGMA journal_mode = WAL")
        planted.database.execute("PRAGMA wal_autocheckpoint = 0")
        for half in range(2):
            for _ in range(100):
                key = planted.asset(ZKINDSUBTYPE=2, edited=1, about={"ZTITLE": "t"})
                planted.resource(key, kind=3, subtype=18)
                planted.resource(key, version=2, subtype=2, recipe=65938)
            planted.album("Album", list(range(1, 50)))
            planted.person("Ada", [1, 2, 3])
            planted.database.commit()
            if half == 0:
                planted.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        made[generation.ios] = path.read_bytes(), path.with_name("Photos.sqlite-wal").read_bytes()
        planted.database.close()
    return made


def damaged(database: bytes, log: bytes, seed: int) -> tuple[str, bytes, bytes]:
    random = Random(seed)
    kind = DAMAGES[seed % len(DAMAGES)]
    data = bytearray(log if kind == "damage the log" else database)
    pages = max(1, len(data) // 4096)
    if kind == "truncate":
        del data[random.randrange(len(data)) :]
    elif kind in ("flip bits", "damage the log"):
        for _ in range(random.choice((1, 8, 64, 512))):
            data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    elif kind == "blank a page":
        page = random.randrange(pages)
        data[page * 4096 : (page + 1) * 4096] = bytes(4096)
    elif kind == "swap pages":
        a, b = random.randrange(pages) * 4096, random.randrange(pages) * 4096
        data[a : a + 4096], data[b : b + 4096] = data[b : b + 4096], data[a : a + 4096]
    else:
        begin = random.randrange(len(data))
        data[begin : begin + 200] = random.randbytes(len(data[begin : begin + 200]))
    return (kind, database, bytes(data)) if kind == "damage the log" else (kind, bytes(data), log)


def outcome(path: Path, database: bytes, log: bytes) -> tuple[str, int]:
    """Read a damaged library. Anything but a library or a sentence fails the test. Returns the result and
    the number of assets."""
    path.write_bytes(database)
    path.with_name(path.name + "-wal").write_bytes(log)
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    try:
        library = read_library(path)
    except LibraryUnreadable as error:
        sentence = str(error)
        assert sentence.endswith((".", ")"))
        assert sentence.isprintable()
        return "refused", 0
    assert is_safe(library)
    assert all(notice.isprintable() for notice in catalogue_of(path).notices)
    for asset in library.assets:
        assert isinstance(asset.availability, Availability)
        assert asset.day is None or asset.local_time
    assert all(notice.isprintable() for notice in library.notices)
    return "read" if not library.notices else "read with notices", len(library.assets)


def try_damages(whole: dict[str, tuple[bytes, bytes]], path: Path, seeds: range) -> dict[str, int]:
    outcomes = {"read": 0, "read with notices": 0, "refused": 0}
    libraries = list(whole.values())
    for seed in seeds:
        kind, database, log = damaged(*libraries[seed % len(libraries)], seed)
        try:
            came, assets = outcome(path, database, log)
            outcomes[came] += 1
            if kind == "damage the log" and came == "read":
                assert assets == ASSETS or only_the_last_frame_differs(
                    log, libraries[seed % len(libraries)][1]
                )
        except Exception as error:
            raise AssertionError(f"seed {seed} ({kind})") from error
    return outcomes


def only_the_last_frame_differs(log: bytes, whole: bytes) -> bool:
    """It looks the same as a log that was still being written."""
    return log[:-FRAME_BYTES] == whole[:-FRAME_BYTES]


def test_the_whole_library_is_read_without_a_notice(
    whole: dict[str, tuple[bytes, bytes]], tmp_path: Path
) -> None:
    for database, log in whole.values():
        assert outcome(tmp_path / "Photos.sqlite", database, log) == ("read", ASSETS)


def test_a_damaged_database_is_read_or_refused_in_a_sentence(
    whole: dict[str, tuple[bytes, bytes]], tmp_path: Path
) -> None:
    outcomes = try_damages(whole, tmp_path / "Photos.sqlite", range(SHORT))
    assert outcomes["refused"] > 0
    assert outcomes["read"] > 0


@pytest.mark.long
@pytest.mark.skipif(os.environ.get("AMBERTIME_LONG") != "1", reason="the long form: set AMBERTIME_LONG=1")
def test_thousands_of_damaged_databases_are_read_or_refused_in_a_sentence(
    whole: dict[str, tuple[bytes, bytes]], tmp_path: Path
) -> None:
    outcomes = try_damages(whole, tmp_path / "Photos.sqlite", range(LONG))
    print(outcomes)
    assert sum(outcomes.values()) == LONG


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "neither a table ZASSET nor ZGENERICASSET"),
        (b"This is not a database, however long it is.\n" * 200, "is not an SQLite file"),
        (b"SQLite format 3\0", "is not an SQLite file|damaged"),
    ],
    ids=["empty", "text", "header only"],
)
def test_a_file_that_is_no_library_is_refused(content: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "Photos.sqlite"
    path.write_bytes(content)
    with pytest.raises(LibraryUnreadable, match=sentence):
        read_library(path)


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "Photos.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE notes (text)")
    with pytest.raises(LibraryUnreadable, match="is not a Photo Library"):
        read_library(path)


def test_a_file_that_is_not_there_is_refused_and_not_made(tmp_path: Path) -> None:
    path = tmp_path / "Photos.sqlite"
    with pytest.raises(LibraryUnreadable, match="could not be opened"):
        read_library(path)
    assert not path.exists()


def test_a_view_in_place_of_the_asset_table_is_not_taken_for_it(tmp_path: Path) -> None:
    path = tmp_path / "Photos.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE VIEW ZASSET AS SELECT 1 AS Z_PK")
    with pytest.raises(LibraryUnreadable, match="is not a Photo Library"):
        read_library(path)
