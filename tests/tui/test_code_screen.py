"""The code for the phone's camera: it opens automatically, closes when scanned, and can be shown again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ambertime_tui.engine.api.client import Command, CommandName
from ambertime_tui.engine.api.status import JobStatus
from ambertime_tui.tui.glyphs import ASCII, FULL, Glyphs
from ambertime_tui.tui.screens.code import CodeScreen, code_lines, code_page
from ambertime_tui.tui.screens.run import RunScreen
from ambertime_tui.tui.widgets.spans import plain
from tests.tui import samples
from tests.tui.fake_engine import FakeEngine
from tests.tui.stage import Stage, app_of, play

SOCKET = Path("/run/job.sock")
FIRST = "shortcuts://run-shortcut?name=AmberTime&input=text&text=2019-03-01x300"
SECOND = "shortcuts://run-shortcut?name=AmberTime&input=text&text=2019-06-01x300"


def asking(code: str, sentence: str = "") -> JobStatus:
    """A job with a code to scan, or without one."""
    words = "Point the camera at the code and tap it." if code else ""
    fetch = replace(samples.COPYING.fetch, code=code, code_sentence=words, sentence=sentence or words)
    job = samples.COPYING_BY_SHORTCUT
    return replace(job, fetch=fetch, sequence=job.sequence + len(code) + len(sentence))


def test_a_code_is_shown_when_it_arrives_and_closed_when_it_was_scanned() -> None:
    engine = FakeEngine()
    engine.job.append(samples.COPYING_BY_SHORTCUT)

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


def test_a_closed_code_can_be_shown_again() -> None:
    engine = FakeEngine()
    engine.job.append(samples.COPYING_BY_SHORTCUT)

    async def script(stage: Stage) -> None:
        await stage.shows("1,204 of 2,341")
        await engine.say_status(asking(FIRST))
        await stage.until(lambda: isinstance(stage.app.screen, CodeScreen))
        await stage.press("escape")
        await stage.until(lambda: not isinstance(stage.app.screen, CodeScreen))
        await stage.press("c")
        await stage.until(lambda: isinstance(stage.app.screen, CodeScreen))

    play(app_of(engine, attach_to=SOCKET), script)


def test_a_code_opened_by_the_user_stays_until_it_is_closed() -> None:
    engine = FakeEngine()
    engine.job.append(samples.COPYING_BY_SHORTCUT)

    async def script(stage: Stage) -> None:
        await stage.shows("1,204 of 2,341")
        await stage.press("c")
        await stage.until(lambda: Command(CommandName.SHOW_CODE) in engine.commands)
        await engine.say_status(asking(FIRST))
        await stage.shows("Point the camera")
        await engine.say_status(asking("", sentence="iOS is downloading this slice: 3 of 12 to come."))
        await stage.until(lambda: _run_screen(stage).status == engine.job[-1])
        assert isinstance(stage.app.screen, CodeScreen)
        assert "Point the camera" in stage.text
        await stage.press("c")
        await stage.until(lambda: not isinstance(stage.app.screen, CodeScreen))

    play(app_of(engine, attach_to=SOCKET), script)


def test_there_is_no_key_for_a_code_without_the_shortcut() -> None:
    engine = FakeEngine()
    engine.job.append(samples.COPYING)

    async def script(stage: Stage) -> None:
        await stage.shows("1,204 of 2,341")
        assert "c Code" not in stage.text
        await stage.press("c")
        assert isinstance(stage.app.screen, RunScreen)

    play(app_of(engine, attach_to=SOCKET), script)
    assert engine.commands == []


def _run_screen(stage: Stage) -> RunScreen:
    return next(screen for screen in stage.app.screen_stack if isinstance(screen, RunScreen))


def rows_of(columns: int, rows: int, glyphs: Glyphs) -> list[str]:
    """The page with the code, as text."""
    words = "Point the iPhone's camera at the code and tap it. It requests 300 items (1.2 GB) from " + RANGE
    return [plain(row) for row in code_page(FIRST, words, columns, rows, glyphs)]


RANGE = "2019-03-01 to 2019-05-31."


def test_the_code_and_its_instructions_fit_80x24() -> None:
    page = rows_of(80, 24, FULL)
    assert len(page) == 24
    assert all(len(row) <= 80 for row in page)
    assert "".join(page).count("\N{FULL BLOCK}") > 100
    assert RANGE in " ".join(page)
    assert page[-1].strip() == "esc Close"


@pytest.mark.parametrize(("columns", "rows", "glyphs"), [(80, 24, ASCII), (80, 22, FULL), (40, 40, FULL)])
def test_a_code_that_does_not_fit_is_shown_as_an_address(columns: int, rows: int, glyphs: Glyphs) -> None:
    page = rows_of(columns, rows, glyphs)
    assert FIRST in "".join(row.strip() for row in page)
    assert "##" not in "".join(page)
    assert "\N{FULL BLOCK}" not in "".join(page)
    assert "Enlarge" in " ".join(page)
    assert len(page) <= rows


def test_ascii_draws_the_code_in_a_large_terminal() -> None:
    assert "##" in "".join(rows_of(120, 50, ASCII))


def test_all_lines_of_a_code_have_the_same_length() -> None:
    for ascii_only in (False, True):
        assert len({len(row[0].text) for row in code_lines(FIRST, ascii_only=ascii_only)}) == 1
