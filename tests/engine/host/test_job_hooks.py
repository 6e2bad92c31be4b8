"""Hooks run in the process of the job, so that they also run for a backup in the background."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest

from ambertime_tui.engine.api.attendance import Attendance
from ambertime_tui.engine.api.spec import Hooks, JobSpec
from ambertime_tui.engine.api.status import JobStatus
from ambertime_tui.engine.host.job_hooks import AGAIN_AFTER, NEEDED_FOR, run_hooks
from ambertime_tui.engine.job.job import Job
from ambertime_tui.engine.timing import Timing
from ambertime_tui.simulator.library import LibraryRecipe, make_library
from tests.cli.conftest import Ambertime, ambertime  # noqa: F401
from tests.conftest import PhoneFactory

FREE = JobStatus("aa00", 1, JobSpec("/media/usb", "UDID"), 0.0, 0.0)
LOCKED = replace(FREE, sentence="Unlock the iPhone.", attendance=Attendance(hand_needed=True))
UNPLUGGED = replace(LOCKED, sentence="The iPhone was unplugged.")


def hook(folder: Path) -> tuple[str, ...]:
    file = folder / "hook.sh"
    file.write_text(f'#!/bin/sh\ncat >> "{folder}/heard"\n')
    file.chmod(0o755)
    return (str(file),)


def heard(folder: Path) -> list[dict[str, object]]:
    file = folder / "heard"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@dataclass
class Played:
    """A job that shows one status for each second of a script."""

    statuses: Iterator[JobStatus]
    ended: asyncio.Event
    now: float = 0.0

    @property
    def progress(self) -> Played:
        return self

    def snapshot(self) -> JobStatus:
        status = next(self.statuses, None)
        if status is None:
            self.ended.set()
            return FREE
        return status

    async def pause(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


def play(folder: Path, *script: tuple[JobStatus, float]) -> list[str]:
    """Run the hook for a hand while a job shows each status for some seconds; return what it heard."""

    async def run() -> None:
        statuses = (status for status, seconds in script for _ in range(round(seconds)))
        job = Played(statuses, asyncio.Event())
        running = asyncio.create_task(_until(job.ended))
        timing = Timing(steady=lambda: job.now, pause=job.pause)
        await run_hooks(cast("Job", job), running, Hooks(hand_needed=hook(folder)), timing, {})

    asyncio.run(run())
    return [str(one["sentence"]) for one in heard(folder)]


async def _until(event: asyncio.Event) -> None:
    await event.wait()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        pytest.param([(LOCKED, NEEDED_FOR / 2), (FREE, 9), (LOCKED, 9)], [], id="a cable that slips"),
        pytest.param([(FREE, 5), (LOCKED, 200)], ["Unlock the iPhone."], id="once for one need"),
        pytest.param([(LOCKED, 60), (UNPLUGGED, 60)], ["Unlock the iPhone."], id="another need, too soon"),
        pytest.param(
            [(LOCKED, 60), (UNPLUGGED, AGAIN_AFTER)],
            ["Unlock the iPhone.", "The iPhone was unplugged."],
            id="another need, later",
        ),
        pytest.param(
            [(LOCKED, 60), (FREE, AGAIN_AFTER), (LOCKED, 60)],
            ["Unlock the iPhone.", "Unlock the iPhone."],
            id="the same need again",
        ),
    ],
)
def test_a_person_is_called_once_for_each_need(
    script: list[tuple[JobStatus, float]], said: list[str], tmp_path: Path
) -> None:
    assert play(tmp_path, *script) == said


def test_a_detached_backup_runs_the_hook_at_its_end_even_if_that_fails_first(
    home: Path,
    tmp_path: Path,
    phone_factory: PhoneFactory,
    ambertime: Ambertime,  # noqa: F811
) -> None:
    made = make_library(tmp_path / "library", LibraryRecipe(assets=8, seed=3, icloud_share=0.0))
    phone = phone_factory(made.media)
    (tmp_path / "drive").mkdir()
    folder = home / ".config/ambertime"
    folder.mkdir(parents=True)
    config = folder / "config.toml"
    config.write_text('[hooks]\nfinished = ["/bin/false"]\n')
    assert ambertime("backup", "--to", tmp_path / "drive").code == 0, "a hook that fails changes nothing"
    config.write_text(f"[hooks]\nfinished = {json.dumps(hook(tmp_path))}\n")

    assert ambertime("backup", "--detach", "--to", tmp_path / "drive").code == 0

    deadline = time.monotonic() + 60
    while not heard(tmp_path):
        assert time.monotonic() < deadline, "the hook did not run"
        time.sleep(0.05)
    (told,) = heard(tmp_path)
    assert (told["type"], told["phone"], told["outcome"]) == ("finished", phone.facts.name, "complete")
    assert (
        "The hook /bin/false failed with exit code 1."
        in (home / ".local/state/ambertime/engine.log").read_text()
    )
    config.write_text('[hooks]\nfinished = "notify"\n')
    wrong = ambertime("backup", "--to", tmp_path / "drive")
    assert wrong.code == 2
    assert 'hooks.finished must be a list of texts, such as ["~/bin/notify", "--quiet"]' in wrong.sentence
