"""Whatever call fails, and whenever the job dies: what the record says is copied is there, and a later job
brings the rest without copying anything twice."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from ambertime_tui.drive.errors import DriveError
from tests.drive.archive_helpers import LIBRARY, assert_complete, assert_promise, asset, backup
from tests.drive.faulty_calls import CountingCalls, Killed, PowerCutCalls, failing, killed

LONG = bool(os.environ.get("AMBERTIME_LONG"))
EVERY = 1 if LONG else 3
"""The short form tries every third call, at another offset for each kind of fault."""


def sweep(tmp_path: Path, job: Callable[[Path, int], bool], offset: int) -> int:
    """Runs a job, in a fresh folder each time, with its fault at call 1, 2, 3, ... until none is hit."""
    for tried, number in enumerate(range(1 + offset % EVERY, 100_000, EVERY)):
        root = tmp_path / str(number)
        root.mkdir()
        if not job(root, number):
            return tried
    raise AssertionError("the job never came to its end")


def bystanders(root: Path) -> dict[Path, bytes]:
    """Files of somebody else in the very folders of the archive."""
    folder = root / "Photos/2024-07"
    folder.mkdir(parents=True)
    files = {folder / ".IMG_0001.HEIC.part": b"a stranger's part", root / "notes.txt": b"notes"}
    for path, data in files.items():
        path.write_bytes(data)
    return files


@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC], ids=["EIO", "ENOSPC"])
def test_an_error_at_any_call_loses_nothing(tmp_path: Path, code: int, for_good: bool) -> None:
    def job(root: Path, number: int) -> bool:
        others = bystanders(root)
        calls = failing(number, code, for_good=for_good)
        backup(root, calls=calls)
        calls.bury()
        assert_promise(root)
        assert not backup(root)
        for path, data in others.items():
            assert path.read_bytes() == data
        (root / "Photos/2024-07/.IMG_0001.HEIC.part").unlink()
        assert_complete(root)
        return calls.count >= number

    assert sweep(tmp_path, job, offset=code + for_good) > 150 // EVERY


def test_death_at_any_call_loses_nothing(tmp_path: Path) -> None:
    def job(root: Path, number: int) -> bool:
        others = bystanders(root)
        calls, acknowledged = killed(number), set[str]()
        with suppress(Killed):
            backup(root, calls=calls, acknowledged=acknowledged.add)
        calls.bury()
        assert acknowledged <= set(assert_promise(root))
        assert not backup(root)
        for path, data in others.items():
            assert path.read_bytes() == data
        (root / "Photos/2024-07/.IMG_0001.HEIC.part").unlink()
        assert_complete(root)
        return calls.count >= number

    assert sweep(tmp_path, job, offset=0) > 150 // EVERY


def test_death_twice_in_a_row_loses_nothing(tmp_path: Path) -> None:
    chance = random.Random(7)
    for number in range(60 if LONG else 15):
        root = tmp_path / str(number)
        root.mkdir()
        for _ in range(2):
            calls = killed(chance.randint(1, 200))
            with suppress(Killed):
                backup(root, calls=calls)
            calls.bury()
            assert_promise(root)
        assert not backup(root)
        assert_complete(root)


def test_a_power_cut_at_any_call_loses_nothing_that_was_promised(tmp_path: Path) -> None:
    chance = random.Random(11)

    def job(root: Path, number: int) -> bool:
        keep = root.with_suffix(".kept")
        keep.mkdir()
        calls, acknowledged = PowerCutCalls(number, keep), set[str]()
        with suppress(Killed):
            backup(root, calls=calls, acknowledged=acknowledged.add)
        calls.cut(root, chance)
        assert acknowledged <= set(assert_promise(root))
        assert not backup(root)
        assert_complete(root)
        return calls.count >= number

    assert sweep(tmp_path, job, offset=1) > 150 // EVERY


def test_the_power_cut_test_finds_a_drive_that_does_not_sync(tmp_path: Path) -> None:
    chance, broken = random.Random(11), 0
    for number in range(60, 200, 10):
        root, keep = tmp_path / str(number), tmp_path / f"{number}.kept"
        root.mkdir()
        keep.mkdir()
        calls = PowerCutCalls(number, keep, lying=True)
        with suppress(Killed):
            backup(root, calls=calls)
        calls.cut(root, chance)
        try:
            assert_promise(root)
        except (AssertionError, FileNotFoundError, DriveError):
            broken += 1
    assert broken > 3


def test_a_job_without_faults_needs_one_record_transaction_for_each_group(tmp_path: Path) -> None:
    calls = CountingCalls()
    assert not backup(tmp_path, [asset(n, name=f"IMG_{n}.HEIC") for n in range(1, 9)], calls=calls, group=4)
    schema, groups = 1, 2
    assert calls.names.count("commit") == schema + groups
    assert len(LIBRARY) == 4
