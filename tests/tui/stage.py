"""Runs the app for a test: a terminal size, a fake engine, keys, and conditions to wait for."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot
from textual.screen import Screen

from ambertime_tui.tui.application import AmberApp
from ambertime_tui.tui.context import AppContext
from ambertime_tui.tui.terminal import Colors, Terminal
from tests.tui.fake_engine import FakeEngine, context_of

TERMINAL = Terminal(Colors.TRUECOLOR, ascii=False, remote=False)
TEXTS = Path(__file__).parent / "__text__"
TIMEOUT = 30.0
"""Seconds after which a test that waits for a condition fails."""


def screen_text(screen: Screen[object] | Screen[None]) -> str:
    """The contents of a screen as plain text."""
    strips = screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


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
    """What a test can do with a running app: press keys, wait, read the screen."""

    def __init__(self, app: AmberApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    async def press(self, *keys: str) -> None:
        """Presses keys and waits until they have been handled."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Types a text into the focused field."""
        await self.press(*(_KEYS.get(character, character) for character in text))

    async def until(self, holds: Callable[[], bool]) -> None:
        """Waits for a condition, checking it each time the app is idle."""
        async with asyncio.timeout(TIMEOUT):
            while not holds():
                await self.pilot.pause(0.01)
        await self.pilot.pause()

    async def shows(self, text: str) -> None:
        """Waits until a text is on the screen."""
        try:
            await self.until(lambda: text in self.text)
        except TimeoutError:
            raise AssertionError(f"{text!r} does not appear on:\n{self.text}") from None

    @property
    def text(self) -> str:
        """The contents of the screen."""
        return screen_text(self.app.screen)


_KEYS = {":": "colon", "/": "slash", ".": "full_stop", "-": "minus", " ": "space", "~": "tilde"}


@asynccontextmanager
async def _on_stage(app: AmberApp, size: tuple[int, int]) -> AsyncIterator[Stage]:
    async with app.run_test(size=size) as pilot:
        yield Stage(app, pilot)


def play(
    app: AmberApp, script: Callable[[Stage], Awaitable[None]], size: tuple[int, int] = (80, 24)
) -> AmberApp:
    """Runs a script on an app in a terminal of a size; returns the app."""

    async def run() -> None:
        async with _on_stage(app, size) as stage:
            await script(stage)

    asyncio.run(run())
    return app


def compare_text(name: str, text: str) -> None:
    """Compares a screen with the one stored under a name; AMBERTIME_UPDATE_TEXT=1 stores it first."""
    file = TEXTS / f"{name}.txt"
    text = "\n".join(row.rstrip() for row in text.splitlines()) + "\n"
    if os.environ.get("AMBERTIME_UPDATE_TEXT"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert file.exists(), f"{file} is missing; run with AMBERTIME_UPDATE_TEXT=1 and read what it writes."
    assert text == file.read_text(encoding="utf-8")
