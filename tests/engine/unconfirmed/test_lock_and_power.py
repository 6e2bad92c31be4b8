"""What a locked or sleeping phone may refuse."""

from __future__ import annotations

from typing import Any

import pytest

from ambertime_tui.engine.api.status import Condition, JobStatus, Outcome
from ambertime_tui.engine.job.job import Job
from ambertime_tui.simulator.behaviour import Switch
from tests.engine.unconfirmed.phones import IMPATIENT, DifferentPhones, reasons

WHILE_COPYING: dict[str, Any] = {"assets": 30, "icloud_share": 0.0}
ALWAYS_AWAKE = 3600.0


@pytest.mark.parametrize("switch", [Switch.LOCKED_DENIES_OPENING, Switch.LOCKED_DENIES_READING])
def test_a_job_waits_for_a_locked_phone_and_continues(phones: DifferentPhones, switch: Switch) -> None:
    phone = phones(switch, **WHILE_COPYING)
    waited: list[str] = []

    def look(_: Job, status: JobStatus) -> None:
        if not waited and not phone.phone.locked and status.write.files_written:
            phone.phone.locked = True
        elif phone.phone.locked and status.condition is Condition.WAITING and status.sentence:
            waited.append(status.sentence)
            phone.phone.unlock()

    done = phone.back_up(look=look)
    assert "is locked" in waited[0]
    assert (phone.missing(), reasons(done)) == (set(), {})


def test_a_job_waits_for_a_sleeping_phone_within_its_patience_and_says_so(phones: DifferentPhones) -> None:
    phone = phones(Switch.ASSERTIONS_REFUSED, **WHILE_COPYING)
    phone.change_faults(asleep_after=ALWAYS_AWAKE)
    waited: list[str] = []

    def look(_: Job, status: JobStatus) -> None:
        if status.write.files_written and phone.phone.faults.asleep_after == ALWAYS_AWAKE:
            phone.change_faults(asleep_after=0.0)
        if status.condition is Condition.WAITING and status.sentence:
            waited.append(status.sentence)

    first = phone.back_up(patience=40.0, timeouts=IMPATIENT, look=look)
    assert first.status.outcome is Outcome.FAILED
    assert "has not responded" in waited[0]
    assert set(reasons(first).values()) == {"not_reached"}
    phone.change_faults(asleep_after=ALWAYS_AWAKE)
    second = phone.back_up()
    assert (phone.missing(), reasons(second)) == (set(), {})


def test_a_job_continues_when_a_sleeping_phone_wakes(phones: DifferentPhones) -> None:
    phone = phones(Switch.ASSERTIONS_REFUSED, **WHILE_COPYING)
    phone.change_faults(asleep_after=ALWAYS_AWAKE)
    woken: list[bool] = []

    def look(_: Job, status: JobStatus) -> None:
        if status.write.files_written and not woken:
            phone.change_faults(asleep_after=0.0)
            woken.append(False)
        elif woken == [False] and status.condition is Condition.WAITING:
            phone.change_faults(asleep_after=ALWAYS_AWAKE)
            woken.append(True)

    done = phone.back_up(timeouts=IMPATIENT, look=look)
    assert woken == [False, True]
    assert (phone.missing(), reasons(done)) == (set(), {})
    assert done.status.write.failed == 0
