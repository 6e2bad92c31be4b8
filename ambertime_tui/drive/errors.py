"""What can go wrong with a drive. The text of each error is a sentence that says what to do."""

from __future__ import annotations

import errno
import os
from enum import StrEnum
from pathlib import Path

from ambertime_tui import units
from ambertime_tui.open_files import limit_sentence


class DriveError(Exception):
    """A problem with the target or its drive. `str()` is a sentence for the user."""


class TargetMissing(DriveError):
    """The target folder does not exist."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"The folder {path} does not exist. Create it, or mount the drive it is on.")
        self.path = path


class TargetNotMounted(DriveError):
    """An archive was at this path, on a drive that is not mounted now."""

    def __init__(self, path: Path, mounted_at: Path) -> None:
        super().__init__(
            f"The archive at {path} is on a drive that was mounted at {mounted_at}, but nothing is mounted "
            "there now. Connect and mount the drive. To start a new archive on this computer's disk, choose "
            "another folder."
        )
        self.path = path
        self.mounted_at = mounted_at


class DriveNotMounted(DriveError):
    """The drive with a known archive is connected, but not mounted."""

    def __init__(self, path: Path, name: str, how_to_mount: str) -> None:
        super().__init__(
            f"The drive with the archive {path} is connected as {name}, but not mounted. {how_to_mount}"
        )
        self.path = path


class DriveNotConnected(DriveError):
    """No connected drive has a known archive."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"The drive with the archive {path} is not connected. Connect it, and mount it.")
        self.path = path


class AnotherDrive(DriveError):
    """An archive was at this path, but the drive mounted there now has none."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"The archive that was at {path} is not on the drive mounted there now. Connect the right drive. "
            "To start a new archive on this one, press n on the setup screen or use --new-archive."
        )
        self.path = path


class TargetNotAFolder(DriveError):
    """The target is a file."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is not a folder. Choose a folder on the drive.")
        self.path = path


class TargetInsideArchive(DriveError):
    """The target is inside another archive's `Photos` or `.ambertime`."""

    def __init__(self, path: Path, archive: Path) -> None:
        super().__init__(f"{path} is inside the archive at {archive}. Choose {archive} instead.")
        self.path = path
        self.archive = archive


class ExportIntoArchive(DriveError):
    """The folder of an export is an archive, or inside one."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is an archive, or inside one. Export to a folder outside of it.")
        self.path = path


class Obstacle(StrEnum):
    """What is in the place of a folder or file of the archive."""

    LINK = "a link"
    FILE = "a file"
    FOLDER = "a folder"
    PIPE = "a named pipe"
    SOCKET = "a socket"
    DEVICE = "a device"
    MOUNT = "another file system"
    OUTSIDE = "outside the archive"


class ObstacleInArchive(OSError):
    """A system call would have used something that is not part of the archive."""

    def __init__(self, path: Path, obstacle: Obstacle, needed: str) -> None:
        """
        Args:
            path: where it is.
            obstacle: what it is.
            needed: what AmberTime needs there, "file" or "folder"; for OUTSIDE the reason.
        """
        super().__init__(errno.EINVAL, f"{path} is {obstacle}")
        self.path = path
        self.obstacle = obstacle
        self.needed = needed


class ArchiveObstructed(DriveError):
    """Something else is in the place of a folder or file that the archive needs."""

    def __init__(self, path: Path, obstacle: Obstacle, needed: str) -> None:
        super().__init__(_obstruction(path, obstacle, needed))
        self.path = path
        self.obstacle = obstacle


def _obstruction(path: Path, obstacle: Obstacle, needed: str) -> str:
    match obstacle:
        case Obstacle.LINK:
            return (
                f"{path} is a link. AmberTime follows no links inside an archive, because they can lead to "
                f"files outside it. Replace it with a {needed} or remove it, then try again."
            )
        case Obstacle.MOUNT:
            return (
                f"Another file system is mounted at {path}, inside the archive. An archive must be on one "
                "drive. Unmount it, then try again."
            )
        case Obstacle.OUTSIDE:
            return f"AmberTime does not use {needed}, because it leads out of the archive at {path}."
        case _:
            return (
                f"{path} is {obstacle}, but AmberTime needs a {needed} there. Move it away, then try again."
            )


class TargetReadOnly(DriveError):
    """The target cannot be written to: its file system is read-only, or access is denied."""

    def __init__(self, path: Path, why: str = "the drive is read-only") -> None:
        super().__init__(
            f"Cannot write to {path}: {why}. Check the drive's write-protect switch, how it is mounted, and "
            "who owns the folder."
        )
        self.path = path


class TargetUnreadable(DriveError):
    """This user may not read a file or folder."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"Cannot read {path}: {why}. Check who owns it, or run the command as a user who may read it."
        )
        self.path = path


class TargetInUse(DriveError):
    """Another job holds the target's lock."""

    def __init__(self, path: Path, holder: str) -> None:
        by = f" ({holder})" if holder else ""
        super().__init__(f"Another job is writing to {path}{by}. Wait until it ends, or stop it.")
        self.path = path
        self.holder = holder


class TargetWithoutLocks(DriveError):
    """The file system of the target cannot lock files."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"The file system of {path} cannot lock files ({why}), so two backups could write to it at the "
            "same time. If it is a network share, mount it with locks on this computer: with the option "
            "nolock (NFS) or nobrl (SMB). Otherwise choose another drive."
        )
        self.path = path


class TooFewOpenFiles(DriveError):
    """This process or computer may not open more files."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(limit_sentence(f"{path} could not be opened", error))
        self.path = path


class SyncRefused(DriveError):
    """The file system of the target cannot confirm that a file is on the drive."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"The file system of {path} does not support fsync, so AmberTime cannot make sure that a copy "
            "survives a power cut. Mount the drive with another driver, or choose another drive."
        )
        self.path = path


class FsyncUnsupported(OSError):
    """`fsync` is not available on this file system; `drive_error` makes it `SyncRefused`."""


class TargetSwapped(DriveError):
    """A different drive or folder is now at the target's path."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"A different drive or folder is now at {path}. Connect the right drive again.")
        self.path = path


class TargetGone(DriveError):
    """The drive was unplugged or unmounted."""

    def __init__(self, path: Path, why: str = "") -> None:
        because = f" ({why})" if why else ""
        super().__init__(
            f"The drive with {path} was disconnected or unmounted{because}. Connect and mount it again."
        )
        self.path = path


class DriveSilent(DriveError):
    """The drive accepts requests but does not respond."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"The drive with {path} is not responding. Unplug it, plug it in again, and run the backup "
            "again. Everything reported as copied is on it."
        )
        self.path = path


def room_words(needed: int, files: int | None) -> str:
    """How much room is needed, and for what, in one unit each."""
    why = "" if files is None else f" ({units.size(files)} of files and a reserve)"
    return f"{units.size(needed)} needed{why}"


class DriveFull(DriveError):
    """There is not enough free space. Sizes are in bytes; None if not known.

    `needed` is for `files` bytes of files and a reserve.
    """

    def __init__(self, path: Path, needed: int | None, free: int | None, files: int | None = None) -> None:
        if needed is None or free is None:
            problem = f"The drive with {path} is full."
        else:
            problem = (
                f"Not enough free space on the drive with {path}: {room_words(needed, files)}, "
                f"{units.size(free)} free."
            )
        super().__init__(f"{problem} Free up some space, or choose another drive.")
        self.path = path
        self.needed = needed
        self.free = free


class NameTooLong(DriveError):
    """The drive refuses a name or path because of its length."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"The path {path} is too long for the drive. Choose a folder closer to its root.")
        self.path = path


class FileTooLarge(DriveError):
    """The file system cannot store a file of this size (FAT32: at most 4 GiB less one byte)."""

    def __init__(self, path: Path, size: int | None, limit: int | None) -> None:
        sizes = ""
        if size is not None and limit is not None:
            exact = units.size(size) == units.size(limit)
            shown = units.plural(size, "byte") if exact else units.size(size)
            sizes = f" ({shown}; limit {units.plural(limit, 'byte') if exact else units.size(limit)})"
        super().__init__(
            f"{path} is too large for the drive's file system{sizes}. Use a drive with exFAT, ext4 or APFS."
        )
        self.path = path
        self.size = size
        self.limit = limit


class WriteFailed(DriveError):
    """The drive reported an error. The unfinished file is discarded."""

    def __init__(self, path: Path, code: int, doing: str = "writing") -> None:
        super().__init__(
            f"The drive reported an error while {doing} {path}: {os.strerror(code)}. The file was not "
            "copied. Check the cable and the drive."
        )
        self.path = path
        self.errno = code


class SizeDiffers(DriveError):
    """The phone sent fewer or more bytes than expected. The file is discarded."""

    def __init__(self, path: Path, expected: int, got: int) -> None:
        super().__init__(
            f"The iPhone sent {units.plural(got, 'byte')} of {path} instead of {units.count(expected)}. The "
            "file was not copied."
        )
        self.path = path
        self.expected = expected
        self.got = got


class ReadBackDiffers(DriveError):
    """The drive returned different bytes than were written: a bad drive, cable or port."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} reads back differently from what was written. The drive, its cable or the port is "
            "faulty. Replace it before you continue."
        )
        self.path = path


class NameNotKept(DriveError):
    """The drive lists a file under a different name than it was given."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"The drive did not keep the name {path}. The file was not copied.")
        self.path = path


class RecordDamaged(DriveError):
    """The record cannot be read. The next backup to the target rebuilds it."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"The record {path} cannot be read ({why}). The next backup to this target rebuilds it."
        )
        self.path = path


class RecordTooNew(DriveError):
    """The record was written by a newer version of AmberTime."""

    def __init__(self, path: Path, version: int) -> None:
        super().__init__(
            f"The record {path} was written by a newer version of AmberTime (format {version}). Update "
            "AmberTime on this computer."
        )
        self.path = path
        self.version = version


class RecordFailed(DriveError):
    """The record could not be written. Nothing of the transaction took effect."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"The record {path} could not be written: {why}. Check the drive and its free space."
        )
        self.path = path


class ScratchFull(DriveError):
    """This computer has no space for the temporary files that reading an archive needs."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"Not enough space for temporary files on this computer ({why}). Free up space in /tmp and "
            "/var/tmp, or set TMPDIR to a folder with more space."
        )
