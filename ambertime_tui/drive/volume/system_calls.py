"""The system calls that change a target, in one class, so that tests can make any of them fail.

After `confine`, a path below the target is reached part by part and never through a link (see `root_folder`),
and a path outside it is refused.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ambertime_tui.drive.errors import FsyncUnsupported, Obstacle, ObstacleInArchive
from ambertime_tui.drive.volume.root_folder import Entry, RootFolder, entries_of

_NOT_POSSIBLE_HERE = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
_NO_LINKS_HERE = _NOT_POSSIBLE_HERE | {errno.EPERM, errno.EMLINK}
_TIME_NOT_KEPT = _NOT_POSSIBLE_HERE | {errno.EPERM, errno.EACCES, errno.EOVERFLOW}
_AT_FDCWD = -2 if sys.platform == "darwin" else -100
_RENAME_NOREPLACE = 1
_RENAME_EXCL = 4
_F_FULLFSYNC = 51
_RWF_NOWAIT = getattr(os, "RWF_NOWAIT", 0)


class SystemCalls:
    """The operating system calls that a target needs. Each method raises OSError like the call itself.

    A confined call raises ObstacleInArchive, which is an OSError, for a link or anything else that is in the
    place of a folder or file.
    """

    _target: RootFolder | None = None

    def confine(self, target: RootFolder) -> None:
        """Use only what is in this open folder from now on, also after it was closed."""
        self._target = target

    def create(self, path: Path) -> int:
        """Create a file that must not exist yet (O_EXCL) and open it for writing."""
        return self._open_file(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)

    def create_empty(self, path: Path) -> None:
        """Create an empty file for SQLite, which writes and syncs it. Keeps a file that exists."""
        with suppress(FileExistsError):
            os.close(self._open_file(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))

    def open_append(self, path: Path) -> int:
        """Open a file of ours for appending; create it if it does not exist."""
        return self._open_own(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def open_existing(self, path: Path) -> int:
        """Open one of our files for writing, positioned at its beginning."""
        return self._open_own(path, os.O_WRONLY)

    def truncate(self, fd: int, size: int) -> None:
        """Truncate a file to `size` bytes and move to its end."""
        os.ftruncate(fd, size)
        os.lseek(fd, size, os.SEEK_SET)

    def open_read(self, path: Path, *, direct: bool = False) -> int:
        """Open a file for reading; `direct` bypasses the page cache (O_DIRECT)."""
        return self._open_file(path, os.O_RDONLY | (getattr(os, "O_DIRECT", 0) if direct else 0))

    def open_device(self, path: str) -> int:
        """Open the device node of a file system for reading."""
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)

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
        """Write a file through to the drive; on macOS also through the drive's cache (F_FULLFSYNC).

        Raises:
            FsyncUnsupported: this file system cannot do that.
        """
        if sys.platform == "darwin":
            try:
                fcntl.fcntl(fd, _F_FULLFSYNC)
                return
            except OSError as error:
                if error.errno not in _NOT_POSSIBLE_HERE | {errno.ENOTTY}:
                    raise
        try:
            os.fsync(fd)
        except OSError as error:
            if error.errno in _NOT_POSSIBLE_HERE:
                raise FsyncUnsupported(error.errno, error.strerror) from error
            raise

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
        if self.exists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        self.replace(source, target)

    def _rename_exclusive(self, source: Path, target: Path) -> None:
        c = _libc()
        with self._in_folder(source) as (old_fd, old), self._in_folder(target) as (new_fd, new):
            old_name, new_name = os.fsencode(old), os.fsencode(new)
            if sys.platform == "darwin":
                failed = c.renameatx_np(old_fd, old_name, new_fd, new_name, _RENAME_EXCL)
            elif hasattr(c, "renameat2"):
                failed = c.renameat2(old_fd, old_name, new_fd, new_name, _RENAME_NOREPLACE)
            else:
                raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
            if failed:
                code = ctypes.get_errno()
                raise OSError(code, os.strerror(code), str(target))

    def link(self, source: Path, target: Path) -> None:
        """Add a hard link to a file."""
        with self._in_folder(source) as (old_fd, old), self._in_folder(target) as (new_fd, new):
            os.link(old, new, src_dir_fd=old_fd, dst_dir_fd=new_fd, follow_symlinks=False)

    def replace(self, source: Path, target: Path) -> None:
        """Rename and replace. Only for our own bookkeeping files."""
        with self._in_folder(source) as (old_fd, old), self._in_folder(target) as (new_fd, new):
            os.replace(old, new, src_dir_fd=old_fd, dst_dir_fd=new_fd)

    def unlink(self, path: Path) -> None:
        """Remove a file. Only for our own parts and temporary files."""
        with self._in_folder(path) as (fd, name):
            os.unlink(name, dir_fd=fd)

    def mkdir(self, path: Path) -> None:
        """Create one folder."""
        with self._in_folder(path) as (fd, name):
            os.mkdir(name, dir_fd=fd)

    def fsync_folder(self, path: Path) -> None:
        """Write the names in a folder through to the drive. Ignores EINVAL (not supported), but not EIO."""
        with self._readable_folder(path) as fd:
            try:
                os.fsync(fd)
            except OSError as error:
                if error.errno not in _NOT_POSSIBLE_HERE:
                    raise

    def stat(self, path: Path) -> os.stat_result:
        """Describe a file, folder or link itself."""
        if self._target is None:
            return path.lstat()
        return self._target.stat(self._below(path))

    def exists(self, path: Path) -> bool:
        """Whether a name exists, also as a link that leads nowhere."""
        try:
            self.stat(path)
        except FileNotFoundError:
            return False
        return True

    def list_names(self, path: Path) -> list[str]:
        """The names in a folder."""
        with self._readable_folder(path) as fd:
            return os.listdir(fd)  # noqa: PTH208 - a descriptor, not a path

    def list_entries(self, path: Path) -> list[Entry]:
        """The names in a folder, sorted, with what they are."""
        with self._readable_folder(path) as fd:
            return entries_of(fd)

    def check_folder(self, path: Path) -> None:
        """Check that a path is a folder, and not a link to one."""
        with self._readable_folder(path):
            pass

    def commit(self, connection: sqlite3.Connection) -> None:
        """Commit a transaction of the record; SQLite makes the system calls."""
        connection.execute("COMMIT")

    def _open_file(self, path: Path, flags: int) -> int:
        if self._target is None:
            return os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        return self._target.open_file(self._below(path), flags)

    def _open_own(self, path: Path, flags: int) -> int:
        """Open a file for writing that exists. Never one that has a second name: it is not ours alone.

        Raises:
            OSError: EMLINK for such a file.
        """
        fd = self._open_file(path, flags)
        if os.fstat(fd).st_nlink > 1:
            os.close(fd)
            raise OSError(errno.EMLINK, os.strerror(errno.EMLINK), str(path))
        return fd

    @contextmanager
    def _in_folder(self, path: Path) -> Iterator[tuple[int, str]]:
        """The open folder that a path is in, and its name there."""
        if self._target is None:
            yield _AT_FDCWD, os.fspath(path)
        else:
            with self._target.parent_of(self._below(path)) as found:
                yield found

    @contextmanager
    def _readable_folder(self, path: Path) -> Iterator[int]:
        if self._target is not None:
            with self._target.readable_folder(self._below(path)) as fd:
                yield fd
            return
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield fd
        finally:
            os.close(fd)

    def _below(self, path: Path) -> str:
        """A path relative to the target.

        Raises:
            ObstacleInArchive: it is not below the target.
        """
        assert self._target is not None
        root, whole = os.fspath(self._target.path), os.fspath(path)
        if whole == root:
            return ""
        start = root if root.endswith("/") else f"{root}/"
        if not whole.startswith(start):
            raise ObstacleInArchive(self._target.path, Obstacle.OUTSIDE, ascii(whole))
        return whole[len(start) :]


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
