"""What each file system can do, by its name and by probing the mounted one.

The facts were measured on Linux (ext4, XFS, Btrfs, vfat, kernel exFAT, exfat-fuse, ntfs-3g). An unknown file
system gets the strictest rules, so that names written to it can be read on any computer.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path

GIB = 1 << 30
WINDOWS_FORBIDDEN = '<>:"/\\|?*'


class NameUnit(StrEnum):
    """Unit in which the length of a name is counted."""

    BYTES = "bytes"
    """UTF-8 bytes."""
    UTF16 = "utf16"
    """UTF-16 code units."""


class CacheDropping(StrEnum):
    """How to make a file be read from the drive instead of the page cache."""

    BY_FILE = "by-file"
    """posix_fadvise(DONTNEED) on the file, for drivers in the kernel."""
    BY_DEVICE = "by-device"
    """posix_fadvise(DONTNEED) on the device node as well, for FUSE drivers. We must be able to read it."""
    NO = "no"
    """Not possible: memory, network shares, drivers that keep a private cache."""


@dataclass(frozen=True, slots=True)
class FileSystemTraits:
    """Capabilities and limits of a file system."""

    name: str
    """Its name in the operating system: ext4, exfat, vfat, fuseblk, apfs."""
    label: str
    """Its usual name: ext4, exFAT, FAT32, NTFS."""
    max_file_bytes: int | None
    """Size of the largest possible file; None if larger than any video."""
    time_resolution: float
    """Smallest difference between two modification times, in seconds."""
    forbidden_characters: frozenset[str]
    """Characters that no name can have. Control characters are never used in names anyway."""
    windows_names: bool
    """True if names must be valid on Windows: not CON or NUL, no dot or space at the end."""
    max_name: int
    """Length of the longest name, in `name_unit`."""
    name_unit: NameUnit
    case_sensitive: bool
    renames_without_replacing: bool
    """False if a rename can only check for an existing file first, which another program could race."""
    cache_dropping: CacheDropping
    fsyncs_folders: bool = True
    preserves_names: bool = False
    """True if a file is always listed under exactly the name it was given."""

    def name_length(self, name: str) -> int:
        """Length of a name in `name_unit`."""
        if self.name_unit is NameUnit.BYTES:
            return len(name.encode("utf-8", "surrogatepass"))
        return len(name.encode("utf-16-le", "surrogatepass")) // 2

    def can_hold(self, size: int) -> bool:
        """Whether the file system can store a file of `size` bytes, regardless of free space."""
        return self.max_file_bytes is None or size <= self.max_file_bytes


_unix = partial(
    FileSystemTraits,
    max_file_bytes=None,
    time_resolution=1e-9,
    forbidden_characters=frozenset("/"),
    windows_names=False,
    max_name=255,
    name_unit=NameUnit.BYTES,
    case_sensitive=True,
    renames_without_replacing=True,
    cache_dropping=CacheDropping.BY_FILE,
)
_windows = partial(
    FileSystemTraits,
    max_file_bytes=None,
    time_resolution=1e-7,
    forbidden_characters=frozenset(WINDOWS_FORBIDDEN),
    windows_names=True,
    max_name=255,
    name_unit=NameUnit.UTF16,
    case_sensitive=False,
    renames_without_replacing=True,
    cache_dropping=CacheDropping.BY_FILE,
)
_FAT32_LIMIT = 4 * GIB - 1
_KNOWN = {
    traits.name: traits
    for traits in (
        _unix("ext4", "ext4", preserves_names=True),
        _unix("ext3", "ext3", time_resolution=1.0, max_file_bytes=2048 * GIB, preserves_names=True),
        _unix("ext2", "ext2", time_resolution=1.0, max_file_bytes=2048 * GIB, preserves_names=True),
        _unix("xfs", "XFS", preserves_names=True),
        _unix("btrfs", "Btrfs", preserves_names=True),
        _unix("f2fs", "F2FS", preserves_names=True),
        _unix("bcachefs", "bcachefs", preserves_names=True),
        _unix("overlay", "overlay"),
        _unix("zfs", "ZFS", cache_dropping=CacheDropping.NO),
        _unix("tmpfs", "memory (tmpfs)", cache_dropping=CacheDropping.NO, preserves_names=True),
        _unix("nfs", "NFS", cache_dropping=CacheDropping.NO, renames_without_replacing=False),
        _unix("nfs4", "NFS", cache_dropping=CacheDropping.NO, renames_without_replacing=False),
        _unix(
            "apfs",
            "APFS",
            case_sensitive=False,
            forbidden_characters=frozenset("/:"),
            cache_dropping=CacheDropping.NO,
        ),
        _unix(
            "hfs",
            "HFS+",
            case_sensitive=False,
            forbidden_characters=frozenset("/:"),
            time_resolution=1.0,
            name_unit=NameUnit.UTF16,
            cache_dropping=CacheDropping.NO,
        ),
        _unix(
            "hfsplus",
            "HFS+",
            case_sensitive=False,
            forbidden_characters=frozenset("/:"),
            time_resolution=1.0,
            name_unit=NameUnit.UTF16,
        ),
        _windows("exfat", "exFAT", time_resolution=0.01, renames_without_replacing=False),
        _windows(
            "fuse.exfat",
            "exFAT",
            time_resolution=1.0,
            renames_without_replacing=False,
            cache_dropping=CacheDropping.BY_DEVICE,
        ),
        _windows("vfat", "FAT32", time_resolution=2.0, max_file_bytes=_FAT32_LIMIT),
        _windows("msdos", "FAT32", time_resolution=2.0, max_file_bytes=_FAT32_LIMIT),
        _windows("ntfs3", "NTFS"),
        _windows(
            "fuse.ntfs",
            "NTFS",
            case_sensitive=True,
            renames_without_replacing=False,
            cache_dropping=CacheDropping.BY_DEVICE,
        ),
        _windows(
            "cifs",
            "network share (SMB)",
            cache_dropping=CacheDropping.NO,
            renames_without_replacing=False,
            fsyncs_folders=False,
        ),
        _windows(
            "smb3",
            "network share (SMB)",
            cache_dropping=CacheDropping.NO,
            renames_without_replacing=False,
            fsyncs_folders=False,
        ),
    )
}


def known_file_systems() -> tuple[str, ...]:
    """Return the names of the file systems whose abilities are known, and those of FUSE in general."""
    return (*_KNOWN, "fuseblk", "fuse")


def traits_of(name: str, *, magic: bytes = b"") -> FileSystemTraits:
    """Look up the traits of a file system by its name.

    Args:
        name: its type in mountinfo.
        magic: the first 512 bytes of the device, if they could be read. They show what is behind `fuseblk`.
    """
    if name in ("fuseblk", "fuse"):
        kind = magic[3:11]
        if kind == b"EXFAT   ":
            return replace(_KNOWN["fuse.exfat"], name=name)
        if kind == b"NTFS    ":
            return replace(_KNOWN["fuse.ntfs"], name=name)
    if name in _KNOWN:
        return _KNOWN[name]
    is_fat = magic[54:57] == b"FAT" or magic[82:85] == b"FAT"
    return _windows(
        name,
        "FAT32" if is_fat else name,
        time_resolution=2.0,
        max_file_bytes=_FAT32_LIMIT if is_fat else None,
        renames_without_replacing=False,
        cache_dropping=CacheDropping.NO,
    )


def probe(traits: FileSystemTraits, folder: Path, device: str) -> FileSystemTraits:
    """Adjust the traits to the mounted file system: its name limit, and whether we may drop its cache."""
    try:
        limit = os.pathconf(folder, "PC_NAME_MAX")
    except (OSError, ValueError):
        limit = 0
    if 0 < limit < traits.max_name:
        traits = replace(traits, max_name=limit)
    no_access = traits.cache_dropping is CacheDropping.BY_DEVICE and not os.access(device, os.R_OK)
    if no_access or not hasattr(os, "posix_fadvise"):
        traits = replace(traits, cache_dropping=CacheDropping.NO)
    return traits
