"""Discovery of drives and the traits of their file systems."""

from __future__ import annotations

import plistlib
from pathlib import Path

import pytest

from ambertime_tui.drive.errors import TargetMissing
from ambertime_tui.drive.volume.discovery import drive_of, mount_points, parse_mountinfo
from ambertime_tui.drive.volume.diskutil import parse_info, parse_list
from ambertime_tui.drive.volume.file_system import GIB, CacheDropping, NameUnit, probe, traits_of

MOUNTINFO = r"""
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
91 27 8:17 / /media/me/My\040Passport rw,nosuid,nodev shared:44 - exfat /dev/sdb1 rw,uid=1000
92 27 8:33 /sub /mnt/bound ro,relatime master:1 propagate_from:2 - fuseblk /dev/sdc1 rw,user_id=0
torn line
93 27 0:50 / /mnt/t\303\266ne rw - vfat /dev/sdd1 ro
"""
DISKUTIL_LIST = plistlib.dumps(
    {
        "AllDisksAndPartitions": [
            {
                "DeviceIdentifier": "disk3",
                "APFSVolumes": [
                    {"DeviceIdentifier": "disk3s1", "MountPoint": "/"},
                    {"DeviceIdentifier": "disk3s5", "MountPoint": "/System/Volumes/Data"},
                    {"DeviceIdentifier": "disk3s2"},
                ],
            },
            {"DeviceIdentifier": "disk4", "Partitions": [{"MountPoint": "/Volumes/My Passport"}]},
        ]
    }
)
DISKUTIL_INFO = {
    "DeviceNode": "/dev/disk4s1",
    "FilesystemType": "msdos",
    "Internal": False,
    "MountPoint": "/Volumes/My Passport",
    "RemovableMediaOrExternalDevice": True,
    "VolumeName": "My Passport",
    "WritableVolume": True,
}


def test_mounts_are_parsed_with_spaces_umlauts_and_optional_fields() -> None:
    mounts = {str(mount.path): mount for mount in parse_mountinfo(MOUNTINFO)}
    assert set(mounts) == {"/proc", "/", "/media/me/My Passport", "/mnt/bound", "/mnt/töne"}
    passport = mounts["/media/me/My Passport"]
    assert (passport.file_system, passport.source, passport.read_only) == ("exfat", "/dev/sdb1", False)
    assert mounts["/mnt/bound"].root == "/sub"
    assert mounts["/mnt/bound"].read_only
    assert mounts["/mnt/töne"].read_only, "the file system itself is read-only"


def test_the_system_disk_is_recognized_and_pseudo_file_systems_are_hidden() -> None:
    drives = [drive for place in mount_points() if (drive := place.inspect()) is not None]
    assert drives
    assert all(drive.total_bytes > 0 for drive in drives)
    assert not {drive.traits.name for drive in drives} & {"proc", "sysfs", "tmpfs", "cgroup2", "devtmpfs"}
    assert all(drive.system for drive in drives if str(drive.path) == "/")


def test_any_folder_is_on_a_drive(tmp_path: Path) -> None:
    drive = drive_of(tmp_path)
    assert tmp_path.is_relative_to(drive.path)
    assert 0 < drive.free_bytes <= drive.total_bytes
    assert drive.name
    with pytest.raises(TargetMissing):
        drive_of(tmp_path / "nowhere")


def test_the_output_of_diskutil_is_parsed() -> None:
    assert parse_list(DISKUTIL_LIST) == ("/", "/Volumes/My Passport")
    volume = parse_info(plistlib.dumps(DISKUTIL_INFO))
    assert volume is not None
    assert (volume.name, volume.device, volume.file_system) == ("My Passport", "/dev/disk4s1", "vfat")
    assert volume.removable
    assert not volume.system
    assert not volume.read_only
    assert parse_info(plistlib.dumps({"DeviceNode": "/dev/disk3s2", "MountPoint": ""})) is None
    with pytest.raises(OSError, match="cannot be understood"):
        parse_info(b"Could not find disk")


def test_fat32_stores_files_of_up_to_4_gib_less_one_byte() -> None:
    fat = traits_of("vfat")
    assert fat.can_hold(4 * GIB - 1)
    assert not fat.can_hold(4 * GIB)
    assert traits_of("exfat").can_hold(100 * GIB)


def test_names_are_measured_in_the_unit_of_the_file_system() -> None:
    assert traits_of("ext4").name_length("ä🏖") == 6
    assert traits_of("exfat").name_length("ä🏖") == 3
    assert traits_of("exfat").name_unit is NameUnit.UTF16


@pytest.mark.parametrize(
    ("name", "magic", "label", "dropping"),
    [
        ("ext4", b"", "ext4", CacheDropping.BY_FILE),
        ("fuseblk", b"\xeb\x76\x90EXFAT   ", "exFAT", CacheDropping.BY_DEVICE),
        ("fuseblk", b"\xeb\x52\x90NTFS    ", "NTFS", CacheDropping.BY_DEVICE),
        ("fuseblk", b"", "fuseblk", CacheDropping.NO),
        ("fuseblk", bytes(82) + b"FAT32   ", "FAT32", CacheDropping.NO),
        ("fuse.sshfs", b"", "fuse.sshfs", CacheDropping.NO),
        ("tmpfs", b"", "memory (tmpfs)", CacheDropping.NO),
    ],
)
def test_a_file_system_is_recognized_by_its_name_or_first_bytes(
    name: str, magic: bytes, label: str, dropping: CacheDropping
) -> None:
    found = traits_of(name, magic=magic)
    assert (found.label, found.cache_dropping) == (label, dropping)
    assert found.can_hold(5 * GIB) is (label != "FAT32")


def test_without_access_to_the_device_the_cache_cannot_be_dropped(tmp_path: Path) -> None:
    found = traits_of("fuseblk", magic=b"\xeb\x76\x90EXFAT   ")
    assert probe(found, tmp_path, str(tmp_path / "no-such-device")).cache_dropping is CacheDropping.NO
