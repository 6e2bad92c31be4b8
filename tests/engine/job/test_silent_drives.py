"""A drive that is not responding is reported, and the job waits for it until the user stops it."""

from __future__ import annotations

import asyncio
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from ambertime_tui.drive.errors import DriveSilent
from ambertime_tui.drive.volume.discovery import MountPoint, drive_of
from ambertime_tui.engine.api.client import Command, CommandName
from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.api.status import Condition, Outcome
from ambertime_tui.engine.host.drive_probe import DriveProbe
from ambertime_tui.engine.job.conditions import DRIVE_SILENT, GIVEN_UP_AFTER, Conditions
from ambertime_tui.engine.job.drive_threads import Threads, in_time
from ambertime_tui.engine.job.progress import Progress
from ambertime_tui.engine.timing import Timing
from ambertime_tui.simulator.library import MadeLibrary
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.drive.real_drives import mount, run
from tests.engine.backups import (
    Ended,
    backup,
    ended,
    engine,
    incomplete,
    resume,
    start_paused,
    strangers,
)


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_inactivity_counts_only_while_a_call_is_running() -> None:
    async def story() -> None:
        clock, frozen = Clock(), threading.Event()
        threads = Threads(2, Path("/drive"), clock)
        clock.now = 100.0
        assert threads.silent_for == 0.0
        waiting = asyncio.create_task(threads.run(frozen.wait))
        await asyncio.sleep(0)
        clock.now = 130.0
        assert threads.silent_for == 30.0
        threads.alive()
        assert threads.silent_for == 0.0, "what is read back is a sign of life"
        clock.now = 150.0
        assert await threads.run(lambda: 5) == 5
        assert threads.silent_for == 0.0
        threads.give_up()
        with pytest.raises(DriveSilent, match="is not responding"):
            await waiting
        with pytest.raises(DriveSilent):
            await threads.run(lambda: 5)
        frozen.set()
        threads.close()

    asyncio.run(story())


def test_a_cancelled_caller_waits_for_the_call_unless_the_drive_is_given_up() -> None:
    async def story() -> None:
        frozen = threading.Event()
        threads = Threads(1, Path("/drive"))
        waiting = asyncio.create_task(threads.run(frozen.wait))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting], timeout=0.05)
        assert not waiting.done()
        threads.give_up()
        await asyncio.wait([waiting])
        assert waiting.cancelled()
        frozen.set()
        threads.close()

    asyncio.run(story())


def test_it_is_reported_and_does_not_delay_a_stop() -> None:
    async def story() -> None:
        clock, frozen = Clock(), threading.Event()
        timing = Timing(steady=clock)
        threads, progress = Threads(1, Path("/drive"), clock), Progress("1", JobSpec("/drive"), timing)
        conditions = Conditions(progress, timing)
        waiting = asyncio.create_task(threads.run(frozen.wait))
        await asyncio.sleep(0)
        clock.now = DRIVE_SILENT - 1
        assert conditions.check_drive(threads)
        assert progress.snapshot().condition is Condition.RUNNING
        clock.now = DRIVE_SILENT
        assert conditions.check_drive(threads), "without a stop the job keeps waiting"
        status = progress.snapshot()
        assert (status.condition, "check its cable" in status.sentence) == (Condition.WAITING, True)
        conditions.stop()
        assert conditions.check_drive(threads)
        clock.now += GIVEN_UP_AFTER
        assert not conditions.check_drive(threads)
        frozen.set()
        assert await waiting
        assert conditions.check_drive(threads)
        assert progress.snapshot().sentence == "Stopping after the files in progress."
        threads.close()

    asyncio.run(story())


def test_a_drive_that_is_not_responding_does_not_delay_the_others(tmp_path: Path) -> None:
    async def story() -> None:
        frozen = threading.Event()

        def hangs() -> None:
            frozen.wait()

        good = MountPoint(tmp_path, "ext4", "1", lambda: drive_of(tmp_path))
        bad = MountPoint(tmp_path / "stick", "exfat", "2", hangs)
        looks = DriveProbe(lambda: (bad, good), within=0.2)
        for _ in range(3):
            first, second = await looks.drives()
            assert first.usable
            assert (second.name, second.usable) == ("stick", False)
            assert "is not responding" in second.sentence
        assert threading.active_count() < 10, "a drive with a pending call gets no second one"
        frozen.set()
        while len(await looks.drives()) > 1:  # noqa: ASYNC110 - each call waits for the drive itself
            await asyncio.sleep(0.01)

    asyncio.run(story())


def test_the_last_list_of_drives_is_kept_while_the_system_gives_none(tmp_path: Path) -> None:
    """For example when diskutil hangs on macOS; the engine stays responsive."""
    hung, asked = threading.Event(), 0

    def where() -> tuple[MountPoint, ...]:
        nonlocal asked
        asked += 1
        if asked == 2:
            hung.wait()
            raise OSError(5, "diskutil list did not answer")
        return (MountPoint(tmp_path, "ext4", "1", lambda: drive_of(tmp_path)),)

    async def story() -> None:
        looks = DriveProbe(where)
        seen = await looks.drives()
        again = asyncio.create_task(looks.drives())
        while asked < 2:  # noqa: ASYNC110 - shows that the loop is not blocked
            await asyncio.sleep(0)
        hung.set()
        assert [drive.path for drive in await again] == [drive.path for drive in seen] != []

    asyncio.run(story())


def test_a_first_access_that_takes_too_long_is_abandoned() -> None:
    async def story() -> None:
        frozen = threading.Event()
        with pytest.raises(DriveSilent):
            await in_time(0.05, Path("/drive"), frozen.wait)
        with pytest.raises(ValueError, match="nonsense"):
            await in_time(5.0, Path("/drive"), int, "nonsense")
        assert await in_time(5.0, Path("/drive"), int, "7") == 7
        frozen.set()

    asyncio.run(story())


async def blocked(pid: int) -> None:
    """Wait until a thread of a process has waited for the drive for some looks in a row."""
    looks = 0
    while looks < 5:
        states = [path.read_text().rpartition(")")[2].split()[0] for path in threads_of(pid)]
        looks = looks + 1 if "D" in states else 0
        await asyncio.sleep(0.05)


def threads_of(pid: int) -> list[Path]:
    return list(Path(f"/proc/{pid}/task").glob("*/stat"))


def test_a_job_on_a_frozen_drive_can_be_stopped_and_run_again(
    made: MadeLibrary, phone: SimulatedPhone, tmp_path: Path
) -> None:
    async def story(path: Path) -> Ended:
        async with engine(patience=180.0) as client:
            await start_paused(client, JobSpec(str(path)))
            run("fsfreeze", "--freeze", str(path))
            try:
                await resume(client)
                await blocked(client.hello.pid)
                await client.command(Command(CommandName.STOP_NOW))
                return await ended(client)
            finally:
                run("fsfreeze", "--unfreeze", str(path))

    with ExitStack() as stack:
        drive = mount("ext4", tmp_path, stack, megabytes=200)
        done = asyncio.run(story(drive.path))
        assert done.status.outcome is Outcome.FAILED
        assert "is not responding" in done.status.sentence
        assert done.status.census is not None
        assert done.status.census.holds
        asyncio.run(backup(JobSpec(str(drive.path))))
        assert incomplete(made, drive.path) == []
        assert strangers(drive.path) == set()
