"""Checks of a drive: real file systems, one folder that is removed, and a drive that hangs."""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from ambertime_tui.drive.volume.discovery import drive_of
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.engine.api.doctor import SCRATCH_PREFIX, Area, Level, remove_scratch
from ambertime_tui.engine.doctor.archive import check_archive
from ambertime_tui.engine.doctor.drive import LEFTOVER_AFTER, check_drive
from ambertime_tui.engine.doctor.drive_tests import DriveTests, Stopped
from ambertime_tui.engine.doctor.findings import Reporter
from tests.drive.archive_helpers import backup
from tests.drive.real_drives import mount
from tests.engine.doctor.conftest import Found


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "drive"
    folder.mkdir()
    return folder


def checked(found: Found, target: Path, patience: float = 60.0) -> Found:
    asyncio.run(check_drive(found.reporter(Area.DRIVE), target, (), patience))
    return found


@pytest.mark.parametrize("name", ["ext4", "exfat"])
def test_a_real_drive_is_as_its_abilities_say(name: str, tmp_path: Path, found: Found) -> None:
    with ExitStack() as stack:
        mounted = mount(name, tmp_path, stack)
        checked(found, mounted.path)
        assert list(mounted.path.glob(f"{SCRATCH_PREFIX}*")) == []
    assert found.wrong == []
    assert found.of("names").facts["as_assumed"] is True
    assert found.of("locks").facts["locks"] is True
    assert found.of("renames").facts["safe"] is True
    assert found.of("fsync").facts["fsync"] is True


def test_everything_is_written_to_one_announced_folder(target: Path, found: Found) -> None:
    checked(found, target)
    (folder,) = found.scratch
    assert folder.parent == target
    assert found.messages.index(found.of("writable")) > 0
    assert list(target.iterdir()) == []


def test_folders_left_by_a_power_cut_are_removed_and_recent_ones_are_not(target: Path, found: Found) -> None:
    old, recent = (target / f"{SCRATCH_PREFIX}{name}" for name in ("0000aaaa", "1111bbbb"))
    for folder in (old, recent):
        folder.mkdir()
    long_ago = old.stat().st_mtime - LEFTOVER_AFTER - 60
    os.utime(old, (long_ago, long_ago))
    checked(found, target)
    assert list(target.iterdir()) == [recent]


def test_only_folders_of_tests_are_removed(target: Path) -> None:
    photos = target / "Photos"
    photos.mkdir()
    link = target / f"{SCRATCH_PREFIX}0000aaaa"
    link.symlink_to(photos)
    (photos / "IMG_0001.HEIC").write_bytes(b"mine")
    remove_scratch(link)
    remove_scratch(photos)
    assert (photos / "IMG_0001.HEIC").read_bytes() == b"mine"


class HangingCalls(SystemCalls):
    """A drive that does not answer an fsync until it is released."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.released = threading.Event()

    def fsync(self, fd: int) -> None:
        self.asked.set()
        self.released.wait(30)


def test_a_drive_that_hangs_is_named(target: Path, found: Found) -> None:
    calls = HangingCalls()

    async def check() -> None:
        await check_drive(found.reporter(Area.DRIVE), target, (), 1.0, calls)
        calls.released.set()

    asyncio.run(check())
    assert "is not responding" in found.only_wrong.sentence


def test_stopped_tests_end_at_the_next_step(target: Path, found: Found) -> None:
    folder = target / f"{SCRATCH_PREFIX}0000aaaa"
    folder.mkdir()
    stop = threading.Event()
    stop.set()
    tests = DriveTests(
        Reporter(Area.DRIVE, found.messages.append), target, folder, drive_of(target), SystemCalls(), stop
    )
    with pytest.raises(Stopped):
        tests.run(with_speed=True)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda root: next((root / "Photos").rglob("*.HEIC")).unlink(), "not in their place"),
        (lambda root: (root / ".ambertime/record.sqlite3").unlink(), "has no record"),
        (lambda root: (root / ".ambertime/target.json").write_text("x"), "lost the file that identifies it"),
        (lambda root: (root / ".ambertime/record.damaged").write_text("x"), "was found damaged before"),
    ],
    ids=["missing file", "no record", "no marker", "marked"],
)
def test_what_is_wrong_with_an_archive_is_named_and_nothing_is_written(
    damage: object, words: str, target: Path, found: Found
) -> None:
    assert not backup(target)
    assert callable(damage)
    damage(target)
    before = {path: path.stat().st_mtime_ns for path in target.rglob("*")}
    check_archive(found.reporter(Area.DRIVE), target, busy=False)
    assert any(words in one.sentence for one in found.wrong)
    assert all("ackup" in one.sentence or "verify" in one.sentence for one in found.wrong)
    assert {path: path.stat().st_mtime_ns for path in target.rglob("*")} == before


def test_an_interrupted_backup_is_worth_knowing_unless_it_still_runs(target: Path, found: Found) -> None:
    backup(target)
    (target / ".ambertime/seal.json").unlink()
    check_archive(found.reporter(Area.DRIVE), target, busy=False)
    assert found.of("integrity").level is Level.NOTE
    while_running = Found()
    check_archive(while_running.reporter(Area.DRIVE), target, busy=True)
    assert "integrity" not in while_running.by_check
