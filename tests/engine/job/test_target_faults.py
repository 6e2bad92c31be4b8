"""Drive failures: the job ends with the right sentence, and the next run completes it."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from ambertime_tui.engine.api.client import EngineClient, Pane
from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.api.status import Outcome
from ambertime_tui.simulator.library import LibraryRecipe, MadeLibrary, make_library
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.conftest import PhoneFactory
from tests.engine.backups import (
    Ended,
    archived,
    backup,
    ended,
    engine,
    in_part,
    incomplete,
    resume,
    start_paused,
    strangers,
)


@pytest.fixture
def small_drive(tmp_path: Path) -> Iterator[Path]:
    """A drive of 100 MB; only root can create it."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    mount = tmp_path / "small"
    mount.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", str(mount)], check=False)
    if made.returncode != 0:
        pytest.skip("file systems cannot be mounted on this computer")
    yield mount
    subprocess.run(["umount", "-l", str(mount)], check=True)


def fill(drive: Path, leave: int) -> Path:
    """Fill a drive except for a little; return the file that fills it."""
    filler = drive / "filler"
    facts = os.statvfs(drive)
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, facts.f_bavail * facts.f_frsize - leave)
    return filler


def move(folder: Path, to: Path) -> None:
    """Move a folder away, as when a drive is unmounted."""
    folder.rename(to)


def judged(done: Ended) -> set[str]:
    """The reasons of what is missing; checks that the census adds up."""
    assert done.status.census is not None
    assert done.status.census.holds
    return {left.reason for left in done.report.left}


async def paused(client: EngineClient, target: Path) -> None:
    """A job that is paused before its first file."""
    await start_paused(client, JobSpec(str(target)))


def test_a_drive_that_vanishes_ends_the_job_and_the_next_run_completes_it(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    elsewhere = target.with_name("unplugged")

    async def story() -> None:
        async with engine() as client:
            await paused(client, target)
            move(target, elsewhere)
            await resume(client)
            done = await ended(client)
            assert done.status.outcome is Outcome.FAILED
            assert f"The drive with {target} was disconnected" in done.status.sentence
            assert judged(done) == {"icloud", "not_reached"}
            rows = await client.rows(Pane.LEFT, 0, 5000)
            assert rows.total == len(done.report.left)
            assert sorted(row.uuid for row in rows.rows) == sorted(one.uuid for one in done.report.left)
            reasons = [row.state for row in rows.rows]
            assert len(list(groupby(reasons))) == len(set(reasons))

    asyncio.run(story())
    move(elsewhere, target)
    asyncio.run(backup(JobSpec(str(target))))
    assert incomplete(made, target) == []
    assert strangers(target) == set()


def test_another_folder_at_the_targets_path_gets_no_file(
    made: MadeLibrary, phone: SimulatedPhone, target: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()

    async def story() -> None:
        async with engine() as client:
            await paused(client, target)
            move(target, tmp_path / "unplugged")
            move(other, target)
            await resume(client)
            done = await ended(client)
            assert done.status.outcome is Outcome.FAILED

    asyncio.run(story())
    assert list(target.iterdir()) == []


def test_a_selection_that_does_not_fit_is_refused_before_a_byte_is_written(
    made: MadeLibrary, phone: SimulatedPhone, small_drive: Path
) -> None:
    fill(small_drive, leave=10_000_000)
    done = asyncio.run(backup(JobSpec(str(small_drive))))
    assert done.status.outcome is Outcome.FAILED
    assert "Not enough free space" in done.status.sentence
    assert " of files and a reserve), " in done.status.sentence
    assert done.status.write.written.count == 0
    assert not (small_drive / "Photos").exists()


def test_a_drive_that_fills_up_ends_the_job_and_the_next_run_completes_it(
    made: MadeLibrary, phone: SimulatedPhone, small_drive: Path
) -> None:
    fillers: list[Path] = []

    async def story() -> None:
        async with engine() as client:
            await paused(client, small_drive)
            fillers.append(await asyncio.to_thread(fill, small_drive, 300_000))
            await resume(client)
            done = await ended(client)
            assert done.status.outcome is Outcome.FAILED
            assert "full" in done.status.sentence or "could not be written" in done.status.sentence
            assert "not_reached" in judged(done)

    asyncio.run(story())
    fillers[0].unlink()
    there = set(archived(small_drive))
    done = asyncio.run(backup(JobSpec(str(small_drive))))
    assert incomplete(made, small_drive) == []
    assert strangers(small_drive) == set()
    assert done.status.write.already.count == len(there - in_part(made, small_drive))


def test_a_file_lost_on_the_drive_is_copied_again(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    asyncio.run(backup(JobSpec(str(target))))
    lost = next(iter(archived(target).values())).files[0]
    (target / lost.path).unlink()
    done = asyncio.run(backup(JobSpec(str(target))))
    assert done.status.write.written.count == 1
    assert incomplete(made, target) == []


def test_two_phones_share_a_target(
    made: MadeLibrary, phone: SimulatedPhone, phone_factory: PhoneFactory, target: Path, tmp_path: Path
) -> None:
    second = make_library(tmp_path / "second", LibraryRecipe(assets=20, seed=12, icloud_share=0.0))
    other = phone_factory(second.media)
    asyncio.run(backup(JobSpec(str(target), udid=phone.udid)))
    asyncio.run(backup(JobSpec(str(target), udid=other.udid)))
    assert incomplete(made, target) == []
    assert incomplete(second, target) == []
    again = asyncio.run(backup(JobSpec(str(target), udid=phone.udid)))
    assert again.status.write.written.count == 0
