"""A scan is repeated only if necessary, because the database of a large library has gigabytes."""

from __future__ import annotations

import asyncio
import errno
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ambertime_tui.engine.scan.survey import Scan, scratch_folder
from ambertime_tui.engine.scan.surveyor import GOOD_FOR, Surveyor
from ambertime_tui.engine.timing import Timing
from ambertime_tui.paths import PathsError
from ambertime_tui.phone.afc import MediaFolder
from ambertime_tui.simulator.faults import Faults
from ambertime_tui.simulator.library import LiveWriter, MadeLibrary
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.phone.talking import session_with


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def story_of(
    phone: SimulatedPhone, folder: Path
) -> AsyncIterator[tuple[Surveyor, Clock, MediaFolder, Scan]]:
    """A phone that was surveyed at second 0, and is now read by a job."""
    clock, records = Clock(), folder / "records"
    surveyor = Surveyor(records, folder / "scratch", replace(Timing(), steady=clock))
    scan = (await surveyor.survey(None, lambda status: None)).scan
    async with session_with(phone, records) as session:
        yield surveyor, clock, await session.media(), scan


def write_to(made: MadeLibrary) -> None:
    """Commit a transaction to the log, as Photos does: its header stays the same."""
    with LiveWriter(made, per_second=1):
        pass


def test_an_old_survey_is_used_where_the_database_was_not_written_to(
    phone: SimulatedPhone, tmp_path: Path
) -> None:
    async def story() -> None:
        async with story_of(phone, tmp_path) as (surveyor, clock, media, scan):
            clock.now = 100 * GOOD_FOR
            assert await surveyor.take(phone.udid, media) is scan
            assert await surveyor.take(phone.udid, media) is None, "only one job uses it"

    asyncio.run(story())


@pytest.mark.parametrize("stale", [False, True], ids=["stats change", "stats never change"])
def test_an_old_survey_is_not_used_where_it_was(
    phone: SimulatedPhone, made: MadeLibrary, tmp_path: Path, stale: bool
) -> None:
    phone.faults = Faults(stats_never_change=stale)

    async def story() -> None:
        async with story_of(phone, tmp_path) as (surveyor, clock, media, _):
            await asyncio.to_thread(write_to, made)
            clock.now = 100 * GOOD_FOR
            assert await surveyor.take(phone.udid, media) is None

    asyncio.run(story())


def test_a_recent_survey_is_used_in_any_case(
    phone: SimulatedPhone, made: MadeLibrary, tmp_path: Path
) -> None:
    async def story() -> None:
        async with story_of(phone, tmp_path) as (surveyor, clock, media, scan):
            await asyncio.to_thread(write_to, made)
            clock.now = GOOD_FOR - 1
            assert await surveyor.take(phone.udid, media) is scan

    asyncio.run(story())


def test_a_computer_without_room_for_a_working_folder_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **how: object) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "mkdtemp", full)

    async def story() -> None:
        async with scratch_folder(tmp_path / "scratch"):
            raise AssertionError("there is no folder")

    with pytest.raises(PathsError, match="No space left on device"):
        asyncio.run(story())
