"""Unmount the drive of an archive, so that it can be unplugged."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from ambertime_tui.child_processes import NEUTRAL_FOLDER
from ambertime_tui.drive.errors import DriveError
from ambertime_tui.drive.layout import LOCK, OURS
from ambertime_tui.drive.volume.discovery import Drive, drive_of
from ambertime_tui.drive.volume.lock import no_job_writes
from ambertime_tui.engine.api.protocol import EngineError
from ambertime_tui.safe_text import escaped

UNMOUNTS_WITHIN = 300.0
"""Seconds. A slow drive may have much to write."""


@dataclass(frozen=True, slots=True)
class Ejected:
    """A drive that can be unplugged now."""

    path: str
    """Where it was mounted."""
    name: str
    device: str


def drive_at(folder: Path) -> tuple[str, str]:
    """Return the mount point and the name of the drive that a folder is on. Blocks.

    Raises:
        EngineError: the folder does not exist, or the drive cannot be read.
    """
    drive = _drive_of(folder)
    return str(drive.path), drive.name


def eject(folder: Path, *, find: Callable[[str], str | None] = shutil.which) -> Ejected:
    """Write everything to the drive that a folder is on, and unmount it. Blocks.

    Args:
        folder: an archive, or another folder on the drive.
        find: finds a program.

    Raises:
        EngineError: `TargetInUse`: a backup is writing to it; `SystemDrive`; `DriveBusy`: a program uses it;
            or it cannot be read. It is still mounted.
    """
    drive = _drive_of(folder)
    if drive.system:
        raise EngineError(
            "SystemDrive", f"{folder} is on the disk this computer runs from. It stays mounted."
        )
    if (folder / OURS / LOCK).is_file():
        try:
            with no_job_writes(folder):
                pass
        except DriveError as error:
            raise EngineError(type(error).__name__, str(error)) from error
    os.sync()
    os.chdir(NEUTRAL_FOLDER)  # a process whose folder is on the drive keeps it busy
    said = ""
    for command in _commands(drive, find):
        try:
            done = subprocess.run(command, capture_output=True, timeout=UNMOUNTS_WITHIN, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            said = str(error)
            continue
        if done.returncode == 0:
            return Ejected(str(drive.path), drive.name, drive.device)
        said = escaped((done.stderr or done.stdout).decode(errors="replace").strip())
    raise EngineError(
        "DriveBusy",
        f"{drive.name} cannot be unmounted: {said.rstrip('.')}. Do not unplug it yet. If a program or a "
        f"shell uses it, close that and try again; `lsof +f -- {quote(str(drive.path))}` lists them.",
    )


def _drive_of(folder: Path) -> Drive:
    try:
        return drive_of(folder)
    except DriveError as error:
        raise EngineError(type(error).__name__, str(error)) from error


def _commands(drive: Drive, find: Callable[[str], str | None]) -> Sequence[Sequence[str]]:
    """The commands to try, in this order. udisks may unmount for a user what `umount` may not."""
    if sys.platform == "darwin":
        return (("/usr/sbin/diskutil", "eject", str(drive.path)),)
    udisks = find("udisksctl") if drive.device.startswith("/dev/") else None
    umount = ("umount", str(drive.path))
    if udisks is None:
        return (umount,)
    return ((udisks, "unmount", "--no-user-interaction", "-b", drive.device), umount)
