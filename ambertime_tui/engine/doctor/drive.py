"""Checks of a drive: what its file system can do, how fast it is, and the archive on it.

All tests are made in one folder, which is removed at the end. The archive is only read.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ambertime_tui.drive.errors import (
    DriveError,
    DriveSilent,
)
from ambertime_tui.drive.os_errors import drive_error
from ambertime_tui.drive.volume.discovery import Drive, drive_of
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.engine.api.doctor import SCRATCH_PREFIX, remove_scratch
from ambertime_tui.engine.api.protocol import RunningJob
from ambertime_tui.engine.doctor.archive import check_archive
from ambertime_tui.engine.doctor.drive_tests import DriveTests, Stopped
from ambertime_tui.engine.doctor.findings import Reporter
from ambertime_tui.engine.scan.summaries import drive_summary_at
from ambertime_tui.phone.cleanup import finish
from ambertime_tui.units import size

PATIENCE = 30.0
"""Seconds without any progress after which a drive counts as not responding, as in a backup."""
ENDS_WITHIN = 5.0
"""Seconds for the tests to remove their folder."""
LEFTOVER_AFTER = 3600.0
"""Seconds after which the folder of an earlier test belongs to no running process."""
LITTLE_ROOM = 2_000_000_000
"""Bytes below which the free space is worth knowing."""


async def check_drive(
    report: Reporter,
    target: Path,
    jobs: Sequence[RunningJob],
    patience: float = PATIENCE,
    calls: SystemCalls | None = None,
) -> None:
    """Check the drive that a folder is on. If this is cancelled, the folder of the tests is removed."""
    report.step(f"Checking the drive with {target}")
    busy = any(Path(job.target) == target and job.outcome is None for job in jobs)
    stop = threading.Event()
    tests = asyncio.create_task(
        asyncio.to_thread(_check, report, target, stop, calls or SystemCalls(), busy=busy)
    )
    try:
        done, _ = await asyncio.wait({tests}, timeout=patience)
    except asyncio.CancelledError:
        stop.set()
        await finish(asyncio.wait({tests}), ENDS_WITHIN)
        raise
    if not done:
        stop.set()
        report.wrong("responds", str(DriveSilent(target)), responds=False)
        return
    if not tests.result():
        return
    report.step("Checking the archive")
    archive = asyncio.create_task(asyncio.to_thread(check_archive, report, target, busy=busy))
    await asyncio.wait({archive}, timeout=patience)
    if not archive.done():
        report.note(
            "archive",
            f"The archive was not checked to its end, because that takes more than {patience:.0f} s. Run "
            "ambertime verify.",
        )
        return
    archive.result()


def _check(report: Reporter, target: Path, stop: threading.Event, calls: SystemCalls, *, busy: bool) -> bool:
    """Check everything but the archive. False if there can be no archive, because there is no folder."""
    try:
        summary = drive_summary_at(target)
        drive = drive_of(target)
    except DriveError as error:
        report.wrong("folder", str(error))
        return False
    _describe(report, drive)
    if not summary.usable:
        report.wrong("folder", summary.sentence, read_only=drive.read_only)
        return True
    if summary.sentence:
        report.note("folder", summary.sentence, system=drive.system, removable=drive.removable)
    else:
        report.fine("folder", f"{target} can be a target.", system=False, removable=drive.removable)
    with suppress(Stopped):
        _test(report, target, drive, stop, calls, busy=busy)
    return True


def _describe(report: Reporter, drive: Drive) -> None:
    traits = drive.traits
    report.fine(
        "file-system",
        f"The file system is {drive.file_system}.",
        file_system=traits.name,
        label=traits.label,
        cache_dropping=traits.cache_dropping.value,
    )
    if not drive.total_bytes:
        report.note("room", "The drive does not report its free space.")
        return
    facts = {"free_bytes": drive.free_bytes, "total_bytes": drive.total_bytes}
    sentence = f"{size(drive.free_bytes)} of {size(drive.total_bytes)} are free."
    if drive.free_bytes < LITTLE_ROOM:
        report.note("room", f"Only {sentence} Free up space, or choose another drive.", **facts)
    else:
        report.fine("room", sentence, **facts)


def _test(
    report: Reporter, target: Path, drive: Drive, stop: threading.Event, calls: SystemCalls, *, busy: bool
) -> None:
    """Test the file system in a new folder.

    Raises:
        Stopped: the checks were cancelled.
    """
    _remove_leftovers(target)
    folder = target / f"{SCRATCH_PREFIX}{secrets.token_hex(4)}"
    report.scratch(str(folder))
    try:
        calls.mkdir(folder)
        report.fine("writable", "The folder can be written.", writable=True)
        DriveTests(report, target, folder, drive, calls, stop).run(with_speed=not busy)
    except DriveError as error:
        report.wrong("writable", str(error))
    except OSError as error:
        report.wrong("writable", str(drive_error(error, target)), code=error.errno or 0)
    finally:
        remove_scratch(folder)
    if busy:
        report.note("speed", "The speed was not measured, because a backup is writing to the drive.")
    if os.path.lexists(folder):
        report.wrong("scratch", f"{folder} could not be removed. Remove it.")


def _remove_leftovers(target: Path) -> None:
    """Remove the folders of tests that ended without removing them, as after a power cut."""
    for folder in target.glob(f"{SCRATCH_PREFIX}*"):
        with suppress(OSError):
            if time.time() - folder.lstat().st_mtime > LEFTOVER_AFTER:
                remove_scratch(folder)
