"""Tests of a file system in a scratch folder: locks, fsync, renaming, names, times and speed."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import threading
import time
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ambertime_tui.drive.errors import ReadBackDiffers, SyncRefused, TargetWithoutLocks
from ambertime_tui.drive.record.record_model import ReadBack
from ambertime_tui.drive.volume.discovery import Drive
from ambertime_tui.drive.volume.file_system import WINDOWS_FORBIDDEN
from ambertime_tui.drive.volume.lock import NO_LOCKS
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.drive.writing.read_back import Reader
from ambertime_tui.engine.doctor.findings import Reporter
from ambertime_tui.units import rate

SPEED_BYTES = 64 << 20
"""Bytes to write at most. A drive's own cache makes short tests look fast."""
SPEED_SECONDS = 3.0
SHARE_OF_ROOM = 0.1
"""Share of the free space to use at most."""
SLOW = 10_000_000
"""Bytes per second below which a drive is slower than the cable of a phone."""
_BLOCK = 4 << 20
_ACCENT = "\N{LATIN SMALL LETTER E WITH ACUTE}"
_TIME = 1_234_567_891.123_456_7
"""An odd second with a fraction, to see what the file system keeps of it."""


class Stopped(Exception):
    """The checks were cancelled."""


@dataclass(frozen=True, slots=True)
class DriveTests:
    """The tests of one drive."""

    report: Reporter
    target: Path
    """Named in messages."""
    folder: Path
    """Everything is written here."""
    drive: Drive
    calls: SystemCalls
    stop: threading.Event
    """Set when the checks are cancelled."""

    def run(self, *, with_speed: bool) -> None:
        """Run all tests.

        Raises:
            Stopped: the checks were cancelled.
            OSError, DriveError: the drive failed.
        """
        tests: list[Callable[[], None]] = [self.locks, self.fsync, self.renames, self.names, self.times]
        if with_speed:
            tests.append(self.speed)
        for test in tests:
            self._check_stop()
            test()

    def locks(self) -> None:
        """Test that one process can keep another one from writing."""
        path = self.folder / "lock"
        os.close(self.calls.create(path))
        first, second = self.calls.open_append(path), self.calls.open_append(path)
        try:
            fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.report.fine("locks", "Files can be locked.", locks=True, byte_locks=self._byte_locks(first))
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            sentence = str(TargetWithoutLocks(self.target, os.strerror(error.errno or 0)))
            self.report.wrong("locks", sentence, locks=False, code=error.errno or 0)
        else:
            sentence = str(TargetWithoutLocks(self.target, "a second lock was granted"))
            self.report.wrong("locks", sentence, locks=False)
        finally:
            os.close(first)
            os.close(second)

    def _byte_locks(self, fd: int) -> bool:
        """Whether parts of a file can be locked, as SQLite does. AmberTime can do without."""
        try:
            fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 0)
        except OSError:
            return False
        return True

    def fsync(self) -> None:
        """Test that files and folders can be flushed to the drive, and how long that takes."""
        fd = self.calls.create(self.folder / "fsync")
        try:
            os.write(fd, b"x" * 4096)
            began = time.monotonic()
            self.calls.fsync(fd)
            seconds = time.monotonic() - began
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
                raise
            self.report.wrong("fsync", str(SyncRefused(self.target)), fsync=False, code=error.errno or 0)
            return
        finally:
            os.close(fd)
        self.calls.fsync_folder(self.folder)
        self.report.fine(
            "fsync",
            f"Files can be flushed to the drive ({seconds * 1000:.0f} ms).",
            fsync=True,
            seconds=seconds,
        )

    def renames(self) -> None:
        """Test that renaming never replaces a file."""
        one, other = self.folder / "one", self.folder / "other"
        for path in (one, other):
            os.close(self.calls.create(path))
        try:
            self.calls.rename_noreplace(one, other)
        except FileExistsError:
            self.calls.unlink(other)
            self.calls.rename_noreplace(one, other)
            self.report.fine("renames", "Files are renamed without replacing others.", safe=True)
            return
        self.report.wrong(
            "renames",
            f"The file system of {self.target} replaces a file although it was asked not to. Mount the drive "
            "with another driver, or choose another drive.",
            safe=False,
        )

    def names(self) -> None:
        """Test which names the file system keeps, and compare that with what AmberTime assumes."""
        traits = self.drive.traits
        os.close(self.calls.create(self.folder / "Case"))
        case_sensitive = not self.calls.exists(self.folder / "cASE")
        composed, decomposed = (unicodedata.normalize(form, f"accent-{_ACCENT}") for form in ("NFC", "NFD"))
        os.close(self.calls.create(self.folder / composed))
        keeps_accents = composed in self.calls.list_names(self.folder)
        accents_differ = not self.calls.exists(self.folder / decomposed)
        refused = "".join(c for c in WINDOWS_FORBIDDEN if c != "/" and not self._accepts(f"char{c}x"))
        unexpected = set(refused) - traits.forbidden_characters
        facts = {
            "case_sensitive": case_sensitive,
            "keeps_accents": keeps_accents,
            "accents_differ": accents_differ,
            "refused_characters": len(refused),
            "as_assumed": not unexpected and case_sensitive >= traits.case_sensitive,
        }
        if facts["as_assumed"] and keeps_accents:
            self.report.fine("names", "Names are kept as AmberTime expects.", **facts)
        else:
            self.report.note(
                "names",
                "The file system treats names differently than AmberTime expects of it. A file whose name "
                "is not kept counts as not copied. Please report this with `ambertime doctor --report FILE`.",
                **facts,
            )

    def _accepts(self, name: str) -> bool:
        try:
            os.close(self.calls.create(self.folder / name))
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EIO, errno.ENODEV):
                raise
            return False
        return True

    def times(self) -> None:
        """Test how exactly modification times are kept."""
        path = self.folder / "time"
        fd = self.calls.create(path)
        try:
            self.calls.set_modified(fd, _TIME)
            self.calls.fsync(fd)
        finally:
            os.close(fd)
        error = abs(self.calls.stat(path).st_mtime - _TIME)
        facts = {"off_by_seconds": round(error, 7), "assumed_seconds": self.drive.traits.time_resolution}
        if error <= max(2.0, self.drive.traits.time_resolution):
            self.report.fine("times", "Capture times are kept.", **facts)
        else:
            self.report.note(
                "times",
                "The drive does not keep the times of files. The copies are complete anyway.",
                **facts,
            )

    def speed(self) -> None:
        """Measure writing and reading back, and test that a file is read from the drive, not from memory."""
        facts = os.statvfs(self.folder)
        room = int(facts.f_bavail * facts.f_frsize * SHARE_OF_ROOM) if facts.f_blocks else SPEED_BYTES
        wanted = min(SPEED_BYTES, room)
        if wanted < _BLOCK:
            self.report.note("speed", "The speed was not measured, because the drive is almost full.")
            return
        self.report.step("Measuring the drive's speed")
        path, blocks = self.folder / "speed", [os.urandom(_BLOCK) for _ in range(4)]
        digest, written = self._write(path, blocks, wanted)
        self._check_stop()
        reader = Reader(self.drive.traits, self.drive.device, self.calls, self._check_stop)
        began = time.monotonic()
        found = reader.digest(path)
        read_seconds = max(time.monotonic() - began, 1e-6)
        if found.sha256 != digest:
            self.report.wrong("read-back", str(ReadBackDiffers(path)), same=False)
            return
        from_drive = found.read_back is ReadBack.FROM_DRIVE
        speeds = {
            "bytes": found.size,
            "write_per_second": round(written),
            "read_per_second": round(found.size / read_seconds),
        }
        sentence = f"The drive writes {rate(written)} and reads {rate(found.size / read_seconds)}."
        if written < SLOW:
            self.report.note("speed", f"{sentence} An iPhone sends about 35 MB/s.", **speeds)
        else:
            self.report.fine("speed", sentence, **speeds)
        if from_drive:
            self.report.fine("read-back", "Copies are read back from the drive itself.", from_drive=True)
        else:
            self.report.note(
                "read-back",
                "Copies are read back through memory, because this file system or user cannot empty its "
                "cache. To be sure, plug the drive in again after a backup and run ambertime verify.",
                from_drive=False,
            )

    def _write(self, path: Path, blocks: list[bytes], wanted: int) -> tuple[str, float]:
        """Write a synced file. Returns its SHA-256 and the speed in bytes per second."""
        digest, count = hashlib.sha256(), 0
        fd = self.calls.create(path)
        try:
            began = time.monotonic()
            while count < wanted and time.monotonic() - began < SPEED_SECONDS:
                self._check_stop()
                block = memoryview(blocks[count // _BLOCK % len(blocks)])
                while block:
                    done = self.calls.write(fd, block)
                    digest.update(block[:done])
                    block = block[done:]
                    count += done
            self.calls.fsync(fd)
            seconds = max(time.monotonic() - began, 1e-6)
        finally:
            os.close(fd)
        return digest.hexdigest(), count / seconds

    def _check_stop(self) -> None:
        if self.stop.is_set():
            raise Stopped
