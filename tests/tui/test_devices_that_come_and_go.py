"""Setup follows drives and phones: no choice is exchanged for another, no message outlives its cause."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ambertime_tui.config import State, Task
from ambertime_tui.engine.api.client import DevicesChanged, EngineError
from ambertime_tui.engine.api.status import DriveSummary, PhoneSummary
from ambertime_tui.tui.screens import setup
from tests.tui.fake_engine import PHONE, SSD, SYSTEM, USB, FakeEngine, context_of
from tests.tui.scenes import CHOSEN, READ_ONLY, READY
from tests.tui.stage import Stage, app_of, play

GONE = f"! PHOTOS ({USB.path}) is no longer connected."
BENS = PhoneSummary("00008101-000000000000001E", "Ben’s old phone", "iPhone 12 mini", "16.7", True)


@pytest.fixture(autouse=True)
def looks_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks again without the usual wait."""
    monkeypatch.setattr(setup, "LOOK_AGAIN", 0.05)


def test_a_drive_that_is_gone_stays_chosen_is_named_and_is_chosen_again_when_it_is_back() -> None:
    engine = FakeEngine()

    async def script(stage: Stage) -> None:
        await stage.shows(f"{READY} to {USB.path}")
        await engine.say_devices(DevicesChanged((PHONE,), (SSD, SYSTEM)))
        await stage.shows(GONE)
        await stage.shows("› PHOTOS             not connected !")
        assert READY not in stage.text
        await stage.press("enter")
        assert not engine.started
        await engine.say_devices(DevicesChanged((PHONE,), (SSD, USB, SYSTEM)))
        await stage.shows(f"{READY} to {USB.path}")
        assert "no longer" not in stage.text

    play(app_of(engine, context_of(engine, state=CHOSEN)), script)


def test_another_drive_can_be_chosen_instead_of_the_one_that_is_gone() -> None:
    engine = FakeEngine()

    async def script(stage: Stage) -> None:
        await stage.shows(f"{READY} to {USB.path}")
        await engine.say_devices(DevicesChanged((PHONE,), (SSD, SYSTEM)))
        await stage.shows(GONE)
        stage.app.screen.query_one("#drives").focus()
        await stage.press("down")
        await stage.shows(f"{READY} to {SSD.path}")

    play(app_of(engine, context_of(engine, state=CHOSEN)), script)


def test_an_unmounted_drive_that_is_still_connected_is_named_with_the_command_that_mounts_it() -> None:
    engine = FakeEngine()
    unmounted = DriveSummary(
        "/dev/sdb1",
        "PHOTOS",
        "exfat",
        usable=False,
        sentence="Not mounted. Mount it: udisksctl.",
        mounted=False,
    )

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await engine.say_devices(DevicesChanged((PHONE,), (SYSTEM, unmounted)))
        await stage.shows("! PHOTOS is no longer mounted. Mount it: udisksctl.")

    play(app_of(engine, context_of(engine, state=CHOSEN)), script)


def test_a_different_drive_at_the_same_path_is_not_taken_for_the_chosen_one() -> None:
    engine = FakeEngine()
    other = replace(USB, name="OTHER")

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await engine.say_devices(DevicesChanged((PHONE,), (SYSTEM,)))
        await stage.shows(GONE)
        await engine.say_devices(DevicesChanged((PHONE,), (other, SYSTEM)))
        await stage.shows(f"! A different drive is now at {USB.path}. Mount PHOTOS there again")
        await stage.press("enter")
        assert not engine.started
        stage.app.screen.query_one("#drives").focus()
        await stage.press("up")
        await stage.shows(READY)

    play(app_of(engine, context_of(engine, state=CHOSEN)), script)


def test_a_phone_that_is_gone_is_not_exchanged_for_another_and_is_chosen_again_when_it_is_back() -> None:
    engine = FakeEngine()
    engine.devices_now = DevicesChanged((PHONE, BENS), (USB,))

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await engine.say_devices(DevicesChanged((BENS,), (USB,)))
        await stage.shows("! Anna’s iPhone is no longer connected. Connect it again or choose another")
        await engine.say_devices(DevicesChanged((BENS, PHONE), (USB,)))
        await stage.shows("› Anna’s iPhone")
        await stage.shows(READY)

    play(app_of(engine, context_of(engine, state=CHOSEN)), script)


def test_a_folder_that_did_not_exist_is_looked_at_again() -> None:
    engine = FakeEngine()
    there = False
    drive = engine.drive

    async def now_there(path: str) -> DriveSummary:
        return await drive(path if not there else "/data/x")

    engine.drive = now_there  # type: ignore[method-assign]

    async def script(stage: Stage) -> None:
        nonlocal there
        await stage.shows("! The folder /absent does not exist.")
        there = True
        await stage.shows(f"{READY} to /absent")

    play(app_of(engine, context_of(engine, state=State(last=Task(to="/absent")))), script)


def test_a_refusal_of_the_drive_goes_when_its_cause_is_gone() -> None:
    engine = FakeEngine()
    engine.preview_refused = EngineError("DriveSilent", "The drive is not responding.")

    async def script(stage: Stage) -> None:
        await stage.shows("! The drive is not responding.")
        engine.preview_refused = None
        await stage.shows(READY)

    play(app_of(engine, context_of(engine, state=CHOSEN)), script)


def test_a_drive_that_is_mounted_for_writing_again_can_be_used() -> None:
    engine = FakeEngine()
    engine.preview_problem = READ_ONLY
    read_only = replace(USB, usable=False, sentence=READ_ONLY)
    engine.devices_now = DevicesChanged((PHONE,), (read_only,))

    async def script(stage: Stage) -> None:
        await stage.shows("! It is mounted read-only.")
        await engine.say_devices(DevicesChanged((PHONE,), (USB,)))
        engine.preview_problem = ""
        await stage.shows(READY)

    play(app_of(engine, context_of(engine, state=CHOSEN)), script)


def test_a_library_that_could_not_be_read_is_read_again() -> None:
    engine = FakeEngine()
    engine.library, library = EngineError("Broken", "The library cannot be read."), engine.library
    seconds = 0.0

    async def script(stage: Stage) -> None:
        nonlocal seconds
        await stage.shows("! The library cannot be read.")
        engine.library = library
        seconds = 100.0
        await stage.shows(READY)

    play(app_of(engine, context_of(engine, state=CHOSEN, clock=lambda: seconds)), script)


def test_why_a_start_was_refused_goes_when_the_drive_has_changed() -> None:
    engine = FakeEngine()
    engine.refused = EngineError("NoRoom", "Not enough free space: 640 GB needed, 412 GB free.")

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.press("enter")
        await stage.shows("! Not enough free space")
        freed = replace(USB, free_bytes=USB.free_bytes + 10**9)
        await engine.say_devices(DevicesChanged((PHONE,), (freed, SYSTEM)))
        await stage.shows(READY)
        assert "Not enough" not in stage.text

    play(app_of(engine, context_of(engine, state=CHOSEN)), script)
