"""The private copy from which a library file is read."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ambertime_tui.library.photos_db import LibraryUnreadable, read_library
from ambertime_tui.library.private_copy import private_copy
from tests.library.planted import Planted


def test_what_is_only_in_the_log_is_read_and_the_log_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "Photos.sqlite"
    planted = Planted(path)
    planted.asset()
    planted.written()
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        writer.execute("UPDATE ZASSET SET ZFILENAME = 'FROM_THE_LOG.HEIC'")
        writer.commit()
        both = (path, path.with_name("Photos.sqlite-wal"))
        before = [p.read_bytes() for p in both]
        with private_copy(path) as copy:
            library = read_library(copy)
        after = [p.read_bytes() for p in both]
    assert [a.filename for a in library.assets] == ["FROM_THE_LOG.HEIC"]
    assert after == before


def test_only_this_user_can_enter_the_copy_and_nothing_is_left_of_it(tmp_path: Path) -> None:
    path = Planted(tmp_path / "Photos.sqlite").written()
    with private_copy(path) as copy:
        assert copy.stat().st_mode & 0o077 == 0
        assert copy.parent.stat().st_mode & 0o077 == 0
    assert not copy.parent.exists()


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda p: None, "does not exist"),
        (lambda p: p.mkdir(), "is a folder"),
    ],
)
def test_what_cannot_be_copied_is_said_in_a_sentence(make, sentence: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "Photos.sqlite"
    make(path)
    with pytest.raises(LibraryUnreadable, match=sentence), private_copy(path):
        pass
