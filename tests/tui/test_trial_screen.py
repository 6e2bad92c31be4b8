"""The question after the trial of a way of asking: it opens by itself, and one key answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ambertime_tui.engine.api.client import Command, CommandName
from ambertime_tui.engine.api.spec import FetchWay
from ambertime_tui.engine.api.status import JobStatus
from ambertime_tui.engine.api.trial import TrialState
from ambertime_tui.tui.screens.run import RunScreen
from ambertime_tui.tui.screens.trial import TrialScreen
from tests.tui import samples
from tests.tui.fake_engine import FakeEngine
from tests.tui.stage import Stage, app_of, play

SOCKET = Path("/run/job.sock")


def in_state(state: TrialState, sequence: int) -> JobStatus:
    """A job with a trial in some state."""
    assert samples.TRIED.fetch.trial is not None
    trial = replace(samples.TRIED.fetch.trial, state=state)
    return replace(samples.TRIED, sequence=sequence, fetch=replace(samples.TRIED.fetch, trial=trial))


@pytest.mark.parametrize(
    ("key", "command"),
    [
        ("enter", Command(CommandName.TRIAL)),
        ("1", Command(CommandName.WAY, FetchWay.BY_HAND)),
        ("f", Command(CommandName.FINISH)),
    ],
)
def test_one_key_decides(key: str, command: Command) -> None:
    engine = FakeEngine()
    engine.job.append(samples.COPYING_BY_SHORTCUT)

    async def script(stage: Stage) -> None:
        await stage.shows("1,204 of 2,341")
        await engine.say_status(in_state(TrialState.ASKING, 50))
        await stage.shows("10,389 items (42.1 GB)")
        await stage.press("2")
        assert isinstance(stage.app.screen, TrialScreen), "there is no second way"
        await stage.press(key)
        await stage.until(lambda: engine.commands == [command])
        assert isinstance(stage.app.screen, RunScreen)

    play(app_of(engine, attach_to=SOCKET), script)


def test_the_decision_can_wait_and_is_closed_when_made_elsewhere() -> None:
    engine = FakeEngine()
    engine.job.append(in_state(TrialState.ASKING, 50))

    async def script(stage: Stage) -> None:
        await stage.until(lambda: isinstance(stage.app.screen, TrialScreen))
        await stage.press("escape")
        await stage.until(lambda: isinstance(stage.app.screen, RunScreen))
        await stage.press("t")
        await stage.until(lambda: isinstance(stage.app.screen, TrialScreen))
        await engine.say_status(in_state(TrialState.DONE, 51))
        await stage.until(lambda: isinstance(stage.app.screen, RunScreen))
        assert engine.commands == []

    play(app_of(engine, attach_to=SOCKET), script)


def test_a_running_trial_is_skipped_by_its_key_which_is_shown_only_then() -> None:
    engine = FakeEngine()
    engine.job.append(samples.COPYING_BY_SHORTCUT)

    async def script(stage: Stage) -> None:
        await stage.shows("1,204 of 2,341")
        assert "Trial" not in stage.text
        await engine.say_status(in_state(TrialState.RUNNING, 50))
        await stage.shows("t Trial")
        await stage.press("t")
        await stage.until(lambda: engine.commands == [Command(CommandName.TRIAL)])

    play(app_of(engine, attach_to=SOCKET), script)
