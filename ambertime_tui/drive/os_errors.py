"""The error of a drive for a system call that failed."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from ambertime_tui.drive.errors import (
    ArchiveObstructed,
    DriveError,
    DriveFull,
    FileTooLarge,
    FsyncUnsupported,
    NameTooLong,
    ObstacleInArchive,
    SyncRefused,
    TargetGone,
    TargetReadOnly,
    TargetUnreadable,
    TooFewOpenFiles,
    WriteFailed,
)
from ambertime_tui.open_files import is_limit_reached

_GONE = frozenset(
    {errno.ENOTCONN, errno.ECONNABORTED, errno.ENODEV, errno.ENXIO, errno.ESTALE, errno.ESHUTDOWN}
)


def drive_error(error: OSError, path: Path, *, doing: str = "writing", size: int | None = None) -> DriveError:
    """The DriveError for a failed system call.

    Args:
        error: from the system call.
        path: the file or folder.
        doing: a verb for the sentence: "writing", "reading", "listing".
        size: of the file in bytes, if known.
    """
    if isinstance(error, ObstacleInArchive):
        return ArchiveObstructed(error.path, error.obstacle, error.needed)
    code = error.errno or errno.EIO
    if isinstance(error, FsyncUnsupported):
        return SyncRefused(path)
    if is_limit_reached(error):
        return TooFewOpenFiles(path, error)
    if code in (errno.ENOSPC, errno.EDQUOT):
        return DriveFull(path, size, None)
    if code == errno.EROFS:
        return TargetReadOnly(path)
    if code in (errno.EACCES, errno.EPERM):
        denied = TargetUnreadable if doing in ("reading", "listing") else TargetReadOnly
        return denied(path, os.strerror(code).lower())
    if code == errno.EFBIG:
        return FileTooLarge(path, size, None)
    if code == errno.ENAMETOOLONG:
        return NameTooLong(path)
    if code in _GONE:
        return TargetGone(path, os.strerror(code).lower())
    return WriteFailed(path, code, doing)
