"""Runs the user's hooks for one job."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from ambertime_tui.engine.api.history import run_of
from ambertime_tui.engine.api.hooks import finished_payload, hand_payload, run_hook
from ambertime_tui.engine.api.protocol import Report
from ambertime_tui.engine.api.spec import Hooks
from ambertime_tui.engine.api.status import JobStatus, Left
from ambertime_tui.engine.job.job import Job
from ambertime_tui.engine.timing import Timing

NEEDED_FOR = 20.0
"""Seconds for which a hand must be needed before the hook runs: a cable that slips is no news."""
AGAIN_AFTER = 1800.0
"""Seconds between two runs of the hook, if different hands are needed."""
LOOK_EVERY = 1.0
PAGE = 2000


async def run_hooks(
    job: Job, running: asyncio.Task[None], hooks: Hooks, timing: Timing, environ: Mapping[str, str]
) -> None:
    """Run the hooks of a job until it has ended.

    Args:
        job: the job.
        running: the task that runs it.
        hooks: what to run.
        timing: clocks and pauses.
        environ: the environment of the hooks.
    """
    if hooks.hand_needed:
        watch = asyncio.create_task(_watch_hands(job, hooks, timing, environ), name="hand hook")
        await asyncio.wait({running})
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
    else:
        await asyncio.wait({running})
    if not hooks.finished:
        return
    left: list[Left] = []
    while page := job.report(len(left), PAGE).left:
        left += page
    status = job.progress.snapshot()
    report = Report(status.census, tuple(left))
    payload = finished_payload(run_of(status, len(left), job.drive_name), report)
    await asyncio.to_thread(run_hook, hooks.finished, payload, hooks.seconds, environ)


async def _watch_hands(job: Job, hooks: Hooks, timing: Timing, environ: Mapping[str, str]) -> None:
    needed_since: float | None = None
    told, told_at = "", float("-inf")
    while True:
        status = job.progress.snapshot()
        sentence = hand_sentence(status)
        now = timing.steady()
        if not sentence:
            needed_since, told = None, ""
        elif needed_since is None:
            needed_since = now
        elif now - needed_since >= NEEDED_FOR and sentence != told and now - told_at >= AGAIN_AFTER:
            told, told_at = sentence, now
            payload = hand_payload(status, sentence)
            await asyncio.to_thread(run_hook, hooks.hand_needed, payload, hooks.seconds, environ)
        await timing.pause(LOOK_EVERY)


def hand_sentence(status: JobStatus) -> str:
    """What a person has to do now; empty: nothing."""
    if not status.attendance.hand_needed or status.outcome is not None:
        return ""
    return (
        status.sentence or status.fetch.code_sentence or status.fetch.sentence or status.attendance.sentence
    )
