"""`watch` with real engines and a simulated phone, under a clock that the test moves."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from ambertime_tui.engine.api.history import PastRun, read_history
from ambertime_tui.engine.api.watch_event import Kind, WatchEvent
from ambertime_tui.paths import paths_from
from ambertime_tui.watch.loop import Watch
from ambertime_tui.watch.schedule import Power
from ambertime_tui.watch.world import World

WITHIN = 90.0
"""Seconds of real time for anything to happen."""
BEGIN = 1_790_000_000.0


class MovedClock:
    """Stands still until the test moves it."""

    def __init__(self) -> None:
        self._now = BEGIN
        self._moved = asyncio.Condition()
        self._waits = self._waiting = 0

    def now(self) -> float:
        return self._now

    async def wait(self, seconds: float) -> None:
        until = self._now + seconds
        async with self._moved:
            self._waits += 1
            self._waiting += 1
            self._moved.notify_all()
            try:
                await self._moved.wait_for(lambda: self._now >= until)
            finally:
                self._waiting -= 1

    async def move(self, seconds: float) -> None:
        """Move it by at least a minute, and wait until the watch waits again."""
        async with asyncio.timeout(WITHIN), self._moved:
            before = self._waits
            self._now += seconds
            self._moved.notify_all()
            await self._moved.wait_for(lambda: self._waits > before and self._waiting > 0)

    async def rests(self) -> None:
        """Wait until the watch waits for this clock."""
        async with asyncio.timeout(WITHIN), self._moved:
            await self._moved.wait_for(lambda: self._waiting > 0)


class WatchedWorld(World):
    """This computer, with a power supply that the test chooses."""

    supply = Power()

    def power(self) -> Power:
        return self.supply


class Watching:
    """A running watch and what it reported."""

    def __init__(self) -> None:
        self.clock = MovedClock()
        self.world = WatchedWorld(paths_from(os.environ), os.environ, self.clock)
        self.events: list[WatchEvent] = []
        self._news = asyncio.Condition()
        self._loop = asyncio.get_running_loop()
        self.watch = Watch(self.world, self._report)

    def _report(self, event: WatchEvent) -> None:
        self.events.append(event)
        self._loop.create_task(self._notify())

    async def _notify(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def until(self, wanted: Callable[[], bool], what: str) -> None:
        """Wait for what the events have to show."""
        try:
            async with asyncio.timeout(WITHIN), self._news:
                await self._news.wait_for(wanted)
        except TimeoutError:
            raise AssertionError(f"{what}; reported: {self.events}") from None

    async def hears(self, kind: Kind, number: int = 1) -> WatchEvent:
        """Wait for the n-th event of a kind."""
        await self.until(lambda: len(self.of(kind)) >= number, f"no {kind} {number}")
        return self.of(kind)[number - 1]

    def of(self, kind: Kind) -> list[WatchEvent]:
        return [event for event in self.events if event.kind == kind]

    async def passes(self, seconds: float, step: float = 600.0) -> None:
        """Let time pass in steps of at least a minute; the watch acts in between."""
        await self.clock.rests()
        while seconds > 0:
            await self.clock.move(min(step, seconds))
            seconds -= step

    def history(self) -> tuple[PastRun, ...]:
        return read_history(paths_from(os.environ).state)


@asynccontextmanager
async def watching() -> AsyncGenerator[Watching, None]:
    """Run a watch."""
    running = Watching()
    task = asyncio.create_task(running.watch.run())
    try:
        yield running
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def config(home: Path, text: str) -> None:
    """Write config.toml."""
    folder = home / ".config/ambertime"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(text)
