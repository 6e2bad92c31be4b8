"""Verify an archive for a front end. Needs no phone, job or host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ambertime_tui.drive.errors import (
    DriveError,
)
from ambertime_tui.drive.layout import OURS
from ambertime_tui.drive.os_errors import drive_error
from ambertime_tui.drive.record.record_model import Proof, ReadBack
from ambertime_tui.drive.record.verdicts import Verdict
from ambertime_tui.drive.verify.report import FileVerdict, VerifyProgress, VerifyReport
from ambertime_tui.drive.verify.verify import verify
from ambertime_tui.engine.api.proof import proof_line
from ambertime_tui.engine.api.protocol import EngineError
from ambertime_tui.engine.api.status import Proofs


@dataclass(frozen=True, slots=True)
class VerifiedFile:
    """The result for one file."""

    path: str
    """Relative to the target."""
    verdict: str
    """whole, damaged, missing, changed, extra"""
    sentence: str
    """For the user; empty for a whole file at its place."""
    size: int | None
    """Bytes as recorded."""
    uuid: str
    """The asset; empty if the file belongs to none."""
    moved_to: str
    """Where a person moved it to; empty: it is at `path`."""
    proof: str | None
    """What Apple's fingerprint says of a whole original: proved, differs, unproved; None for other files."""


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of a verification."""

    counts: Mapping[str, int]
    """Number of files by verdict."""
    not_whole: tuple[VerifiedFile, ...]
    """The files with any other verdict, by path."""
    moved: tuple[VerifiedFile, ...]
    """The whole files that a person moved or renamed, by path."""
    differing: tuple[VerifiedFile, ...]
    """The whole originals that differ from Apple's fingerprint, by path."""
    originals: Mapping[str, int]
    """Number of whole originals by `proof`."""
    sound: bool
    """True if every recorded file is whole. Extra files are allowed."""
    through_cache: int
    """Whole files that may have been read from memory instead of the drive."""
    seconds: float
    notices: tuple[str, ...]
    skipped: int
    """Recorded files left out by `since` or `sample`."""
    proof: str
    """The result in one line."""


@dataclass(frozen=True, slots=True)
class VerifyStatus:
    """Progress of a verification."""

    files_done: int
    files_total: int
    bytes_done: int
    bytes_total: int


def verify_archive(
    target: Path,
    on_progress: Callable[[VerifyStatus], None],
    on_file: Callable[[VerifiedFile], None] = lambda file: None,
    *,
    since: float | None = None,
    sample: float | None = None,
    part: tuple[int, int] | None = None,
) -> Verification:
    """Read the files of an archive and compare them with the record. Changes nothing.

    Args:
        target: the folder of the archive.
        on_progress: called with the progress.
        on_file: called with the result for each file.
        since: only files written at or after this time (seconds since 1970).
        sample: only this share of them (0 to 1), chosen at random.
        part: only one of several parts, as (number from 0, how many); a file is always in the same part.

    Raises:
        EngineError: there is no readable archive; the message says why.
    """

    def report_progress(progress: VerifyProgress) -> None:
        on_progress(
            VerifyStatus(progress.files_done, progress.files_total, progress.bytes_done, progress.bytes_total)
        )

    try:
        report = verify(
            target,
            since=since,
            sample=sample,
            part=part,
            on_progress=report_progress,
            on_file=lambda found: on_file(_verified_file(found)),
        )
        is_archive = report.looked_at or report.skipped or (target / OURS).is_dir()
    except DriveError as error:
        raise EngineError(type(error).__name__, str(error)) from error
    except OSError as error:
        trouble = drive_error(error, Path(str(error.filename or target)), doing="reading")
        raise EngineError(type(trouble).__name__, str(trouble)) from error
    if not is_archive:
        raise EngineError(
            "NoArchive", f"{target} contains no AmberTime archive. Check that the drive is mounted."
        )
    return _verification(report)


def _verification(report: VerifyReport) -> Verification:
    return Verification(
        {verdict.value: report.count(verdict) for verdict in Verdict},
        tuple(map(_verified_file, report.not_whole)),
        tuple(map(_verified_file, report.moved)),
        tuple(map(_verified_file, report.differing)),
        {proof.value: report.proofs.get(proof, 0) for proof in Proof},
        report.sound,
        report.through_cache,
        report.ended_at - report.began_at,
        report.notices,
        report.skipped,
        _proof(report),
    )


def _verified_file(found: FileVerdict) -> VerifiedFile:
    return VerifiedFile(
        found.path,
        found.verdict.value,
        found.sentence,
        found.size,
        found.uuid,
        found.moved_to,
        None if found.proof is None else found.proof.value,
    )


def _proof(report: VerifyReport) -> str:
    bad = sum(report.count(kind) for kind in (Verdict.DAMAGED, Verdict.MISSING, Verdict.CHANGED))
    from_drive = report.originals.get(ReadBack.FROM_DRIVE, 0)
    through_cache = report.originals.get(ReadBack.THROUGH_CACHE, 0)
    proofs = Proofs(*(report.proofs.get(proof, 0) for proof in (Proof.PROVED, Proof.DIFFERS, Proof.UNPROVED)))
    return proof_line(from_drive, through_cache, bad, report.skipped, proofs=proofs)
