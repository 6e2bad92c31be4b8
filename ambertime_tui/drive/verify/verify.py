"""Verifying an archive, or a sample of it: read every file and report those that changed."""

from __future__ import annotations

import os
import random
import stat
import time
from collections import Counter
from collections.abc import Callable, Container
from contextlib import suppress
from pathlib import Path

from ambertime_tui import units
from ambertime_tui.drive.errors import (
    DriveError,
    TargetMissing,
    TargetNotAFolder,
)
from ambertime_tui.drive.layout import CHECKSUMS, OURS, PHOTOS
from ambertime_tui.drive.os_errors import drive_error
from ambertime_tui.drive.record.integrity import read_integrity
from ambertime_tui.drive.record.record_model import Proof, ReadBack
from ambertime_tui.drive.record.verdicts import Finding, Verdict, load_findings, save_findings, save_verified
from ambertime_tui.drive.verify.expected import Expected, ExpectedFiles
from ambertime_tui.drive.verify.fingerprints import store_fingerprints
from ambertime_tui.drive.verify.one_file import FileChecker, TargetAtStart
from ambertime_tui.drive.verify.report import FileVerdict, VerifyProgress, VerifyReport
from ambertime_tui.drive.verify.walk import files_below
from ambertime_tui.drive.volume.discovery import drive_of
from ambertime_tui.drive.volume.own_files import check_own_files, opened_target
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.drive.writing.read_back import Reader

_RECORD_WRONG = (
    "For {}, the record disagrees with both SHA256SUMS and the file itself: the record was altered, probably "
    "by a flipped bit. The next backup corrects it for items that are still on the iPhone."
)
_SAVED_EVERY = 30.0
"""Seconds between two saves of the findings."""


def verify(
    path: Path,
    *,
    since: float | None = None,
    sample: float | None = None,
    part: tuple[int, int] | None = None,
    on_progress: Callable[[VerifyProgress], None] | None = None,
    on_file: Callable[[FileVerdict], None] = lambda found: None,
    clock: Callable[[], float] = time.time,
    chance: random.Random | None = None,
    calls: SystemCalls | None = None,
) -> VerifyReport:
    """Read the files of an archive and compare them with the record.

    Changes no file and needs no lock, so a job may be running. The findings are saved for the next backup in
    `.ambertime/findings.json`, if the drive is writable.

    Args:
        path: the target folder.
        since: only files written at or after this time (seconds since 1970).
        sample: only a random share of the files: 0.05 for 5%. At least one file.
        part: only one of several parts, as (number from 0, how many); a file is always in the same part.
        on_progress: called after each file, and repeatedly within a large one.
        on_file: called with each result: expected files ordered by path, then extra ones.
        clock: seconds since 1970.
        chance: random numbers for the sample.
        calls: the operating system.

    Raises:
        ArchiveObstructed: a link or a special file is in the place of one of AmberTime's files.
        TargetMissing, TargetNotAFolder, RecordTooNew, RecordFailed, ScratchFull, DriveError: see there.
    """
    calls = calls or SystemCalls()
    root = Path(os.path.abspath(path))  # noqa: PTH100 - keeps links, to show the path as the user wrote it
    try:
        facts = root.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise TargetMissing(root) from error
    except OSError as error:
        raise drive_error(error, root, doing="reading") from error
    if not stat.S_ISDIR(facts.st_mode):
        raise TargetNotAFolder(root)
    began = clock()
    drive = drive_of(root)
    reader = Reader(drive.traits, drive.device, calls)
    place = TargetAtStart.of(root, drive.device)
    all_of_it = since is None and sample is None and part is None
    found = _Tally(on_file)
    with opened_target(root) as target, ExpectedFiles() as expected:
        try:
            check_own_files(target)
        except OSError as error:
            raise drive_error(error, root, doing="reading") from error
        calls.confine(target)
        if all_of_it:
            expected.add_found(path for path, _ in files_below(root, PHOTOS, found.notice))
        notices = expected.load_expected(root)
        subset = expected.select(since, sample, chance or random.Random())
        if part is not None:
            subset = expected.only_part(subset, *part)
        skipped = len(expected) - subset.count
        progress = _ProgressReporter(subset.count, subset.bytes, on_progress)
        findings_file = _FindingsFile(root, expected, calls, clock)
        checker = FileChecker(place, reader, expected, progress.read)
        try:
            for file in expected.iter_files(subset):
                checked = checker.check(file)
                found.add(checked.found, file)
                if checked.judged:
                    findings_file.note(file.path, checked.finding)
                if checked.fingerprint not in (None, file.fingerprint):
                    expected.note_fingerprint(file.path, file.sha256, checked.fingerprint or "")
                progress.file_done()
        finally:
            findings_file.save()
        if all_of_it:
            for extra in expected.extra(root):
                found.add(FileVerdict(extra, Verdict.EXTRA, f"{extra} is not in the record."))
            found.check_sums(finalized=read_integrity(root) is not None)
            if calls.exists(root / OURS):
                with suppress(DriveError):  # as for the findings: a drive that cannot be written to
                    save_verified(root, clock(), calls, str(os.getpid()))
        if not notices:
            store_fingerprints(root, expected.computed(), clock(), calls)
    return VerifyReport(
        began_at=began,
        ended_at=clock(),
        counts=found.counts,
        not_whole=tuple(sorted(found.not_whole, key=lambda file: file.path)),
        moved=tuple(found.moved),
        differing=tuple(found.differing),
        proofs=found.proofs,
        through_cache=found.through_cache,
        originals=found.originals,
        skipped=skipped,
        notices=notices + found.notices,
    )


class _Tally:
    """Counts the results and collects those that need attention."""

    def __init__(self, report: Callable[[FileVerdict], None]) -> None:
        self._report = report
        self.counts: Counter[Verdict] = Counter()
        self.originals: Counter[ReadBack] = Counter()
        self.not_whole: list[FileVerdict] = []
        self.moved: list[FileVerdict] = []
        self.differing: list[FileVerdict] = []
        self.proofs: Counter[Proof] = Counter()
        self.through_cache = 0
        self.record_differs = 0
        """Number of files that match SHA256SUMS but not the record."""
        self._not_in_sums = self._other_in_sums = 0
        self._notices: list[str] = []

    def notice(self, sentence: str) -> None:
        """Add a sentence for the user."""
        self._notices.append(sentence)

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences on folders that could not be listed, and one if the record itself is wrong."""
        wrong = self.record_differs
        return (*self._notices, *((_RECORD_WRONG.format(units.plural(wrong, "file")),) if wrong else ()))

    def add(self, found: FileVerdict, file: Expected | None = None) -> None:
        """Count a result. `file` is None for an extra file."""
        self.counts[found.verdict] += 1
        if found.verdict is not Verdict.WHOLE:
            self.not_whole.append(found)
        elif file is not None:
            self._add_whole(found, file)
        self._report(found)

    def _add_whole(self, found: FileVerdict, file: Expected) -> None:
        if found.proof is not None:
            self.proofs[found.proof] += 1
        if found.proof is Proof.DIFFERS:
            self.differing.append(found)
        self.through_cache += found.read_back is ReadBack.THROUGH_CACHE
        if found.read_back is not None and (file.role is None or file.role.is_original):
            self.originals[found.read_back] += 1
        if found.moved_to:
            self.moved.append(found)
        elif found.sentence:
            self.record_differs += 1
        elif file.recorded:
            self._not_in_sums += file.in_sums is None
            self._other_in_sums += file.in_sums not in (None, file.sha256)

    def check_sums(self, *, finalized: bool) -> None:
        """Report SHA256SUMS itself if it disagrees with the record on intact files.

        After a finished run (`finalized`), missing lines count as well.
        """
        wrong = self._other_in_sums + (self._not_in_sums if finalized else 0)
        if wrong:
            sentence = (
                f"SHA256SUMS is wrong or incomplete for {units.plural(wrong, 'file')} that match the record. "
                "The next backup rewrites it."
            )
            self.add(FileVerdict(CHECKSUMS, Verdict.DAMAGED, sentence))


class _FindingsFile:
    """Saves findings for the next backup regularly, because a long verification may be interrupted."""

    def __init__(
        self, root: Path, known: Container[str], calls: SystemCalls, clock: Callable[[], float]
    ) -> None:
        self._root, self._known, self._calls, self._clock = root, known, calls, clock
        self._saved = dict(load_findings(root))
        self._findings = dict(self._saved)
        self._saved_at = clock()

    def note(self, path: str, finding: Finding | None) -> None:
        """Add the finding for a file; None if it is intact."""
        if finding is None:
            self._findings.pop(path, None)
        else:
            self._findings[path] = finding
        if self._clock() - self._saved_at >= _SAVED_EVERY:
            self.save()

    def save(self) -> None:
        """Save the findings, if the drive is writable."""
        self._saved_at = self._clock()
        kept = {path: finding for path, finding in self._findings.items() if path in self._known}
        if kept == self._saved or not self._calls.exists(self._root / OURS):
            return
        with suppress(DriveError):
            save_findings(self._root, kept.values(), self._calls, str(os.getpid()))
            self._saved = kept


class _ProgressReporter:
    """Counts files and bytes, and reports progress."""

    def __init__(self, files: int, size: int, report: Callable[[VerifyProgress], None] | None) -> None:
        self._files, self._size, self._report = files, size, report
        self._files_done = self._bytes_done = 0

    def read(self, path: str) -> Callable[[int], None]:
        """A callback for the number of bytes of each block read from a file."""

        def more(count: int) -> None:
            self._bytes_done += count
            self._report_now()

        return more

    def file_done(self) -> None:
        """Count a finished file."""
        self._files_done += 1
        self._report_now()

    def _report_now(self) -> None:
        if self._report is not None:
            self._report(VerifyProgress(self._files_done, self._files, self._bytes_done, self._size))
