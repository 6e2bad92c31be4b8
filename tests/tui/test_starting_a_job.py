"""Setup: Enter starts one job, or the screen says why it cannot."""

from __future__ import annotations

import pytest

from ambertime_tui.engine.api.client import EngineError
from ambertime_tui.engine.api.spec import OriginalsChoice
from ambertime_tui.library.date_range import parse_date_range
from ambertime_tui.tui.screens.run import RunScreen
from tests.tui.fake_engine import PHONE, TODAY, USB, FakeEngine, context_of
from tests.tui.scenes import CHOSEN, READY
from tests.tui.stage import Stage, app_of, play


def test_enter_starts_what_the_summary_says() -> None:
    engine = FakeEngine()

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.press("5", "i")
        await stage.shows("only in iCloud, ")
        await stage.shows(": included")
        await stage.shows(READY)
        await stage.press("enter")
        await stage.until(lambda: bool(engine.started))

    play(app_of(engine, context_of(engine, state=CHOSEN)), script)
    spec = engine.started[0]
    assert (spec.udid, spec.target, spec.originals) == (PHONE.udid, USB.path, OriginalsChoice.ICLOUD)
    assert spec.selection.range == parse_date_range("..2024-11-22", TODAY)


def test_enter_says_why_it_does_not_start() -> None:
    engine = FakeEngine()
    engine.preview_problem = "The drive is too small."

    async def script(stage: Stage) -> None:
        await stage.shows("! The drive is too small.")
        await stage.press("enter")

    play(app_of(engine, context_of(engine, state=CHOSEN)), script)
    assert not engine.started


def test_a_refused_start_says_why_and_stays() -> None:
    engine = FakeEngine()
    engine.refused = EngineError("TargetInUse", "Another backup writes to this drive.")

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.press("enter")
        await stage.shows("Another backup writes")
        await stage.press("i")
        await stage.shows(READY)

    play(app_of(engine, context_of(engine, state=CHOSEN)), script)


def test_enter_twice_starts_one_job_and_shows_it() -> None:
    engine = FakeEngine()
    engine.start_may_end.clear()

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.press("enter", "enter")
        await stage.shows("Starting the backup")
        await stage.press("enter", "i", "enter")
        engine.start_may_end.set()
        await stage.until(lambda: isinstance(stage.app.screen, RunScreen))

    play(app_of(engine, context_of(engine, state=CHOSEN)), script)
    assert len(engine.started) == 1


def test_a_job_is_shown_although_its_options_were_opened_while_it_started() -> None:
    engine = FakeEngine()
    engine.start_may_end.clear()

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.press("enter", "w")
        engine.start_may_end.set()
        await stage.until(lambda: isinstance(stage.app.screen, RunScreen))
        assert len(stage.app.screen_stack) == 2

    play(app_of(engine, context_of(engine, state=CHOSEN)), script)


def test_leaving_while_a_job_starts_says_that_it_keeps_running(capsys: pytest.CaptureFixture[str]) -> None:
    engine = FakeEngine()
    engine.start_may_end.clear()

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.press("enter", "q")

    play(app_of(engine, context_of(engine, state=CHOSEN)), script)
    assert "The backup is starting and keeps running" in capsys.readouterr().err
