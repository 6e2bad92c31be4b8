"""Files that lie on the target without being in the record: an earlier archive, by this or another tool.

When an asset's bytes are the very bytes of such a file, the file is adopted: recorded where it lies, instead
of being written a second time. Only size and SHA-256 count, read from the drive, after the file has been
synced.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ambertime_tui.drive.errors import drive_error
from ambertime_tui.drive.naming import is_part_name, name_key
from ambertime_tui.drive.read_back import FileDigest, Reader
from ambertime_tui.drive.system_calls import SystemCalls, closing

_NOT_MEDIA = frozenset({"SHA256SUMS", "lost+found", "$RECYCLE.BIN", "System Volume Information"})


class ExistingFiles:
    """An index by size of the files that no asset has yet. Methods may be called from any thread."""

    def __init__(
        self, root: Path, recorded: Callable[[], frozenset[str]], reader: Reader, calls: SystemCalls
    ) -> None:
        self._root = root
        self._recorded = recorded
        self._reader = reader
        self._calls = calls
        self._lock = threading.Lock()
        self._by_size: dict[int, set[str]] | None = None
        self._digests: dict[str, FileDigest] = {}

    def claim(self, size: int, sha256: str, preferred: str) -> tuple[str, FileDigest] | None:
        """A file of just these bytes, which from now on is the caller's; None where there is none.

        Args:
            size: in bytes; an empty file is never adopted.
            sha256: in hex.
            preferred: the path (relative to the target) that the asset would give it: taken before any other.

        Raises:
            DriveError: the target cannot be listed.
        """
        if size == 0:
            return None
        with self._lock:
            candidates = self._index().get(size, set())
            same_name = name_key(preferred.rpartition("/")[2])
            for path in sorted(
                candidates,
                key=lambda p: (p != preferred, name_key(p.rpartition("/")[2]) != same_name, p),
            ):
                digest = self._digest(path)
                if digest is not None and (digest.size, digest.sha256) == (size, sha256):
                    candidates.discard(path)
                    return path, digest
        return None

    def give_back(self, path: str, size: int) -> None:
        """A file that is on the drive and not (or not after all) in the record."""
        with self._lock:
            if self._by_size is not None:
                self._by_size.setdefault(size, set()).add(path)

    def _index(self) -> dict[int, set[str]]:
        if self._by_size is None:
            self._by_size = {}
            recorded = self._recorded()
            keys = {(path.rpartition("/")[0], name_key(path.rpartition("/")[2])) for path in recorded}
            try:
                self._walk("", keys, self._by_size)
            except OSError as error:
                self._by_size = None
                raise drive_error(error, self._root, doing="listing") from error
        return self._by_size

    def _walk(self, folder: str, recorded: set[tuple[str, str]], found: dict[int, set[str]]) -> None:
        with os.scandir(self._root / folder) as entries:
            there = sorted(entries, key=lambda entry: entry.name)
        for entry in there:
            name = entry.name
            if name.startswith(".") or name in _NOT_MEDIA or is_part_name(name) or not _is_text(name):
                continue
            path = f"{folder}/{name}" if folder else name
            if entry.is_dir(follow_symlinks=False):
                # Others may be at work in it: what is gone, or closed to us, is nothing to adopt.
                with suppress(PermissionError, FileNotFoundError, NotADirectoryError):
                    self._walk(path, recorded, found)
            elif (folder, name_key(name)) not in recorded and entry.is_file(follow_symlinks=False):
                with suppress(FileNotFoundError):
                    found.setdefault(entry.stat(follow_symlinks=False).st_size, set()).add(path)

    def _digest(self, path: str) -> FileDigest | None:
        """Brings the file and its name to the drive, then hashes what the drive gives; None: it cannot be
        read."""
        if path not in self._digests:
            full = self._root / path
            try:
                before = full.lstat()
                if not stat.S_ISREG(before.st_mode):
                    return None
                with closing(self._calls, self._calls.open_read(full)) as fd:
                    self._calls.fsync(fd)
                for folder in (full.parent, *full.parent.parents):
                    self._calls.fsync_folder(folder)
                    if folder == self._root:
                        break
                self._digests[path] = self._reader.digest(full)
            except OSError:
                return None
        return self._digests[path]


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
