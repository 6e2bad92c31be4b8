"""The condition of a job: a pause does not hide what the user must do."""

from __future__ import annotations

from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.api.status import Condition
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
