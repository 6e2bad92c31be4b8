"""Reading an archive back, all of it or a sample, and naming what is no longer as it was written."""

from __future__ import annotations

import os
import random
import stat
import time
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ambertime_tui.drive.checksums import NAME
from ambertime_tui.drive.claim import OURS
from ambertime_tui.drive.discovery import drive_of
from ambertime_tui.drive.errors import DriveError, TargetGone, TargetMissing, TargetNotAFolder, drive_error
from ambertime_tui.drive.judge import Finding, Verdict, judge, load_findings, save_findings
from ambertime_tui.drive.naming import PHOTOS
from ambertime_tui.drive.read_back import Reader
from ambertime_tui.drive.record_reader import Archive, read_archive
from ambertime_tui.drive.recorded import ReadBack
from ambertime_tui.drive.seal import read_seal
from ambertime_tui.drive.system_calls import SystemCalls
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
    files: tuple[FileVerdict, ...]
    """Every file looked at, by path."""
    skipped: int
    """Recorded files left out by `since` or `sample`."""
    aside: int
    """Damaged files from before, kept under another name beside a good copy."""
    notices: tuple[str, ...]

    def count(self, verdict: Verdict) -> int:
        """How many files have a verdict."""
        return Counter(file.verdict for file in self.files)[verdict]

    @property
    def sound(self) -> bool:
        """True where every recorded file that was looked at is whole. Extra files do no harm."""
        return not any(self.count(v) for v in (Verdict.DAMAGED, Verdict.MISSING, Verdict.CHANGED))

    @property
    def not_whole(self) -> tuple[FileVerdict, ...]:
        """The files a person has to know of, extra ones included."""
        return tuple(file for file in self.files if file.verdict is not Verdict.WHOLE)

    @property
    def through_cache(self) -> int:
        """Whole files of which the driver could not show that they were read from the drive itself."""
        return sum(file.read_back is ReadBack.THROUGH_CACHE for file in self.files)


@dataclass(frozen=True, slots=True)
class _Expected:
    """A file that should be there."""

    path: str
    sha256: str
    size: int | None
    modified_at: float | None
    written_at: float
    udid: str = ""
    uuid: str = ""
    role: Role | None = None


def verify(
    path: Path,
    *,
    since: float | None = None,
    sample: float | None = None,
    on_progress: Callable[[VerifyProgress], None] | None = None,
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
        clock: seconds since 1970.
        chance: picks the sample.
        calls: the operating system.

    Raises:
        TargetMissing, TargetNotAFolder, RecordTooNew, RecordFailed, DriveError.
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
    place = _Place.of(root, drive.device)
    lying = set(_photos(root))
    archive = read_archive(root)
    everything = _expected(archive)
    chosen = [file for file in everything if since is None or file.written_at >= since]
    if sample is not None and chosen:
        count = max(1, round(len(chosen) * min(1.0, max(0.0, sample))))
        chosen = sorted((chance or random.Random()).sample(chosen, count), key=lambda file: file.path)
    teller = _Teller(len(chosen), sum(file.size or 0 for file in chosen), on_progress)
    by_hash = {file.sha256: file.path for file in everything}
    verdicts: list[FileVerdict] = []
    notebook = _Notebook(root, {file.path for file in everything}, calls, clock)
    try:
        for file in chosen:
            verdict, finding = _verified(place, file, reader, by_hash, archive.sums, teller)
            verdicts.append(verdict)
            notebook.note(file.path, finding)
            teller.file_done(file.path)
    finally:
        notebook.save()
    doubtful = sum(file.verdict is Verdict.WHOLE and bool(file.sentence) for file in verdicts)
    notices = archive.notices + ((_RECORD_WRONG.format(doubtful),) if doubtful else ())
    if since is None and sample is None:
        verdicts += _extras(root, lying, archive, everything)
        verdicts += _sums_verdict(root, archive, verdicts)
    return VerifyReport(
        target=root,
        began_at=began,
        ended_at=clock(),
        files=tuple(sorted(verdicts, key=lambda file: file.path)),
        skipped=len(everything) - len(chosen),
        aside=len(archive.aside),
        notices=notices,
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """The target as it was when verification began."""

    root: Path
    device: str
    number: int
    """st_dev: another one is another mount, or none."""

    @classmethod
    def of(cls, root: Path, device: str) -> _Place:
        """The target now.

        Raises:
            DriveError: it does not answer.
        """
        try:
            return cls(root, device, root.stat().st_dev)
        except OSError as error:
            raise drive_error(error, root, doing="reading") from error

    def still_there(self, error: OSError) -> None:
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


class _Notebook:
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


class _Teller:
    """Counts, and tells who wants to know."""

    def __init__(self, files: int, size: int, tell: Callable[[VerifyProgress], None] | None) -> None:
        self._files, self._size, self._tell = files, size, tell
        self._files_done = self._bytes_done = 0
        self._path = ""

    def read(self, path: str) -> Callable[[int], None]:
        """What to call with each number of bytes read of a file."""

        def more(count: int) -> None:
            self._bytes_done += count
            self._path = path
            self._say()

        return more

    def file_done(self, path: str) -> None:
        """A file was looked at."""
        self._files_done += 1
        self._path = path
        self._say()

    def _say(self) -> None:
        if self._tell is not None:
            self._tell(
                VerifyProgress(self._files_done, self._files, self._bytes_done, self._size, self._path)
            )


def _expected(archive: Archive) -> list[_Expected]:
    """Each path once: of two phones that have the same photo both may point to one file."""
    files = {
        file.path: _Expected(
            file.path,
            file.sha256,
            file.size,
            file.modified_at,
            file.written_at,
            asset.udid,
            asset.uuid,
            file.role,
        )
        for asset in archive.assets
        for file in asset.files
    }
    for path, digest in archive.loose:
        files.setdefault(path, _Expected(path, digest, None, None, 0.0))
    return sorted(files.values(), key=lambda file: file.path)


def _verified(
    place: _Place,
    file: _Expected,
    reader: Reader,
    by_hash: Mapping[str, str],
    sums: Mapping[str, str],
    teller: _Teller,
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
        found = reader.digest(full, teller.read(file.path))
    except (FileNotFoundError, NotADirectoryError) as error:
        place.still_there(error)
        return verdict(Verdict.MISSING, f"{file.path} is not there any more.")
    except OSError as error:
        place.still_there(error)
        return verdict(Verdict.DAMAGED, f"{file.path} cannot be read: {error.strerror}.")
    if found.sha256 == file.sha256:
        whole, _ = verdict(Verdict.WHOLE, "", found.read_back)
        return whole, None
    if sums.get(file.path) == found.sha256:
        # Two that agree: it is the record that has lost a bit, and the next backup looks at this file.
        sentence = f"{file.path} has the bytes that SHA256SUMS tells, and the record tells others"
        return verdict(Verdict.WHOLE, f"{sentence}; the next backup puts it right.", found.read_back)
    size = found.size if file.size is None else file.size
    kind = judge(size, file.modified_at, found.size, facts.st_mtime)
    sentence = f"{file.path} does not have the bytes that were written"
    if found.size != size:
        sentence += f" ({found.size:,} instead of {size:,} bytes)"
    twin = by_hash.get(found.sha256)
    if twin is not None:
        kind, sentence = Verdict.CHANGED, f"{file.path} has the bytes of {twin}"
    return verdict(kind, sentence + ".", found.read_back)


def _sums_verdict(root: Path, archive: Archive, verdicts: Iterable[FileVerdict]) -> list[FileVerdict]:
    """SHA256SUMS itself, where it tells other hashes of files that have the bytes of the record, or lacks
    files although a run has ended since they were written."""
    if not archive.assets:
        return []
    recorded = {file.path: file.sha256 for asset in archive.assets for file in asset.files}
    whole = {file.path for file in verdicts if file.verdict is Verdict.WHOLE and not file.sentence}
    sealed = read_seal(root) is not None
    wrong = sum(
        (path in archive.sums or sealed) and archive.sums.get(path) != sha256
        for path, sha256 in recorded.items()
        if path in whole
    )
    if not wrong:
        return []
    sentence = f"SHA256SUMS does not tell the hashes of {wrong:,} of the files that are whole by the record"
    return [FileVerdict(NAME, Verdict.DAMAGED, f"{sentence}; the next backup writes it anew.")]


def _photos(root: Path) -> Iterator[str]:
    """All plain files in Photos/, parts and other hidden files left out."""
    for folder, subfolders, names in os.walk(root / PHOTOS):
        subfolders.sort()
        inside = Path(folder).relative_to(root).as_posix()
        for name in names:
            if not name.startswith("."):
                yield f"{inside}/{name}"


def _extras(root: Path, lying: set[str], archive: Archive, everything: list[_Expected]) -> list[FileVerdict]:
    extra = lying - {file.path for file in everything} - archive.aside
    if extra:
        # A running job may have recorded some of them since.
        again = read_archive(root)
        extra -= {file.path for file in _expected(again)} | again.aside
    return [FileVerdict(path, Verdict.EXTRA, f"{path} is not in the record.") for path in sorted(extra)]
