"""The values of the record: assets and their files."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ambertime_tui.library.model import Role


class ReadBack(StrEnum):
    """Where the bytes came from when a file was read back to check its hash."""

    FROM_DRIVE = "drive"
    """From the drive itself, after dropping the page cache."""
    THROUGH_CACHE = "cache"
    """Possibly from memory, because the driver cannot drop its cache. Remount and run `verify` to be sure."""


class Proof(StrEnum):
    """Whether Apple's fingerprint of an original confirms the archived bytes."""

    PROVED = "proved"
    DIFFERS = "differs"
    UNPROVED = "unproved"
    """The library has no fingerprint of it, or one of the two is not known yet."""


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """A recorded file on the target."""

    role: Role
    folder: str
    """Relative to the target, with slashes: ``Photos/2024-07``. A preexisting file may be in any folder."""
    name: str
    """The name as the drive lists it."""
    true_name: str
    """The name it would have on a drive without restrictions."""
    size: int
    sha256: str
    """64 hex digits, lower case."""
    modified_at: float | None
    """Seconds since 1970, exact, even if the file system rounds it."""
    read_back: ReadBack
    written_at: float
    """When it was written or recognized, seconds since 1970."""
    source_path: str
    """Path on the phone, relative to the media root."""
    source_modified_at: float | None = None
    """Modification time on the phone at that time, if known. It reveals a later edit of the same size."""
    generation: int = 1
    """1 for the first file of its role; later edits of the photo are 2, 3, ..."""
    preexisting: bool = False
    """True if the file was already on the drive and has the same bytes."""
    fingerprint: str | None = None
    """Apple's fingerprint of the archived bytes; None if it was not computed (older versions)."""
    library_fingerprint: str | None = None
    """The fingerprint that the phone's library stores for this file; None if it has none, or is not known."""
    library_size: int | None = None
    """Bytes that the library states, if the file has fewer and nothing proved it complete; else None."""

    @property
    def path(self) -> str:
        """Path relative to the target."""
        return f"{self.folder}/{self.name}" if self.folder else self.name

    @property
    def proof(self) -> Proof:
        """Whether Apple's fingerprint confirms the bytes."""
        return proof_of(self.fingerprint, self.library_fingerprint)


def proof_of(fingerprint: str | None, library_fingerprint: str | None) -> Proof:
    """Compare the fingerprint of archived bytes with the one in the phone's library."""
    if fingerprint is None or library_fingerprint is None:
        return Proof.UNPROVED
    return Proof.PROVED if fingerprint == library_fingerprint else Proof.DIFFERS


@dataclass(frozen=True, slots=True)
class ReservedName:
    """The name of a file of an asset that is not recorded yet, for example because it is in iCloud."""

    role: Role
    folder: str
    name: str


@dataclass(frozen=True, slots=True)
class RecordedAsset:
    """A recorded asset. All files that are listed are on the drive, complete."""

    udid: str
    uuid: str
    original_filename: str
    folder: str
    stem: str
    """Common beginning of its file names, used for files that are added later."""
    files: tuple[RecordedFile, ...]
    """In the order of Role, then generation."""
    completed_at: float
    """When its latest file was recorded, seconds since 1970."""
    reserved: tuple[ReservedName, ...] = ()
    """Names of its files that are not recorded yet, at most one of each role."""

    def current(self, role: Role) -> RecordedFile | None:
        """The newest file of a role; None if the asset has none."""
        of_role = [file for file in self.files if file.role is role]
        return max(of_role, key=lambda file: file.generation, default=None)

    @property
    def bytes(self) -> int:
        """Total size of its files."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class AsideFile:
    """A damaged file that was renamed to make room for a good copy. Paths are relative to the target."""

    path: str
    instead_of: str
    moved_at: float


@dataclass(frozen=True, slots=True)
class ForgottenAsset:
    """A recorded asset whose files were deleted on purpose, on the phone and in the archive."""

    udid: str
    uuid: str
    original_filename: str
    folder: str
    stem: str
    forgotten_at: float
    """Seconds since 1970."""
