"""What can be done with a job at a moment, and why not: pure, and the same for keys, footer and palette."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ambertime_tui.engine.api.spec import FetchWay
from ambertime_tui.engine.api.status import Condition, JobStatus, Outcome, Phase
from ambertime_tui.tui.panes.fetch import BEFORE_PLAN, to_come


def why_not(action: str, status: JobStatus | None) -> str:
    """The reason why an action makes no sense now, as a sentence; empty: it does.

    Args:
        action: pause, stop, retry, order, finish, code, open; anything else can always be done.
        status: the job as it stands; None: not known yet.
    """
    if action not in _RULES:
        return ""
    if status is None:
        return "The job has not answered yet."
    if status.outcome is not None:
        return "The job has ended."
    return _RULES[action](status)


def finished_to_the_end(status: JobStatus) -> bool:
    """Whether "since the last backup" may begin where this job began: it worked through its selection, and
    that had no last day."""
    return status.outcome in (Outcome.COMPLETE, Outcome.LEFT) and status.spec.selection.range.end is None


def at_rest(status: JobStatus) -> JobStatus:
    """The last picture of a job whose process has ended: nothing is in hand, nothing moves."""
    return replace(
        status,
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
        return "The job stops already, as soon as the files in hand are whole on the drive."
    return ""


def _retry(status: JobStatus) -> str:
    if not status.write.failed and not status.fetch.gave_up.count:
        return "There is nothing to retry: nothing has failed."
    return _after_the_scan(status)


def _after_the_scan(status: JobStatus) -> str:
    return "That comes after the scan." if status.phase in BEFORE_PLAN else ""


def _icloud(status: JobStatus) -> str:
    if not status.fetch.included:
        return "This job takes only what is on the phone; nothing is awaited from iCloud."
    return _after_the_scan(status)


def _finish(status: JobStatus) -> str:
    if status.fetch.ending:
        return "iCloud is waited for no longer already; the job ends when what is here is written."
    return _icloud(status) or ("" if to_come(status.fetch).count else "Nothing is awaited from iCloud.")


def _code(status: JobStatus) -> str:
    if status.fetch.included and status.spec.way is not FetchWay.SHORTCUT:
        return "There is no code: only the Shortcut is started by one, and this job asks iOS in another way."
    return _icloud(status)


def _open(status: JobStatus) -> str:
    return "The lists come after the scan." if status.phase in BEFORE_PLAN else ""


_RULES: dict[str, Callable[[JobStatus], str]] = {
    "pause": _pause,
    "stop": _stop,
    "retry": _retry,
    "order": _icloud,
    "finish": _finish,
    "code": _code,
    "open": _open,
}
