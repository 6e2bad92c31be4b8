"""The system calls that change a target, in one class, so that tests can make any of them fail."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NOT_POSSIBLE_HERE = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
_NO_LINKS_HERE = _NOT_POSSIBLE_HERE | {errno.EPERM, errno.EMLINK}
_TIME_NOT_KEPT = _NOT_POSSIBLE_HERE | {errno.EPERM, errno.EACCES, errno.EOVERFLOW}
_AT_FDCWD = -100
_RENAME_NOREPLACE = 1
_RENAME_EXCL = 4
_F_FULLFSYNC = 51
_RWF_NOWAIT = getattr(os, "RWF_NOWAIT", 0)


class SystemCalls:
    """The operating system calls that a target needs. Each method raises OSError like the call itself."""

    def create(self, path: Path) -> int:
        """Create a file that must not exist yet (O_EXCL) and open it for writing."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)

    def open_append(self, path: Path) -> int:
        """Open a file for appending; create it if it does not exist."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)

    def open_existing(self, path: Path) -> int:
        """Open one of our files for writing, positioned at its beginning."""
        return os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)

    def truncate(self, fd: int, size: int) -> None:
        """Truncate a file to `size` bytes and move to its end."""
        os.ftruncate(fd, size)
        os.lseek(fd, size, os.SEEK_SET)

    def open_read(self, path: Path, *, direct: bool = False) -> int:
        """Open a file for reading; `direct` bypasses the page cache (O_DIRECT)."""
        past_the_cache = getattr(os, "O_DIRECT", 0) if direct else 0
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | past_the_cache)

    def write(self, fd: int, data: bytes | memoryview) -> int:
        """Call write(2) once. Returns the number of bytes written, which may be fewer than given."""
        return os.write(fd, data)

    def set_modified(self, fd: int, when: float) -> None:
        """Set the modification time (seconds since 1970), if the file system can store it."""
        try:
            nanoseconds = round(when * 1_000_000_000)
            os.utime(fd, ns=(nanoseconds, nanoseconds))
        except OverflowError:
            return
        except OSError as error:
            if error.errno not in _TIME_NOT_KEPT:
                raise

    def fsync(self, fd: int) -> None:
        """Write a file through to the drive; on macOS also through the drive's cache (F_FULLFSYNC)."""
        if sys.platform == "darwin":
            try:
                fcntl.fcntl(fd, _F_FULLFSYNC)
                return
            except OSError as error:
                if error.errno not in _NOT_POSSIBLE_HERE | {errno.ENOTTY}:
                    raise
        os.fsync(fd)

    def close(self, fd: int) -> None:
        """Close a descriptor."""
        os.close(fd)

    def drop_cache(self, fd: int) -> None:
        """Ask the kernel to drop the clean cached pages of a file (posix_fadvise DONTNEED)."""
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def is_cached(self, fd: int, offset: int) -> bool | None:
        """Whether the byte at `offset` is in the page cache. None if this file system cannot say."""
        if not _RWF_NOWAIT:
            return None
        try:
            return os.preadv(fd, [bytearray(1)], offset, _RWF_NOWAIT) > 0
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno in _NOT_POSSIBLE_HERE:
                return None
            raise

    def rename_noreplace(self, source: Path, target: Path) -> None:
        """Rename without replacing an existing file.

        Uses renameat2(RENAME_NOREPLACE) if the file system has it, or link and unlink if it has hard links.
        Both are safe against other programs. exFAT's FUSE driver has neither; there, a check before the
        rename does not protect a file that another program creates at the same moment.

        Raises:
            FileExistsError: a file of that name exists; nothing was changed.
        """
        try:
            self._rename_exclusive(source, target)
            return
        except OSError as error:
            if error.errno not in _NOT_POSSIBLE_HERE:
                raise
        try:
            self.link(source, target)
        except FileExistsError:
            raise
        except OSError as error:
            if error.errno not in _NO_LINKS_HERE:
                raise
        else:
            self.unlink(source)
            return
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        self.replace(source, target)

    def _rename_exclusive(self, source: Path, target: Path) -> None:
        c, old, new = _libc(), os.fsencode(source), os.fsencode(target)
        if sys.platform == "darwin":
            failed = c.renamex_np(old, new, _RENAME_EXCL)
        elif hasattr(c, "renameat2"):
            failed = c.renameat2(_AT_FDCWD, old, _AT_FDCWD, new, _RENAME_NOREPLACE)
        else:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
        if failed:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), str(target))

    def link(self, source: Path, target: Path) -> None:
        """Add a hard link to a file."""
        os.link(source, target, follow_symlinks=False)

    def replace(self, source: Path, target: Path) -> None:
        """Rename and replace. Only for our own bookkeeping files."""
        source.replace(target)

    def unlink(self, path: Path) -> None:
        """Remove a file. Only for our own parts and temporary files."""
        path.unlink()

    def mkdir(self, path: Path) -> None:
        """Create one folder."""
        path.mkdir()

    def fsync_folder(self, path: Path) -> None:
        """Write the names in a folder through to the drive. Ignores EINVAL (not supported), but not EIO."""
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        except OSError as error:
            if error.errno not in _NOT_POSSIBLE_HERE:
                raise
        finally:
            os.close(fd)

    def commit(self, connection: sqlite3.Connection) -> None:
        """Commit a transaction of the record; SQLite makes the system calls."""
        connection.execute("COMMIT")


@contextmanager
def closing(calls: SystemCalls, fd: int) -> Iterator[int]:
    """Close a descriptor at the end of the block. Only for reading."""
    try:
        yield fd
    finally:
        calls.close(fd)


_loaded: list[ctypes.CDLL] = []


def _libc() -> ctypes.CDLL:
    if not _loaded:
        _loaded.append(ctypes.CDLL(None, use_errno=True))
    return _loaded[0]
