"""Pictures: each screen in the default theme, and one screen in each theme."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote

import pytest
from textual.app import App
from textual.pilot import Pilot

from ambertime_tui.tui.application import AmberApp
from ambertime_tui.tui.terminal import Colors, Terminal
from ambertime_tui.tui.themes import bundled_folder
from tests.tui.fake_engine import FakeEngine, context_of
from tests.tui.scenes import BY_NAME, CHOSEN, READY
from tests.tui.stage import Stage

THEMES = sorted(file.stem for file in bundled_folder().glob("*.toml"))
SCREENS = (
    "setup",
    "run-copying",
    "end-something-left",
    "list",
    "jobs",
    "help",
    "leaving",
    "tasks",
    "code",
    "doctor",
)
SNAPSHOTS = Path(__file__).parent / "__snapshots__" / "test_looks"


class Compare(Protocol):
    """The fixture of pytest-textual-snapshot."""

    def __call__(self, app: App[int], *, terminal_size: tuple[int, int], run_before: object) -> bool: ...


@pytest.mark.parametrize("name", SCREENS)
def test_the_screen_looks_as_it_was_reviewed(name: str, snap_compare: Compare) -> None:
    app = BY_NAME[name].app(None)

    async def before(pilot: Pilot[int]) -> None:
        await BY_NAME[name].script(Stage(app, pilot))

    assert snap_compare(app, terminal_size=(80, 24), run_before=before)


@pytest.mark.parametrize("theme", THEMES)
def test_the_theme_looks_as_it_was_reviewed(theme: str, snap_compare: Compare) -> None:
    engine = FakeEngine()
    colors = {"ansi": Colors.C16, "monochrome": Colors.NONE}.get(theme, Colors.TRUECOLOR)
    terminal = Terminal(colors, ascii=False, remote=False)
    app = AmberApp(context_of(engine, state=CHOSEN, folder=Path("/nonexistent")), terminal, theme=theme)

    async def before(pilot: Pilot[int]) -> None:
        stage = Stage(app, pilot)
        await stage.shows(READY)
        await stage.press("L", "L", "L")
        await stage.shows(READY)

    assert snap_compare(app, terminal_size=(100, 30), run_before=before)


def test_the_documentation_shows_every_screen_and_theme() -> None:
    page = Path(__file__).parents[2] / "docs" / "screens-and-keys.md"
    shown = {
        (page.parent / unquote(address)).resolve()
        for address in re.findall(r"!\[[^]]*\]\(([^)]+\.svg)\)", page.read_text(encoding="utf-8"))
    }
    dark = (
        SNAPSHOTS / "test_the_theme_looks_as_it_was_reviewed[amber-dark].svg"
    )  # the theme of the other pictures
    assert shown == {file.resolve() for file in SNAPSHOTS.glob("*.svg")} - {dark.resolve()}
