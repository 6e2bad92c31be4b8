"""An archive read back, for a front end: needs no phone, no job and no host."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ambertime_tui.drive.claim import OURS
from ambertime_tui.drive.errors import DriveError
from ambertime_tui.drive.verify import VerifyProgress, VerifyReport, verify
from ambertime_tui.engine.protocol import EngineError


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

    files: tuple[VerifiedFile, ...]
    sound: bool
    """True where every recorded file is whole; extra files do no harm."""
    through_cache: int
    """Whole files that may have been read from memory: the driver cannot show that it read the drive."""
    seconds: float
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VerifyStatus:
    """How far it is."""

    files_done: int
    files_total: int
    bytes_done: int
    bytes_total: int


def verify_archive(target: Path, on_progress: Callable[[VerifyStatus], None]) -> Verification:
    """Reads every file of an archive and compares it with the record; changes none.

    Raises:
        EngineError: there is no archive that could be read; the sentence says why.
    """

    def told(progress: VerifyProgress) -> None:
        on_progress(
            VerifyStatus(progress.files_done, progress.files_total, progress.bytes_done, progress.bytes_total)
        )

    try:
        report = verify(target, on_progress=told)
    except DriveError as error:
        raise EngineError(type(error).__name__, str(error)) from error
    if not report.files and not (target / OURS).is_dir():
        raise EngineError("NoArchive", f"There is no archive of AmberTime in {target}. Is the drive mounted?")
    return _told(report)


def _told(report: VerifyReport) -> Verification:
    return Verification(
        tuple(VerifiedFile(f.path, f.verdict.value, f.sentence, f.size, f.uuid) for f in report.files),
        report.sound,
        report.through_cache,
        report.ended_at - report.began_at,
        report.notices,
    )
