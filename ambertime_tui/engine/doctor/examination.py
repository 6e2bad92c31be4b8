"""All checks in order: computer, drive, phone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ambertime_tui.engine.api.doctor import Area, DoctorRequest
from ambertime_tui.engine.api.hosts import running_jobs
from ambertime_tui.engine.api.protocol import EngineError, RunningJob
from ambertime_tui.engine.doctor.computer import Folders, check_computer
from ambertime_tui.engine.doctor.drive import check_drive
from ambertime_tui.engine.doctor.findings import Deadline, Effort, Reporter, Say
from ambertime_tui.engine.doctor.phone import check_phone
from ambertime_tui.engine.timing import Timing
from ambertime_tui.paths import Paths

QUICK_SECONDS = 50.0
"""Time limit of the quick checks, in which slow ones are left out. With the start it is under a minute."""


async def examine(
    request: DoctorRequest,
    folders: Folders,
    environ: Mapping[str, str],
    say: Say,
    timing: Timing,
    effort: Effort,
) -> None:
    """Run all checks. Every result goes to `say`; if the checks are cancelled, nothing is left behind."""
    quick = request.long_seconds is None and request.way is None
    deadline = Deadline(QUICK_SECONDS if quick else None, timing.steady)
    jobs = await check_computer(
        Reporter(Area.COMPUTER, say), folders, environ, request.screen, lambda: _jobs(folders)
    )
    drive, phone = Reporter(Area.DRIVE, say), Reporter(Area.PHONE, say)
    if request.target is None:
        drive.note(
            "folder", "No drive was checked. Choose a folder on it (--to DIR; in the app, t on Setup)."
        )
    else:
        await check_drive(drive, Path(request.target), jobs)
    await check_phone(phone, request, folders, jobs, deadline, timing, effort)


def _jobs(folders: Folders) -> tuple[RunningJob, ...] | EngineError:
    """The running jobs, or why they cannot be listed."""
    try:
        return running_jobs(Paths(folders.runtime, folders.state, folders.state, folders.data))
    except EngineError as error:
        return error
