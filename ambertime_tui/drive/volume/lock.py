"""The lock of a target: one job at a time may write to it."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ambertime_tui.drive.errors import (
    ObstacleInArchive,
    TargetGone,
    TargetInUse,
    TargetMissing,
    TargetNotAFolder,
    TargetSwapped,
    TargetWithoutLocks,
)
from ambertime_tui.drive.layout import LOCK, OURS
from ambertime_tui.drive.os_errors import drive_error
from ambertime_tui.drive.volume.marker import (
    Marker,
    new_target_id,
    read_marker,
    refuse_inside_archive,
    write_marker,
)
from ambertime_tui.drive.volume.own_files import check_own_files, opened_target
from ambertime_tui.drive.volume.root_folder import RootFolder
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.open_files import is_limit_reached

_LONGEST_NOTE = 500
"""Bytes."""
_TRIES = 8
"""How often to open the lock file again because another job replaced it at that moment."""
_CANNOT_LOCK_FOLDERS = frozenset(
    {errno.EBADF, errno.EINVAL, errno.EISDIR, errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
)
_BUSY = (errno.EWOULDBLOCK, errno.EACCES)
NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})
"""What locking a file fails with where there are no locks."""


@dataclass(frozen=True, slots=True)
class TargetLock:
    """A locked target and its identity at that time."""

    root: Path
    marker: Marker
    device: int
    """st_dev of the target folder; it changes with the mount."""
    inode: int
    folder: RootFolder
    """The open target folder."""
    descriptors: tuple[int, ...]
    """The locked files. The kernel releases the locks when the process ends."""

    def check(self) -> None:
        """Check that the same target is still at this path.

        Raises:
            TargetGone: it was unmounted or unplugged.
            TargetSwapped: another drive is mounted at its path.
            ArchiveObstructed: a link took the place of a folder or of the marker.
        """
        try:
            now = self.root.stat()
            found = read_marker(self.root)
        except ObstacleInArchive as error:
            raise drive_error(error, self.root) from error
        except OSError as error:
            if is_limit_reached(error):
                raise drive_error(error, self.root) from error
            raise TargetGone(self.root, os.strerror(error.errno or errno.EIO).lower()) from error
        if (now.st_dev, now.st_ino) == (self.device, self.inode) and found == self.marker:
            return
        if found is None:
            raise TargetGone(self.root, "the folder exists, but the archive is not in it")
        raise TargetSwapped(self.root)

    def release(self) -> None:
        """Release the lock."""
        for fd in self.descriptors:
            with suppress(OSError):
                os.close(fd)
        self.folder.close()


def lock_target(root: Path, *, now: float, calls: SystemCalls) -> TargetLock:
    """Lock a target and read its marker; a new target gets one. Confines `calls` to the target.

    Args:
        root: the target folder; it must exist.
        now: seconds since 1970, for a new marker and the note in the lock file.
        calls: the operating system.

    Raises:
        TargetMissing, TargetNotAFolder, TargetInsideArchive, TargetReadOnly, TargetInUse: see there.
        ArchiveObstructed: a link or a special file is in the place of one of AmberTime's files.
        DriveError: the drive cannot be read or written.
    """
    try:
        folder = root.stat()
    except FileNotFoundError as error:
        raise TargetMissing(root) from error
    except NotADirectoryError as error:
        raise TargetNotAFolder(root) from error
    except OSError as error:
        raise drive_error(error, root, doing="reading") from error
    if not stat.S_ISDIR(folder.st_mode):
        raise TargetNotAFolder(root)
    refuse_inside_archive(root)
    ours, descriptors = root / OURS, list[int]()
    with ExitStack() as undo:
        try:
            target = RootFolder(root)
            undo.callback(target.close)
            check_own_files(target)
            calls.confine(target)
            with suppress(FileExistsError):
                calls.mkdir(ours)
            calls.fsync_folder(root)
            for fd in _locked(target, root, calls):
                undo.callback(os.close, fd)
                descriptors.append(fd)
            _note_holder(descriptors[-1], now)
            marker = read_marker(root)
            if marker is None:
                marker = Marker(new_target_id(), datetime.fromtimestamp(now, UTC).isoformat())
                write_marker(root, marker, calls)
        except OSError as error:
            raise drive_error(error, ours) from error
        undo.pop_all()
    return TargetLock(root, marker, folder.st_dev, folder.st_ino, target, tuple(descriptors))


@contextmanager
def no_job_writes(root: Path) -> Iterator[None]:
    """Keep jobs from starting to write to a target within a `with` block.

    Raises:
        TargetInUse: a job is writing to it.
        DriveError: the target has no lock file, or no locks.
    """
    try:
        with opened_target(root) as target:
            fd = target.open_file(f"{OURS}/{LOCK}", os.O_RDONLY)
    except OSError as error:
        raise drive_error(error, root / OURS / LOCK, doing="reading") from error
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield
    except OSError as error:
        if error.errno in NO_LOCKS:
            raise TargetWithoutLocks(root, os.strerror(error.errno)) from error
        if error.errno in _BUSY:
            raise TargetInUse(root, "") from error
        raise drive_error(error, root, doing="reading") from error
    finally:
        os.close(fd)


def _locked(target: RootFolder, root: Path, calls: SystemCalls) -> Iterator[int]:
    """Lock `.ambertime` itself, if folders can be locked, and the lock file. Yields their descriptors.

    `cp -al` gives two archives one lock file. This one then gets its own file, so that a job on the one
    does not lock the other, and so that nothing is written to the other. The folder's lock keeps a second job
    from replacing the file of a running one.
    """
    with target.folder(OURS) as fd:
        folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=fd)
    yield folder
    has_folder = _take(folder, target, root, may_lack=True)
    path = f"{OURS}/{LOCK}"
    for _ in range(_TRIES):
        lock = target.open_file(path, os.O_RDWR | os.O_CREAT)
        try:
            shared = os.fstat(lock).st_nlink > 1
            if not (shared and has_folder):
                _take(lock, target, root)
            if shared:
                scratch = root / OURS / f"{LOCK}.new"
                with suppress(FileNotFoundError):
                    calls.unlink(scratch)
                calls.close(calls.create(scratch))
                calls.replace(scratch, root / path)
            elif os.path.samestat(os.fstat(lock), target.stat(path)):
                kept, lock = lock, -1
                yield kept
                return
        except FileNotFoundError:
            continue
        finally:
            if lock >= 0:
                os.close(lock)
    raise TargetInUse(root, "")


def _take(fd: int, target: RootFolder, root: Path, *, may_lack: bool = False) -> bool:
    """Lock an open file or folder. False if folders cannot be locked here, with `may_lack`.

    Raises:
        TargetInUse: another job has it.
    """
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if may_lack and error.errno in _CANNOT_LOCK_FOLDERS:
            return False
        if error.errno in NO_LOCKS:
            raise TargetWithoutLocks(root, os.strerror(error.errno)) from error
        if error.errno not in _BUSY:
            raise
        holder = ""
        with suppress(OSError, ValueError):
            holder = target.read(f"{OURS}/{LOCK}", _LONGEST_NOTE).decode("utf-8", "replace").strip()
        raise TargetInUse(root, holder) from error
    return True


def _note_holder(fd: int, now: float) -> None:
    """Write into the locked file who holds it."""
    since = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M UTC")
    os.ftruncate(fd, 0)
    os.pwrite(fd, f"process {os.getpid()} on {socket.gethostname()}, since {since}\n".encode(), 0)
