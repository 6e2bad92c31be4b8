"""The app on a real engine and a simulated phone: engines that are killed, phones and drives that leave."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ambertime_tui.engine.api.client import EngineClient, running_jobs
from ambertime_tui.paths import paths_from
from ambertime_tui.simulator.background import BackgroundUsbmuxd
from ambertime_tui.simulator.library import LibraryRecipe, MadeLibrary, make_library
from ambertime_tui.simulator.link import Link
from ambertime_tui.simulator.phone import SimulatedPhone
from ambertime_tui.tui.application import AmberApp
from ambertime_tui.tui.screens.end import EndScreen
from ambertime_tui.tui.screens.listing import ListingScreen
from ambertime_tui.tui.screens.run import RunScreen
from ambertime_tui.tui.screens.setup import SetupScreen
from tests.conftest import PhoneFactory
from tests.tui.fake_engine import FakeEngine, context_of
from tests.tui.scenes import READY
from tests.tui.stage import TERMINAL, Stage, play


@pytest.fixture
def made(tmp_path: Path) -> MadeLibrary:
    """Sixty items."""
    return make_library(tmp_path / "phone", LibraryRecipe(assets=60, seed=5, icloud_share=0.2))


@pytest.fixture
def phone(made: MadeLibrary, phone_factory: PhoneFactory) -> SimulatedPhone:
    """A connected phone."""
    return phone_factory(made.media)


@pytest.fixture
def app(phone: SimulatedPhone, tmp_path: Path) -> AmberApp:
    """The app as `ambertime FOLDER` starts it."""
    folder = tmp_path / "drive"
    folder.mkdir()
    paths = paths_from(os.environ)
    context = replace(
        context_of(FakeEngine(), folder=tmp_path),
        launch=lambda: EngineClient.launch(paths, os.environ),
        attach=EngineClient.attach,
        running_jobs=lambda: running_jobs(paths),
        target=str(folder),
    )
    return AmberApp(context, TERMINAL)


def kill_engine(stage: Stage) -> None:
    engine = stage.app.engine_now
    assert isinstance(engine, EngineClient)
    os.kill(engine.hello.pid, signal.SIGKILL)


def on(stage: Stage, screen: type[object]) -> Callable[[], bool]:
    return lambda: isinstance(stage.app.screen, screen)


def test_an_engine_killed_on_setup_is_restarted_with_r(app: AmberApp) -> None:
    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        kill_engine(stage)
        await stage.shows("The engine ended unexpectedly")
        await stage.press("enter", "i", "r")
        await stage.shows(READY)
        await stage.press("enter", "enter")  # the second may come on Run already, where it opens a list
        await stage.until(lambda: any(isinstance(screen, RunScreen) for screen in stage.app.screen_stack))
        assert len(running_jobs(paths_from(os.environ))) == 1
        kill_engine(stage)  # its job would wait for the phone long after the test

    play(app, script, size=(120, 40))


def test_an_engine_killed_during_a_backup_leads_back_to_setup_and_the_next_run_resumes(
    app: AmberApp, phone: SimulatedPhone
) -> None:
    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        phone.link = Link(0.001, 400_000)
        await stage.press("enter")
        await stage.until(on(stage, RunScreen))
        await stage.shows("Copying")
        await stage.press("enter")
        await stage.until(on(stage, ListingScreen))
        kill_engine(stage)
        await stage.until(on(stage, RunScreen))
        await stage.shows("The backup process ended unexpectedly")
        await stage.press("p", "s", "n", "n")
        await stage.until(on(stage, SetupScreen))
        phone.link = Link()
        await stage.shows(READY)
        await stage.press("enter")
        await stage.until(on(stage, EndScreen))

    play(app, script, size=(120, 40))


def test_an_engine_killed_at_the_end_leaves_a_result_and_a_way_to_setup(app: AmberApp) -> None:
    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.press("enter")
        await stage.until(on(stage, EndScreen))
        await stage.shows("Not on the drive")
        await stage.press("enter")
        await stage.until(on(stage, ListingScreen))
        kill_engine(stage)
        await stage.press("end", "escape", "e")
        await stage.shows("Saved")
        await stage.press("n")
        await stage.shows(READY)

    play(app, script, size=(120, 40))


def test_a_phone_unplugged_on_setup_comes_back_with_its_library(
    app: AmberApp, phone: SimulatedPhone, usbmux: BackgroundUsbmuxd
) -> None:
    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        usbmux.unplug(phone)
        await stage.shows("Simulated iPhone is no longer connected.")
        await stage.press("enter", "r", "i")
        usbmux.attach(phone)
        await stage.shows(READY)

    play(app, script, size=(120, 40))


def test_a_target_removed_on_setup_is_a_sentence_and_no_job(app: AmberApp, tmp_path: Path) -> None:
    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        shutil.rmtree(tmp_path / "drive")
        await stage.press("enter")
        await stage.shows("does not exist")
        assert isinstance(stage.app.screen, SetupScreen)
        (tmp_path / "drive").mkdir()
        await stage.press("enter")
        await stage.until(on(stage, EndScreen))

    play(app, script, size=(120, 40))


def test_r_reads_the_phone_again_although_it_was_just_read(app: AmberApp, phone: SimulatedPhone) -> None:
    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.pilot.pause()
        before = phone.journal.requests["afc.READ_DIR"]
        await stage.press("r")
        await stage.until(lambda: phone.journal.requests["afc.READ_DIR"] > before)
        await stage.shows(READY)

    play(app, script, size=(120, 40))
