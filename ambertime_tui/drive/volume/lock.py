"""The lock that one job holds on its target."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from collections.abc import Callable
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
from ambertime_tui.drive.volume.marker import Marker, new_id, read_marker, refuse_inside_archive, write_marker
from ambertime_tui.drive.volume.system_calls import SystemCalls


@dataclass(frozen=True, slots=True)
class TargetLock:
    """A locked target: its identity then, to be compared with what is at its path now."""

    root: Path
    marker: Marker
    device: int
    """st_dev of the target folder: another one is another mount."""
    inode: int
    lock: int
    """Descriptor of the lock file; the lock dies with its holder."""

    def check(self) -> None:
        """Looks whether the very same target is still there.

        Raises:
            TargetGone: it was unmounted or unplugged.
            TargetSwapped: another drive is mounted at its path.
        """
        try:
            now = self.root.stat()
            there = read_marker(self.root)
        except OSError as error:
            raise TargetGone(self.root, os.strerror(error.errno or errno.EIO).lower()) from error
        if (now.st_dev, now.st_ino) == (self.device, self.inode) and there == self.marker:
            return
        if there is None:
            raise TargetGone(self.root, "the folder is there, the archive is not")
        raise TargetSwapped(self.root)

    def release(self) -> None:
        """Gives up the lock."""
        with suppress(OSError):
            os.close(self.lock)


def lock_target(
    root: Path,
    *,
    now: float,
    calls: SystemCalls,
    expected_id: str | None,
    token: Callable[[], str] | None = None,
) -> TargetLock:
    """Locks a target and reads its marker, or makes one.

    Args:
        root: the target folder; it has to exist.
        now: seconds since 1970, for a new marker and for the name on the lock.
        calls: the operating system.
        expected_id: the id this target had when it was last seen; a target without it is refused.
        token: makes the id of a new target (32 hex digits).

    Raises:
        TargetMissing, TargetNotAFolder, TargetInsideArchive, TargetReadOnly, TargetInUse, TargetSwapped,
        DriveError.
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
        if expected_id is not None:
            found = read_marker(root)
            if found is None or found.target_id != expected_id:
                raise TargetSwapped(root)
        with suppress(FileExistsError):
            calls.mkdir(ours)
        calls.fsync_folder(root)
        lock = os.open(ours / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except OSError as error:
        raise drive_error(error, ours) from error
    try:
        _lock(lock, root, now)
        marker = read_marker(root)
        if marker is None:
            marker = Marker((token or new_id)(), datetime.fromtimestamp(now, UTC).isoformat())
            write_marker(root, marker, calls)
    except BaseException as error:
        os.close(lock)
        if isinstance(error, OSError):
            raise drive_error(error, ours) from error
        raise
    return TargetLock(root, marker, folder.st_dev, folder.st_ino, lock)


def _lock(fd: int, root: Path, now: float) -> None:
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
