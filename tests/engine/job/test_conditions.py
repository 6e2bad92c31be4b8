"""The condition of a job: a pause does not hide what the user must do."""

from __future__ import annotations

from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.api.status import Condition, Wait
from ambertime_tui.engine.job.conditions import Conditions
from ambertime_tui.engine.job.progress import Progress
from ambertime_tui.engine.timing import Timing


def test_a_pause_does_not_hide_that_the_phone_is_locked() -> None:
    progress = Progress("job", JobSpec("/drive"), Timing())
    conditions = Conditions(progress, Timing())

    def shown() -> tuple[Condition, str]:
        conditions.publish()
        return progress.condition, progress.sentence

    conditions.phone_trouble = "The iPhone is locked: unlock it."
    assert shown() == (Condition.WAITING, "The iPhone is locked: unlock it.")
    conditions.paused = True
    assert shown() == (Condition.PAUSED, "The iPhone is locked: unlock it.")
    conditions.phone_trouble = ""
    assert shown() == (Condition.PAUSED, "")
    conditions.paused = False
    assert shown() == (Condition.RUNNING, "")


def test_a_job_that_waits_for_the_phone_says_since_when_and_until_when() -> None:
    seconds = 1_000.0
    timing = Timing(wall=lambda: seconds)
    progress = Progress("job", JobSpec("/drive", patience=600.0), timing)
    conditions = Conditions(progress, timing)

    def shown() -> Wait | None:
        conditions.publish()
        return progress.snapshot().wait

    assert shown() is None
    conditions.phone_trouble = "The iPhone was unplugged."
    assert shown() == Wait(1_000.0, 1_600.0)
    seconds = 1_200.0
    conditions.phone_trouble = "The iPhone is locked: unlock it."
    assert shown() == Wait(1_000.0, 1_600.0)
    conditions.paused = True
    assert shown() is None
    conditions.paused = False
    conditions.phone_trouble = ""
    assert shown() is None


def test_no_rate_is_reported_while_the_job_waits() -> None:
    seconds = 0.0
    timing = Timing(wall=lambda: seconds, steady=lambda: seconds)
    progress = Progress("job", JobSpec("/drive"), timing)
    conditions = Conditions(progress, timing)
    progress.copied.add(1_000, 0.5)
    progress.copied.advance(2.0)
    assert progress.snapshot().write.rate
    conditions.phone_trouble = "The iPhone was unplugged."
    conditions.publish()
    assert progress.snapshot().write.rate is None
