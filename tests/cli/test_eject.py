"""`ambertime eject`: unmounts a drive that nothing uses, and says why not otherwise."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ambertime_tui.simulator.link import Link
from tests.cli.conftest import Ambertime
from tests.conftest import PhoneFactory
from tests.drive.real_drives import Mounted, mount
from tests.engine.small_library import SmallLibrary, holds, some_bytes


@pytest.fixture
def drive(tmp_path: Path) -> Iterator[Mounted]:
    with ExitStack() as stack:
        yield mount("ext4", tmp_path, stack, megabytes=200)


def test_a_drive_that_nothing_uses_is_unmounted(drive: Mounted, ambertime: Ambertime) -> None:
    folder = drive.path / "iPhone"
    folder.mkdir()
    with (folder / "open").open("w"):
        busy = ambertime("eject", folder, "--json")
    assert busy.code == 1
    assert busy.records[-1]["kind"] == "DriveBusy"
    assert "Do not unplug it yet." in busy.sentence
    assert os.path.ismount(drive.path)

    done = ambertime("eject", folder, "--json")

    assert done.code == 0, done.err
    (record,) = done.records
    assert (record["type"], record["path"], record["device"]) == ("ejected", str(drive.path), drive.device)
    assert not os.path.ismount(drive.path)
    assert ambertime("eject", folder).code == 1


def test_it_waits_for_a_backup_if_asked_to(
    drive: Mounted, tmp_path: Path, phone_factory: PhoneFactory, ambertime: Ambertime
) -> None:
    library, data = SmallLibrary(tmp_path / "photos"), some_bytes("long", 6_000_000)
    library.add("IMG_0001.MOV", data)
    phone_factory(library.media, link=Link(bytes_per_second=1e6))
    assert ambertime("backup", "--detach", "--to", drive.path).code == 0
    refused = ambertime("eject", drive.path)
    assert refused.code == 1
    assert refused.sentence.startswith("Do not unplug ")
    assert f"a backup to {drive.path} is running" in refused.sentence
    assert os.path.ismount(drive.path)

    done = ambertime("eject", "--wait")

    assert done.code == 0, done.err
    assert done.out.endswith("can be unplugged now.\n")
    assert not os.path.ismount(drive.path)
    with ExitStack() as stack:
        subprocess.run(["mount", drive.device, str(drive.path)], check=True)
        stack.callback(subprocess.run, ["umount", str(drive.path)], check=False)
        assert holds(drive.path, data)


def test_the_disk_of_this_computer_stays_mounted(tmp_path: Path, ambertime: Ambertime) -> None:
    done = ambertime("eject", "/etc")
    assert done.code == 1
    assert "It stays mounted." in done.sentence
    assert "external drives with an archive" in ambertime("eject").sentence
