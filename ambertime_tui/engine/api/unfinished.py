"""Notes of running jobs, so that one that a reboot ended can be resumed."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ambertime_tui.engine.api.codec import WireError, from_json, to_json
from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.paths import PathsError, write_private
from ambertime_tui.safe_text import json_line

log = logging.getLogger(__name__)

FOLDER = "unfinished"
"""In the state folder; one file for each running job."""


@dataclass(frozen=True, slots=True)
class UnfinishedJob:
    """A job that was started, and has not noted its end."""

    job_id: str
    started_at: float
    spec: JobSpec


def note_started(state: Path, job: UnfinishedJob) -> None:
    """Note that a job has started. Blocks; an error is only logged."""
    try:
        write_private(state / FOLDER / f"{job.job_id}.json", json_line(to_json(job)))
    except PathsError as error:
        log.warning("cannot note the start of the job: %s", error)


def forget_unfinished(state: Path, job_id: str) -> None:
    """Remove the note of a job, because it has ended. Blocks; an error is only logged."""
    try:
        (state / FOLDER / f"{job_id}.json").unlink(missing_ok=True)
    except OSError as error:
        log.warning("cannot note the end of the job: %s", error)


def unfinished_jobs(state: Path) -> tuple[UnfinishedJob, ...]:
    """List the jobs that have not noted their end, oldest first: running ones, and lost ones. Blocks."""
    return tuple(sorted(_notes(state), key=lambda job: job.started_at))


def _notes(state: Path) -> Iterator[UnfinishedJob]:
    for file in (state / FOLDER).glob("*.json"):
        try:
            yield from_json(UnfinishedJob, json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, WireError) as error:
            log.warning("%s is ignored: %s", file, error)
