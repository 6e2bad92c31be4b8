"""A backup does not write to an empty mount point instead of the drive that belongs there."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ambertime_tui.drive.errors import AnotherDrive, TargetMissing, TargetNotMounted
from ambertime_tui.drive.target import open_target
from ambertime_tui.engine.api.client import EngineError
from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.job.target_memory import FILE, TargetMemory
from ambertime_tui.simulator.library import MadeLibrary
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.engine.backups import archived, backup, engine


class Slot:
    """A folder at which a drive can be mounted."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def mount(self) -> None:
        """Mount a new drive."""
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", str(self.path)], check=True)

    def unmount(self) -> None:
        """Unmount the drive; the folder stays."""
        subprocess.run(["umount", "-l", str(self.path)], check=True)


@pytest.fixture
def slot(tmp_path: Path) -> Iterator[Slot]:
    """With a drive mounted; only root can do that."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    found = Slot(tmp_path / "usb")
    found.path.mkdir()
    try:
        found.mount()
    except subprocess.CalledProcessError:
        pytest.skip("file systems cannot be mounted on this computer")
    yield found
    with suppress(subprocess.CalledProcessError):
        while os.path.ismount(found.path):
            found.unmount()


def seen(memory: TargetMemory, path: Path) -> None:
    with open_target(path) as target:
        memory.remember(target.path, target.id, target.drive.path)


def test_the_folder_of_an_unmounted_drive_is_refused_until_it_is_back(slot: Slot, tmp_path: Path) -> None:
    memory = TargetMemory(tmp_path / "state")
    memory.check(slot.path)
    seen(memory, slot.path)
    memory.check(slot.path)
    slot.unmount()
    with pytest.raises(TargetNotMounted, match=rf"mounted at {slot.path}, but nothing is mounted there now"):
        TargetMemory(tmp_path / "state").check(slot.path)
    slot.mount()
    with pytest.raises(AnotherDrive, match="Connect the right drive"):
        memory.check(slot.path)
    assert memory.check(slot.path, new_archive=True) == ""
    link = tmp_path / "link"
    link.symlink_to(slot.path)
    with pytest.raises(AnotherDrive):
        memory.check(link)
    seen(memory, slot.path)
    assert memory.check(link) == ""


def test_a_folder_inside_the_drive_does_not_exist(slot: Slot, tmp_path: Path) -> None:
    memory, folder = TargetMemory(tmp_path / "state"), slot.path / "phone"
    folder.mkdir()
    seen(memory, folder)
    slot.unmount()
    with pytest.raises(TargetMissing):
        memory.check(folder)
    folder.mkdir()
    with pytest.raises(TargetNotMounted):
        memory.check(folder)


def test_another_archive_or_a_new_folder_is_the_users_choice(slot: Slot, tmp_path: Path) -> None:
    memory = TargetMemory(tmp_path / "state")
    seen(memory, slot.path)
    slot.unmount()
    with open_target(slot.path):
        assert "different archive than last time" in memory.check(slot.path)
    plain = tmp_path / "on the system disk"
    plain.mkdir()
    seen(memory, plain)
    shutil.rmtree(plain)
    plain.mkdir()
    memory.check(plain)


def test_a_drive_mounted_over_an_archive_on_this_computers_disk_may_be_used(
    slot: Slot, tmp_path: Path
) -> None:
    memory = TargetMemory(tmp_path / "state")
    slot.unmount()
    seen(memory, slot.path)
    slot.mount()
    memory.check(slot.path)


@pytest.mark.parametrize("harm", ["", "{", "[]", '{"/x": 3}', '{"/x": {"target_id": "1"}}'])
def test_a_damaged_memory_is_ignored(tmp_path: Path, harm: str) -> None:
    (tmp_path / FILE).write_text(harm)
    TargetMemory(tmp_path).check(tmp_path)
    TargetMemory(tmp_path).remember(tmp_path, "1", Path("/"))
    assert str(tmp_path) in (tmp_path / FILE).read_text()


def test_a_backup_does_not_fill_the_folder_of_an_unmounted_drive(
    made: MadeLibrary, phone: SimulatedPhone, slot: Slot
) -> None:
    asyncio.run(backup(JobSpec(str(slot.path))))
    assert archived(slot.path)
    slot.unmount()

    async def refused() -> None:
        async with engine() as client:
            with pytest.raises(EngineError, match="Connect and mount the drive"):
                await client.start(JobSpec(str(slot.path)))
            assert "Connect and mount the drive" in (await client.preview(JobSpec(str(slot.path)))).problem

    asyncio.run(refused())
    assert list(slot.path.iterdir()) == []
