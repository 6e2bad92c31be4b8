"""Verifying one file: read it, compare it with the record, and find out what happened to it."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ambertime_tui import units
from ambertime_tui.drive.errors import (
    ObstacleInArchive,
    TargetGone,
)
from ambertime_tui.drive.os_errors import drive_error
from ambertime_tui.drive.record.record_model import ReadBack, proof_of
from ambertime_tui.drive.record.verdicts import Finding, Verdict, verdict_of
from ambertime_tui.drive.verify.expected import Expected, ExpectedFiles
from ambertime_tui.drive.verify.report import FileVerdict
from ambertime_tui.drive.volume.service_folders import service_in
from ambertime_tui.drive.writing.read_back import FileDigest, IncrementalReader, Reader
from ambertime_tui.library.fingerprint import Fingerprint


@dataclass(frozen=True, slots=True)
class TargetAtStart:
    """The mount of the target when verification began."""

    root: Path
    device: str
    number: int
    """st_dev; it changes with the mount."""
    inode: int

    @classmethod
    def of(cls, root: Path, device: str) -> TargetAtStart:
        """The current mount of the target.

        Raises:
            DriveError: it cannot be read.
        """
        try:
            facts = root.stat()
            return cls(root, device, facts.st_dev, facts.st_ino)
        except OSError as error:
            raise drive_error(error, root, doing="reading") from error

    def check(self) -> None:
        """Check that the target is still at its path.

        Raises:
            TargetGone: it is not.
        """
        try:
            now = self.root.stat()
        except OSError as error:
            raise TargetGone(self.root, (error.strerror or str(error)).lower()) from error
        if (now.st_dev, now.st_ino) != (self.number, self.inode):
            raise TargetGone(self.root, "another folder is there now")

    def raise_if_gone(self, error: OSError) -> None:
        """Find out whether an error at one file means that the whole drive is gone.

        Raises:
            TargetGone: the drive is gone.
        """
        try:
            same = self.root.stat().st_dev == self.number
            os.listdir(self.root)  # noqa: PTH208 - only to access the drive
        except PermissionError:
            same = True
        except OSError:
            same = False
        if not same or (self.device.startswith("/dev/") and not os.path.lexists(self.device)):
            raise TargetGone(self.root, (error.strerror or str(error)).lower()) from error


@dataclass(frozen=True, slots=True)
class Checked:
    """The result for one file, and what to save for the next backup."""

    found: FileVerdict
    finding: Finding | None
    """None: the file is intact."""
    fingerprint: str | None = None
    """Apple's fingerprint of an intact original, computed now."""
    judged: bool = True
    """False if this user may not read the file: an earlier finding remains."""


class FileChecker:
    """Verifies the files of a target one by one."""

    def __init__(
        self,
        place: TargetAtStart,
        reader: Reader,
        expected: ExpectedFiles,
        on_bytes: Callable[[str], Callable[[int], None]],
    ) -> None:
        """
        Args:
            place: the target.
            reader: reads its files.
            expected: the files that should be there.
            on_bytes: makes, for a path, a callback for the number of bytes of each block.
        """
        self._place = place
        self._reader = reader
        self._expected = expected
        self._on_bytes = on_bytes

    def check(self, file: Expected) -> Checked:
        """Verify a file.

        Raises:
            TargetGone: the drive was unplugged.
        """
        full = self._place.root / file.path
        self._place.check()  # the open folder would not notice that it was unmounted
        fingerprint = Fingerprint() if file.role is not None and file.role.is_original else None
        try:
            facts = self._reader.calls.stat(full)
            if not stat.S_ISREG(facts.st_mode):
                return _checked(file, Verdict.CHANGED, f"{file.path} is no longer a regular file.")
            reading = IncrementalReader(self._reader, full, hashlib.sha256(), self._on_bytes(file.path))
            reading.read_rest(None if fingerprint is None else fingerprint.update)
        except (FileNotFoundError, NotADirectoryError) as error:
            self._place.raise_if_gone(error)
            return self._missing(file)
        except ObstacleInArchive as error:
            obstruction = drive_error(error, full)
            return _checked(file, Verdict.CHANGED, f"{file.path} was not read. {obstruction}")
        except PermissionError as error:
            self._place.raise_if_gone(error)
            why = "it may be intact, but you are not allowed to read it"
            return _checked(
                file, Verdict.DAMAGED, f"{file.path} cannot be read: {why} ({error.strerror}).", judged=False
            )
        except OSError as error:
            self._place.raise_if_gone(error)
            return _checked(file, Verdict.DAMAGED, f"{file.path} cannot be read: {error.strerror or error}.")
        found = FileDigest(reading.size, reading.hexdigest, reading.read_back)
        checked = self._compared(file, found, facts.st_mtime)
        if fingerprint is None or checked.finding is not None:
            return checked
        value = fingerprint.value()
        proof = proof_of(value, file.library_fingerprint)
        return replace(checked, found=replace(checked.found, proof=proof), fingerprint=value)

    def _compared(self, file: Expected, found: FileDigest, found_modified_at: float) -> Checked:
        service = service_in(file.path)
        if service is not None and file.recorded:
            why = f"{file.path} is in {service}, which is not part of the archive."
            return _checked(file, Verdict.MISSING, f"{why} The next backup copies it again.", found.read_back)
        if found.sha256 == file.sha256:
            return _checked(file, Verdict.WHOLE, "", found.read_back)
        if file.in_sums == found.sha256:
            # The file and SHA256SUMS agree, so the record is wrong. The next backup checks this file.
            why = f"{file.path} matches SHA256SUMS but not the record. The next backup corrects the record."
            return _checked(file, Verdict.WHOLE, why, found.read_back, intact=False)
        size = found.size if file.size is None else file.size
        kind = verdict_of(size, file.modified_at, found.size, found_modified_at, file.written_at)
        sentence = f"The content of {file.path} is not what was written"
        if kind is Verdict.CHANGED:
            sentence = f"{file.path} was rewritten by a person or a program"
        if found.size != size:
            sentence += f" ({units.count(found.size)} instead of {units.plural(size, 'byte')})"
        twin = self._expected.path_with_hash(found.sha256)
        if twin is not None:
            kind, sentence = Verdict.CHANGED, f"{file.path} has the content of {twin}"
        return _checked(file, kind, sentence + ".", found.read_back)

    def _missing(self, file: Expected) -> Checked:
        moved = self._expected.find_moved(self._place.root, file, self._reader)
        if moved is None:
            return _checked(file, Verdict.MISSING, f"{file.path} is missing.")
        path, read_back = moved
        sentence = f"{file.path} was moved to {path}. The next backup records it there."
        return _checked(file, Verdict.WHOLE, sentence, read_back, moved_to=path)


def _checked(
    file: Expected,
    verdict: Verdict,
    sentence: str,
    read_back: ReadBack | None = None,
    *,
    intact: bool | None = None,
    judged: bool = True,
    moved_to: str = "",
) -> Checked:
    found = FileVerdict(file.path, verdict, sentence, file.size, file.uuid, read_back, moved_to)
    is_intact = verdict is Verdict.WHOLE if intact is None else intact
    finding = None if is_intact else Finding(file.path, verdict, file.sha256)
    return Checked(found, finding, judged=judged)
