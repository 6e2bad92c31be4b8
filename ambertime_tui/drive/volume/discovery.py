"""The mounted drives: their names, free space and file systems."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ambertime_tui.drive.errors import (
    TargetMissing,
)
from ambertime_tui.drive.os_errors import drive_error
from ambertime_tui.drive.volume import diskutil
from ambertime_tui.drive.volume.file_system import FileSystemTraits, probe, traits_of

_ESCAPE = re.compile(rb"\\([0-7]{3})")
_LABEL_ESCAPE = re.compile(r"\\x([0-9a-fA-F]{2})")
_NOT_A_DRIVE = frozenset(
    {"autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs"}
    | {"efivarfs", "fuse.gvfsd-fuse", "fuse.portal", "fuse.snapfuse", "fusectl", "hugetlbfs", "mqueue"}
    | {"nsfs", "proc", "pstore", "ramfs", "rpc_pipefs", "securityfs", "selinuxfs", "squashfs", "sysfs"}
    | {"tmpfs", "tracefs"}
)
_SYSTEM_PLACES = ("/boot", "/usr", "/var", "/etc", "/home", "/opt", "/nix", "/snap")
_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p"})


@dataclass(frozen=True, slots=True)
class Drive:
    """A mounted file system."""

    path: Path
    """Where it is mounted."""
    name: str
    """The volume's label; without one, the model of the disk or the last part of the path."""
    device: str
    """The device node or network source."""
    file_system: str
    """Its usual name: exFAT, ext4."""
    traits: FileSystemTraits
    total_bytes: int
    free_bytes: int
    """Free space available to this user."""
    removable: bool
    """True for USB drives, cards and the like."""
    system: bool
    """True for the disk that this computer runs from."""
    read_only: bool


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of /proc/self/mountinfo."""

    path: Path
    root: str
    """The mounted folder of the file system; not "/" for a bind mount."""
    device_number: str
    """major:minor"""
    file_system: str
    source: str
    read_only: bool


@dataclass(frozen=True, slots=True)
class MountPoint:
    """A place where a drive is mounted, without details that need the drive itself."""

    path: Path
    file_system: str
    key: str
    """Equal for two mounts of one drive."""
    inspect: Callable[[], Drive | None]
    """Reads the details from the drive, which may block. None if it is not a drive to write to. Raises
    OSError if it cannot be read."""


def mount_points() -> tuple[MountPoint, ...]:
    """All mount points except those of pseudo file systems. Does not access the drives."""
    if sys.platform == "darwin":
        return tuple(
            MountPoint(v.path, v.file_system, str(v.path), partial(_of_volume, v)) for v in diskutil.volumes()
        )
    return tuple(
        MountPoint(m.path, m.file_system, f"{m.device_number} {m.root}", partial(_inspect, m))
        for m in parse_mountinfo(_mountinfo())
        if m.file_system not in _NOT_A_DRIVE and (m.root == "/" or m.file_system == "btrfs")
    )


def sort_drives(drives: Iterable[Drive]) -> list[Drive]:
    """Sort for display: removable drives first, the system disk last."""
    return sorted(drives, key=lambda d: (d.system, not d.removable, d.name.casefold()))


def _inspect(mount: Mount) -> Drive | None:
    try:
        if not stat.S_ISDIR(mount.path.stat().st_mode):
            return None
        drive = _of_mount(mount)
    except FileNotFoundError:
        return None
    except OSError:
        if _is_in_system_place(mount.path):  # such as the mounts of containers, which only root can reach
            return None
        raise
    return drive if drive.total_bytes else None


def drive_of(path: Path) -> Drive:
    """Find the drive that a folder is on.

    Raises:
        TargetMissing: the folder does not exist.
        DriveError: the drive cannot be read.
    """
    try:
        real = path.resolve(strict=True)
        if sys.platform == "darwin":
            return _of_volume(diskutil.volume_of(real))
        mounts = [mount for mount in parse_mountinfo(_mountinfo()) if real.is_relative_to(mount.path)]
        # Of equally deep mounts, the last one hides the others.
        deepest = max(enumerate(mounts), key=lambda m: (len(m[1].path.parts), m[0]))[1]
        return _of_mount(deepest, real)
    except FileNotFoundError as error:
        raise TargetMissing(path) from error
    except OSError as error:
        raise drive_error(error, path, doing="reading") from error


def parse_mountinfo(text: str) -> tuple[Mount, ...]:
    """Parse /proc/self/mountinfo (see proc(5)). Lines with another format are ignored."""
    mounts: list[Mount] = []
    for line in text.split("\n"):
        before, separator, after = line.partition(" - ")
        fields, rest = before.split(" "), after.split(" ")
        if not separator or len(fields) < 6 or len(rest) < 3:
            continue
        options = {*fields[5].split(","), *rest[2].split(",")}
        mounts.append(
            Mount(
                path=Path(_unescaped(fields[4])),
                root=_unescaped(fields[3]),
                device_number=fields[2],
                file_system=rest[0],
                source=_unescaped(rest[1]),
                read_only="ro" in options,
            )
        )
    return tuple(mounts)


def mounted_sources() -> frozenset[str]:
    """List the device nodes that are mounted, and those used as swap."""
    mounts = (mount.source for mount in parse_mountinfo(_mountinfo()))
    sources = {os.path.realpath(source) for source in mounts if source.startswith("/dev/")}
    try:
        swaps = Path("/proc/swaps").read_text(errors="replace").splitlines()[1:]
    except OSError:
        swaps = []
    return frozenset({*sources, *(line.split()[0] for line in swaps if line.strip())})


def _mountinfo() -> str:
    return Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")


def _unescaped(field: str) -> str:
    return os.fsdecode(_ESCAPE.sub(lambda match: bytes([int(match.group(1), 8) & 0xFF]), os.fsencode(field)))


def _of_mount(mount: Mount, folder: Path | None = None) -> Drive:
    space = os.statvfs(folder or mount.path)
    device = os.path.realpath(mount.source) if mount.source.startswith("/dev/") else mount.source
    traits = probe(traits_of(mount.file_system, magic=_magic(mount, device)), folder or mount.path, device)
    disks = disks_of(device)
    return Drive(
        path=mount.path,
        name=_label(device) or _model(disks) or mount.path.name or "system disk",
        device=device,
        file_system=traits.label,
        traits=traits,
        total_bytes=space.f_blocks * space.f_frsize,
        free_bytes=space.f_bavail * space.f_frsize,
        removable=any(is_pluggable(disk) for disk in disks),
        system=_is_system(mount, disks),
        read_only=mount.read_only,
    )


def _magic(mount: Mount, device: str) -> bytes:
    if not mount.file_system.startswith("fuse") or not device.startswith("/dev/"):
        return b""
    try:
        with open(device, "rb", buffering=0) as node:  # noqa: PTH123 - a device node, unbuffered
            return node.read(512)
    except OSError:
        return _magic_by_udev(device)


def _magic_by_udev(device: str) -> bytes:
    """Stand-in for the first bytes of a device that we may not read, from what udev knows of it."""
    kinds = {"exfat": bytes(3) + b"EXFAT   ", "ntfs": bytes(3) + b"NTFS    ", "vfat": bytes(82) + b"FAT"}
    try:
        number = os.stat(device).st_rdev  # noqa: PTH116
        entry = Path(f"/run/udev/data/b{os.major(number)}:{os.minor(number)}").read_text()
    except OSError:
        return b""
    match = re.search(r"^E:ID_FS_TYPE=(\w+)$", entry, re.MULTILINE)
    return kinds.get(match.group(1), b"") if match else b""


def disks_of(device: str) -> frozenset[Path]:
    """List the folders in /sys of the disks under a device: that of a partition, all those of a mapping."""
    if not device.startswith("/dev/"):
        return frozenset()
    return frozenset(_below(Path("/sys/class/block") / Path(device).name))


def _below(node: Path) -> Iterable[Path]:
    try:
        real = node.resolve(strict=True)
        lower = sorted((real / "slaves").iterdir()) if (real / "slaves").is_dir() else []
    except OSError:
        return
    if lower:
        for slave in lower:
            yield from _below(Path("/sys/class/block") / slave.name)
    else:
        yield real.parent if (real / "partition").exists() else real


def is_pluggable(disk: Path) -> bool:
    """Whether a disk, named by its folder in /sys, is removable or on a bus for external devices."""
    removable = (disk / "removable").is_file() and (disk / "removable").read_text().strip() == "1"
    parts = disk.parts
    return removable or any(re.fullmatch(r"usb\d+|mmc_host|firewire\d*|thunderbolt", part) for part in parts)


def _is_system(mount: Mount, disks: frozenset[Path]) -> bool:
    if _is_in_system_place(mount.path):
        return True
    if mount.file_system in _NETWORK or not disks:
        return False
    for other in parse_mountinfo(_mountinfo()):
        if str(other.path) == "/":
            return bool(disks & disks_of(os.path.realpath(other.source)))
    return False


def _is_in_system_place(path: Path) -> bool:
    return str(path) == "/" or any(path.is_relative_to(place) for place in _SYSTEM_PLACES)


def _label(device: str) -> str:
    try:
        for link in sorted(Path("/dev/disk/by-label").iterdir()):
            if os.path.realpath(link) == device:
                return _decoded_label(link.name)
    except OSError:
        pass
    return ""


def _decoded_label(name: str) -> str:
    """Decode a label from the name of a udev link: ``My\\x20Drive``."""
    raw = _LABEL_ESCAPE.sub(lambda match: chr(int(match.group(1), 16)), name)
    try:
        return raw.encode("latin-1").decode()
    except UnicodeError:
        return raw


def _model(disks: frozenset[Path]) -> str:
    for disk in sorted(disks):
        try:
            return (disk / "device" / "model").read_text(errors="replace").strip()
        except OSError:
            continue
    return ""


def _of_volume(volume: diskutil.Volume) -> Drive:
    space = os.statvfs(volume.path)
    traits = probe(traits_of(volume.file_system), volume.path, volume.device)
    return Drive(
        path=volume.path,
        name=volume.name or volume.path.name,
        device=volume.device,
        file_system=traits.label,
        traits=traits,
        total_bytes=space.f_blocks * space.f_frsize,
        free_bytes=space.f_bavail * space.f_frsize,
        removable=volume.removable,
        system=volume.system,
        read_only=volume.read_only,
    )
