"""Puts the app on a stage: a size, a fake engine, keys; and waits until everything has come to rest."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from ambertime_tui.tui.application import AmberApp
from ambertime_tui.tui.context import AppContext
from ambertime_tui.tui.terminal import Colors, Terminal
from ambertime_tui.tui.textual_internals import screen_text
from tests.tui.fake_engine import FakeEngine, context_of

TERMINAL = Terminal(Colors.TRUECOLOR, ascii=False, remote=False)
TEXTS = Path(__file__).parent / "__text__"
COMES_TO_REST_WITHIN = 30.0
"""Seconds after which a test that waits for a condition fails."""


def app_of(
    engine: FakeEngine,
    context: AppContext | None = None,
    *,
    terminal: Terminal = TERMINAL,
    theme: str | None = None,
    attach_to: Path | None = None,
) -> AmberApp:
    """The app on a fake engine."""
    return AmberApp(context or context_of(engine), terminal, theme=theme, attach_to=attach_to)


class Stage:
    """What a test can do with an app that runs: press keys, wait, read the screen."""

    def __init__(self, app: AmberApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    async def press(self, *keys: str) -> None:
        """Presses keys and waits until their messages are handled."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Types a text into the field in focus."""
        await self.press(*(_KEYS.get(character, character) for character in text))

    async def until(self, holds: Callable[[], bool]) -> None:
        """Waits for a condition, looking whenever the app has handled what it had."""
        async with asyncio.timeout(COMES_TO_REST_WITHIN):
            while not holds():
                await self.pilot.pause(0.01)
        await self.pilot.pause()

    async def shows(self, text: str) -> None:
        """Waits until a text stands on the screen."""
        try:
            await self.until(lambda: text in self.text)
        except TimeoutError:
            raise AssertionError(f"{text!r} does not appear on:\n{self.text}") from None

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return screen_text(self.app.screen)


_KEYS = {":": "colon", "/": "slash", ".": "full_stop", "-": "minus", " ": "space", "~": "tilde"}


@asynccontextmanager
async def _on_stage(app: AmberApp, size: tuple[int, int]) -> AsyncIterator[Stage]:
    async with app.run_test(size=size) as pilot:
        yield Stage(app, pilot)


def play(
    app: AmberApp, script: Callable[[Stage], Awaitable[None]], size: tuple[int, int] = (80, 24)
) -> AmberApp:
    """Runs a script on an app in a terminal of a size, and gives the app back as it was left."""

    async def run() -> None:
        async with _on_stage(app, size) as stage:
            await script(stage)

    asyncio.run(run())
    return app


def compare_text(name: str, text: str) -> None:
    """Compares a screen with the one kept under a name; with AMBERTIME_UPDATE_TEXT=1 it is kept anew."""
    file = TEXTS / f"{name}.txt"
    text = "\n".join(row.rstrip() for row in text.splitlines()) + "\n"
    if os.environ.get("AMBERTIME_UPDATE_TEXT"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert file.exists(), f"{file} is missing; run with AMBERTIME_UPDATE_TEXT=1 and read what it writes."
    assert text == file.read_text(encoding="utf-8")
