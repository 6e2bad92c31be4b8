"""A target is locked by one job, and refused or given up for a stated reason."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from pathlib import Path

import pytest

from ambertime_tui.drive.errors import (
    TargetGone,
    TargetInsideArchive,
    TargetInUse,
    TargetMissing,
    TargetNotAFolder,
    TargetReadOnly,
    TargetSwapped,
)
from ambertime_tui.drive.target import Target, open_target
from ambertime_tui.drive.volume.system_calls import SystemCalls
from tests.drive.archive_helpers import (
    asset,
    backup,
    drive_at,
)


def test_only_one_job_at_a_time(tmp_path: Path) -> None:
    with (
        open_target(tmp_path, drive=drive_at(tmp_path)),
        pytest.raises(TargetInUse, match=f"process {os.getpid()} on "),
        open_target(tmp_path, drive=drive_at(tmp_path)),
    ):
        pass
    with open_target(tmp_path, drive=drive_at(tmp_path)):
        pass


def test_a_stale_lock_file_does_not_lock(tmp_path: Path) -> None:
    backup(tmp_path)
    lock = tmp_path / ".ambertime/lock"
    assert lock.exists()
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class ReadOnlyDrive(SystemCalls):
    """A drive with its write-protect switch on."""

    def mkdir(self, path: Path) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(path))


def test_an_unusable_target_is_refused_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TargetMissing, match="does not exist"), open_target(tmp_path / "nowhere"):
        pass
    with pytest.raises(TargetNotAFolder, match="is not a folder"), open_target(tmp_path / "file"):
        pass
    with pytest.raises(TargetNotAFolder), open_target(tmp_path / "file/below"):
        pass
    with pytest.raises(TargetReadOnly), open_target(tmp_path, calls=ReadOnlyDrive()):
        pass


def test_a_drive_swapped_or_unmounted_during_the_job_is_detected(tmp_path: Path) -> None:
    root, other = tmp_path / "mount", tmp_path / "other"
    root.mkdir()
    other.mkdir()
    backup(other)
    with open_target(root, drive=drive_at(root)) as target:
        target.check()
        root.rename(tmp_path / "unplugged")
        with pytest.raises(TargetGone):
            target.check()
        root.mkdir()
        with pytest.raises(TargetGone, match="archive is not"):
            target.check()
        root.rmdir()
        other.rename(root)
        with pytest.raises(TargetSwapped):
            target.check()


def test_a_clone_of_the_drive_in_its_place_is_detected(tmp_path: Path) -> None:
    root = tmp_path / "mount"
    root.mkdir()
    with open_target(root, drive=drive_at(root)) as target:
        shutil.copytree(root, tmp_path / "clone")
        root.rename(tmp_path / "unplugged")
        (tmp_path / "clone").rename(root)
        with pytest.raises(TargetSwapped):
            target.check()


def test_a_folder_inside_another_archive_is_refused(tmp_path: Path) -> None:
    backup(tmp_path, [asset(1)])
    with (
        pytest.raises(TargetInsideArchive, match=r"Choose .* instead"),
        open_target(tmp_path / "Photos/2024-07"),
    ):
        pass
    (tmp_path / "second phone").mkdir()
    assert not backup(tmp_path / "second phone", [asset(1)])


def test_free_space_is_reported(tmp_path: Path) -> None:
    with open_target(tmp_path) as target:
        assert isinstance(target, Target)
        free = target.free_bytes()
        assert free is not None
        assert 0 < free <= target.drive.total_bytes
