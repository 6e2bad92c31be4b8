"""The results of a verification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ambertime_tui.drive.record.record_model import Proof, ReadBack
from ambertime_tui.drive.record.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """The result for one file."""

    path: str
    """Relative to the target; as recorded, if it was moved."""
    verdict: Verdict
    sentence: str = ""
    """For the user; empty for an intact file at its place."""
    size: int | None = None
    """Recorded size in bytes; None if only SHA256SUMS lists the file."""
    uuid: str = ""
    """The asset; empty if the file belongs to none."""
    read_back: ReadBack | None = None
    """None if it was not read."""
    moved_to: str = ""
    """Where a person moved it to, intact; empty: it is where it was."""
    proof: Proof | None = None
    """What Apple's fingerprint says of an intact original; None for any other file."""


@dataclass(frozen=True, slots=True)
class VerifyProgress:
    """Progress of a verification. The total bytes leave out files that only SHA256SUMS lists."""

    files_done: int
    files_total: int
    bytes_done: int
    bytes_total: int


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """The result of a verification."""

    began_at: float
    ended_at: float
    counts: Mapping[Verdict, int]
    """Number of files with each verdict."""
    not_whole: tuple[FileVerdict, ...]
    """All files that are not intact, and extra ones, ordered by path."""
    moved: tuple[FileVerdict, ...]
    """Intact files that a person moved or renamed, ordered by path."""
    differing: tuple[FileVerdict, ...]
    """Intact originals that differ from Apple's fingerprint, ordered by path."""
    proofs: Mapping[Proof, int]
    """Intact originals, by what Apple's fingerprint says of them."""
    through_cache: int
    """Intact files that may have been read from memory, because the driver cannot drop its cache."""
    originals: Mapping[ReadBack, int]
    """Intact originals, by how they were read. Includes files that only SHA256SUMS lists."""
    skipped: int
    """Files left out by `since` or `sample`."""
    notices: tuple[str, ...]

    def count(self, verdict: Verdict) -> int:
        """Number of files with this verdict."""
        return self.counts.get(verdict, 0)

    @property
    def looked_at(self) -> int:
        """Number of files verified."""
        return sum(self.counts.values())

    @property
    def sound(self) -> bool:
        """True if every file that was verified is intact. Extra files do not matter."""
        return not any(self.count(v) for v in (Verdict.DAMAGED, Verdict.MISSING, Verdict.CHANGED))
