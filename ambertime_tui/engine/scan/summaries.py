"""Summaries of phones and drives for front ends."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

from ambertime_tui.drive.errors import (
    ObstacleInArchive,
    TargetMissing,
    TargetNotAFolder,
)
from ambertime_tui.drive.layout import MARKER, OURS
from ambertime_tui.drive.os_errors import drive_error
from ambertime_tui.drive.volume.block_devices import Volume, how_to_mount
from ambertime_tui.drive.volume.discovery import Drive, drive_of
from ambertime_tui.drive.volume.file_system import FileSystemTraits
from ambertime_tui.drive.volume.marker import refuse_inside_archive
from ambertime_tui.drive.volume.own_files import check_own_files
from ambertime_tui.drive.volume.root_folder import RootFolder
from ambertime_tui.engine.api.status import DriveAbilities, DriveSummary, PhoneSummary
from ambertime_tui.phone.facts import PhoneFacts

GIB = 1 << 30
LARGE_VIDEO = 64 * GIB
"""A file size limit above this is not worth a warning."""


def phone_summary(facts: PhoneFacts, trouble: Exception | None = None) -> PhoneSummary:
    """Summarize a phone. `trouble` is what prevents reading it now."""
    return PhoneSummary(
        udid=facts.udid,
        name=facts.name,
        model=facts.model,
        ios_version=facts.ios_version,
        ready=trouble is None,
        sentence="" if trouble is None else str(trouble),
        battery_percent=facts.battery_percent,
        on_power=facts.on_power,
        total_bytes=facts.total_bytes,
        free_bytes=facts.free_bytes,
    )


def drive_summary(drive: Drive, folder: Path | None = None) -> DriveSummary:
    """Summarize a drive, or a folder on it as a target.

    Raises:
        OSError: it cannot be read, for another reason than its permissions.
    """
    path = folder or drive.path
    limit = drive.traits.max_file_bytes
    usable, sentence, has_archive = True, "", False
    try:
        with RootFolder(path) as target:
            check_own_files(target)
            has_archive = stat.S_ISREG(target.stat(f"{OURS}/{MARKER}").st_mode)
    except ObstacleInArchive as error:
        usable, sentence = False, str(drive_error(error, path))
    except PermissionError:
        usable, sentence = False, _no_archive_access(path)
    except OSError as error:
        if error.errno not in _NO_ARCHIVE:
            raise
    if drive.read_only:
        usable, sentence = (
            False,
            "It is mounted read-only. Check its write-protect switch, or mount it for writing.",
        )
    elif not os.access(path, os.W_OK | os.X_OK):
        usable, sentence = False, f"You have no permission to write to {path}. Choose another folder on it."
    elif not usable:
        pass
    elif drive.system:
        sentence = "This is the disk this computer runs from. A separate drive is safer."
    elif limit is not None and limit < LARGE_VIDEO:
        limit_text = f"{limit / GIB:.0f} GiB"
        sentence = f"{drive.file_system} cannot store files of {limit_text} or more. Long videos may not fit."
    return DriveSummary(
        path=str(path),
        name=drive.name,
        file_system=drive.file_system,
        total_bytes=drive.total_bytes,
        free_bytes=drive.free_bytes,
        removable=drive.removable,
        system=drive.system,
        has_archive=has_archive,
        sentence=sentence,
        usable=usable,
        abilities=_abilities(drive.traits),
    )


_NO_ARCHIVE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
"""The errors of looking for an archive in a folder without one."""


def _no_archive_access(path: Path) -> str:
    return (
        f"You have no permission to open the archive in {path}. Back up as the user who created it, or "
        "choose another folder."
    )


def unreadable_drive(path: Path, file_system: str, sentence: str) -> DriveSummary:
    """Summarize a drive that cannot be read.

    Args:
        path: where it is mounted.
        file_system: its type.
        sentence: why, and what to do.
    """
    return DriveSummary(str(path), path.name, file_system, sentence=sentence, usable=False)


def unmounted_drive(volume: Volume) -> DriveSummary:
    """Summarize a drive that is connected but not mounted, with the command that mounts it."""
    sentence = f"Not mounted. {how_to_mount(volume)}"
    return DriveSummary(
        volume.device,
        volume.label or Path(volume.device).name,
        volume.file_system,
        removable=True,
        sentence=sentence,
        usable=False,
        mounted=False,
    )


def why_unreadable(error: OSError, path: Path) -> str:
    """Explain in a sentence why a mounted drive cannot be read, and what to do."""
    if isinstance(error, PermissionError):
        return f"You have no permission to open {path}. Choose another drive, or ask its owner."
    reason = (error.strerror or "input/output error").lower()
    return f"{path} cannot be read: {reason}. Unmount the drive, then connect and mount it again."


def _abilities(traits: FileSystemTraits) -> DriveAbilities:
    return DriveAbilities(
        max_file_bytes=traits.max_file_bytes,
        time_resolution=traits.time_resolution,
        forbidden_characters="".join(sorted(traits.forbidden_characters)),
        windows_names=traits.windows_names,
        max_name=traits.max_name,
        name_unit=traits.name_unit.value,
        case_sensitive=traits.case_sensitive,
        fsyncs_folders=traits.fsyncs_folders,
        renames_without_replacing=traits.renames_without_replacing,
        cache_dropping=traits.cache_dropping.value,
    )


def drive_summary_at(path: Path, drive_at: Callable[[Path], Drive] = drive_of) -> DriveSummary:
    """Summarize a folder as a target. `drive_at` finds the drive it is on.

    Raises:
        TargetMissing, TargetNotAFolder, TargetInsideArchive, DriveError: the folder cannot be a target.
    """
    try:
        facts = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise TargetMissing(path) from None
    except OSError as error:
        raise drive_error(error, path, doing="looking at it") from error
    if not stat.S_ISDIR(facts.st_mode):
        raise TargetNotAFolder(path)
    try:
        refuse_inside_archive(path)
        return drive_summary(drive_at(path), path)
    except OSError as error:
        raise drive_error(error, path, doing="reading") from error
