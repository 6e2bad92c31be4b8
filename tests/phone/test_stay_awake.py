"""The phone is kept awake without a gap, and asked again when it refuses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ambertime_tui.phone.lockdown import Lockdown
from ambertime_tui.phone.stay_awake import LASTS, RENEWED_EVERY, RETRIED_AFTER, stay_awake
from ambertime_tui.simulator.faults import Faults
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.phone.talking import run, until


class Enough(Exception):
    """Ends `stay_awake`, which otherwise runs until cancelled."""


class Clock:
    """An injected clock: each pause takes no time, and calls the next step of a test."""

    def __init__(self, phone: SimulatedPhone, pauses: int) -> None:
        self.phone = phone
        self.pauses = pauses
        self.paused_for: list[float] = []
        self.held: list[int] = []
        """How many assertions the phone holds, at each pause."""
        self.refuse_after: dict[int, int] = {}
        """By number of pauses so far: how many assertions the phone refuses next."""

    async def pause(self, seconds: float) -> None:
        self.paused_for.append(seconds)
        expected = 1 if any(s == RENEWED_EVERY for s in self.paused_for) else 0
        await until(lambda: len(self.phone.power_assertions) == expected, "the assertions to settle")
        self.held.append(len(self.phone.power_assertions))
        if refused := self.refuse_after.get(len(self.paused_for)):
            self.phone.faults = Faults(refused_assertions=refused)
        if len(self.paused_for) == self.pauses:
            raise Enough


async def kept_awake(phone: SimulatedPhone, records: Path, clock: Clock) -> list[str]:
    """Run until the clock has had enough; return what happened to assertions, in order."""
    lockdown = await Lockdown.connect(phone.udid, records)
    happened: list[str] = []

    @asynccontextmanager
    async def hold(seconds: float) -> AsyncIterator[bool]:
        assert seconds == LASTS
        granted = False
        try:
            async with lockdown.kept_awake(seconds) as granted:
                happened.append("held" if granted else "refused")
                yield granted
        finally:
            happened.append("released" if granted else "closed")

    try:
        await stay_awake(hold, clock.pause)
    except Enough:
        await until(lambda: not phone.power_assertions, "the last assertion to be released")
    finally:
        await lockdown.aclose()
    return happened


def test_an_assertion_is_renewed_every_ten_minutes_before_the_last_one_is_released(
    any_phone: SimulatedPhone, records: Path
) -> None:
    clock = Clock(any_phone, 3)
    happened = run(kept_awake(any_phone, records, clock))
    assert clock.paused_for == [600.0, 600.0, 600.0]
    assert clock.held == [1, 1, 1]
    assert happened == ["held", "held", "released", "held", "released", "released"]


def test_a_phone_that_refuses_is_asked_again_after_a_minute(any_phone: SimulatedPhone, records: Path) -> None:
    any_phone.faults = Faults(refused_assertions=2)
    clock = Clock(any_phone, 4)
    happened = run(kept_awake(any_phone, records, clock))
    assert clock.paused_for == [RETRIED_AFTER, RETRIED_AFTER, RENEWED_EVERY, RENEWED_EVERY]
    assert clock.held == [0, 0, 1, 1]
    assert happened[:5] == ["refused", "closed", "refused", "closed", "held"]


def test_the_last_assertion_is_kept_while_the_phone_refuses_the_next(
    any_phone: SimulatedPhone, records: Path
) -> None:
    clock = Clock(any_phone, 4)
    clock.refuse_after = {1: 2}
    happened = run(kept_awake(any_phone, records, clock))
    assert clock.paused_for == [RENEWED_EVERY, RETRIED_AFTER, RETRIED_AFTER, RENEWED_EVERY]
    assert clock.held == [1, 1, 1, 1]
    assert happened == ["held", "refused", "closed", "refused", "closed", "held", "released", "released"]


def test_an_assertion_outlasts_its_renewal_and_several_refusals() -> None:
    assert LASTS >= RENEWED_EVERY + 5 * RETRIED_AFTER


def test_cancelling_releases_the_assertion(any_phone: SimulatedPhone, records: Path) -> None:
    async def work() -> None:
        lockdown = await Lockdown.connect(any_phone.udid, records)
        task = asyncio.create_task(stay_awake(lockdown.kept_awake))
        await until(lambda: any_phone.power_assertions == ["AmberTime"], "the assertion")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await until(lambda: not any_phone.power_assertions, "its release")
        await lockdown.aclose()

    run(work())
