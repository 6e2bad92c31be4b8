"""Drives that are connected but not mounted are listed with the command that mounts them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ambertime_tui.drive.volume.block_devices import (
    Computer,
    Volume,
    find_unmounted,
    how_to_mount,
    unmounted_volumes,
    uuid_of,
)

EXFAT = {
    "ID_FS_USAGE": "filesystem",
    "ID_FS_TYPE": "exfat",
    "ID_FS_UUID": "64A5-F009",
    "ID_FS_LABEL_ENC": "Anna\\x27s\\x20Fotos\\xc3\\xa4",
}


class Bench:
    """A computer whose devices are made by the test."""

    def __init__(self, folder: Path) -> None:
        self.mounted: set[str] = set()
        self.internal: set[str] = set()
        self.computer = Computer(
            sys=folder / "sys",
            udev=folder / "udev",
            fstab=folder / "fstab",
            find_program=lambda name: f"/usr/bin/{name}",
            mounted=lambda: frozenset(self.mounted),
            pluggable=lambda device: device not in self.internal,
        )
        self.computer.udev.mkdir()

    def connect(self, name: str, facts: dict[str, str], *, held_by: str = "") -> None:
        """Connect a device with what udev says about it."""
        folder = self.computer.sys / name
        (folder / "holders").mkdir(parents=True)
        if held_by:
            (folder / "holders" / held_by).touch()
        number = f"8:{len(list(self.computer.sys.iterdir()))}"
        (folder / "dev").write_text(f"{number}\n")
        lines = ["S:disk/by-id/usb", "I:12345", *(f"E:{key}={value}" for key, value in facts.items())]
        (self.computer.udev / f"b{number}").write_text("\n".join(lines) + "\n")

    def unmounted(self) -> list[str]:
        return [volume.device for volume in unmounted_volumes(self.computer)]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_only_unmounted_file_systems_of_pluggable_disks_are_listed(bench: Bench) -> None:
    bench.connect("sda1", EXFAT)
    bench.connect("sdb", {"ID_PART_TABLE_TYPE": "gpt"})
    bench.connect("sdb1", EXFAT)
    bench.connect("sdc1", {"ID_FS_USAGE": "raid", "ID_FS_TYPE": "linux_raid_member"})
    bench.connect("sdd1", {**EXFAT, "ID_FS_USAGE": "crypto"}, held_by="dm-0")
    bench.connect("sde1", EXFAT)
    bench.internal = {"/dev/sda1"}
    bench.mounted = {"/dev/sde1"}
    assert bench.unmounted() == ["/dev/sdb1"]
    (volume,) = unmounted_volumes(bench.computer)
    assert volume == Volume("/dev/sdb1", "64A5-F009", "Anna's Fotosä", "exfat", encrypted=False)
    bench.mounted.add("/dev/sdb1")
    assert bench.unmounted() == []


def test_a_volume_is_found_by_its_uuid_on_any_disk(bench: Bench) -> None:
    bench.connect("sda1", EXFAT)
    bench.internal = {"/dev/sda1"}
    assert uuid_of("/dev/sda1", bench.computer) == "64A5-F009"
    assert uuid_of("/dev/sdz1", bench.computer) == ""
    assert uuid_of("server:/photos", bench.computer) == ""
    found = find_unmounted("64A5-F009", bench.computer)
    assert found is not None
    assert found.device == "/dev/sda1"
    assert find_unmounted("", bench.computer) is None
    bench.mounted = {"/dev/sda1"}
    assert find_unmounted("64A5-F009", bench.computer) is None


def test_the_command_is_exact_for_a_desktop_a_server_fstab_and_an_encrypted_drive(bench: Bench) -> None:
    volume = Volume("/dev/sdb1", "64A5-F009", "Anna's Fotos", "exfat", encrypted=False)
    desktop = bench.computer
    assert how_to_mount(volume, desktop) == "Mount it with: udisksctl mount -b /dev/sdb1"
    server = replace(desktop, find_program=lambda name: None)
    assert how_to_mount(volume, server) == (
        "Add this line to /etc/fstab: UUID=64A5-F009 /mnt/Anna-s-Fotos exfat nofail 0 0. Then mount it with: "
        "sudo mkdir -p /mnt/Anna-s-Fotos && sudo mount /mnt/Anna-s-Fotos"
    )
    desktop.fstab.write_text("# UUID=64A5-F009 /old\nUUID=64A5-F009 /srv/photos exfat nofail 0 0\n")
    assert how_to_mount(volume, desktop) == "Mount it with: sudo mount /srv/photos"
    locked = replace(volume, encrypted=True)
    assert how_to_mount(locked, desktop) == "Unlock it with: udisksctl unlock -b /dev/sdb1"


def test_a_hostile_label_cannot_add_a_command_to_the_advice(bench: Bench) -> None:
    volume = Volume("/dev/sdb1", "1 /; rm", "x; rm -rf ~ #\n", "exfat", encrypted=False)
    words = how_to_mount(volume, replace(bench.computer, find_program=lambda name: None))
    assert ";" not in words
    assert "/dev/sdb1 /mnt/x-rm--rf exfat nofail" in words
