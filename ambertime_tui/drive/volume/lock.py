"""The lock of a target: one job at a time may write to it."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ambertime_tui.drive.errors import (
    TargetGone,
    TargetInUse,
    TargetMissing,
    TargetNotAFolder,
    TargetSwapped,
    drive_error,
)
from ambertime_tui.drive.layout import LOCK, OURS
from ambertime_tui.drive.volume.marker import (
    Marker,
    new_target_id,
    read_marker,
    refuse_inside_archive,
    write_marker,
)
from ambertime_tui.drive.volume.system_calls import SystemCalls


@dataclass(frozen=True, slots=True)
class TargetLock:
    """A locked target and its identity at that time."""

    root: Path
    marker: Marker
    device: int
    """st_dev of the target folder; it changes with the mount."""
    inode: int
    descriptor: int
    """The open lock file. The kernel releases the lock when the process ends."""

    def check(self) -> None:
        """Check that the same target is still at this path.

        Raises:
            TargetGone: it was unmounted or unplugged.
            TargetSwapped: another drive is mounted at its path.
        """
        try:
            now = self.root.stat()
            found = read_marker(self.root)
        except OSError as error:
            raise TargetGone(self.root, os.strerror(error.errno or errno.EIO).lower()) from error
        if (now.st_dev, now.st_ino) == (self.device, self.inode) and found == self.marker:
            return
        if found is None:
            raise TargetGone(self.root, "the folder exists, but the archive is not in it")
        raise TargetSwapped(self.root)

    def release(self) -> None:
        """Release the lock."""
        with suppress(OSError):
            os.close(self.descriptor)


def lock_target(root: Path, *, now: float, calls: SystemCalls) -> TargetLock:
    """Lock a target and read its marker; a new target gets one.

    Args:
        root: the target folder; it must exist.
        now: seconds since 1970, for a new marker and the note in the lock file.
        calls: the operating system.

    Raises:
        TargetMissing, TargetNotAFolder, TargetInsideArchive, TargetReadOnly, TargetInUse, DriveError.
    """
    try:
        folder = root.stat()
    except FileNotFoundError as error:
        raise TargetMissing(root) from error
    except NotADirectoryError as error:
        raise TargetNotAFolder(root) from error
    except OSError as error:
        raise drive_error(error, root, doing="reading") from error
    if not os.path.isdir(root):  # noqa: PTH112 - a Path method would hide the error of stat
        raise TargetNotAFolder(root)
    refuse_inside_archive(root)
    ours = root / OURS
    try:
        with suppress(FileExistsError):
            calls.mkdir(ours)
        calls.fsync_folder(root)
        descriptor = os.open(ours / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except OSError as error:
        raise drive_error(error, ours) from error
    try:
        _lock_file(descriptor, root, now)
        marker = read_marker(root)
        if marker is None:
            marker = Marker(new_target_id(), datetime.fromtimestamp(now, UTC).isoformat())
            write_marker(root, marker, calls)
    except BaseException as error:
        os.close(descriptor)
        if isinstance(error, OSError):
            raise drive_error(error, ours) from error
        raise
    return TargetLock(root, marker, folder.st_dev, folder.st_ino, descriptor)


def _lock_file(fd: int, root: Path, now: float) -> None:
    """Lock the open lock file and write into it who holds it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise
        holder = os.pread(fd, 500, 0).decode("utf-8", "replace").strip()
        raise TargetInUse(root, holder) from error
    since = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M UTC")
    os.ftruncate(fd, 0)
    os.pwrite(fd, f"process {os.getpid()} on {socket.gethostname()}, since {since}\n".encode(), 0)
