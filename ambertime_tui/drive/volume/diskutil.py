"""Mounted volumes on macOS, from `diskutil ... -plist`. Written from its manual, not yet tried on a Mac."""

from __future__ import annotations

import logging
import plistlib
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

log = logging.getLogger(__name__)

_DISKUTIL = "/usr/sbin/diskutil"
"""By its full path, so that PATH cannot name another program."""
_NAMES = {"msdos": "vfat", "ntfs": "ntfs3", "smbfs": "cifs"}
"""From macOS names of file systems to Linux names."""


@dataclass(frozen=True, slots=True)
class Volume:
    """A mounted volume."""

    path: Path
    name: str
    device: str
    file_system: str
    removable: bool
    system: bool
    read_only: bool


def volumes() -> tuple[Volume, ...]:
    """All mounted volumes that a user could write to, except those that diskutil cannot describe.

    Raises:
        OSError: diskutil cannot list them.
    """
    found: list[Volume] = []
    for mount in parse_list(_diskutil("list", "-plist")):
        try:
            volume = parse_info(_diskutil("info", "-plist", mount))
        except OSError as error:
            log.warning("%s is not listed: %s", mount, error)
            continue
        if volume is not None:
            found.append(volume)
    return tuple(found)


def volume_of(folder: Path) -> Volume:
    """The volume a folder is on.

    Raises:
        OSError: diskutil failed, or knows no such volume.
    """
    mount = folder
    while not mount.is_mount():
        mount = mount.parent
    volume = parse_info(_diskutil("info", "-plist", str(mount)))
    if volume is None:
        raise OSError(19, "diskutil knows no volume at this path", str(mount))
    return volume


def uuid_of(device: str) -> str:
    """The UUID of the volume on a device; empty if diskutil does not say."""
    try:
        return str(_dictionary(_diskutil("info", "-plist", device)).get("VolumeUUID", ""))
    except OSError:
        return ""


def parse_list(data: bytes) -> tuple[str, ...]:
    """The mount points in `diskutil list -plist`, without the hidden system volumes."""
    mounts: list[str] = []
    for disk in _dictionary(data).get("AllDisksAndPartitions", ()):
        for part in (disk, *disk.get("Partitions", []), *disk.get("APFSVolumes", [])):
            mount = part.get("MountPoint", "")
            if mount and not mount.startswith("/System/Volumes/"):
                mounts.append(mount)
    return tuple(dict.fromkeys(mounts))


def parse_info(data: bytes) -> Volume | None:
    """The volume in `diskutil info -plist`; None if it is not mounted."""
    facts = _dictionary(data)
    mount = facts.get("MountPoint", "")
    if not isinstance(mount, str) or not mount:
        return None
    kind = str(facts.get("FilesystemType", ""))
    internal = bool(facts.get("Internal", False))
    return Volume(
        path=Path(mount),
        name=str(facts.get("VolumeName", "")),
        device=str(facts.get("DeviceNode", "")),
        file_system=_NAMES.get(kind, kind),
        removable=bool(facts.get("RemovableMediaOrExternalDevice", not internal)),
        system=mount == "/" or mount.startswith("/System/"),
        read_only=not facts.get("WritableVolume", facts.get("Writable", True)),
    )


def _dictionary(data: bytes) -> dict[str, Any]:
    try:
        loaded = plistlib.loads(data)
    except (plistlib.InvalidFileException, ExpatError, ValueError) as error:
        raise OSError(5, "the output of diskutil cannot be understood") from error
    if not isinstance(loaded, dict):
        raise OSError(5, "the output of diskutil cannot be understood")
    return loaded


def _diskutil(*arguments: str) -> bytes:
    try:
        done = subprocess.run([_DISKUTIL, *arguments], capture_output=True, timeout=30, check=True)
    except (subprocess.SubprocessError, FileNotFoundError) as error:
        raise OSError(5, f"diskutil {arguments[0]} failed") from error
    return done.stdout
