"""Past backups as lines for people. Pure, except for this computer's time zone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from ambertime_tui.engine.api.history import PastRun, TaskHistory
from ambertime_tui.engine.api.status import Outcome
from ambertime_tui.plain.table import table
from ambertime_tui.units import about, count, elapsed, size

OUTCOMES = {
    Outcome.COMPLETE: "complete",
    Outcome.LEFT: "incomplete",
    Outcome.FAILED: "failed",
    Outcome.INTERRUPTED: "interrupted",
}
INDENT = "    "


def history_lines(runs: Sequence[PastRun], tasks: Mapping[str, TaskHistory], now: float) -> Iterator[str]:
    """A line for each run, with how it ended below it, then a line for each task."""
    rows = [
        (
            f"{datetime.fromtimestamp(run.started_at).astimezone():%Y-%m-%d %H:%M}",
            run.task or "-",
            run.phone or run.udid or "iPhone",
            run.drive or run.target,
            OUTCOMES[run.outcome],
            f"{count(run.copied)} copied ({size(run.copied_bytes)})",
            f"{count(run.already)} already",
            f"{count(run.left)} left",
            elapsed(run.seconds),
        )
        for run in runs
    ]
    for row, run in zip(table(rows, "<<<<<>>>>"), runs, strict=True):
        yield row
        for sentence in (run.sentence, run.proof):
            if sentence:
                yield INDENT + sentence
    if tasks:
        yield ""
    for name, known in tasks.items():
        yield f"{name}: {task_sentence(known, now)}"


def task_sentence(known: TaskHistory, now: float) -> str:
    """When a task last ran and how, and when it last succeeded."""
    last = known.last
    if last is None:
        return "It has not run yet."
    if known.succeeded_at is None:
        return f"{_last_run(last, now)} It has never succeeded."
    warning = " That is long ago." if known.is_long_ago(now) else ""
    if last.succeeded:
        return f"{_last_run(last, now)}{warning}"
    return f"{_last_run(last, now)} It last succeeded {about(now - known.succeeded_at)} ago.{warning}"


def _last_run(last: PastRun, now: float) -> str:
    return f"The last run was {about(now - last.ended_at)} ago: {OUTCOMES[last.outcome]}."
