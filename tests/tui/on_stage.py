"""The app with a job that makes progress on its own, for tests in a pseudo-terminal."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path

from ambertime_tui.engine.api.status import CurrentFile, Event, JobStatus, Tally
from ambertime_tui.library.histogram import LibraryByDay
from ambertime_tui.tui.application import AmberApp
from ambertime_tui.tui.glyphs import glyphs_for
from ambertime_tui.tui.terminal import detect
from tests.tui import samples
from tests.tui.fake_engine import TODAY, FakeEngine, context_of, surveyed
from tests.tui.scenes import CHOSEN


class MovingEngine(FakeEngine):
    """Sends ten statuses per second, each different in every pane."""

    async def statuses(self) -> AsyncIterator[JobStatus]:
        """Endlessly."""
        started = time.time()
        every = 1 / float(os.environ.get("STAGE_SPEED", "10"))
        number = 0
        while True:
            number += 1
            done = (number * 7_000_000) % 214_000_000
            write = replace(
                samples.COPYING.write,
                written=Tally(1_204 + number, 9_460_000_000 + number * 4_000_000),
                files_written=1_811 + number,
                read_back=1_811 + number,
                rate=42e6 + number % 10 * 1e5,
                eta=213.0 - number / 10,
                current_files=(
                    CurrentFile(f"IMG_{number // 30:04}.MOV", done, 214_000_000),
                    CurrentFile(f"IMG_{number // 3:04}.HEIC", number % 3 * 900_000, 2_900_000),
                ),
                rates=tuple(30e6 + (second * 7 % 5) * 4e6 for second in range(number // 10)),
            )
            came = number // 2
            fetch = replace(
                samples.COPYING.fetch,
                waiting=Tally(548 - came % 400, 7_300_000_000 - came * 3_000_000),
                written=Tally(118 + came % 400, 1_590_000_000 + came * 3_000_000),
                rate=1.2e6 + number % 7 * 1e5,
                last_arrival_at=time.time() - number % 50 / 10,
                head=tuple(
                    replace(item, name=f"IMG_{came // 3 + n:04}.HEIC")
                    for n, item in enumerate(samples.COPYING.fetch.head)
                ),
            )
            arrived = Event(time.time(), "info", f"IMG_{came // 5:04}.HEIC arrived from iCloud.")
            yield replace(
                samples.COPYING,
                sequence=number,
                started_at=started,
                now=time.time(),
                write=write,
                fetch=fetch,
                events=(*samples.COPYING.events[-1:], arrived),
            )
            await asyncio.sleep(every)


def a_million() -> LibraryByDay:
    """A million assets over twenty years, some on every day."""
    days = range(date(2006, 11, 22).toordinal(), TODAY.toordinal())
    each, size = 1_000_000 // len(days) + 1, 3_100_000
    row = (each, each // 3, each - each // 3, (each - each // 3) * size, each // 3, each // 3 * size, 0, 0)
    return LibraryByDay(
        tuple(days), tuple(tuple(value * n for n in range(1, len(days) + 1)) for value in row)
    )


def moving_app() -> AmberApp:
    """Setup without activity if STAGE is "setup", else a job in progress."""
    terminal = detect(os.environ)
    engine = MovingEngine()
    if os.environ.get("STAGE_LIBRARY") == "million":
        engine.library = replace(surveyed(), by_day=a_million())
    engine.advice = tuple(filter(None, os.environ.get("STAGE_ADVICE", "").split("|")))
    context = context_of(engine, clock=time.time, state=CHOSEN, glyphs=glyphs_for(ascii_only=terminal.ascii))
    attach_to = None if os.environ.get("STAGE") == "setup" else Path("/run/job.sock")
    return AmberApp(context, terminal, attach_to=attach_to)
