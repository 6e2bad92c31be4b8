"""A task chosen on Setup starts the same job as `ambertime backup --task`."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from ambertime_tui.cli.context import Context, UsageError
from ambertime_tui.cli.job_spec import spec_of
from ambertime_tui.cli.parser import build_parser
from ambertime_tui.config import State, Task, load_config
from ambertime_tui.engine.api.client import DevicesChanged
from ambertime_tui.engine.api.spec import (
    FetchOrder,
    FetchWay,
    JobSpec,
    OriginalsChoice,
    Selection,
    TrialMode,
)
from ambertime_tui.library.date_range import parse_date_range
from tests.tui.fake_engine import PHONE, SSD, TODAY, USB, FakeEngine, context_of
from tests.tui.scenes import READY
from tests.tui.stage import Stage, app_of, play

CONFIG = f"""
[defaults]
device = "{PHONE.udid}"
to = "{USB.path}"
patience = "2h"
hidden = false

[tasks.everything]
range = "..2019"
to = "/data/iphone"
originals = "icloud"
patience = "forever"
order = "smallest"
fetch = "shortcut"
hidden = true
trashed = true
edits = false

[tasks.little]
originals = "local"
"""


def headless(home: Path, *arguments: str) -> JobSpec:
    """The job of a command line."""
    parsed = build_parser(simulate_options=False).parse_args(["backup", *arguments])
    return spec_of(parsed, Context({**os.environ, "HOME": str(home)}))


def configured(home: Path, text: str = CONFIG) -> Path:
    """Writes the config file; its folder."""
    folder = Path(os.environ["XDG_CONFIG_HOME"]) / "ambertime"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(text)
    return folder


@pytest.mark.parametrize("digit", [1, 2])
def test_a_task_on_the_screen_is_the_task_of_the_command_line(home: Path, digit: int) -> None:
    config = load_config(configured(home), TODAY)
    engine = FakeEngine()
    name = list(config.tasks)[digit - 1]

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.press("2", "i", "s", str(digit))
        await stage.shows(READY)
        await stage.press("enter")
        await stage.until(lambda: bool(engine.started))

    context = context_of(engine, tasks=dict(config.tasks), defaults=config.defaults)
    play(app_of(engine, context), script)
    [started] = engine.started
    same = headless(home, "--task", name)
    assert started == replace(same, trial=started.trial), "only a person at the screen can be asked"
    attended = TrialMode.ASK if same.trial is TrialMode.UNATTENDED else same.trial
    assert started.trial is attended


def test_every_setting_of_a_task_reaches_the_job(home: Path) -> None:
    configured(home)
    assert headless(home, "--task", "everything") == JobSpec(
        "/data/iphone",
        PHONE.udid,
        Selection(parse_date_range("..2019", TODAY), hidden=True, trashed=True, edits=False),
        OriginalsChoice.ICLOUD,
        patience=None,
        order=FetchOrder.SMALLEST,
        way=FetchWay.SHORTCUT,
        task="everything",
        trial=TrialMode.UNATTENDED,
    )


def test_a_trial_can_be_switched_off_by_an_option(home: Path) -> None:
    configured(home)
    assert headless(home, "--task", "everything", "--no-trial").trial is TrialMode.SKIP
    assert headless(home, "--task", "everything", "--trial").trial is TrialMode.UNATTENDED
    assert headless(home, "--task", "little", "--trial", "--originals", "local").trial is TrialMode.SKIP


def test_an_option_overrides_the_task_and_the_task_the_defaults(home: Path) -> None:
    configured(home)
    assert headless(home, "--task", "everything", "--range", "2024").selection.range == parse_date_range(
        "2024", TODAY
    )
    assert headless(home, "--task", "everything", "--range", "2024").task == "", "it is another backup"
    assert headless(home, "--task", "little").patience == 7200


@pytest.mark.parametrize(
    ("name", "said"), [("evrything", "did you mean everything?"), ("zzz", "Saved tasks: everything, little.")]
)
def test_an_unknown_task_is_refused_with_the_known_names(home: Path, name: str, said: str) -> None:
    configured(home)
    with pytest.raises(UsageError, match=said.replace("?", r"\?")):
        headless(home, "--task", name)


def test_without_a_task_setup_begins_with_the_defaults() -> None:
    engine = FakeEngine()
    defaults = Task(
        range="last year", originals=OriginalsChoice.ICLOUD, patience="12h", trashed=True, edits=False
    )

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.shows("Days last year")
        await stage.shows("Range · with Recently Deleted · without edits")
        await stage.shows("patience 12h")
        await stage.press("enter")
        await stage.until(lambda: bool(engine.started))

    play(app_of(engine, context_of(engine, defaults=replace(defaults, to=USB.path))), script)
    [spec] = engine.started
    assert spec.selection == Selection(parse_date_range("2025", TODAY), trashed=True, edits=False)
    assert (spec.originals, spec.patience) == (OriginalsChoice.ICLOUD, 12 * 3600)


def test_a_task_for_a_disconnected_phone_does_not_use_another() -> None:
    engine = FakeEngine()
    other = replace(PHONE, udid="00008101-000000000000001E", name="Ben’s old phone")
    task = Task(device=other.udid, range="2024")

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.press("s", "1")
        await stage.shows("The iPhone …0000001E is not connected.")
        await stage.press("enter")
        assert not engine.started
        await engine.say_devices(DevicesChanged((PHONE, other), (USB, SSD)))
        await stage.shows(READY)
        await stage.press("enter")
        await stage.until(lambda: bool(engine.started))

    play(app_of(engine, context_of(engine, tasks={"Ben": task})), script)
    assert engine.started[0].udid == other.udid


def test_the_options_of_a_task_are_saved_with_the_next_one() -> None:
    engine = FakeEngine()
    task = Task(range="last year", trashed=True, order=FetchOrder.NEWEST)
    kept: list[State] = []

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.press("s", "1")
        await stage.shows("Days last year")
        await stage.press("s", "s")
        await stage.type("again")
        await stage.press("enter")
        await stage.shows("Saved as again.")

    context = context_of(engine, tasks={"deleted too": task}, remember=kept.append)
    play(app_of(engine, context), script)
    saved = kept[-1].tasks["again"]
    assert (saved.range, saved.trashed, saved.order) == ("last year", True, FetchOrder.NEWEST)


def test_the_icloud_options_are_chosen_with_their_explanation() -> None:
    engine = FakeEngine()

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.press("w")
        await stage.shows("Needs: The iPhone at hand")
        await stage.press("down", "p", "o")
        await stage.shows("Patience  2h")
        await stage.press("enter")
        await stage.shows("w Shortcut, by scanning codes · patience 2h · newest first")
        await stage.shows(READY)
        await stage.press("enter")
        await stage.until(lambda: bool(engine.started))

    play(app_of(engine), script)
    [spec] = engine.started
    assert (spec.way, spec.patience, spec.order) == (FetchWay.SHORTCUT, 7200, FetchOrder.NEWEST)
    assert spec.originals is OriginalsChoice.ICLOUD


def test_all_of_the_advice_can_be_read_on_a_small_screen() -> None:
    engine = FakeEngine()
    engine.advice = tuple(f"{n}. " + "Something that is worth knowing before. " * 3 for n in range(1, 7))

    async def script(stage: Stage) -> None:
        await stage.shows("6 hints")
        await stage.press("w")
        await stage.shows("1. Something")
        assert "6. Something" not in stage.text
        await stage.press("space")
        await stage.shows("6. Something")
        await stage.press("space")
        await stage.shows("Download and Keep")

    play(app_of(engine), script)
