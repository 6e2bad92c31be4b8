"""The code for the phone's camera: it comes by itself, goes when it was scanned, and can be called back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ambertime_tui.engine.client import Command, CommandName
from ambertime_tui.engine.status import JobStatus
from ambertime_tui.tui.screens.code import CodeScreen, code_lines
from tests.tui import samples
from tests.tui.fake_engine import FakeEngine
from tests.tui.stage import Stage, app_of, play

SOCKET = Path("/run/job.sock")
FIRST = "shortcuts://run-shortcut?name=AmberTime&input=text&text=2019-03-01..2019-05-31"
SECOND = "shortcuts://run-shortcut?name=AmberTime&input=text&text=2019-06-01..2019-08-31"


def asking(code: str) -> JobStatus:
    """A job that wants a code to be scanned."""
    fetch = replace(samples.COPYING.fetch, code=code, sentence="Point the camera at the code and tap it.")
    return replace(samples.COPYING, fetch=fetch, sequence=samples.COPYING.sequence + len(code))


def test_a_code_is_shown_when_it_comes_and_goes_when_it_was_scanned() -> None:
    engine = FakeEngine()
    engine.job.append(samples.COPYING)

    async def script(stage: Stage) -> None:
        await stage.shows("1,204 of 2,341")
        await engine.say_status(asking(FIRST))
        await stage.shows("Point the camera")
        assert isinstance(stage.app.screen, CodeScreen)
        await engine.say_status(asking(SECOND))
        await stage.until(
            lambda: isinstance(stage.app.screen, CodeScreen) and stage.app.screen.code == SECOND
        )
        await engine.say_status(asking(""))
        await stage.until(lambda: not isinstance(stage.app.screen, CodeScreen))
        await stage.press("c")
        await stage.until(lambda: Command(CommandName.SHOW_CODE) in engine.commands)

    play(app_of(engine, attach_to=SOCKET), script)


def test_a_code_that_was_closed_comes_back_at_a_key() -> None:
    engine = FakeEngine()
    engine.job.append(samples.COPYING)

    async def script(stage: Stage) -> None:
        await stage.shows("1,204 of 2,341")
        await engine.say_status(asking(FIRST))
        await stage.until(lambda: isinstance(stage.app.screen, CodeScreen))
        await stage.press("escape")
        await stage.until(lambda: not isinstance(stage.app.screen, CodeScreen))
        await stage.press("c")
        await stage.until(lambda: isinstance(stage.app.screen, CodeScreen))

    play(app_of(engine, attach_to=SOCKET), script)


@pytest.mark.parametrize("ascii_only", [False, True])
def test_the_code_fits_a_terminal_whole(ascii_only: bool) -> None:
    lines = code_lines(FIRST, ascii_only=ascii_only)
    assert len({len(line[0].text) for line in lines}) == 1
    assert len(lines[0][0].text) <= 80
    assert ascii_only or len(lines) + 2 <= 24
