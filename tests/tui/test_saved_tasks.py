"""Saved tasks: chosen with a key, saved from the screen under a name, kept for the next run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ambertime_tui.config import State, Task, backup_key, load_state, save_state
from ambertime_tui.engine.api.protocol import EngineError
from ambertime_tui.engine.api.spec import OriginalsChoice
from tests.tui import samples
from tests.tui.fake_engine import PHONE, TODAY, USB, FakeEngine, context_of
from tests.tui.scenes import CHOSEN, READY
from tests.tui.stage import Stage, app_of, play

OLD_YEARS = Task(range="..2019", to="/data/iphone", originals=OriginalsChoice.ICLOUD)


def test_a_task_is_chosen_by_its_digit() -> None:
    engine = FakeEngine()
    tasks = {"weekly": Task(range="last 7 days"), "old-years": OLD_YEARS}

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.press("s")
        await stage.shows("2 old-years")
        await stage.press("2")
        await stage.shows(f"{READY} to /data/iphone")
        await stage.shows(": included")
        await stage.shows("Days ..2019")

    play(app_of(engine, context_of(engine, state=CHOSEN, tasks=tasks)), script)


@pytest.mark.parametrize("name", ["[red]x[/", "[b]", "[/]", "a\\[b]", "[@click=app.quit]x"])
def test_brackets_in_a_name_are_plain_text_in_the_palette(name: str) -> None:
    engine = FakeEngine()

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.press("ctrl+p")
        await stage.type("task:")
        await stage.shows(f"Task: {name}")
        await stage.shows("/data/[iphone]")
        await stage.press("enter")
        await stage.shows("Days 2019")

    task = Task(range="2019", to="/data/[iphone]")
    play(app_of(engine, context_of(engine, state=CHOSEN, tasks={name: task})), script)


def test_a_setup_is_saved_with_the_range_as_typed() -> None:
    engine = FakeEngine()
    kept: list[State] = []

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.press("slash")
        await stage.type("last year")
        await stage.press("enter", "i")
        await stage.shows("● Include")
        await stage.press("s", "s")
        await stage.type("Every January")
        await stage.press("enter")
        await stage.shows("Saved as Every January.")
        await stage.shows("1 Every January")
        await stage.press("escape")
        await stage.shows("Every January")

    play(app_of(engine, context_of(engine, state=CHOSEN, remember=kept.append)), script)
    task = kept[-1].tasks["Every January"]
    assert (task.device, task.range, task.to) == (PHONE.udid, "last year", USB.path)
    assert task.originals is OriginalsChoice.ICLOUD


def test_a_task_of_the_config_file_is_neither_deleted_nor_replaced_here() -> None:
    engine = FakeEngine()
    kept: list[State] = []
    state = State(last=CHOSEN.last, tasks={"mine": Task(range="2024")})

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.press("s", "x")
        await stage.shows("is defined in config.toml")
        await stage.press("s")
        await stage.type("old")
        await stage.press("enter")
        await stage.shows("Choose another name")
        await stage.press("escape", "down", "x")
        await stage.shows("Task mine deleted.")

    context = context_of(engine, state=state, tasks={"old": OLD_YEARS}, remember=kept.append)
    play(app_of(engine, context), script)
    assert kept[-1].tasks == {}


def test_since_the_last_backup_is_a_preset_after_a_backup() -> None:
    engine = FakeEngine()
    engine.job.append(samples.ENDED_LEFT)
    kept: list[State] = []

    async def finished(stage: Stage) -> None:
        await stage.shows("Whole library")

    context = context_of(engine, remember=kept.append)
    play(app_of(engine, context, attach_to=Path("/run/job.sock")), finished)
    assert kept[-1].finished == {backup_key(PHONE.udid, USB.path): TODAY.isoformat()}

    async def again(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.press("6")
        await stage.shows(f"Days since {TODAY}")

    play(app_of(engine, context_of(engine, state=State(last=CHOSEN.last, finished=kept[-1].finished))), again)


def test_saved_state_is_loaded_by_the_next_run(home: Path) -> None:
    folder = Path(os.environ["XDG_STATE_HOME"]) / "ambertime"
    pair = backup_key(PHONE.udid, USB.path)
    state = State(tasks={'Tee & "Kuchen"': OLD_YEARS}, finished={pair: "2026-11-01"})
    save_state(folder, state)
    assert load_state(folder, TODAY) == state
    assert load_state(folder, TODAY).last_backup(PHONE.udid, USB.path) is not None
    assert load_state(folder, TODAY).last_backup(PHONE.udid, "/elsewhere") is None


def test_the_drive_of_a_task_is_found_where_it_is_mounted_now() -> None:
    engine = FakeEngine()
    engine.located = {"/data/iphone": "/data/mounted elsewhere"}

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.press("s", "1")
        await stage.shows(f"{READY} to /data/mounted")
        await stage.press("enter")
        await stage.until(lambda: bool(engine.started))

    play(app_of(engine, context_of(engine, state=CHOSEN, tasks={"old-years": OLD_YEARS})), script)
    (spec,) = engine.started
    assert (spec.target, spec.task) == ("/data/mounted elsewhere", "old-years")


def test_the_drive_of_a_task_that_is_not_mounted_is_named_with_the_command() -> None:
    engine = FakeEngine()
    sentence = "The drive is not mounted. Mount it with: udisksctl mount -b /dev/sdb1"
    engine.located = {"/data/iphone": EngineError("DriveNotMounted", sentence)}

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.press("s", "1")
        await stage.shows("udisksctl mount -b /dev/sdb1")

    play(app_of(engine, context_of(engine, state=CHOSEN, tasks={"old-years": OLD_YEARS})), script, (120, 40))
