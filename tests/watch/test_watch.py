"""`watch` runs tasks at plug-in and again later, waits where it must, and resumes what was lost."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ambertime_tui.engine.api.client import EngineClient, running_jobs
from ambertime_tui.engine.api.history import read_history
from ambertime_tui.engine.api.status import Outcome
from ambertime_tui.engine.api.unfinished import unfinished_jobs
from ambertime_tui.paths import paths_from
from ambertime_tui.simulator.background import BackgroundUsbmuxd
from ambertime_tui.simulator.link import Link
from ambertime_tui.simulator.phone import SimulatedPhone
from ambertime_tui.watch.schedule import DAY, HOUR, MINUTE, Power
from tests.cli.conftest import Ambertime, ambertime  # noqa: F401
from tests.conftest import PhoneFactory
from tests.engine.small_library import SmallLibrary, holds, names, some_bytes
from tests.watch.watching import config, watching


@pytest.fixture
def library(tmp_path: Path) -> SmallLibrary:
    made = SmallLibrary(tmp_path / "media")
    made.add("IMG_0001.HEIC", some_bytes("first", 5000))
    return made


@pytest.fixture
def phone(library: SmallLibrary, phone_factory: PhoneFactory) -> SimulatedPhone:
    return phone_factory(library.media, attached=False)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "drive"
    folder.mkdir()
    return folder


def test_a_task_runs_at_plug_in_after_its_time_and_when_its_drive_is_back(
    home: Path, usbmux: BackgroundUsbmuxd, phone: SimulatedPhone, library: SmallLibrary, target: Path
) -> None:
    config(home, f'[tasks.anna]\ndevice = "{phone.udid}"\nto = "{target}"\n[tasks.any]\nto = "{target}"\n')

    async def script() -> None:
        async with watching() as watch:
            assert (await watch.hears("watching")).sentence == "Watching for anna."
            usbmux.attach(phone)
            ended = await watch.hears("ended")
            assert (ended.task, ended.outcome) == ("anna", Outcome.COMPLETE)
            usbmux.unplug(phone)
            library.add("IMG_0002.HEIC", some_bytes("second", 6000))
            await watch.passes(DAY)
            assert len(watch.of("ended")) == 1, "without the phone nothing runs"
            usbmux.attach(phone)
            await watch.hears("ended", 2)
            await watch.passes(DAY - HOUR, HOUR)
            assert len(watch.of("ended")) == 2, "it waits for its time"
            watch.world.supply = Power(on_battery=True, percent=10)
            await watch.passes(2 * HOUR, HOUR)
            assert watch.of("waiting")[-1].sentence == "This computer's battery is below 20%."
            await asyncio.to_thread(target.rename, target.with_name("away"))
            watch.world.supply = Power()
            await watch.passes(10 * MINUTE)
            assert "is not connected" in watch.of("waiting")[-1].sentence
            assert len(watch.of("ended")) == 2
            await asyncio.to_thread(target.with_name("away").rename, target)
            await watch.passes(5 * MINUTE, MINUTE)
            await watch.hears("ended", 3)

    asyncio.run(script())
    assert names(target) == ["IMG_0001.HEIC", "IMG_0002.HEIC"]
    runs = read_history(paths_from(os.environ).state)
    assert [(run.task, run.copied, run.outcome) for run in runs] == [
        ("anna", 1, Outcome.COMPLETE),
        ("anna", 1, Outcome.COMPLETE),
        ("anna", 0, Outcome.COMPLETE),
    ]


def test_a_backup_that_a_shutdown_ended_is_resumed_although_no_task_knows_it(
    tmp_path: Path,
    home: Path,
    usbmux: BackgroundUsbmuxd,
    library: SmallLibrary,
    phone_factory: PhoneFactory,
    target: Path,
    ambertime: Ambertime,  # noqa: F811
) -> None:
    data = some_bytes("long", 4_000_000)
    library.add("IMG_0009.MOV", data)
    slow = phone_factory(library.media, link=Link(bytes_per_second=1e6))
    state = paths_from(os.environ).state
    assert ambertime("backup", "--detach", "--to", target).code == 0
    (job,) = running_jobs(paths_from(os.environ))

    async def shut_down() -> None:
        client = await EngineClient.attach(Path(job.socket))
        pid = client.hello.pid
        os.kill(pid, signal.SIGTERM)
        async for _ in client.statuses():
            pass
        await client.aclose()

    asyncio.run(shut_down())
    assert [lost.job_id for lost in unfinished_jobs(state)] == [job.job_id]

    async def script() -> None:
        async with watching() as watch:
            ended = await watch.hears("ended")
            assert (ended.task, ended.outcome) == (f"unfinished {job.job_id}", Outcome.COMPLETE)
            await watch.passes(2 * DAY, DAY)
            assert len(watch.of("ended")) == 1, "it is resumed once"

    asyncio.run(script())
    assert slow.udid
    assert holds(target, data)
    assert unfinished_jobs(state) == ()


def test_watch_verifies_a_tenth_each_week_and_says_what_is_damaged(
    home: Path, usbmux: BackgroundUsbmuxd, phone: SimulatedPhone, library: SmallLibrary, target: Path
) -> None:
    heard = target.parent / "heard"
    hook = target.parent / "hook.sh"
    hook.write_text(f'#!/bin/sh\ncat >> "{heard}"\n')
    hook.chmod(0o755)
    config(
        home,
        f'[hooks]\nhand_needed = ["{hook}"]\n[tasks.anna]\ndevice = "{phone.udid}"\nto = "{target}"\n',
    )

    async def script() -> None:
        async with watching() as watch:
            usbmux.attach(phone)
            await watch.hears("ended")
            usbmux.unplug(phone)
            await watch.passes(HOUR, HOUR)
            file = next((target / "Photos").rglob("IMG_0001.HEIC"))
            file.write_bytes(b"x" * 5000)
            for week in range(1, 11):
                await watch.passes(7 * DAY, 7 * DAY)
                await watch.hears("verified", week)
            damaged = [event for event in watch.of("verified") if "1 damaged" in event.sentence]
            assert len(damaged) == 1, "in ten weeks, each file is read once"

    asyncio.run(script())
    assert "1 damaged" in heard.read_text()


def test_the_command_prints_events_and_ends_with_a_signal(
    home: Path, phone: SimulatedPhone, target: Path, usbmux: BackgroundUsbmuxd
) -> None:
    config(home, f'[tasks.anna]\ndevice = "{phone.udid}"\nto = "{target}"\n')
    usbmux.attach(phone)
    with subprocess.Popen(
        [sys.executable, "-m", "ambertime_tui", "watch", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        kinds = []
        for line in process.stdout:
            kinds.append(line.split('"kind":"')[1].split('"')[0])
            if kinds[-1] == "ended":
                break
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert kinds == ["watching", "started", "ended"]
    assert "Stopped watching." in err
    assert "Traceback" not in err
