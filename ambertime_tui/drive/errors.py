"""What can go wrong with a drive, each with a sentence that says what to do."""

from __future__ import annotations

import errno
import os
from pathlib import Path


class DriveError(Exception):
    """Trouble with the target or its drive; `str()` is a sentence for a person."""


class TargetMissing(DriveError):
    """The target folder does not exist."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"The folder {path} does not exist. Make it, or mount the drive it is on.")
        self.path = path


class TargetNotMounted(DriveError):
    """There was an archive at this path, on a drive that is not mounted now."""

    def __init__(self, path: Path, mounted_at: Path) -> None:
        super().__init__(
            f"The archive at {path} is on a drive that was mounted at {mounted_at}, and nothing is mounted "
            "there now. Connect and mount the drive; for a new archive on this computer's disk, choose "
            "another folder."
        )
        self.path = path
        self.mounted_at = mounted_at


class AnotherDrive(DriveError):
    """There was an archive at this path, and the drive that is mounted there now has none."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"There was an archive at {path}, and the drive that is there now has none. Connect the right "
            "one; to start a new archive on this one, press n on Setup, or say --new-archive."
        )
        self.path = path


class TargetNotAFolder(DriveError):
    """The target is a file."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is not a folder. Choose a folder on the drive.")
        self.path = path


class TargetInsideArchive(DriveError):
    """The target is a folder that another archive has for its photos."""

    def __init__(self, path: Path, archive: Path) -> None:
        super().__init__(f"{path} lies inside the archive at {archive}. Choose {archive} itself.")
        self.path = path
        self.archive = archive


class NotOurFolder(DriveError):
    """Where a folder of the archive belongs is a link or a file."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is a link or a file, and a folder is needed there. Rename it, and run again."
        )
        self.path = path


class TargetReadOnly(DriveError):
    """Nothing can be written there: the file system is read-only, or the folder is somebody else's."""

    def __init__(self, path: Path, why: str = "the drive is read-only") -> None:
        super().__init__(
            f"Nothing can be written to {path}: {why}. Check the drive's switch, its mount and who owns the "
            "folder."
        )
        self.path = path


class TargetInUse(DriveError):
    """Another job holds the target's lock."""

    def __init__(self, path: Path, holder: str) -> None:
        by = f" ({holder})" if holder else ""
        super().__init__(f"Another job is writing to {path}{by}. Wait for it to end, or stop it.")
        self.path = path
        self.holder = holder


class TargetSwapped(DriveError):
    """At the target's path is now another drive than before."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"At {path} is another drive or folder than before. Connect the right one again.")
        self.path = path


class TargetGone(DriveError):
    """The drive was unplugged or unmounted."""

    def __init__(self, path: Path, why: str = "") -> None:
        because = f" ({why})" if why else ""
        super().__init__(f"The drive with {path} is gone{because}. Connect and mount it again.")
        self.path = path


class DriveSilent(DriveError):
    """The drive takes what it is asked, and gives no answer."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"The drive with {path} does not answer any more. Unplug it, plug it in again, and run again: "
            "what was reported as copied is on it."
        )
        self.path = path


class DriveFull(DriveError):
    """There is no room for what has to be written. Sizes in bytes; None: not known."""

    def __init__(self, path: Path, needed: int | None, free: int | None) -> None:
        sizes = "" if needed is None or free is None else f": {needed:,} bytes are needed, {free:,} are free"
        super().__init__(f"The drive with {path} is full{sizes}. Free some space, or take another drive.")
        self.path = path
        self.needed = needed
        self.free = free


class NameTooLong(DriveError):
    """The drive refuses a name or path for its length."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"The drive cannot hold a path as long as {path}. Choose a target nearer to its root."
        )
        self.path = path


class FileTooLarge(DriveError):
    """The file system cannot hold a file of this size (FAT32: 4 GiB less one byte)."""

    def __init__(self, path: Path, size: int | None, limit: int | None) -> None:
        sizes = "" if size is None or limit is None else f" ({size:,} bytes; at most {limit:,} on this drive)"
        super().__init__(
            f"{path} is too large for the drive's file system{sizes}. Use a drive with exFAT, ext4 or APFS "
            "for it."
        )
        self.path = path
        self.size = size
        self.limit = limit


class WriteFailed(DriveError):
    """The drive reported an error; what was written of the file is thrown away."""

    def __init__(self, path: Path, code: int, doing: str = "writing") -> None:
        super().__init__(
            f"The drive failed while {doing} {path}: {os.strerror(code)}. Check the cable and the drive; "
            "the file counts as not copied."
        )
        self.path = path
        self.errno = code


class SizeDiffers(DriveError):
    """The source ended early or went on too long; nothing of it is kept."""

    def __init__(self, path: Path, expected: int, got: int) -> None:
        super().__init__(
            f"{path} has {got:,} bytes where the phone announced {expected:,}; it counts as not copied."
        )
        self.path = path
        self.expected = expected
        self.got = got


class ReadBackDiffers(DriveError):
    """The drive gave back other bytes than were written: a bad drive, cable or port."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} reads back differently from what was written. The drive, its cable or port is faulty: "
            "replace it before going on."
        )
        self.path = path


class NameNotKept(DriveError):
    """The drive gave a file another name than it was asked for."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"The drive did not keep the name {path}; the file counts as not copied.")
        self.path = path


class RecordDamaged(DriveError):
    """The record cannot be read; opening the target for a backup rebuilds it."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"The record {path} cannot be read ({why}). The next backup to this target rebuilds it."
        )
        self.path = path


class RecordTooNew(DriveError):
    """A newer AmberTime has written the record."""

    def __init__(self, path: Path, version: int) -> None:
        super().__init__(
            f"The record {path} was written by a newer AmberTime (format {version}). Update this one to go "
            "on."
        )
        self.path = path
        self.version = version


class RecordFailed(DriveError):
    """The record could not be written: nothing of the transaction counts."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"The record {path} could not be written: {why}. Check the drive and its free space."
        )
        self.path = path


class ScratchFull(DriveError):
    """This computer has no room for what has to be kept for a while to read an archive."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"There is no room in this computer's folder for temporary files ({why}), and reading the "
            "archive needs some. Free space there (it is /var/tmp or /tmp where TMPDIR is not set), or set "
            "TMPDIR to a folder that has it."
        )


_GONE = frozenset(
    {errno.ENOTCONN, errno.ECONNABORTED, errno.ENODEV, errno.ENXIO, errno.ESTALE, errno.ESHUTDOWN}
)


def drive_error(
    error: OSError, path: Path, *, doing: str = "writing", size: int | None = None, free: int | None = None
) -> DriveError:
    """The DriveError for what a system call said about `path`; `size` and `free` in bytes where known."""
    code = error.errno or errno.EIO
    if code in (errno.ENOSPC, errno.EDQUOT):
        return DriveFull(path, size, free)
    if code == errno.EROFS:
        return TargetReadOnly(path)
    if code in (errno.EACCES, errno.EPERM):
        return TargetReadOnly(path, os.strerror(code).lower())
    if code == errno.EFBIG:
        return FileTooLarge(path, size, None)
    if code == errno.ENAMETOOLONG:
        return NameTooLong(path)
    if code in _GONE:
        return TargetGone(path, os.strerror(code).lower())
    return WriteFailed(path, code, doing)
