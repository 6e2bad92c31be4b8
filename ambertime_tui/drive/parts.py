"""The journal of parts: which `.NAME.part` files on a target are ours.

A part is announced, and the announcement synced, before it is made. So after any crash the next run can
remove exactly the parts of dead jobs, and a `.holiday.part` that somebody else keeps in the archive is never
touched.
"""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath

from ambertime_tui.drive.checksums import write_atomically
from ambertime_tui.drive.errors import drive_error
from ambertime_tui.drive.naming import is_part_name
from ambertime_tui.drive.system_calls import SystemCalls

_COMPACT_AFTER = 4096


class PartJournal:
    """The parts of the running job, and those that a dead one left. Methods may be called from any thread."""

    def __init__(self, root: Path, path: Path, calls: SystemCalls) -> None:
        self._root = root
        self._path = path
        self._calls = calls
        self._lock = threading.Lock()
        self._sync_lock = threading.Lock()
        self._live: set[str] = set()
        self._lines = 0
        self._synced = 0
        self._fd: int | None = None

    def remove_leftovers(self) -> int:
        """Removes the parts that dead jobs announced and left; returns how many there were.

        Raises:
            DriveError: one could not be removed; it stays announced.
        """
        try:
            text = self._path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise drive_error(error, self._path, doing="reading") from error
        removed = 0
        for line in text.splitlines():
            part = _announced(line)
            if part is not None and self._is_plain_file(part):
                path = self._root / part
                try:
                    self._calls.unlink(path)
                except OSError as error:
                    raise drive_error(error, path, doing="removing") from error
                removed += 1
        try:
            self._calls.unlink(self._path)
        except OSError as error:
            raise drive_error(error, self._path, doing="removing") from error
        return removed

    def take(self, part: str) -> bool:
        """Sets a path (relative to the target) apart for a writer; False where another has it."""
        with self._lock:
            key = part.casefold()
            if any(key == live.casefold() for live in self._live):
                return False
            self._live.add(part)
            return True

    def announce(self, parts: Sequence[str]) -> None:
        """Says, durably, that files of these paths (taken before) are going to be ours.

        Raises:
            DriveError: none of them may be made.
        """
        data = "".join(json.dumps(part) + "\n" for part in parts).encode()
        try:
            with self._lock:
                if self._lines >= _COMPACT_AFTER:
                    self._compact()
                fd = self._opened()
                rest = memoryview(data)
                while rest:
                    rest = rest[self._calls.write(fd, rest) :]
                self._lines += len(parts)
                mine = self._lines
            with self._sync_lock:
                if self._synced < mine:
                    with self._lock:
                        fd, upto = self._opened(), self._lines
                    self._calls.fsync(fd)
                    self._synced = upto
        except OSError as error:
            self._give_up()
            self.forget(parts)
            raise drive_error(error, self._path) from error

    def forget(self, parts: Iterable[str]) -> None:
        """These parts are no more: renamed into place, or removed."""
        with self._lock:
            self._live.difference_update(parts)

    def live(self) -> tuple[str, ...]:
        """Parts announced and not forgotten."""
        with self._lock:
            return tuple(sorted(self._live))

    def close(self) -> None:
        """Ends the journal; it is removed where no part is left."""
        with self._lock:
            if self._fd is None:
                return
            fd, self._fd = self._fd, None
            with suppress(OSError):
                self._calls.close(fd)
                if not self._live:
                    self._calls.unlink(self._path)

    def _opened(self) -> int:
        if self._fd is None:
            if self._live:
                self._rewrite()
            self._fd = self._calls.open_append(self._path)
            self._calls.fsync_folder(self._path.parent)
        return self._fd

    def _compact(self) -> None:
        with self._sync_lock:
            if self._fd is not None:
                fd, self._fd = self._fd, None
                self._calls.close(fd)
            self._rewrite()
            self._lines = self._synced = 0

    def _rewrite(self) -> None:
        lines = "".join(json.dumps(part) + "\n" for part in sorted(self._live))
        write_atomically(self._path, self._path.with_suffix(".new"), lines.encode(), self._calls)

    def _give_up(self) -> None:
        """After an error the descriptor is not used again: the next announcement writes the journal anew."""
        with self._lock:
            if self._fd is not None:
                fd, self._fd = self._fd, None
                with suppress(OSError):
                    self._calls.close(fd)

    def _is_plain_file(self, part: str) -> bool:
        """False for what is gone, or where a link would lead elsewhere."""
        path = self._root
        try:
            for name in PurePosixPath(part).parts[:-1]:
                path = path / name
                if not stat.S_ISDIR(path.lstat().st_mode):
                    return False
            return stat.S_ISREG((self._root / part).lstat().st_mode)
        except OSError:
            return False


def _announced(line: str) -> str | None:
    """The path a line announces; None for a torn line or one that no job of ours has written."""
    try:
        part = json.loads(line)
    except ValueError:
        return None
    if not isinstance(part, str) or "\0" in part or part.startswith("/"):
        return None
    names = part.split("/")
    if ".." in names or "" in names or not is_part_name(names[-1]):
        return None
    return part
