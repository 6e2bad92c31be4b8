"""The values of the record: what it knows of an asset and of each of its files."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ambertime_tui.library.model import Role


class ReadBack(StrEnum):
    """Where the bytes came from that a hash was verified with."""

    FROM_DRIVE = "drive"
    """From the drive itself, the page cache dropped."""
    THROUGH_CACHE = "cache"
    """Perhaps only from memory: this driver cannot drop its cache. `verify` after a remount closes the
    gap."""


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """One file on the target that the record vouches for."""

    role: Role
    folder: str
    """Relative to the target, with slashes: ``Photos/2024-07``; an adopted file may lie anywhere."""
    name: str
    """The name on the drive, as the drive gave it back."""
    true_name: str
    """The name it would have had, could the drive hold every name."""
    size: int
    sha256: str
    """64 hex digits, lower case."""
    modified_at: float | None
    """Seconds since 1970, exact, whatever the file system made of it."""
    read_back: ReadBack
    written_at: float
    """When it was written or adopted, seconds since 1970."""
    source_path: str
    """Path on the phone, relative to the media root."""
    source_modified_at: float | None = None
    """Modification time on the phone then, where the caller gave it: tells a later edit of the same size."""
    generation: int = 1
    """1 for the first of its role; a photo edited again after its backup has its new render as 2, 3, ..."""
    preexisting: bool = False
    """True where the file was on the drive before and was found to have the very bytes."""

    @property
    def path(self) -> str:
        """Path relative to the target."""
        return f"{self.folder}/{self.name}" if self.folder else self.name


@dataclass(frozen=True, slots=True)
class RecordedAsset:
    """An asset the record vouches for: all its files are on the drive, whole."""

    udid: str
    uuid: str
    original_filename: str
    folder: str
    stem: str
    """What the names of its files begin with, for files that join it later."""
    files: tuple[RecordedFile, ...]
    """In the order of Role, then generation."""
    completed_at: float

    def current(self, role: Role) -> RecordedFile | None:
        """The newest file of a role; None where the asset has none."""
        of_role = [file for file in self.files if file.role is role]
        return max(of_role, key=lambda file: file.generation, default=None)

    @property
    def bytes(self) -> int:
        """Size of all its files together."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class AsideFile:
    """A damaged file that was renamed to make room for a good one; paths are relative to the target."""

    path: str
    instead_of: str
    moved_at: float
