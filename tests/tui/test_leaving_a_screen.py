"""A screen is left while an answer of the engine is under way: the answer comes too late and is dropped."""

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
    """Answers its next question about a preview or about rows when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.asked = asyncio.Event()

    async def answer(self) -> None:
        """Lets it."""
        self.may_answer.set()

    async def _in_its_time(self) -> None:
        self.asked.set()
        await self.may_answer.wait()

    async def preview(self, spec: JobSpec) -> Preview:
        """Takes its time."""
        await self._in_its_time()
        return await super().preview(spec)

    async def rows(self, pane: Pane, offset: int, limit: int) -> Rows:
        """Takes its time."""
        await self._in_its_time()
        return await super().rows(pane, offset, limit)


class LastToGo(Widget):
    """Stays on its screen after all others have gone, and has the engine answer in that moment."""

    def __init__(self, group: str, answer: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self.styles.display = "none"
        self._group = group
        self._answer = answer
        self.answered = False

    async def on_unmount(self) -> None:
        """The screen waits for it."""
        screen: Screen[object] = self.screen
        while len(screen.children) > 1:  # noqa: ASYNC110 (Textual tells nobody)
            await asyncio.sleep(0)
        asking = [worker for worker in self.app.workers if worker.group == self._group]
        await self._answer()
        await asyncio.gather(*(worker.wait() for worker in asking), return_exceptions=True)
        self.answered = True


async def ask_and_get_no_answer_yet(stage: Stage, engine: SlowEngine, key: str, group: str) -> LastToGo:
    """A key has the screen ask something; the answer comes while the screen goes."""
    last = LastToGo(group, engine.answer)
    await stage.app.screen.mount(last)
    engine.may_answer.clear()
    engine.asked.clear()
    await stage.press(key)
    await stage.until(engine.asked.is_set)
    return last


def test_a_drive_that_comes_as_the_job_starts_ends_nothing() -> None:
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


def test_rows_that_come_as_the_list_is_closed_are_dropped() -> None:
    engine = SlowEngine()
    engine.job.append(samples.COPYING)

    async def script(stage: Stage) -> None:
        await stage.shows("files read back")
        await stage.press("enter")
        await stage.shows("1 of 100,000")
        last = await ask_and_get_no_answer_yet(stage, engine, "end", "rows")
        await stage.press("escape")
        await stage.until(lambda: last.answered)
        await stage.shows("files read back")

    play(app_of(engine, context_of(engine), attach_to=Path("/run/job.sock")), script)


@pytest.mark.parametrize("keys", [["q"], ["ctrl+c"], []], ids=["q", "ctrl+c", "closed from outside"])
def test_what_comes_as_the_app_is_left_is_dropped(keys: list[str]) -> None:
    engine = SlowEngine()

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await ask_and_get_no_answer_yet(stage, engine, "i", "preview")
        await stage.press(*keys)

    play(app_of(engine, context_of(engine, state=CHOSEN)), script)
    assert engine.may_answer.is_set()
    assert engine.closed
