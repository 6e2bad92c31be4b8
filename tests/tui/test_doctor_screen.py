"""The checks of the set-up: offered when something is wrong, shown as they arrive, saved without names."""

from __future__ import annotations

import json
from pathlib import Path

from ambertime_tui.engine.api.client import DevicesChanged, EngineError
from ambertime_tui.tui.screens.doctor import LONG_SECONDS
from ambertime_tui.tui.screens.setup import SetupScreen
from tests.tui import samples
from tests.tui.fake_engine import USB, FakeEngine, context_of
from tests.tui.scenes import CHOSEN
from tests.tui.stage import Stage, app_of, play


def checked_engine() -> FakeEngine:
    engine = FakeEngine()
    engine.devices_now = DevicesChanged((), (USB,))
    engine.checks = list(samples.CHECKS)
    return engine


def test_problems_come_first_and_the_chosen_drive_is_checked() -> None:
    engine = checked_engine()

    async def script(stage: Stage) -> None:
        await stage.shows("c Check the set-up")
        await stage.press("c")
        await stage.shows("2 wrong")
        text = stage.text
        assert (
            text.index("No iPhone is connected") < text.index("8.1 MB/s") < text.index("Files can be locked")
        )

    play(app_of(engine, context_of(engine, state=CHOSEN)), script)
    (request,) = engine.examined
    assert (request.udid, request.target, request.long_seconds) == (None, USB.path, None)


def test_results_show_while_the_checks_run_and_esc_stops_them() -> None:
    engine = checked_engine()
    engine.checks_may_end.clear()

    async def script(stage: Stage) -> None:
        await stage.shows("Connect an iPhone")
        await stage.press("c")
        await stage.shows("Testing the drive in")
        await stage.shows("Looking for the iPhone")
        await stage.press("r")
        await stage.shows("still running")
        await stage.press("escape")
        await stage.until(lambda: isinstance(stage.app.screen, SetupScreen))

    play(app_of(engine), script)
    assert len(engine.examined) == 1


def test_a_long_check_observes_the_phone() -> None:
    engine = checked_engine()

    async def script(stage: Stage) -> None:
        await stage.shows("Connect an iPhone")
        await stage.press("c")
        await stage.shows("2 wrong")
        await stage.press("l")
        await stage.until(lambda: len(engine.examined) == 2)
        await stage.shows("2 wrong")

    play(app_of(engine), script)
    assert engine.examined[1].long_seconds == LONG_SECONDS


def test_the_saved_report_has_no_sentences(tmp_path: Path) -> None:
    engine = checked_engine()

    async def script(stage: Stage) -> None:
        await stage.shows("Connect an iPhone")
        await stage.press("c")
        await stage.shows("2 wrong")
        await stage.press("w")
        await stage.shows("Saved")

    play(app_of(engine, context_of(engine, folder=tmp_path)), script)
    report = json.loads((tmp_path / "reports/doctor-report.json").read_text())
    assert [one["check"] for one in report["findings"]][-1] == "connected"
    assert "/media" not in json.dumps(report)


def test_checks_that_cannot_run_say_why() -> None:
    engine = checked_engine()
    engine.checks_failed = EngineError("DoctorFailed", "The checks did not start: no memory.")

    async def script(stage: Stage) -> None:
        await stage.shows("Connect an iPhone")
        await stage.press("c")
        await stage.shows("did not start: no memory")

    play(app_of(engine), script)
