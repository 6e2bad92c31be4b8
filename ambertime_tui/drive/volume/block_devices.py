"""Block devices with a file system as udev knows them, including those that are not mounted.

Every user may read what udev found. Reading the devices themselves would need root.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ambertime_tui.drive.volume import diskutil
from ambertime_tui.drive.volume.discovery import disks_of, is_pluggable, mounted_sources

_ENTRY = re.compile(r"^E:(ID_FS_\w+)=(.*)$", re.MULTILINE)
_ENCODED = re.compile(r"\\x([0-9a-fA-F]{2})")
_SHELL_SAFE = re.compile(r"[\w@%+=:,./-]+", re.ASCII)
_UDISKS = "udisksctl"


@dataclass(frozen=True, slots=True)
class Volume:
    """A file system on a block device."""

    device: str
    """/dev/sdb1"""
    uuid: str
    """Identifies the file system in any computer; empty: not known."""
    label: str
    file_system: str
    """Its type as in fstab: exfat, ext4."""
    encrypted: bool
    """True for a container that has to be unlocked first."""


@dataclass(frozen=True, slots=True)
class Computer:
    """Where this computer says what is connected. Tests use folders of their own."""

    sys: Path = Path("/sys/class/block")
    udev: Path = Path("/run/udev/data")
    fstab: Path = Path("/etc/fstab")
    find_program: Callable[[str], str | None] = shutil.which
    mounted: Callable[[], frozenset[str]] = mounted_sources
    pluggable: Callable[[str], bool] = lambda device: any(map(is_pluggable, disks_of(device)))


THIS_COMPUTER = Computer()


def uuid_of(device: str, computer: Computer = THIS_COMPUTER) -> str:
    """Return the UUID of the file system on a device; empty if it is not known."""
    if sys.platform == "darwin":
        return diskutil.uuid_of(device) if device.startswith("/dev/") else ""
    volume = _volume(computer, Path(device).name) if device.startswith("/dev/") else None
    return volume.uuid if volume is not None else ""


def unmounted_volumes(computer: Computer = THIS_COMPUTER) -> tuple[Volume, ...]:
    """List the file systems on pluggable disks that are not mounted. Empty on macOS, which mounts them."""
    return tuple(_unmounted(computer)) if sys.platform != "darwin" else ()


def find_unmounted(uuid: str, computer: Computer = THIS_COMPUTER) -> Volume | None:
    """Find an unmounted file system on any disk by its UUID."""
    if not uuid or sys.platform == "darwin":
        return None
    mounted = computer.mounted()
    return next((v for v in _volumes(computer) if v.uuid == uuid and v.device not in mounted), None)


def how_to_mount(volume: Volume, computer: Computer = THIS_COMPUTER) -> str:
    """Say in a sentence how to mount a volume, with the exact command. AmberTime never mounts anything."""
    if volume.encrypted:
        return f"Unlock it with: udisksctl unlock -b {volume.device}"
    place = _place_in_fstab(volume, computer.fstab)
    if place:
        return f"Mount it with: sudo mount {place}"
    if computer.find_program(_UDISKS):
        return f"Mount it with: udisksctl mount -b {volume.device}"
    folder = f"/mnt/{_folder_name(volume)}"
    return (
        f"Add this line to /etc/fstab: {fstab_line(volume, folder)}. "
        f"Then mount it with: sudo mkdir -p {folder} && sudo mount {folder}"
    )


def fstab_line(volume: Volume, folder: str) -> str:
    """Return a line for /etc/fstab. With `nofail`, the computer also starts without the drive."""
    source = f"UUID={volume.uuid}" if _SHELL_SAFE.fullmatch(volume.uuid) else volume.device
    return f"{source} {folder} {volume.file_system or 'auto'} nofail 0 0"


def _folder_name(volume: Volume) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", volume.label).strip("-") or "archive"


def _unmounted(computer: Computer) -> Iterator[Volume]:
    mounted = computer.mounted()
    for volume in _volumes(computer):
        if volume.device not in mounted and computer.pluggable(volume.device):
            yield volume


def _volumes(computer: Computer) -> Iterator[Volume]:
    try:
        names = sorted(entry.name for entry in computer.sys.iterdir())
    except OSError:
        return
    for name in names:
        volume = _volume(computer, name)
        if volume is not None and not _is_held(computer.sys / name):
            yield volume


def _volume(computer: Computer, name: str) -> Volume | None:
    try:
        number = (computer.sys / name / "dev").read_text().strip()
        entry = (computer.udev / f"b{number}").read_text(errors="replace")
    except OSError:
        return None
    facts: dict[str, str] = dict(_ENTRY.findall(entry))
    usage = facts.get("ID_FS_USAGE")
    if usage not in ("filesystem", "crypto"):
        return None
    return Volume(
        device=f"/dev/{name}",
        uuid=facts.get("ID_FS_UUID", ""),
        label=_decoded(facts.get("ID_FS_LABEL_ENC", facts.get("ID_FS_LABEL", ""))),
        file_system=facts.get("ID_FS_TYPE", ""),
        encrypted=usage == "crypto",
    )


def _is_held(folder: Path) -> bool:
    """Whether another device uses this one: an unlocked container, a part of a RAID."""
    try:
        return any((folder / "holders").iterdir())
    except OSError:
        return False


def _decoded(text: str) -> str:
    raw = _ENCODED.sub(lambda match: chr(int(match[1], 16)), text)
    try:
        return raw.encode("latin-1").decode()
    except UnicodeError:
        return raw


def _place_in_fstab(volume: Volume, fstab: Path) -> str:
    """Where /etc/fstab mounts a volume; empty: it is not in it."""
    names = {volume.device, f"UUID={volume.uuid}", f'UUID="{volume.uuid}"', f"LABEL={volume.label}"}
    names.add(f"/dev/disk/by-uuid/{volume.uuid}")
    for fields in _lines(fstab):
        if len(fields) >= 2 and fields[0] in names and fields[1].startswith("/"):
            return fields[1]
    return ""


def _lines(file: Path) -> Iterable[list[str]]:
    try:
        text = file.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ()
    return (line.split() for line in text.splitlines() if not line.lstrip().startswith("#"))
