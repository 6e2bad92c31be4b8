"""Theme files: the bundled ones work, and a broken one is reported and left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.color import ColorSystem
from rich.segment import Segment
from textual.color import Color

from ambertime_tui.tui.application import AmberApp
from ambertime_tui.tui.themes import ThemeError, bundled_folder, load_theme, load_themes, meaning_defaults
from tests.tui.fake_engine import FakeEngine, context_of
from tests.tui.scenes import BY_NAME, READY
from tests.tui.stage import Stage, app_of, play

BUNDLED = {"amber-dark", "amber-light", "high-contrast", "ansi", "monochrome"}


def test_all_bundled_themes_can_be_used() -> None:
    themes, failures = load_themes([bundled_folder()])
    assert {theme.name for theme in themes} == BUNDLED
    assert failures == ()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("primary = ", "Cannot read"),
        ('name = "x"', "no primary colour"),
        ('primary = "#ff"', "unknown colour for primary"),
        ("primary = 7", "wrong value for primary"),
        ('primary = "red"\nprimry = "red"', "unknown key: primry"),
        ('primary = "red"\n[variables]\nmuted = "reddish"', "unknown colour for muted"),
        ('primary = "red"\n[variables]\nmuted = "red much"', "unknown colour for muted"),
        ('primary = "red"\n[variables]\nmutd = "red"', "unknown variable: mutd"),
        ('primary = "red"\n[variables]\nmuted-style = "blinking"', "unknown text style"),
        ('primary = "red"\n[variables]\nmuted = 3', "put it in quotes"),
    ],
)
def test_a_broken_theme_is_reported_with_its_error(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(ThemeError, match=complaint) as raised:
        load_theme(file)
    assert str(file) in str(raised.value)


def test_a_broken_theme_does_not_keep_the_app_from_starting(tmp_path: Path) -> None:
    folder = tmp_path / "themes"
    folder.mkdir()
    (folder / "broken.toml").write_text('primary = "#zz"')
    (folder / "mine.toml").write_text('primary = "#00ff88"')
    engine = FakeEngine()

    async def script(stage: Stage) -> None:
        await stage.shows("The theme")
        assert "mine" in stage.app.available_themes
        stage.app.theme = "mine"
        await stage.shows("New backup")
        await stage.press("question_mark")
        await stage.shows("Keys")

    play(app_of(engine, context_of(engine, folder=tmp_path)), script)


def test_a_theme_without_a_name_is_named_after_its_file(tmp_path: Path) -> None:
    (tmp_path / "sea.toml").write_text('primary = "#0080ff"')
    assert load_theme(tmp_path / "sea.toml").name == "sea"


def test_a_theme_chosen_while_the_app_runs_repaints_everything() -> None:
    def painted(app: AmberApp) -> list[list[Segment]]:
        return [list(strip) for strip in app.screen._compositor.render_strips()]

    pictures = []

    async def chosen_now(stage: Stage) -> None:
        await stage.shows(READY)
        stage.app.theme = "amber-light"
        await stage.pilot.pause()
        pictures.append(painted(stage.app))

    async def chosen_before(stage: Stage) -> None:
        await stage.shows(READY)
        pictures.append(painted(stage.app))

    play(BY_NAME["setup"].app("amber-dark"), chosen_now)
    play(BY_NAME["setup"].app("amber-light"), chosen_before)
    assert pictures[0] == pictures[1]


def _seen_as(text: str, background: Color) -> Color:
    """A colour of a theme as a terminal of 256 colours shows it."""
    name, _, share = text.partition(" ")
    color = Color.parse(name)
    if share:
        color = color.with_alpha(float(share.rstrip("%")) / 100)
    painted = background.blend(color, color.a, 1.0)
    return Color(*painted.rich_color.downgrade(ColorSystem.EIGHT_BIT).get_truecolor())


@pytest.mark.parametrize("name", ["amber-dark", "amber-light", "high-contrast"])
def test_text_is_readable_in_256_colours(name: str) -> None:
    theme = load_theme(bundled_folder() / f"{name}.toml")
    colors = meaning_defaults(theme) | theme.to_color_system().generate() | theme.variables
    background = Color.parse(colors["background"])
    ground = _seen_as(colors["background"], background)
    for meaning in ("foreground", "muted", "strong", "local", "icloud", "success", "warning", "error", "key"):
        assert abs(_seen_as(colors[meaning], background).brightness - ground.brightness) > 0.35, meaning
