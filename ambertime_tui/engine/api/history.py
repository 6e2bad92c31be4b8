"""The history of backups on this computer: one line for each run, and the reports of the last ones.

The line is in `history.jsonl` in the state folder. Runs of versions that did not write it are found by their
reports.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ambertime_tui.engine.api.codec import WireError, from_json, to_json
from ambertime_tui.engine.api.protocol import EngineError, Report
from ambertime_tui.engine.api.status import Census, JobStatus, Left, Outcome
from ambertime_tui.paths import private
from ambertime_tui.safe_text import json_line

FILE = "history.jsonl"
"""In the state folder."""
OLDER = "history-older.jsonl"
"""What was in the file before it grew too long."""
LONGEST = 4 << 20
"""Bytes of the file: some 6,000 runs. Then it takes the place of the older one."""
REPORTS = "reports"
"""Folder of the reports in the state folder."""
LONG_AGO = 14 * 86_400.0
"""Seconds since the last success of a task after which it is worth a warning."""


@dataclass(frozen=True, slots=True)
class PastRun:
    """One backup that has ended. Counts are assets, except `copied_bytes`."""

    job_id: str
    started_at: float
    ended_at: float
    outcome: Outcome
    target: str
    task: str = ""
    """Name of the saved task; empty: none."""
    udid: str = ""
    phone: str = ""
    """Its name; empty: not known."""
    drive: str = ""
    """Name of the drive."""
    range: str = ""
    sentence: str = ""
    """How it ended."""
    proof: str = ""
    library: int = 0
    """0: the library was not read."""
    copied: int = 0
    already: int = 0
    icloud: int = 0
    failed: int = 0
    excluded: int = 0
    copied_bytes: int = 0
    left: int = 0
    """Entries of the report: what is not on the drive or needs a look."""

    @property
    def seconds(self) -> float:
        """Duration."""
        return max(0.0, self.ended_at - self.started_at)

    @property
    def succeeded(self) -> bool:
        """Whether it ended as it should: what is left was listed with its reason."""
        return self.outcome in (Outcome.COMPLETE, Outcome.LEFT)


@dataclass(frozen=True, slots=True)
class TaskHistory:
    """What is known of the runs of one task."""

    last: PastRun | None = None
    succeeded_at: float | None = None
    """When a run last ended complete, or with everything accounted for."""

    def is_long_ago(self, now: float) -> bool:
        """Whether the task has run, and not successfully for a long time."""
        if self.last is None:
            return False
        return self.succeeded_at is None or now - self.succeeded_at >= LONG_AGO


def run_of(status: JobStatus, left: int, drive: str) -> PastRun:
    """Return the entry of a job that has ended.

    Args:
        status: its last status.
        left: number of entries in its report.
        drive: name of the drive.
    """
    spec, phone = status.spec, status.phone
    census = status.census or Census(0, ())
    return PastRun(
        job_id=status.job_id,
        started_at=status.started_at,
        ended_at=status.ended_at or status.now,
        outcome=status.outcome or Outcome.FAILED,
        target=spec.target,
        task=spec.task,
        udid=spec.udid or "",
        phone=phone.name if phone is not None else "",
        drive=drive,
        range=str(spec.selection.range),
        sentence=status.sentence,
        proof=status.proof,
        library=census.library,
        copied=census.count("copied"),
        already=census.count("already"),
        icloud=census.count("icloud"),
        failed=census.count("failed"),
        excluded=census.count("excluded"),
        copied_bytes=sum(line.bytes for line in census.lines if line.bucket == "copied"),
        left=left,
    )


def run_record(run: PastRun) -> dict[str, object]:
    """Return a run as documented in docs/json.md; no file names, counts only."""
    record: dict[str, object] = to_json(run)
    return {**record, "task": run.task or None, "seconds": run.seconds}


def append_run(state: Path, run: PastRun) -> None:
    """Add a run to the history, durably. Blocks.

    Raises:
        OSError: it cannot be written.
        PathsError: the folder cannot be used.
    """
    file = private(state) / FILE
    with suppress(FileNotFoundError):
        if file.stat().st_size > LONGEST:
            file.replace(state / OLDER)
    fd = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        end = os.lseek(fd, 0, os.SEEK_END)
        torn = end > 0 and os.pread(fd, 1, end - 1) != b"\n"  # by a power cut during the last line
        os.write(fd, ("\n" if torn else "").encode() + json_line(to_json(run)).encode() + b"\n")
        os.fsync(fd)
    finally:
        os.close(fd)


def read_history(state: Path) -> tuple[PastRun, ...]:
    """Return all known runs, oldest first. Lines that cannot be read are left out. Blocks."""
    runs = {run.job_id: run for run in _without_line(state)}
    runs |= {run.job_id: run for name in (OLDER, FILE) for run in _runs_in(state / name)}
    return tuple(sorted(runs.values(), key=lambda run: run.started_at))


def read_report(state: Path, run: PastRun) -> tuple[JobStatus, Report]:
    """Return the report of a run: its last status and what was left. Blocks.

    Raises:
        EngineError: `NoReport`: it is no longer kept, or cannot be read.
    """
    for file in (state / REPORTS).glob(f"*-{run.job_id}.jsonl"):
        with suppress(OSError, ValueError):
            lines = iter(_lines(file))
            status = from_json(JobStatus, next(lines)["status"])
            left = tuple(from_json(Left, line) for line in lines if line.get("type") == "left")
            return status, Report(status.census, left)
    raise EngineError("NoReport", "The report of this backup is no longer kept. Only the last 50 are.")


def by_task(runs: Iterable[PastRun]) -> Mapping[str, TaskHistory]:
    """Return what is known of each task.

    Args:
        runs: oldest first.
    """
    known: dict[str, TaskHistory] = {}
    for run in runs:
        if run.task:
            before = known.get(run.task, TaskHistory()).succeeded_at
            known[run.task] = TaskHistory(run, run.ended_at if run.succeeded else before)
    return known


def _runs_in(file: Path) -> Iterator[PastRun]:
    with suppress(OSError):
        for line in _lines(file):
            with suppress(WireError):
                yield from_json(PastRun, line)


def _without_line(state: Path) -> Iterator[PastRun]:
    for file in (state / REPORTS).glob("*.jsonl"):
        with suppress(OSError, ValueError, KeyError, StopIteration):
            lines = iter(_lines(file))
            status = from_json(JobStatus, next(lines)["status"])
            yield run_of(status, sum(line.get("type") == "left" for line in lines), "")


def _lines(file: Path) -> Iterator[dict[str, object]]:
    with file.open(encoding="utf-8", errors="replace") as stream:
        for text in stream:
            try:
                line = json.loads(text)
            except (ValueError, RecursionError):
                continue
            if isinstance(line, dict):
                yield line
