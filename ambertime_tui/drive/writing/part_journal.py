"""The journal of unfinished files: which `.NAME.part` files on a target are ours, and their checkpoints.

A part is registered in the journal, and the journal synced, before the part is created. After a crash, the
next run can remove exactly the parts of interrupted jobs; a `.holiday.part` of another program is never
touched. If the journal was lost with the rest of `.ambertime`, `lost_parts` finds them.

For a large file the journal has checkpoints: how many bytes were synced, and their hash. The next run resumes
from there if the file on the phone is unchanged. A checkpoint is kept for one run.
"""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ambertime_tui import units
from ambertime_tui.drive.errors import (
    DriveError,
)
from ambertime_tui.drive.os_errors import drive_error
from ambertime_tui.drive.volume.atomic_write import write_atomically
from ambertime_tui.drive.volume.relative_path import UnsafePath, checked_archive_path
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.drive.writing.naming import is_part_name

_COMPACT_AFTER = 4096
_LONGEST = 16 << 20
"""Bytes. A journal of ours is shorter: it is compacted after 4,096 lines."""
_LONGEST_LINE = 64 << 10
"""Bytes. A line of ours has a path and a source."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How much of a part is known to be on the drive."""

    part: str
    source: str
    """What it is a copy of: phone, file, size and modification time."""
    size: int
    """Number of bytes synced."""
    sha256: str
    """Hash of these bytes, in hex."""


class PartJournal:
    """The parts of this job and of interrupted ones. Its methods are safe to call from any thread."""

    def __init__(self, root: Path, path: Path, calls: SystemCalls) -> None:
        self._root = root
        self._path = path
        self._calls = calls
        self._lock = threading.Lock()
        self._sync_lock = threading.Lock()
        self._live: set[str] = set()
        self._checkpoints: dict[str, Checkpoint] = {}
        self._resumable: dict[str, Checkpoint] = {}
        """Checkpoints of interrupted jobs, by source."""
        self._kept: set[str] = set()
        """Parts that could not be removed when they were discarded."""
        self._unsynced: set[str] = set()
        """Folders in which parts were removed since they were synced: after a power cut they may be back."""
        self._lines = 0
        self._synced = 0
        self._fd: int | None = None

    def remove_leftovers(self) -> tuple[str, ...]:
        """Remove the parts of interrupted jobs, except those that can be resumed.

        Returns a sentence if the journal names anything else than a part of this target.

        Raises:
            DriveError: one could not be removed; it stays registered.
        """
        refused = 0
        registered: dict[str, Checkpoint | None] = {}
        try:
            for line in self._lines_before():
                match _parse_line(line):
                    case Checkpoint() as so_far if so_far.part in registered:
                        registered[so_far.part] = so_far
                    case str() as part:
                        registered[part] = None
                    case UnsafePath():
                        refused += 1
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise drive_error(error, self._path, doing="reading") from error
        for part, checkpoint in registered.items():
            size = self._size_of(part)
            if size is None:
                continue
            if checkpoint is not None and size >= checkpoint.size:
                older = self._resumable.get(checkpoint.source)
                self._resumable[checkpoint.source] = checkpoint
                if older is None:
                    continue
                part = older.part
            self._remove(part)
        for checkpoint in self._resumable.values():
            self._live.add(checkpoint.part)
            self._checkpoints[checkpoint.part] = checkpoint
        if self._resumable:
            self._rewrite()
        else:
            self._sync_removals()
            try:
                self._calls.unlink(self._path)
            except OSError as error:
                raise drive_error(error, self._path, doing="removing") from error
        if not refused:
            return ()
        return (
            f"AmberTime ignored {units.plural(refused, 'line')} of {self._path}, because only its own "
            "unfinished files inside the archive belong there.",
        )

    def _lines_before(self) -> Iterator[str]:
        """The lines of the journal that the last job left."""
        left = _LONGEST
        with os.fdopen(self._calls.open_read(self._path), "rb") as stream:
            while left > 0 and (line := stream.readline(_LONGEST_LINE)):
                left -= len(line)
                yield line.decode("utf-8", "replace")

    def resume(self, source: str) -> Checkpoint | None:
        """Hand over the checkpoint of an interrupted copy of this source, if there is one."""
        with self._lock:
            return self._resumable.pop(source, None)

    def add_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Store a checkpoint durably.

        Raises:
            DriveError: it is not stored.
        """
        with self._lock:
            self._checkpoints[checkpoint.part] = checkpoint
        self._append([json.dumps(asdict(checkpoint))])

    def reserve(self, part: str) -> bool:
        """Reserve a path (relative to the target) for a writer. False if another writer has it."""
        with self._lock:
            key = part.casefold()
            if any(key == live.casefold() for live in self._live):
                return False
            self._live.add(part)
            return True

    def register(self, parts: Sequence[str]) -> None:
        """Register reserved paths durably, before files are created there.

        Raises:
            DriveError: do not create any of them.
        """
        try:
            self._append([json.dumps(part) for part in parts])
        except DriveError:
            self.forget(parts)
            raise

    def _append(self, lines: Sequence[str]) -> None:
        data = "".join(line + "\n" for line in lines).encode()
        try:
            if self._lines >= _COMPACT_AFTER:
                self._compact()
            with self._lock:
                fd = self._opened()
                rest = memoryview(data)
                while rest:
                    rest = rest[self._calls.write(fd, rest) :]
                self._lines += len(lines)
                own_lines = self._lines
            with self._sync_lock:
                if self._synced < own_lines:
                    with self._lock:
                        fd, upto = self._opened(), self._lines
                    self._calls.fsync(fd)
                    self._synced = upto
        except OSError as error:
            self._close_after_error()
            raise drive_error(error, self._path) from error

    def forget(self, parts: Iterable[str]) -> None:
        """Forget parts that were not made, or were renamed to their final names and synced."""
        with self._lock:
            for part in parts:
                self._live.discard(part)
                self._checkpoints.pop(part, None)

    def discard(self, part: str) -> None:
        """Remove a part. If that fails it stays registered, so that the end of the job or the next one tries
        again."""
        try:
            with suppress(FileNotFoundError):
                self._calls.unlink(self._root / part)
        except OSError:
            with self._lock:
                self._live.add(part)
                self._kept.add(part)
        else:
            with self._lock:
                self._unsynced.add(part.rpartition("/")[0])
            self.forget((part,))

    def is_live(self, part: str) -> bool:
        """Whether a part belongs to this job, or can be resumed by it."""
        with self._lock:
            return part in self._live

    def close(self) -> None:
        """Close the journal, and remove it if no part is left.

        Parts of interrupted jobs that this job did not resume are removed, and so are parts that could not be
        removed earlier.
        """
        with self._lock:
            unused = {checkpoint.part for checkpoint in self._resumable.values()} | self._kept
            self._resumable = {}
            self._kept = set()
        for part in sorted(unused):
            with suppress(DriveError):
                self._remove(part)
                self.forget((part,))
        with self._lock, suppress(OSError, DriveError):
            fd, self._fd = self._fd, None
            if fd is not None:
                self._calls.close(fd)
            if (unused or fd is not None) and not self._live:
                self._sync_removals()
                self._calls.unlink(self._path)

    def _opened(self) -> int:
        if self._fd is None:
            if self._live:
                self._rewrite()
            self._fd = self._calls.open_append(self._path)
            self._calls.fsync_folder(self._path.parent)
        return self._fd

    def _compact(self) -> None:
        # Same lock order as in _append, to avoid a deadlock.
        with self._sync_lock, self._lock:
            if self._lines < _COMPACT_AFTER:
                return
            if self._fd is not None:
                fd, self._fd = self._fd, None
                self._calls.close(fd)
            self._rewrite()
            self._lines = self._synced = 0

    def _sync_removals(self) -> None:
        """Make sure that removed parts are gone for good, before the journal forgets them.

        Raises:
            DriveError: a folder could not be synced.
        """
        for folder in sorted(self._unsynced):
            path = self._root / folder
            try:
                with suppress(FileNotFoundError):
                    self._calls.fsync_folder(path)
            except OSError as error:
                raise drive_error(error, path, doing="syncing the folder") from error
            self._unsynced.discard(folder)

    def _rewrite(self) -> None:
        self._sync_removals()
        lines = "".join(json.dumps(part) + "\n" for part in sorted(self._live))
        lines += "".join(json.dumps(asdict(one)) + "\n" for _, one in sorted(self._checkpoints.items()))
        write_atomically(self._path, self._path.with_suffix(".new"), [lines.encode()], self._calls)

    def _close_after_error(self) -> None:
        """Close the file after an error, so that the next line rewrites the journal."""
        with self._lock:
            if self._fd is not None:
                fd, self._fd = self._fd, None
                with suppress(OSError):
                    self._calls.close(fd)

    def _remove(self, part: str) -> None:
        path = self._root / part
        try:
            with suppress(FileNotFoundError):
                self._calls.unlink(path)
        except OSError as error:
            raise drive_error(error, path, doing="removing") from error
        self._unsynced.add(part.rpartition("/")[0])

    def _size_of(self, part: str) -> int | None:
        """Size of a part. None if it is missing, is not a regular file, or is behind a link."""
        try:
            facts = self._calls.stat(self._root / part)
        except OSError:
            return None
        return facts.st_size if stat.S_ISREG(facts.st_mode) else None


def _parse_line(line: str) -> str | Checkpoint | UnsafePath | None:
    """Parse a line. None if it is incomplete, UnsafePath if it names anything else than a part."""
    try:
        parsed = json.loads(line)
    except (ValueError, RecursionError):
        return None
    match parsed:
        case str() as part:
            return part if _may_be_ours(part) else UnsafePath(part, "is no unfinished file")
        case {"part": str() as part} if not _may_be_ours(part):
            return UnsafePath(part, "is no unfinished file")
        case {
            "part": str() as part,
            "source": str() as source,
            "size": int() as size,
            "sha256": str() as sha256,
        } if size > 0:
            return Checkpoint(part, source, size, sha256)
    return None


def _may_be_ours(part: str) -> bool:
    folder, _, name = part.rpartition("/")
    try:
        checked_archive_path(folder, name)
    except UnsafePath:
        return False
    return is_part_name(name)
