"""An archive is found where its drive is mounted now, by its identity, and nothing else is taken for it."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from ambertime_tui.drive.errors import DriveNotConnected, DriveNotMounted, TargetMissing
from ambertime_tui.drive.target import open_target
from ambertime_tui.drive.volume.block_devices import Computer
from ambertime_tui.drive.volume.discovery import MountPoint
from ambertime_tui.engine.host.target_locator import TargetLocator
from ambertime_tui.engine.job.target_memory import TargetMemory


@dataclass
class Places:
    """Folders that the test treats as mount points, and the file system on each."""

    folder: Path
    uuid: str = ""
    memory_folder: str = "state"

    @property
    def memory(self) -> TargetMemory:
        return TargetMemory(self.folder / self.memory_folder)

    def back_up_to(self, target: Path, mount_point: Path) -> str:
        """Make an archive and remember it, as a job does."""
        target.mkdir(parents=True)
        with open_target(target) as opened:
            self.memory.remember(opened.path, opened.id, mount_point, self.uuid)
            return opened.id

    def locate(self, target: Path, computer: Computer | None = None) -> Path:
        where = [
            MountPoint(place, "ext4", str(place), lambda: None) for place in sorted(self.folder.glob("mnt*"))
        ]
        locator = TargetLocator(self.memory, lambda: where, computer or Computer(udev=self.folder / "none"))
        return asyncio.run(locator.locate(target))


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path)


def test_a_drive_at_another_mount_point_is_found_with_the_folder_on_it(places: Places) -> None:
    target = places.folder / "mnt-a/Photos of Anna"
    places.back_up_to(target, places.folder / "mnt-a")
    assert places.locate(target) == target
    (places.folder / "mnt-a").rename(places.folder / "mnt-b")
    assert places.locate(target) == places.folder / "mnt-b/Photos of Anna"
    (places.folder / "mnt-a").mkdir()  # the empty mount point
    assert places.locate(target) == places.folder / "mnt-b/Photos of Anna"


def test_the_right_drive_is_chosen_when_another_archive_is_at_the_remembered_path(places: Places) -> None:
    target = places.folder / "mnt-a/AmberTime"
    places.back_up_to(target, places.folder / "mnt-a")
    (places.folder / "mnt-a").rename(places.folder / "mnt-b")
    other = Places(places.folder, memory_folder="elsewhere")
    other.back_up_to(target, places.folder / "mnt-a")
    assert places.locate(target) == places.folder / "mnt-b/AmberTime"
    shutil.rmtree(places.folder / "mnt-b")
    assert places.locate(target) == target, "the job then says that it is another archive"


def test_a_copy_on_another_file_system_is_not_taken_for_the_drive(places: Places) -> None:
    places.uuid = "64A5-F009"
    target = places.folder / "mnt-a/AmberTime"
    places.back_up_to(target, places.folder / "mnt-a")
    (places.folder / "mnt-a").rename(places.folder / "mnt-copy")
    with pytest.raises(DriveNotConnected, match="is not connected"):
        places.locate(target)


def test_an_unmounted_drive_is_named_with_its_mount_command(places: Places) -> None:
    places.uuid = "64A5-F009"
    target = places.folder / "mnt-a/AmberTime"
    places.back_up_to(target, places.folder / "mnt-a")
    (places.folder / "mnt-a").rename(places.folder / "away")
    device = places.folder / "sys/sdb1"
    device.mkdir(parents=True)
    (device / "dev").write_text("8:17\n")
    udev = places.folder / "udev"
    udev.mkdir()
    (udev / "b8:17").write_text(
        "E:ID_FS_USAGE=filesystem\nE:ID_FS_TYPE=exfat\nE:ID_FS_UUID=64A5-F009\nE:ID_FS_LABEL_ENC=Archive\n"
    )
    computer = Computer(
        sys=device.parent,
        udev=udev,
        fstab=places.folder / "fstab",
        find_program=lambda name: name,
        mounted=frozenset,
    )
    with pytest.raises(DriveNotMounted) as caught:
        places.locate(target, computer)
    assert str(caught.value) == (
        f"The drive with the archive {target} is connected as Archive (/dev/sdb1), but not mounted. "
        "Mount it with: udisksctl mount -b /dev/sdb1"
    )


def test_a_folder_that_was_never_used_is_taken_as_it_is(places: Places) -> None:
    new = places.folder / "mnt-a/new"
    with pytest.raises(TargetMissing):
        places.locate(new)
    new.mkdir(parents=True)
    assert places.locate(new) == new
