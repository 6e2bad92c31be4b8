"""The first assets of a first backup are copied while the rest of the library is still being read. The result
on the drive is the same."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ambertime_tui.engine.api.protocol import Command, CommandName
from ambertime_tui.engine.api.spec import JobSpec, Selection
from ambertime_tui.engine.api.status import Outcome, Phase
from ambertime_tui.engine.job.job import Job, open_job
from ambertime_tui.engine.scan.surveyor import Surveyor
from ambertime_tui.engine.timing import Timing
from ambertime_tui.library.date_range import DateRange
from ambertime_tui.library.photos_db import LibraryReader
from ambertime_tui.paths import paths_from
from ambertime_tui.simulator.faults import Faults
from ambertime_tui.simulator.library import LibraryRecipe, MadeAsset, MadeLibrary, make_library
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.engine.backups import (
    PATIENCE,
    archived,
    in_part,
    incomplete,
    offload,
    run_here,
    selected,
    strangers,
)


class Reading:
    """Blocks the reading of the whole library."""

    def __init__(self) -> None:
        self.may_continue = threading.Event()
        self.begun = threading.Event()


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reading]:
    held, read = Reading(), LibraryReader.library

    def library(self: LibraryReader, *args: Any, **how: Any) -> Any:
        held.begun.set()
        assert held.may_continue.wait(PATIENCE)
        return read(self, *args, **how)

    monkeypatch.setattr(LibraryReader, "library", library)
    yield held
    held.may_continue.set()


async def opened(target: Path, folder: Path, spec: JobSpec | None = None) -> Job:
    records = paths_from(os.environ).data / "pair-records"
    return await open_job(
        spec or JobSpec(str(target)),
        surveyor=Surveyor(records, folder / "scratch", Timing()),
        pair_records=records,
        reports=folder / "reports",
        timing=Timing(),
    )


async def written(job: Job, count: int) -> None:
    """Wait until `count` assets are on the drive."""
    async with asyncio.timeout(PATIENCE):
        while job.progress.snapshot().write.written.count < count:
            await job.progress.changed()


def dated(made: MadeLibrary) -> list[MadeAsset]:
    """The assets with a date that are on the phone, oldest first."""
    found = [a for a in selected(made) if a.availability == "local" and not a.undated]
    return sorted(found, key=lambda asset: asset.created or 0.0)


def day_of(asset: MadeAsset) -> date:
    """The day of capture in UTC; the local day differs by at most one."""
    return datetime.fromtimestamp(asset.created or 0.0, UTC).date()


def places(target: Path) -> dict[str, list[tuple[str, str]]]:
    """Path and SHA-256 of each asset's files."""
    found = archived(target).items()
    return {uuid: sorted((file.path, file.sha256) for file in asset.files) for uuid, asset in found}


def test_assets_are_on_the_drive_before_the_library_is_read_completely(
    made: MadeLibrary, phone: SimulatedPhone, target: Path, tmp_path: Path, reading: Reading
) -> None:
    async def story() -> Job:
        job = await opened(target, tmp_path)
        running = asyncio.create_task(job.run())
        await written(job, 10)
        assert job.progress.snapshot().phase is Phase.SCANNING
        reading.may_continue.set()
        await running
        return job

    status = asyncio.run(story()).progress.snapshot()
    assert incomplete(made, target) == []
    assert strangers(target) == set()
    assert status.census is not None
    assert status.census.count("failed") == 0
    assert status.census.holds
    assert status.census.count("copied") + status.census.in_part == len(archived(target))
    assert status.write.written.count == len(archived(target))
    assert status.write.planned == status.write.written


@pytest.mark.parametrize("seed", range(4))
def test_files_have_the_same_places_as_without_a_head_start(
    phone_factory: Any, tmp_path: Path, home: Path, seed: int
) -> None:
    """There is no head start on a drive that already has an asset of the phone."""
    made = make_library(tmp_path / "phone", LibraryRecipe(assets=150, seed=seed, icloud_share=0.2))
    phone_factory(made.media)
    with_it, without = tmp_path / "with", tmp_path / "without"
    for target in (with_it, without):
        target.mkdir()
    day = day_of(dated(made)[len(dated(made)) // 2])
    few = DateRange(day - timedelta(days=1), day + timedelta(days=1))
    narrow = JobSpec(str(without), selection=Selection(range=few))

    async def story() -> None:
        for number, spec in enumerate((JobSpec(str(with_it)), narrow, JobSpec(str(without)))):
            status = await run_here(spec, Timing(), tmp_path / f"computer{number}")
            assert status.census is not None
            assert status.census.count("failed") == 0

    asyncio.run(story())
    assert places(with_it) == places(without)
    assert incomplete(made, with_it) == []


def test_a_job_stopped_during_it_counts_its_copies_and_the_next_continues(
    made: MadeLibrary, phone: SimulatedPhone, target: Path, tmp_path: Path, reading: Reading
) -> None:
    async def story() -> Job:
        job = await opened(target, tmp_path)
        running = asyncio.create_task(job.run())
        await written(job, 5)
        job.stop()
        await running
        reading.may_continue.set()
        return job

    status = asyncio.run(story()).progress.snapshot()
    assert status.outcome is Outcome.INTERRUPTED
    count = len(archived(target))
    assert count >= 5
    assert status.sentence == (
        f"Stopped before the library was read completely; {count} items are on the drive. "
        "Run again to continue."
    )
    assert strangers(target) == set()
    again = asyncio.run(run_here(JobSpec(str(target)), Timing(), tmp_path / "again"))
    assert again.write.already.count + len(in_part(made, target)) >= count
    assert incomplete(made, target) == []


def test_a_job_stopped_during_it_finishes_the_files_in_progress(
    made: MadeLibrary, phone: SimulatedPhone, target: Path, tmp_path: Path, reading: Reading
) -> None:
    phone.faults = Faults(afc_reply_limit=2000)

    async def story() -> set[str]:
        job = await opened(target, tmp_path)
        running = asyncio.create_task(job.run())
        async with asyncio.timeout(PATIENCE):
            while not job.progress.snapshot().write.current_files:
                await job.progress.changed()
        job.stop()
        in_progress = {file.name for file in job.progress.snapshot().write.current_files}
        await running
        reading.may_continue.set()
        assert job.progress.outcome is Outcome.INTERRUPTED
        return in_progress

    in_progress = asyncio.run(story())
    assert in_progress
    on_drive = {Path(file.source_path).name for one in archived(target).values() for file in one.files}
    assert in_progress <= on_drive


def test_a_drive_that_fails_during_it_ends_the_job_before_the_library_is_read(
    made: MadeLibrary,
    phone: SimulatedPhone,
    target: Path,
    tmp_path: Path,
    reading: Reading,
) -> None:
    async def story() -> Job:
        job = await opened(target, tmp_path)
        (target / ".ambertime" / "target.json").rename(tmp_path / "marker")
        running = asyncio.create_task(job.run())
        async with asyncio.timeout(PATIENCE):
            while job.progress.snapshot().phase is not Phase.FINISHING:
                await job.progress.changed()
        reading.may_continue.set()
        await running
        return job

    status = asyncio.run(story()).progress.snapshot()
    assert status.outcome is Outcome.FAILED
    assert archived(target) == {}


def test_an_asset_offloaded_during_it_is_listed(
    made: MadeLibrary, phone: SimulatedPhone, target: Path, tmp_path: Path, reading: Reading
) -> None:
    """One of its assets is offloaded after the listing and before it is copied."""
    first, last = dated(made)[0], dated(made)[-1]

    async def story() -> Job:
        job = await opened(target, tmp_path)
        running = asyncio.create_task(job.run())
        job.command(Command(CommandName.PAUSE))
        assert await asyncio.to_thread(reading.begun.wait, PATIENCE)
        offload(made, last)
        job.command(Command(CommandName.RESUME))
        await written(job, 1)
        reading.may_continue.set()
        await running
        return job

    status = asyncio.run(story()).progress.snapshot()
    assert status.census is not None
    assert status.census.holds
    assert first.uuid in archived(target)
    assert last.uuid not in archived(target)
    assert status.census.count("copied") + status.census.in_part == len(archived(target))
    assert status.census.count("failed") == 1


def test_it_copies_nothing_outside_the_range(
    made: MadeLibrary, phone: SimulatedPhone, target: Path, tmp_path: Path, reading: Reading
) -> None:
    third = len(dated(made)) // 3
    wanted = DateRange(day_of(dated(made)[third]), day_of(dated(made)[2 * third]))
    assert wanted.start
    assert wanted.end

    async def story() -> None:
        job = await opened(target, tmp_path, JobSpec(str(target), selection=Selection(range=wanted)))
        running = asyncio.create_task(job.run())
        await written(job, 3)
        assert job.progress.snapshot().phase is Phase.SCANNING
        reading.may_continue.set()
        await running

    asyncio.run(story())
    a_day = timedelta(days=1)
    sure = DateRange(wanted.start + a_day, wanted.end - a_day)
    possible = DateRange(wanted.start - a_day, wanted.end + a_day)
    there = archived(target).keys()
    assert {a.uuid for a in dated(made) if day_of(a) in sure} <= there
    assert there <= {a.uuid for a in dated(made) if day_of(a) in possible}
