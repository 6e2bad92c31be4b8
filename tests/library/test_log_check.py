"""A damaged log loses the latest changes, which is reported; an intact one gives no warning."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from ambertime_tui.library.log_check import FRAMES_DAMAGED, HEADER_DAMAGED
from ambertime_tui.library.photos_db import read_library
from tests.library.planted import Planted

HEADER, FRAME, PAGE = 32, 24, 4096


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A library of forty items, thirty of them only in its log with several commits."""
    path = tmp_path / "Photos.sqlite"
    planted = Planted(path)
    planted.database.commit()
    planted.database.execute("PRAGMA journal_mode = WAL")
    planted.database.execute("PRAGMA wal_autocheckpoint = 0")
    for _ in range(4):
        for _ in range(10):
            planted.asset()
        planted.database.commit()
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("Photos.sqlite", "Photos.sqlite-wal"):
        shutil.copy(tmp_path / name, copy / name)
    planted.database.close()
    return copy / "Photos.sqlite"


def frames(path: Path) -> int:
    return (log_of(path).stat().st_size - HEADER) // (FRAME + PAGE)


def log_of(path: Path) -> Path:
    return path.with_name("Photos.sqlite-wal")


def flip(path: Path, offset: int) -> None:
    data = bytearray(log_of(path).read_bytes())
    data[offset] ^= 1
    log_of(path).write_bytes(data)


def at(frame: int, within: int) -> int:
    return HEADER + frame * (FRAME + PAGE) + within


def test_of_a_sound_log_nothing_is_said(library: Path) -> None:
    read = read_library(library)
    assert len(read.assets) == 40
    assert read.notices == ()


@pytest.mark.parametrize("offset", range(0, 32, 3))
def test_a_damaged_header_is_told(library: Path, offset: int) -> None:
    flip(library, offset)
    assert read_library(library).notices == (HEADER_DAMAGED,)


@pytest.mark.parametrize("where", [0, 4, 8, 12, 16, 20, 24, 2000])
def test_a_damaged_frame_before_others_is_told(library: Path, where: int) -> None:
    flip(library, at(frames(library) // 2, where))
    assert read_library(library).notices == (FRAMES_DAMAGED,)


def test_a_log_whose_last_frame_is_only_half_there_is_sound(library: Path) -> None:
    size = log_of(library).stat().st_size
    with log_of(library).open("r+b") as log:
        log.truncate(size - PAGE // 2)
    assert read_library(library).notices == ()


def test_a_transaction_that_is_just_being_written_is_no_damage(library: Path, tmp_path: Path) -> None:
    def grow(work: Callable[[sqlite3.Connection], object]) -> bytes:
        with sqlite3.connect(library) as connection:
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            connection.execute("PRAGMA cache_size = 1")
            work(connection)
            return log_of(library).read_bytes()

    before = log_of(library).stat().st_size
    longer = grow(
        lambda c: c.execute("UPDATE ZASSET SET ZUUID = ZUUID || 'x', ZFILENAME = hex(randomblob(900))")
    )
    assert len(longer) > before, "pages of an open transaction are in the log"
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(library, other)
    (other / "Photos.sqlite-wal").write_bytes(longer[: before + 3 * (FRAME + PAGE) + 1000])
    assert read_library(other / "Photos.sqlite").notices == ()


def test_what_an_older_generation_left_behind_is_no_damage(library: Path) -> None:
    with sqlite3.connect(library) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        kept = log_of(library).read_bytes()
        connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
        connection.execute("UPDATE ZASSET SET ZFAVORITE = 1 WHERE Z_PK = 1")
        connection.commit()
        assert log_of(library).stat().st_size == len(kept), (
            "the new log overwrites the beginning of the old one"
        )
        library.with_name("x.sqlite").write_bytes(library.read_bytes())
        library.with_name("x.sqlite-wal").write_bytes(log_of(library).read_bytes())
    assert read_library(library.with_name("x.sqlite")).notices == ()


def test_bytes_that_are_no_log_are_told(library: Path) -> None:
    log_of(library).write_bytes(bytes(range(256)) * 20)
    assert read_library(library).notices == (HEADER_DAMAGED,)
