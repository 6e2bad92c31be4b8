"""Real drives that fail during a job: unplugged, frozen, set read-only by their file system."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ambertime_tui.engine.api.client import EngineClient
from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.api.status import Outcome
from ambertime_tui.simulator.library import MadeLibrary
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.drive.real_drives import mount, mount_again, run
from tests.engine.backups import (
    PATIENCE,
    Ended,
    backup,
    ended,
    engine,
    incomplete,
    resume,
    start_paused,
    strangers,
)

FROZEN = 60.0 if os.environ.get("AMBERTIME_LONG") else 3.0
"""Seconds for which the drive is frozen."""


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Undoes everything at the end."""
    with ExitStack() as stack:
        yield stack


def hurt(target: Path, command: list[str]) -> Ended:
    """A job whose drive fails before the first file is copied."""

    async def story() -> Ended:
        async with engine() as client:
            await start_paused(client, JobSpec(str(target)))
            await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
            await resume(client)
            return await ended(client)

    return asyncio.run(story())


def test_unplugging_the_drive_ends_the_job_and_the_next_run_completes_it(
    made: MadeLibrary, phone: SimulatedPhone, tmp_path: Path, stack: ExitStack
) -> None:
    drive = mount("exfat", tmp_path, stack, megabytes=200)
    done = hurt(drive.path, ["kill", "-9", str(drive.driver)])
    assert done.status.outcome is Outcome.FAILED
    assert "was disconnected or unmounted" in done.status.sentence
    assert "Connect and mount it again." in done.status.sentence
    assert done.status.census is not None
    assert done.status.census.holds
    mount_again(drive, stack)
    asyncio.run(backup(JobSpec(str(drive.path))))
    assert incomplete(made, drive.path) == []
    assert strangers(drive.path) == set()


def test_a_drive_that_becomes_read_only_is_reported(
    made: MadeLibrary, phone: SimulatedPhone, tmp_path: Path, stack: ExitStack
) -> None:
    drive = mount("ext4", tmp_path, stack, megabytes=200)
    done = hurt(drive.path, ["mount", "-o", "remount,abort", str(drive.path)])
    assert done.status.outcome is Outcome.FAILED
    assert "read-only" in done.status.sentence
    run("umount", str(drive.path))
    subprocess.run(["fsck.ext4", "-y", drive.device], check=False, capture_output=True)
    run("mount", "-t", "ext4", drive.device, str(drive.path))
    asyncio.run(backup(JobSpec(str(drive.path))))
    assert incomplete(made, drive.path) == []
    assert strangers(drive.path) == set()


def test_the_engine_responds_while_the_job_waits_for_a_frozen_drive(
    made: MadeLibrary, phone: SimulatedPhone, tmp_path: Path, stack: ExitStack
) -> None:
    drive = mount("ext4", tmp_path, stack, megabytes=200)

    async def story() -> Ended:
        async with engine(PATIENCE + FROZEN) as client:
            await start_paused(client, JobSpec(str(drive.path)))
            run("fsfreeze", "--freeze", str(drive.path))
            try:
                await resume(client)
                frozen_until = asyncio.get_running_loop().time() + FROZEN
                while asyncio.get_running_loop().time() < frozen_until:
                    second = await EngineClient.attach(client.socket)
                    assert second.hello.job is not None
                    assert second.hello.job.outcome is None
                    await second.aclose()
                    await asyncio.sleep(FROZEN / 10)
            finally:
                run("fsfreeze", "--unfreeze", str(drive.path))
            return await ended(client)

    done = asyncio.run(story())
    assert done.status.outcome is Outcome.LEFT, done.status.sentence
    assert incomplete(made, drive.path) == []
    assert strangers(drive.path) == set()
