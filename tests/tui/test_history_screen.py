"""Past backups: the list, the report of each, and what is known of a task."""

from __future__ import annotations

from dataclasses import replace

from ambertime_tui.config import Task
from ambertime_tui.engine.api.history import PastRun
from ambertime_tui.engine.api.protocol import EngineError, Report
from ambertime_tui.engine.api.status import JobStatus, Outcome
from tests.tui import samples
from tests.tui.fake_engine import NOW, FakeEngine, context_of
from tests.tui.scenes import CHOSEN, READY
from tests.tui.stage import Stage, app_of, play

DAY = 86_400.0
OLD = PastRun(
    "old", NOW - 40 * DAY, NOW - 40 * DAY + 90, Outcome.COMPLETE, "/media/usb", "weekly", drive="T7"
)
NEW = replace(
    OLD, job_id="new", started_at=NOW - DAY, ended_at=NOW - DAY + 60, outcome=Outcome.FAILED, sentence="Full."
)
TASKS = {"weekly": Task(range="last 7 days")}


def report_of(run: PastRun) -> tuple[JobStatus, Report]:
    if run is OLD:
        raise EngineError("NoReport", "The report of this backup is no longer kept.")
    return samples.ENDED_LEFT, samples.LEFT_REPORT


def test_a_task_says_how_it_ended_last_and_warns_if_its_last_success_is_long_ago() -> None:
    engine = FakeEngine()

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.press("s")
        await stage.shows("Last run 24 h ago: failed. Last success 40 days ago. That is long ago:")

    play(app_of(engine, context_of(engine, state=CHOSEN, tasks=TASKS, history=(OLD, NEW))), script, (120, 40))


def test_a_task_without_runs_says_so() -> None:
    engine = FakeEngine()

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.press("s")
        await stage.shows("This task has not run on this computer yet.")
        await stage.press("h")
        await stage.shows("No backup has run on this computer yet.")

    play(app_of(engine, context_of(engine, state=CHOSEN, tasks=TASKS)), script)


def test_each_past_backup_opens_its_report_while_that_is_kept() -> None:
    engine = FakeEngine()

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.press("s")
        await stage.shows("Last run")
        await stage.press("h")
        await stage.shows("2 backups")
        await stage.shows("/media/usb. Full.")
        await stage.press("enter")
        await stage.shows("Not on the drive")
        await stage.press("enter")
        await stage.shows(samples.LEFT_REPORT.left[0].original_filename)
        await stage.press("escape")
        await stage.press("escape")
        await stage.shows("2 backups")
        await stage.press("down", "enter")
        await stage.shows("no longer kept")
        await stage.press("escape")
        await stage.shows("Saved tasks")

    context = context_of(engine, state=CHOSEN, tasks=TASKS, history=(OLD, NEW), past_report=report_of)
    play(app_of(engine, context), script, (120, 40))
