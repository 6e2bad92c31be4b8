"""Whichever call fails and whenever the job dies, recorded files are on the drive, and a later job copies the
rest without copying anything twice."""

from __future__ import annotations

import errno
import itertools
import os
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ambertime_tui.drive.errors import DriveError
from ambertime_tui.drive.record.checksums import each_checksum
from ambertime_tui.drive.writing import file_writer
from tests.drive.archive_helpers import LIBRARY, assert_complete, assert_promise, asset, backup, content
from tests.drive.faulty_calls import CountingCalls, Killed, PowerCutCalls, failing, killed

LONG = bool(os.environ.get("AMBERTIME_LONG"))
STEP = 6
"""In the short form, each kind of fault starts at a different call."""
MANNERS = [
    pytest.param((2, True), id="in pairs"),
    pytest.param((4, False), id="one group, on a drive without exclusive renames", marks=pytest.mark.long),
    pytest.param((1, False), id="one by one, on a drive without exclusive renames", marks=pytest.mark.long),
]
"""Assets per commit, and whether the drive can rename without replacing (exFAT's driver cannot)."""


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory if possible, because a sweep writes and syncs thousands of files."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


def sweep(scratch: Path, job: Callable[[Path, int], bool], first: int = 1) -> int:
    """Run a job in a new folder with its fault at one call after the other, until no call is hit.

    The short form tries every STEPth call from `first`."""
    for number in itertools.count(1) if LONG else itertools.count(first, STEP):
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            root = Path(folder) / "archive"
            root.mkdir()
            if not job(root, number):
                return number
    raise AssertionError("the job never came to its end")


@pytest.fixture(autouse=True, params=["small files", "large files"])
def checkpoints(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set checkpoints after every two kilobytes instead of 256 MiB."""
    if request.param == "large files":
        monkeypatch.setattr(file_writer, "CHECKPOINT_EVERY", 2000)


def bystanders(root: Path) -> dict[Path, bytes]:
    """Files of other programs in the folders of the archive."""
    folder = root / "Photos/2024-07"
    folder.mkdir(parents=True)
    files = {folder / ".IMG_0001.HEIC.part": b"another program's part", root / "notes.txt": b"notes"}
    for path, data in files.items():
        path.write_bytes(data)
    return files


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC], ids=["EIO", "ENOSPC"])
def test_an_error_at_any_call_loses_nothing(
    scratch: Path, code: int, for_good: bool, manner: tuple[int, bool]
) -> None:
    group, exclusive = manner

    def job(root: Path, number: int) -> bool:
        others = bystanders(root)
        calls = failing(number, code, for_good=for_good, exclusive=exclusive)
        backup(root, calls=calls, group=group)
        calls.bury()
        assert_promise(root)
        assert not backup(root)
        for path, data in others.items():
            assert path.read_bytes() == data
        (root / "Photos/2024-07/.IMG_0001.HEIC.part").unlink()
        assert_complete(root)
        return calls.count >= number

    first = 1 + 2 * for_good + 3 * (code == errno.ENOSPC)
    assert sweep(scratch, job, first) > 150


@pytest.mark.parametrize("manner", MANNERS)
def test_a_kill_at_any_call_loses_nothing(scratch: Path, manner: tuple[int, bool]) -> None:
    group, exclusive = manner

    def job(root: Path, number: int) -> bool:
        others = bystanders(root)
        calls, acknowledged = killed(number, exclusive=exclusive), set[str]()
        with suppress(Killed):
            backup(root, calls=calls, group=group, acknowledged=acknowledged.add)
        calls.bury()
        assert acknowledged <= set(assert_promise(root))
        assert not backup(root)
        for path, data in others.items():
            assert path.read_bytes() == data
        (root / "Photos/2024-07/.IMG_0001.HEIC.part").unlink()
        assert_complete(root)
        return calls.count >= number

    assert sweep(scratch, job, 2) > 150


def test_two_kills_in_a_row_lose_nothing(scratch: Path) -> None:
    chance = random.Random(7)
    for number in range(60 if LONG else 15):
        root = scratch / str(number)
        root.mkdir()
        for _ in range(2):
            calls = killed(chance.randint(1, 200))
            with suppress(Killed):
                backup(root, calls=calls)
            calls.bury()
            assert_promise(root)
        assert not backup(root)
        assert_complete(root)


@pytest.mark.parametrize("manner", MANNERS)
def test_a_power_cut_at_any_call_loses_nothing_committed(scratch: Path, manner: tuple[int, bool]) -> None:
    group, exclusive = manner
    chance = random.Random(11)

    def job(root: Path, number: int) -> bool:
        keep = root.with_suffix(".kept")
        keep.mkdir()
        calls, acknowledged = PowerCutCalls(number, keep, exclusive=exclusive), set[str]()
        with suppress(Killed):
            backup(root, calls=calls, group=group, acknowledged=acknowledged.add)
        calls.cut(root, chance)
        assert acknowledged <= set(assert_promise(root))
        sums = root / "SHA256SUMS"
        assert not sums.exists() or len(list(each_checksum(root))) == 9, "the old one, none, or the new one"
        assert not backup(root)
        assert_complete(root)
        return calls.count >= number

    assert sweep(scratch, job, 3) > 150


def test_a_power_cut_after_a_kill_loses_nothing_the_second_job_committed(scratch: Path) -> None:
    """The second job finds folders and files that the first one never synced."""
    chance = random.Random(13)
    for number in range(10, 200, 2 if LONG else 6):
        root, keep = scratch / str(number), scratch / f"{number}.kept"
        root.mkdir()
        keep.mkdir()
        first = PowerCutCalls(number, keep)
        with suppress(Killed):
            backup(root, calls=first)
        first.bury()
        second, acknowledged = PowerCutCalls(chance.randint(60, 400), keep, after=first), set[str]()
        with suppress(Killed):
            backup(root, calls=second, acknowledged=acknowledged.add)
        second.cut(root, chance)
        assert acknowledged <= set(assert_promise(root))


def test_a_file_of_another_tool_is_synced_before_it_is_recorded(scratch: Path) -> None:
    chance, item = random.Random(17), LIBRARY[2]
    for number in range(8):
        root, keep = scratch / str(number), scratch / f"{number}.kept"
        root.mkdir()
        keep.mkdir()
        other_tool = PowerCutCalls(10_000, keep)
        other_tool.mkdir(root / "old")
        other_tool.mkdir(root / "old/deep")
        fd = other_tool.create(root / "old/deep/one.heic")
        other_tool.write(fd, content(item, item.resources[0]))
        other_tool.close(fd)
        calls = PowerCutCalls(10_000, keep, after=other_tool)
        assert not backup(root, [item], calls=calls)
        calls.cut(root, chance)
        assert assert_promise(root)[item.uuid].files[0].path == "old/deep/one.heic"


def test_the_power_cut_test_detects_a_drive_that_does_not_sync(scratch: Path) -> None:
    chance, broken = random.Random(11), 0
    for number in range(60, 320, 8):
        root, keep = scratch / str(number), scratch / f"{number}.kept"
        root.mkdir()
        keep.mkdir()
        calls = PowerCutCalls(number, keep, ignores_fsync=True)
        with suppress(Killed):
            backup(root, calls=calls)
        calls.cut(root, chance)
        try:
            assert_promise(root)
        except (AssertionError, FileNotFoundError, DriveError):
            broken += 1
    assert broken > 3


def test_a_job_without_faults_needs_one_record_transaction_per_group(scratch: Path) -> None:
    calls = CountingCalls()
    assert not backup(scratch, [asset(n, name=f"IMG_{n}.HEIC") for n in range(1, 9)], calls=calls, group=4)
    schema, groups = 1, 2
    assert calls.names.count("commit") == schema + groups
    assert len(LIBRARY) == 4
