"""Which actions a job allows now, and why not others. Pure; shared by keys, footer and palette."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date

from ambertime_tui.config import Task
from ambertime_tui.engine.api.spec import FetchWay, JobSpec
from ambertime_tui.engine.api.status import Condition, JobStatus, Outcome, Phase
from ambertime_tui.engine.api.trial import TrialState
from ambertime_tui.library.date_range import parse_date_range
from ambertime_tui.tui.panes.fetch import BEFORE_PLAN, to_come


def why_not(action: str, status: JobStatus | None) -> str:
    """Why an action is not possible now, as a sentence; empty if it is.

    Args:
        action: pause, stop, retry, order, finish, code, trial, open; any other is always possible.
        status: the newest status; None before the first.
    """
    if action not in _RULES:
        return ""
    if status is None:
        return "The job has not answered yet."
    if status.outcome is not None:
        return "The job has ended."
    return _RULES[action](status)


def is_offered(action: str, status: JobStatus | None, *, gone: bool) -> bool:
    """Whether an action means something for this job, so that its key is shown at all.

    Args:
        action: as in `why_not`; also new, trial and detach.
        status: the newest status; None before the first.
        gone: the job's process has ended.
    """
    if action == "new":
        return gone
    if action == "trial":
        return not gone and has_trial(status)
    if action == "detach" or action in _RULES:
        of_icloud = action in ("order", "finish", "code")
        included = status is not None and status.fetch.included
        by_code = status is not None and status.spec.way is FetchWay.SHORTCUT
        return not gone and (included or not of_icloud) and (by_code or action != "code")
    return True


def finished_to_the_end(status: JobStatus) -> bool:
    """Whether "since the last backup" may start on this job's day: it processed its whole selection, and that
    had no last day."""
    return status.outcome in (Outcome.COMPLETE, Outcome.LEFT) and status.spec.selection.range.end is None


def at_rest(status: JobStatus, now: float) -> JobStatus:
    """The status to show for a job whose process has ended: no current files, no rates.

    Args:
        status: the last one.
        now: when the process ended, seconds since 1970.
    """
    return replace(
        status,
        now=now,
        phase=Phase.ENDED,
        condition=Condition.RUNNING,
        sentence="",
        fetch=replace(status.fetch, rate=None, eta=None, sentence="", code="", coming=()),
        write=replace(status.write, rate=None, eta=None, current_files=()),
    )


def _pause(status: JobStatus) -> str:
    if status.condition is Condition.STOPPING:
        return "The job is stopping."
    return ""


def _stop(status: JobStatus) -> str:
    if status.condition is Condition.STOPPING or status.stop_after_file:
        return "Already stopping; the backup ends once the current files are complete."
    return ""


def _retry(status: JobStatus) -> str:
    if not status.write.failed and not status.fetch.gave_up.count:
        return "Nothing to retry: nothing has failed."
    return _after_the_scan(status)


def _after_the_scan(status: JobStatus) -> str:
    return "Not available until the scan is done." if status.phase in BEFORE_PLAN else ""


def _finish(status: JobStatus) -> str:
    if status.fetch.ending:
        return "Already finishing; the backup ends once everything that arrived is written."
    return _after_the_scan(status) or (
        "" if to_come(status.fetch).count else "Nothing more is expected from iCloud."
    )


def has_trial(status: JobStatus | None) -> bool:
    """Whether a way of asking is being tried, or a person has to decide after it."""
    trial = None if status is None or status.outcome is not None else status.fetch.trial
    return trial is not None and trial.state in (TrialState.RUNNING, TrialState.ASKING)


def _trial(status: JobStatus) -> str:
    return _after_the_scan(status) or ("" if has_trial(status) else "There is no trial now.")


def _open(status: JobStatus) -> str:
    return "Lists are available after the scan." if status.phase in BEFORE_PLAN else ""


_RULES: dict[str, Callable[[JobStatus], str]] = {
    "pause": _pause,
    "stop": _stop,
    "retry": _retry,
    "order": _after_the_scan,
    "finish": _finish,
    "code": _after_the_scan,
    "trial": _trial,
    "open": _open,
}


def task_of(spec: JobSpec, tasks: Mapping[str, Task], today: date, target_of: Callable[[str], str]) -> str:
    """Return the name of the saved task that a job runs, for the history; empty: none.

    Args:
        spec: the job.
        tasks: by name, completed with the defaults of the config file.
        today: the day on which relative ranges are worked out.
        target_of: returns where the archive is whose path is written in a task.
    """
    for name, task in tasks.items():
        if task.to is None or task.device not in (None, spec.udid):
            continue
        days = parse_date_range(task.range or "all", today)
        job = task.job(target_of(task.to), days)
        if _choices(job) == _choices(spec):
            return name
    return ""


def _choices(spec: JobSpec) -> tuple[object, ...]:
    """What decides which files a job copies, and where to."""
    return spec.target, spec.selection, spec.originals, spec.order, spec.way, spec.patience
