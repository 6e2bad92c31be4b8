"""Reading an archive back, all of it or a sample, and naming what is no longer as it was written."""

from __future__ import annotations

import os
import random
import stat
import time
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ambertime_tui.drive.errors import DriveError, TargetGone, TargetMissing, TargetNotAFolder, drive_error
from ambertime_tui.drive.layout import CHECKSUMS, OURS, PHOTOS
from ambertime_tui.drive.record.integrity import read_integrity
from ambertime_tui.drive.record.record_model import ReadBack
from ambertime_tui.drive.record.verdicts import Finding, Verdict, load_findings, save_findings, verdict_of
from ambertime_tui.drive.verify.expected import Expected, ExpectedFiles
from ambertime_tui.drive.volume.discovery import drive_of
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.drive.writing.read_back import Reader
from ambertime_tui.library.model import Role

_RECORD_WRONG = (
    "The record tells other bytes of {} files than SHA256SUMS and the files themselves: it lost a bit. The "
    "next backup puts it right, for what the iPhone still has."
)
_SAVED_EVERY = 30.0
"""Seconds between two times that findings are kept."""


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """What was found of one file."""

    path: str
    """Relative to the target."""
    verdict: Verdict
    sentence: str = ""
    """For people; empty for a whole file."""
    size: int | None = None
    """Bytes as recorded; None where only SHA256SUMS knows the file."""
    udid: str = ""
    """The phone; empty where no asset accounts for the file."""
    uuid: str = ""
    role: Role | None = None
    read_back: ReadBack | None = None
    """None: it was not read."""


@dataclass(frozen=True, slots=True)
class VerifyProgress:
    """How far a verification is; sizes in bytes, those of SHA256SUMS alone not counted in advance."""

    files_done: int
    files_total: int
    bytes_done: int
    bytes_total: int
    path: str


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """All that a verification found."""

    target: Path
    began_at: float
    ended_at: float
    counts: Mapping[Verdict, int]
    """How many files have each verdict."""
    not_whole: tuple[FileVerdict, ...]
    """The files a person has to know of, extra ones included, by path."""
    through_cache: int
    """Whole files of which the driver could not show that they were read from the drive itself."""
    originals: Mapping[ReadBack, int]
    """Whole originals, by how they were read. Files that SHA256SUMS alone knows count: nobody can tell."""
    skipped: int
    """Recorded files left out by `since` or `sample`."""
    aside: int
    """Damaged files from before, kept under another name beside a good copy."""
    notices: tuple[str, ...]

    def count(self, verdict: Verdict) -> int:
        """How many files have a verdict."""
        return self.counts.get(verdict, 0)

    @property
    def looked_at(self) -> int:
        """How many files have one."""
        return sum(self.counts.values())

    @property
    def sound(self) -> bool:
        """True where every recorded file that was looked at is whole. Extra files do no harm."""
        return not any(self.count(v) for v in (Verdict.DAMAGED, Verdict.MISSING, Verdict.CHANGED))


def verify(
    path: Path,
    *,
    since: float | None = None,
    sample: float | None = None,
    on_progress: Callable[[VerifyProgress], None] | None = None,
    on_file: Callable[[FileVerdict], None] = lambda found: None,
    clock: Callable[[], float] = time.time,
    chance: random.Random | None = None,
    calls: SystemCalls | None = None,
) -> VerifyReport:
    """Reads the files of an archive and compares them with the record. Changes no file, takes no lock; a job
    may be running. What it found is noted in `.ambertime/findings.json`, if the drive lets it, for the next
    backup.

    Args:
        path: the target folder.
        since: only files written at or after this time (seconds since 1970).
        sample: only this share of the files, picked by chance: 0.05 for 5 %. At least one file.
        on_progress: called after each file, and every MiB of a large one.
        on_file: told what was found of each file as it is: recorded ones by path, then what else lies there.
        clock: seconds since 1970.
        chance: picks the sample.
        calls: the operating system.

    Raises:
        TargetMissing, TargetNotAFolder, RecordTooNew, RecordFailed, ScratchFull, DriveError.
    """
    calls = calls or SystemCalls()
    root = Path(os.path.abspath(path))  # noqa: PTH100 - as the person wrote it, links and all
    if not root.exists():
        raise TargetMissing(root)
    if not root.is_dir():
        raise TargetNotAFolder(root)
    began = clock()
    drive = drive_of(root)
    reader = Reader(drive.traits, drive.device, calls)
    place = _TargetAtStart.of(root, drive.device)
    all_of_it = since is None and sample is None
    found = _Tally(on_file)
    with ExpectedFiles() as expected:
        if all_of_it:
            expected.add_found(_photos(root))
        notices = expected.load_expected(root)
        subset = expected.select(since, sample, chance or random.Random())
        skipped, aside = len(expected) - subset.count, expected.aside
        progress = _ProgressReporter(subset.count, subset.bytes, on_progress)
        findings_file = _FindingsFile(root, expected, calls, clock)
        try:
            for file in expected.iter_files(subset):
                verdict, finding = _verify_file(place, file, reader, expected, progress)
                found.add(verdict, file)
                findings_file.note(file.path, finding)
                progress.file_done(file.path)
        finally:
            findings_file.save()
        if all_of_it:
            for extra in expected.extra(root):
                found.add(FileVerdict(extra, Verdict.EXTRA, f"{extra} is not in the record."))
            found.check_sums(finalized=read_integrity(root) is not None)
    return VerifyReport(
        target=root,
        began_at=began,
        ended_at=clock(),
        counts=found.counts,
        not_whole=tuple(sorted(found.not_whole, key=lambda file: file.path)),
        through_cache=found.through_cache,
        originals=found.originals,
        skipped=skipped,
        aside=aside,
        notices=notices + ((_RECORD_WRONG.format(found.record_differs),) if found.record_differs else ()),
    )


class _Tally:
    """Counts what was found, and keeps what a person has to know."""

    def __init__(self, report: Callable[[FileVerdict], None]) -> None:
        self._report = report
        self.counts: Counter[Verdict] = Counter()
        self.originals: Counter[ReadBack] = Counter()
        self.not_whole: list[FileVerdict] = []
        self.through_cache = 0
        self.record_differs = 0
        """Files that have other bytes than the record tells, and those that SHA256SUMS tells."""
        self._not_in_sums = self._other_in_sums = 0

    def add(self, found: FileVerdict, file: Expected | None = None) -> None:
        """What was found of a file; None: it is not one that should be there."""
        self.counts[found.verdict] += 1
        if found.verdict is not Verdict.WHOLE:
            self.not_whole.append(found)
        elif file is not None:
            self._add_whole(found, file)
        self._report(found)

    def _add_whole(self, found: FileVerdict, file: Expected) -> None:
        self.through_cache += found.read_back is ReadBack.THROUGH_CACHE
        if found.read_back is not None and (file.role is None or file.role.is_original):
            self.originals[found.read_back] += 1
        if found.sentence:
            self.record_differs += 1
        elif file.recorded:
            self._not_in_sums += file.in_sums is None
            self._other_in_sums += file.in_sums not in (None, file.sha256)

    def check_sums(self, *, finalized: bool) -> None:
        """SHA256SUMS itself, where it tells other hashes of files that have the bytes of the record, or lacks
        files although a run has ended since they were written."""
        wrong = self._other_in_sums + (self._not_in_sums if finalized else 0)
        if wrong:
            sentence = f"SHA256SUMS does not tell the hashes of {wrong:,} of the files that are whole by the"
            self.add(
                FileVerdict(CHECKSUMS, Verdict.DAMAGED, f"{sentence} record; the next backup writes it anew.")
            )


@dataclass(frozen=True, slots=True)
class _TargetAtStart:
    """The target as it was when verification began."""

    root: Path
    device: str
    number: int
    """st_dev: another one is another mount, or none."""

    @classmethod
    def of(cls, root: Path, device: str) -> _TargetAtStart:
        """The target now.

        Raises:
            DriveError: it does not answer.
        """
        try:
            return cls(root, device, root.stat().st_dev)
        except OSError as error:
            raise drive_error(error, root, doing="reading") from error

    def raise_if_gone(self, error: OSError) -> None:
        """After an error at one file: whether it is not the whole drive that is gone.

        Raises:
            TargetGone: it is.
        """
        try:
            same = self.root.stat().st_dev == self.number
            os.listdir(self.root)  # noqa: PTH208 - asks the drive; what it lists is no matter
        except OSError:
            same = False
        if not same or (self.device.startswith("/dev/") and not os.path.lexists(self.device)):
            raise TargetGone(self.root, (error.strerror or str(error)).lower()) from error


class _FindingsFile:
    """What was found, kept for the next backup as it comes: a verification of hours may be broken off."""

    def __init__(
        self, root: Path, known: Container[str], calls: SystemCalls, clock: Callable[[], float]
    ) -> None:
        self._root, self._known, self._calls, self._clock = root, known, calls, clock
        self._saved = dict(load_findings(root))
        self._findings = dict(self._saved)
        self._saved_at = clock()

    def note(self, path: str, finding: Finding | None) -> None:
        """What was found of a file; None: it is whole."""
        if finding is None:
            self._findings.pop(path, None)
        else:
            self._findings[path] = finding
        if self._clock() - self._saved_at >= _SAVED_EVERY:
            self.save()

    def save(self) -> None:
        """Where the drive lets it be."""
        self._saved_at = self._clock()
        kept = {path: finding for path, finding in self._findings.items() if path in self._known}
        if kept == self._saved or not (self._root / OURS).is_dir():
            return
        with suppress(DriveError):
            save_findings(self._root, kept.values(), self._calls, str(os.getpid()))
            self._saved = kept


class _ProgressReporter:
    """Counts, and tells who wants to know."""

    def __init__(self, files: int, size: int, report: Callable[[VerifyProgress], None] | None) -> None:
        self._files, self._size, self._report = files, size, report
        self._files_done = self._bytes_done = 0
        self._path = ""

    def read(self, path: str) -> Callable[[int], None]:
        """What to call with each number of bytes read of a file."""

        def more(count: int) -> None:
            self._bytes_done += count
            self._path = path
            self._report_now()

        return more

    def file_done(self, path: str) -> None:
        """A file was looked at."""
        self._files_done += 1
        self._path = path
        self._report_now()

    def _report_now(self) -> None:
        if self._report is not None:
            self._report(
                VerifyProgress(self._files_done, self._files, self._bytes_done, self._size, self._path)
            )


def _verify_file(
    place: _TargetAtStart,
    file: Expected,
    reader: Reader,
    expected: ExpectedFiles,
    progress: _ProgressReporter,
) -> tuple[FileVerdict, Finding | None]:
    full = place.root / file.path

    def verdict(
        kind: Verdict, sentence: str, read_back: ReadBack | None = None
    ) -> tuple[FileVerdict, Finding]:
        found = FileVerdict(file.path, kind, sentence, file.size, file.udid, file.uuid, file.role, read_back)
        return found, Finding(file.path, kind, file.sha256)

    try:
        facts = full.lstat()
        if not stat.S_ISREG(facts.st_mode):
            return verdict(Verdict.CHANGED, f"{file.path} is no longer a plain file.")
        found = reader.digest(full, progress.read(file.path))
    except (FileNotFoundError, NotADirectoryError) as error:
        place.raise_if_gone(error)
        return verdict(Verdict.MISSING, f"{file.path} is not there any more.")
    except OSError as error:
        place.raise_if_gone(error)
        return verdict(Verdict.DAMAGED, f"{file.path} cannot be read: {error.strerror}.")
    if found.sha256 == file.sha256:
        whole, _ = verdict(Verdict.WHOLE, "", found.read_back)
        return whole, None
    if file.in_sums == found.sha256:
        # Two that agree: it is the record that has lost a bit, and the next backup looks at this file.
        sentence = f"{file.path} has the bytes that SHA256SUMS tells, and the record tells others"
        return verdict(Verdict.WHOLE, f"{sentence}; the next backup puts it right.", found.read_back)
    size = found.size if file.size is None else file.size
    kind = verdict_of(size, file.modified_at, found.size, facts.st_mtime)
    sentence = f"{file.path} does not have the bytes that were written"
    if found.size != size:
        sentence += f" ({found.size:,} instead of {size:,} bytes)"
    twin = expected.path_with_hash(found.sha256)
    if twin is not None:
        kind, sentence = Verdict.CHANGED, f"{file.path} has the bytes of {twin}"
    return verdict(kind, sentence + ".", found.read_back)


def _photos(root: Path) -> Iterator[str]:
    """All plain files in Photos/, parts and other hidden files left out."""
    for folder, subfolders, names in os.walk(root / PHOTOS):
        subfolders.sort()
        inside = Path(folder).relative_to(root).as_posix()
        for name in names:
            if not name.startswith("."):
                yield f"{inside}/{name}"
