"""Damage that is found after the record was opened: a mark makes the next backup rebuild the record."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest

from ambertime_tui.drive.errors import DriveError, RecordDamaged
from ambertime_tui.drive.record.damage_mark import is_marked, leave_mark
from ambertime_tui.drive.target import Target, open_target
from ambertime_tui.drive.verify.verify import verify
from ambertime_tui.drive.volume.system_calls import SystemCalls
from tests.drive.archive_helpers import (
    LIBRARY,
    PHONE,
    assert_complete,
    backup,
    copied,
    drive_at,
    tree,
)
from tests.drive.faulty_calls import CountingCalls, Killed, failing, killed


def harmed_row(root: Path) -> None:
    """Change a row behind the back of an open record, like a drive that returns other bytes."""
    with closing(sqlite3.connect(root / ".ambertime/record.sqlite3", isolation_level=None)) as connection:
        connection.execute("UPDATE file SET sha256 = zeroblob(32), size = 7 WHERE name LIKE '%.MOV'")


def aside(root: Path) -> list[Path]:
    return list((root / ".ambertime").glob("record.damaged-*.sqlite3"))


READS: dict[str, Callable[[Target], object]] = {
    "an asset is looked up": lambda target: target.record.find_asset(PHONE, LIBRARY[0].uuid),
    "SHA256SUMS is written": lambda target: target.finish(),
}


@pytest.mark.parametrize("reading", READS)
def test_a_record_damaged_during_a_job_is_rebuilt_by_the_next(tmp_path: Path, reading: str) -> None:
    backup(tmp_path, LIBRARY[:3])
    before = (tmp_path / "SHA256SUMS").read_bytes()
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        copied(target, LIBRARY[3])
        harmed_row(tmp_path)
        with pytest.raises(RecordDamaged, match="next backup"):
            READS[reading](target)
    assert is_marked(tmp_path)
    assert (tmp_path / "SHA256SUMS").read_bytes() == before, "nothing was written from a damaged record"
    assert not backup(tmp_path)
    assert len(aside(tmp_path)) == 1
    assert not is_marked(tmp_path)
    assert_complete(tmp_path)
    assert verify(tmp_path).sound


def test_a_marked_record_is_rebuilt_once_even_if_it_looks_sound(tmp_path: Path) -> None:
    backup(tmp_path)
    before = tree(tmp_path)
    leave_mark(tmp_path, "a test", SystemCalls())
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        assert "The record was damaged" in target.notices[0]
        target.finish()
    assert not is_marked(tmp_path)
    assert not backup(tmp_path)
    assert len(aside(tmp_path)) == 1
    assert tree(tmp_path) == before
    assert_complete(tmp_path)


@pytest.mark.parametrize("sealed", [True, False])
def test_verify_leaves_the_mark(tmp_path: Path, sealed: bool) -> None:
    backup(tmp_path)
    harmed_row(tmp_path)
    if not sealed:
        (tmp_path / ".ambertime/seal.json").unlink()
    assert "cannot be read" in verify(tmp_path).notices[0]
    assert is_marked(tmp_path)
    assert not backup(tmp_path)
    assert not is_marked(tmp_path)
    assert verify(tmp_path).sound


def test_verify_of_a_drive_that_cannot_be_written_needs_no_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(self: SystemCalls, path: Path) -> int:
        raise OSError(30, "Read-only file system")

    backup(tmp_path)
    harmed_row(tmp_path)
    monkeypatch.setattr(SystemCalls, "create", refused)
    with suppress(DriveError):
        assert "cannot be read" in verify(tmp_path).notices[0]
    assert not is_marked(tmp_path)


def test_a_failed_write_is_not_damage(tmp_path: Path) -> None:
    for at in range(1, 60):
        root = tmp_path / str(at)
        root.mkdir()
        backup(root, calls=failing(at, 5, for_good=False))
        assert not is_marked(root), at


def test_a_rebuild_that_is_killed_anywhere_is_finished_by_the_next_job(tmp_path: Path) -> None:
    def marked(root: Path) -> Path:
        root.mkdir()
        backup(root)
        leave_mark(root, "a test", SystemCalls())
        return root

    counting = CountingCalls()
    backup(marked(tmp_path / "count"), calls=counting)
    for at in range(1, counting.count + 1):
        root = marked(tmp_path / str(at))
        calls = killed(at)
        try:
            backup(root, calls=calls)
        except Killed:
            calls.bury()
        assert not backup(root)
        assert not is_marked(root)
        assert len(aside(root)) == 1
        assert_complete(root)
        assert verify(root).sound
