"""Settings with errors are reported on start and listed in the help; they never stop the app."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ambertime_tui.config import Task, load_usable_config
from ambertime_tui.tui.application import KEY_SCOPES
from ambertime_tui.tui.keymap import usable_keys
from tests.tui.fake_engine import TODAY, FakeEngine, context_of
from tests.tui.scenes import CHOSEN, READY
from tests.tui.stage import Stage, app_of, play


@pytest.mark.parametrize(
    ("id_", "key", "said"),
    [
        ("job.pase", "f5", "keys.job.pase is not a known key id. Did you mean job.pause?"),
        ("setup.icloud", "hyper+x", "'hyper+x' is not a key"),
        ("setup.icloud", "", "'' is not a key"),
        ("setup.icloud", "ctrl+m", "terminals send ctrl+m as enter"),
        ("setup.icloud", "ctrl+shift+r", "terminals send ctrl+shift+r as ctrl+r"),
        ("setup.icloud", "t", "t is the key for Folder."),
        ("setup.icloud", "q", "q is the key for Quit."),
        ("setup.icloud", "/", "/ is the key for Range."),
        ("range.all", "i", "i is the key for iCloud."),
        ("setup.icloud", "tab", "tab is the key for Next."),
    ],
)
def test_a_key_that_cannot_work_is_ignored_and_reported(id_: str, key: str, said: str) -> None:
    keys, [sentence] = usable_keys({id_: key, "job.pause": "f6"}, KEY_SCOPES)
    assert said in sentence
    assert keys == {"job.pause": "f6"}


@pytest.mark.parametrize("key", ["f5", "p", "?,f1", "H,f2", "ctrl+r", "+", "minus", "Page_Up,pageup", ","])
def test_a_key_that_can_work_is_used(key: str) -> None:
    wanted = {"job.pause": key, "app.help": "f12", "job.open": "enter"}
    if key == "Page_Up,pageup":
        assert usable_keys(wanted, KEY_SCOPES)[1]
    else:
        assert usable_keys(wanted, KEY_SCOPES)[1] == ()


def test_two_keys_may_be_swapped() -> None:
    swapped = {"setup.icloud": "t", "setup.folder": "i"}
    assert usable_keys(swapped, KEY_SCOPES) == (swapped, ())


def test_without_changes_no_two_keys_are_the_same() -> None:
    assert usable_keys({}, KEY_SCOPES) == ({}, ())


def test_problems_are_shown_on_start_and_listed_in_the_help(tmp_path: Path) -> None:
    (tmp_path / "themes").mkdir()
    (tmp_path / "themes" / "broken.toml").write_text('primary = "#zz"')
    engine = FakeEngine()

    async def script(stage: Stage) -> None:
        await stage.shows("defaults.originals is 'all'; it can be")
        await stage.shows("! 4 problems in settings: ?")
        await stage.press("right")
        await stage.shows(READY)
        await stage.shows("! 4 problems in settings: ?")
        await stage.press("question_mark")
        await stage.shows("Problems in your settings")
        await stage.shows("defaults.originals is 'all'")
        await stage.shows("an unknown colour for")
        await stage.shows("Unknown theme sepia. Choose one of: amber-dark")
        await stage.shows("keys.job.zzz is not a known key id")

    context = context_of(
        engine,
        state=CHOSEN,
        folder=tmp_path,
        keys={"job.zzz": "f5"},
        notices=("/home/anna/.config/ambertime/config.toml: defaults.originals is 'all'; it can be local.",),
    )
    play(app_of(engine, replace(context, theme="sepia")), script, (100, 40))


def test_a_config_file_is_used_without_its_wrong_settings(tmp_path: Path) -> None:
    text = """
    theme = "amber-light"
    colour = 3
    [defaults]
    range = "2024..2023"
    to = "/data"
    [tasks.good]
    range = "2024"
    [tasks.bad]
    range = "2024"
    trahsed = true
    [keys]
    "job.pause" = "f5"
    "job.stop" = 5
    """
    (tmp_path / "config.toml").write_text(text)
    config, wrong = load_usable_config(tmp_path, TODAY)
    assert config.theme == "amber-light"
    assert config.defaults == Task()
    assert config.tasks == {"good": Task(range="2024")}
    assert config.keys == {"job.pause": "f5"}
    assert [said.partition("Ignored: ")[2] for said in wrong] == [
        "colour.",
        "defaults.",
        "tasks.bad.",
        "keys.job.stop.",
    ]
    for name in ("colour", "defaults.range", "tasks.bad.trahsed", "keys.job.stop"):
        assert any(name in said for said in wrong)


def test_the_app_starts_with_a_config_file_that_is_not_toml(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("theme = ")
    config, [said] = load_usable_config(tmp_path, TODAY)
    assert "cannot be read" in said
    assert config.tasks == {}
