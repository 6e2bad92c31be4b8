"""Behaviour on real file systems, on loop devices (needs root and tools)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from ambertime_tui.drive.errors import DriveError, DriveFull, ReadBackDiffers, TargetGone, TargetReadOnly
from ambertime_tui.drive.record.record_model import ReadBack
from ambertime_tui.drive.record.verdicts import Verdict
from ambertime_tui.drive.target import open_target
from ambertime_tui.drive.verify.verify import verify
from ambertime_tui.drive.volume.discovery import drive_of, mount_points
from ambertime_tui.drive.volume.file_system import CacheDropping
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.library.model import Role
from tests.drive.archive_helpers import (
    JULY,
    LIBRARY,
    PHONE,
    assert_complete,
    assert_promise,
    asset,
    backup,
    copied,
    recorded_assets,
    stage,
)
from tests.drive.real_drives import MAKERS, mount, mount_again, run


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.mark.parametrize("name", MAKERS)
def test_a_whole_job_and_another_from_a_second_computer(name: str, tmp_path: Path, stack: ExitStack) -> None:
    mounted = mount(name, tmp_path, stack)
    errors = backup(mounted.path, LIBRARY[:2], drive=drive_of(mounted.path))
    assert not errors
    assert not backup(mounted.path, drive=drive_of(mounted.path))
    assert_complete(mounted.path)
    report = verify(mounted.path)
    assert report.sound
    assert report.through_cache == 0, "root may drop the cache of the device under a FUSE driver"
    done = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=mounted.path, timeout=60)
    assert done.returncode == 0


@pytest.mark.parametrize("name", MAKERS)
def test_a_drive_has_its_file_system_and_size(name: str, tmp_path: Path, stack: ExitStack) -> None:
    mounted = mount(name, tmp_path, stack)
    drive = drive_of(mounted.path)
    assert drive.file_system == {"exfat": "exFAT", "ext4": "ext4", "xfs": "XFS", "btrfs": "Btrfs"}[name]
    assert drive.device == mounted.device
    assert not drive.system
    assert not drive.read_only
    assert drive in [place.inspect() for place in mount_points()]


class BitRot(SystemCalls):
    """Changes the image below the file system as soon as a file is synced."""

    def __init__(self, image: Path, needle: bytes) -> None:
        self._image, self._needle = image, needle
        self.harmed = 0

    def fsync(self, fd: int) -> None:
        super().fsync(fd)
        data = self._image.read_bytes()
        at = data.find(self._needle)
        if at >= 0 and not self.harmed:
            self.harmed += 1
            image = os.open(self._image, os.O_WRONLY)
            os.pwrite(image, b"#", at)
            os.close(image)


@pytest.mark.parametrize("name", MAKERS)
def test_the_read_back_reads_the_drive_and_not_the_cache(name: str, tmp_path: Path, stack: ExitStack) -> None:
    mounted = mount(name, tmp_path, stack)
    item = asset(7)
    rot = BitRot(mounted.image, f"{item.uuid} photo 1\n".encode() * 3)
    with open_target(mounted.path, calls=rot) as target:
        # Btrfs verifies its checksums and refuses to return the bytes.
        with pytest.raises(DriveError) as caught:
            stage(target, item)
        assert name == "btrfs" or isinstance(caught.value, ReadBackDiffers)
        assert rot.harmed == 1
        assert not recorded_assets(target.record, PHONE)


def test_without_dropping_the_cache_the_damage_is_not_seen_and_no_read_back_is_reported(
    tmp_path: Path, stack: ExitStack
) -> None:
    mounted = mount("ext4", tmp_path, stack)
    item = asset(7)
    rot = BitRot(mounted.image, f"{item.uuid} photo 1\n".encode() * 3)
    drive = drive_of(mounted.path)
    blind = replace(drive, traits=replace(drive.traits, cache_dropping=CacheDropping.NO))
    with open_target(mounted.path, calls=rot, drive=blind) as target:
        assert copied(target, item).files[0].read_back is ReadBack.THROUGH_CACHE
        assert rot.harmed == 1
    report = verify(mounted.path)
    assert [file.verdict for file in report.not_whole] == [Verdict.DAMAGED], (
        "verify drops the cache and finds the damage"
    )


def test_files_in_memory_are_never_reported_as_read_from_a_drive(tmp_path: Path, stack: ExitStack) -> None:
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    run("mount", "-t", "tmpfs", "tmpfs", str(tmp_path))
    stack.callback(subprocess.run, ["umount", str(tmp_path)], capture_output=True, timeout=60)
    with open_target(tmp_path) as target:
        assert copied(target, asset(1)).files[0].read_back is ReadBack.THROUGH_CACHE
    assert verify(tmp_path).through_cache == 1


@pytest.mark.parametrize("name", ["ext4", "exfat"])
def test_a_full_drive_is_reported_and_the_job_continues_after_space_is_freed(
    name: str, tmp_path: Path, stack: ExitStack
) -> None:
    mounted = mount(name, tmp_path, stack)
    with open_target(mounted.path) as target:
        copied(target, LIBRARY[2])
        filler = mounted.path / "filler"
        with pytest.raises(OSError, match="No space left"), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * (1 << 20))
        with pytest.raises(DriveFull, match="Free up some space"), target.writer(PHONE, asset(9)) as writer:
            part = writer.begin(asset(9).resources[0], 2 << 20, JULY)
            part.write(b"y" * (2 << 20))
            part.finish()
        assert_promise(mounted.path)
        filler.unlink()
        copied(target, LIBRARY[0])
    backup(mounted.path, drive=drive_of(mounted.path))
    assert_complete(mounted.path)


def test_a_drive_that_turns_read_only_is_reported(tmp_path: Path, stack: ExitStack) -> None:
    mounted = mount("ext4", tmp_path, stack)
    backup(mounted.path, LIBRARY[:1])
    run("mount", "-o", "remount,ro", str(mounted.path))
    with pytest.raises(TargetReadOnly), open_target(mounted.path):
        pass
    assert drive_of(mounted.path).read_only
    assert verify(mounted.path).sound


def test_an_unplugged_drive_ends_the_job_and_nothing_committed_is_lost(
    tmp_path: Path, stack: ExitStack
) -> None:
    mounted = mount("exfat", tmp_path, stack)
    assert mounted.driver is not None
    with open_target(mounted.path) as target:
        copied(target, LIBRARY[0])
        with target.writer(PHONE, LIBRARY[1]) as writer:
            part = writer.begin(LIBRARY[1].resources[0], None, JULY)
            part.write(b"half")
            os.kill(mounted.driver, 9)
            with pytest.raises(DriveError):
                part.write(b"x" * (8 << 20))
                part.finish()
        with pytest.raises(TargetGone, match="Connect and mount it again"):
            target.check()
    mount_again(mounted, stack)
    assert set(assert_promise(mounted.path)) == {LIBRARY[0].uuid}
    assert not backup(mounted.path, drive=drive_of(mounted.path))
    assert_complete(mounted.path)


def test_names_that_exfat_cannot_store_are_replaced_and_the_true_names_recorded(
    tmp_path: Path, stack: ExitStack
) -> None:
    mounted = mount("exfat", tmp_path, stack)
    names = [
        "a:b?.HEIC",
        "CON.HEIC",
        "ä" * 300 + ".HEIC",
        "e\u0301.HEIC",
        "\u00e9.HEIC",
        "IMG.HEIC",
        "img.heic",
    ]
    library = [asset(n, (Role.PHOTO, Role.PAIRED_VIDEO), name=name) for n, name in enumerate(names, 1)]
    assert not backup(mounted.path, library, drive=drive_of(mounted.path))
    assert_complete(mounted.path, library)
    with open_target(mounted.path) as target:
        known = recorded_assets(target.record, PHONE)
        assert [known[item.uuid].files[0].true_name for item in library] == names
