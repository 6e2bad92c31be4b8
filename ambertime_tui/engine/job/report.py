"""What a job leaves on this computer: its last status and the list of what is left, as JSON Lines."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ambertime_tui.engine.api.codec import WireError, from_json, to_json
from ambertime_tui.engine.api.status import JobStatus, Left
from ambertime_tui.paths import Paths, private

KEPT = 50
"""Reports of as many jobs are kept."""
FOLDER = "reports"
"""In the state folder."""


@dataclass(frozen=True, slots=True)
class EndedJob:
    """A job that has ended, as its report tells."""

    status: JobStatus
    report: Path


def write_report(folder: Path, status: JobStatus, left: Iterable[Left]) -> Path:
    """Writes a job's report and drops the oldest ones.

    Raises:
        OSError: it cannot be written.
        PathsError: the folder cannot be made.
    """
    private(folder)
    path = folder / f"{status.started_at:.0f}-{status.job_id}.jsonl"
    scratch = path.with_suffix(".new")
    with open(scratch, "w", encoding="utf-8", opener=_private_file) as file:
        for value in _lines(status, left):
            file.write(json.dumps(value, ensure_ascii=False) + "\n")
    scratch.replace(path)
    for old in sorted(folder.glob("*.jsonl"), key=_began)[:-KEPT]:
        old.unlink(missing_ok=True)
    return path


def ended_jobs(paths: Paths) -> tuple[EndedJob, ...]:
    """The last jobs that have ended, newest first; reports that cannot be read are passed over."""
    found = []
    for path in sorted((paths.state / FOLDER).glob("*.jsonl"), key=_began, reverse=True):
        try:
            with path.open(encoding="utf-8") as file:
                found.append(EndedJob(from_json(JobStatus, json.loads(file.readline())["status"]), path))
        except (OSError, ValueError, KeyError, TypeError, WireError):
            continue
    return tuple(found)


def left_in(report: Path) -> Iterator[Left]:
    """The list of a report.

    Raises:
        OSError, ValueError: it cannot be read.
    """
    with report.open(encoding="utf-8") as file:
        for line in file:
            value = json.loads(line)
            if value.get("type") == "left":
                yield from_json(Left, value)


def _lines(status: JobStatus, left: Iterable[Left]) -> Iterator[dict[str, object]]:
    yield {"type": "job", "status": to_json(status)}
    for one in left:
        yield {"type": "left", **to_json(one)}


def _private_file(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


def _began(path: Path) -> float:
    began = path.name.partition("-")[0]
    return float(began) if began.isdigit() else 0.0
