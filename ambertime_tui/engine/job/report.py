"""The report a job leaves on this computer: its last status and what is missing, as JSON Lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from ambertime_tui.engine.api.codec import to_json
from ambertime_tui.engine.api.status import JobStatus, Left
from ambertime_tui.paths import private, write_private
from ambertime_tui.safe_text import json_line

KEPT = 50
"""Jobs whose reports are kept."""


def write_report(folder: Path, status: JobStatus, left: Iterable[Left]) -> Path:
    """Write a job's report and delete the oldest ones.

    Raises:
        OSError: the report cannot be written.
        PathsError: the folder cannot be created.
    """
    private(folder)
    path = folder / f"{status.started_at:.0f}-{status.job_id}.jsonl"
    write_private(path, (json_line(value) + "\n" for value in _values(status, left)))
    for old in sorted(folder.glob("*.jsonl"), key=_started_at)[:-KEPT]:
        old.unlink(missing_ok=True)
    return path


def _values(status: JobStatus, left: Iterable[Left]) -> Iterator[dict[str, object]]:
    yield {"type": "job", "status": to_json(status)}
    for one in left:
        yield {"type": "left", **to_json(one)}


def _started_at(path: Path) -> float:
    started_at = path.name.partition("-")[0]
    return float(started_at) if started_at.isdigit() else 0.0
