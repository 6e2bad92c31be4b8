"""An archive read back, for a front end: needs no phone, no job and no host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ambertime_tui.drive.errors import DriveError
from ambertime_tui.drive.layout import OURS
from ambertime_tui.drive.record.record_model import ReadBack
from ambertime_tui.drive.record.verdicts import Verdict
from ambertime_tui.drive.verify.verify import FileVerdict, VerifyProgress, VerifyReport, verify
from ambertime_tui.engine.api.proof import proof_line
from ambertime_tui.engine.api.protocol import EngineError


@dataclass(frozen=True, slots=True)
class VerifiedFile:
    """What was found of one file."""

    path: str
    """Relative to the target."""
    verdict: str
    """whole, damaged, missing, changed, extra"""
    sentence: str
    """For people; empty for a whole file."""
    size: int | None
    """Bytes as recorded."""
    uuid: str
    """The asset; empty where none accounts for the file."""


@dataclass(frozen=True, slots=True)
class Verification:
    """All that was found."""

    counts: Mapping[str, int]
    """How many files have each verdict."""
    not_whole: tuple[VerifiedFile, ...]
    """The files a person has to know of, by path."""
    sound: bool
    """True where every recorded file is whole; extra files do no harm."""
    through_cache: int
    """Whole files that may have been read from memory: the driver cannot show that it read the drive."""
    seconds: float
    notices: tuple[str, ...]
    skipped: int
    """Recorded files that were not looked at, as `since` and `sample` say."""
    proof: str
    """What was found, in one line."""


@dataclass(frozen=True, slots=True)
class VerifyStatus:
    """How far it is."""

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
) -> Verification:
    """Reads the files of an archive and compares them with the record; changes none.

    Args:
        target: the folder of the archive.
        on_progress: told how far it is.
        on_file: told of each file as it was looked at.
        since: only files written at or after this time (seconds since 1970).
        sample: only this share of them (0 to 1), picked by chance.

    Raises:
        EngineError: there is no archive that could be read; the sentence says why.
    """

    def told(progress: VerifyProgress) -> None:
        on_progress(
            VerifyStatus(progress.files_done, progress.files_total, progress.bytes_done, progress.bytes_total)
        )

    try:
        report = verify(
            target,
            since=since,
            sample=sample,
            on_progress=told,
            on_file=lambda found: on_file(_verified_file(found)),
        )
    except DriveError as error:
        raise EngineError(type(error).__name__, str(error)) from error
    if not report.looked_at and not report.skipped and not (target / OURS).is_dir():
        raise EngineError("NoArchive", f"There is no archive of AmberTime in {target}. Is the drive mounted?")
    return _verification(report)


def _verification(report: VerifyReport) -> Verification:
    return Verification(
        {verdict.value: report.count(verdict) for verdict in Verdict},
        tuple(map(_verified_file, report.not_whole)),
        report.sound,
        report.through_cache,
        report.ended_at - report.began_at,
        report.notices,
        report.skipped,
        _proof(report),
    )


def _verified_file(found: FileVerdict) -> VerifiedFile:
    return VerifiedFile(found.path, found.verdict.value, found.sentence, found.size, found.uuid)


def _proof(report: VerifyReport) -> str:
    bad = sum(report.count(kind) for kind in (Verdict.DAMAGED, Verdict.MISSING, Verdict.CHANGED))
    from_drive = report.originals.get(ReadBack.FROM_DRIVE, 0)
    through_cache = report.originals.get(ReadBack.THROUGH_CACHE, 0)
    return proof_line(from_drive, through_cache, bad, report.skipped)
