"""The running job that `attach` or `stop` names."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ambertime_tui.cli.context import Context

if TYPE_CHECKING:
    from ambertime_tui.engine.api.client import RunningJob


def add_job(parser: argparse.ArgumentParser) -> None:
    """Add the argument JOB."""
    parser.add_argument(
        "job",
        nargs="?",
        metavar="JOB",
        help="id of the backup, or the start of it, from `ambertime jobs` (default: the only one)",
    )


def named_job(job_id: str | None, context: Context) -> RunningJob:
    """Return the job whose id starts with `job_id`, or the only one.

    Raises:
        EngineError: `NoJob`: none is running, or none has this id; `WhichJob`: several match; or the error of
            a host that cannot be asked, if no other matches.
    """
    from ambertime_tui.engine.api.client import EngineError, find_jobs

    found = find_jobs(context.paths)
    jobs = found.jobs
    if found.unreadable and not any(job_id is None or job.job_id.startswith(job_id) for job in jobs):
        raise found.unreadable[0]
    if not jobs:
        raise EngineError("NoJob", "No backup is running.")
    matching = [job for job in jobs if job_id is None or job.job_id.startswith(job_id)]
    if not matching:
        raise EngineError("NoJob", f"No backup {job_id} is running. Running: {_ids(jobs)}.")
    if len(matching) > 1:
        raise EngineError("WhichJob", f"Several backups are running. Name one of them: {_ids(matching)}.")
    return matching[0]


def _ids(jobs: Sequence[RunningJob]) -> str:
    return ", ".join(f"{job.job_id} ({job.target})" for job in jobs)
