"""The app with a job that moves by itself, for tests in a pseudo-terminal."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from ambertime_tui.engine.status import FileInHand, JobStatus, Tally
from ambertime_tui.tui.application import AmberApp
from ambertime_tui.tui.glyphs import glyphs_for
from ambertime_tui.tui.terminal import detect
from tests.tui import samples
from tests.tui.fake_engine import FakeEngine, world_of
from tests.tui.scenes import CHOSEN


class MovingEngine(FakeEngine):
    """Says ten statuses a second, each different in every pane."""

    async def statuses(self) -> AsyncIterator[JobStatus]:
        """For ever."""
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
                in_hand=(
                    FileInHand(f"IMG_{number // 30:04}.MOV", done, 214_000_000),
                    FileInHand(f"IMG_{number // 3:04}.HEIC", number % 3 * 900_000, 2_900_000),
                ),
                rates=tuple(30e6 + (second * 7 % 5) * 4e6 for second in range(number // 10)),
            )
            fetch = replace(samples.COPYING.fetch, last_arrival_at=time.time() - number % 50 / 10)
            yield replace(
                samples.COPYING,
                sequence=number,
                started_at=started,
                now=time.time(),
                write=write,
                fetch=fetch,
            )
            await asyncio.sleep(every)


def moving_app() -> AmberApp:
    """Setup at rest where STAGE says so, else a job that moves."""
    terminal = detect(os.environ)
    engine = MovingEngine()
    world = world_of(engine, clock=time.time, state=CHOSEN, glyphs=glyphs_for(ascii_only=terminal.ascii))
    attach_to = None if os.environ.get("STAGE") == "setup" else Path("/run/job.sock")
    return AmberApp(world, terminal, attach_to=attach_to)
