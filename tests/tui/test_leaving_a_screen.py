"""A screen is closed while the engine is about to answer: the late answer is dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.screen import Screen
from textual.widget import Widget

from ambertime_tui.engine.api.client import DevicesChanged, Pane, Preview, Rows
from ambertime_tui.engine.api.spec import JobSpec
from tests.tui import samples
from tests.tui.fake_engine import PHONE, SSD, USB, FakeEngine, context_of
from tests.tui.scenes import CHOSEN, READY
from tests.tui.stage import Stage, app_of, play


class SlowEngine(FakeEngine):
    """Answers the next request for a preview or for rows only when the test allows it."""

    def __init__(self) -> None:
        super().__init__()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.asked = asyncio.Event()

    async def answer(self) -> None:
        """Allows the answer."""
        self.may_answer.set()

    async def _wait_for_test(self) -> None:
        self.asked.set()
        await self.may_answer.wait()

    async def preview(self, spec: JobSpec) -> Preview:
        """Waits until the test allows it."""
        await self._wait_for_test()
        return await super().preview(spec)

    async def rows(self, pane: Pane, offset: int, limit: int) -> Rows:
        """Waits until the test allows it."""
        await self._wait_for_test()
        return await super().rows(pane, offset, limit)


class LastToGo(Widget):
    """The last widget to leave its screen; it has the engine answer at that moment."""

    def __init__(self, group: str, answer: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self.styles.display = "none"
        self._group = group
        self._answer = answer
        self.answered = False

    async def on_unmount(self) -> None:
        """The screen waits for it."""
        screen: Screen[object] = self.screen
        while len(screen.children) > 1:  # noqa: ASYNC110 (Textual has no event for it)
            await asyncio.sleep(0)
        asking = [worker for worker in self.app.workers if worker.group == self._group]
        await self._answer()
        await asyncio.gather(*(worker.wait() for worker in asking), return_exceptions=True)
        self.answered = True


async def request_without_answer(stage: Stage, engine: SlowEngine, key: str, group: str) -> LastToGo:
    """Presses a key that sends a request; the answer will arrive while the screen closes."""
    last = LastToGo(group, engine.answer)
    await stage.app.screen.mount(last)
    engine.may_answer.clear()
    engine.asked.clear()
    await stage.press(key)
    await stage.until(engine.asked.is_set)
    return last


def test_a_drive_that_appears_as_the_job_starts_does_no_harm() -> None:
    engine = FakeEngine()
    engine.job.append(samples.COPYING)

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        last = LastToGo("devices", lambda: engine.say_devices(DevicesChanged((PHONE,), (USB, SSD))))
        await stage.app.screen.mount(last)
        await stage.press("enter")
        await stage.shows("files read back")
        await stage.until(lambda: last.answered)
        await stage.shows("files read back")

    play(app_of(engine, context_of(engine, state=CHOSEN)), script)


def test_rows_that_arrive_as_the_list_is_closed_are_dropped() -> None:
    engine = SlowEngine()
    engine.job.append(samples.COPYING)

    async def script(stage: Stage) -> None:
        await stage.shows("files read back")
        await stage.press("enter")
        await stage.shows("1 of 100,000")
        last = await request_without_answer(stage, engine, "end", "rows")
        await stage.press("escape")
        await stage.until(lambda: last.answered)
        await stage.shows("files read back")

    play(app_of(engine, context_of(engine), attach_to=Path("/run/job.sock")), script)


@pytest.mark.parametrize("keys", [["q"], ["ctrl+c"], []], ids=["q", "ctrl+c", "closed from outside"])
def test_answers_that_arrive_as_the_app_exits_are_dropped(keys: list[str]) -> None:
    engine = SlowEngine()

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await request_without_answer(stage, engine, "i", "preview")
        await stage.press(*keys)

    play(app_of(engine, context_of(engine, state=CHOSEN)), script)
    assert engine.may_answer.is_set()
    assert engine.closed
