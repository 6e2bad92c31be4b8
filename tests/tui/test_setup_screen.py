"""Setup: connected devices appear, choices are summarised, and Enter does what the summary says."""

from __future__ import annotations

from dataclasses import replace

from ambertime_tui.config import State, Task
from ambertime_tui.engine.api.client import DevicesChanged, EngineError
from ambertime_tui.engine.api.spec import OriginalsChoice
from ambertime_tui.library.date_range import parse_date_range
from ambertime_tui.tui.widgets.histogram import Histogram
from tests.tui.fake_engine import PHONE, SSD, SYSTEM, TODAY, USB, FakeEngine, context_of
from tests.tui.scenes import CHOSEN, READY
from tests.tui.stage import Stage, app_of, play


def test_a_connected_phone_appears_and_is_read() -> None:
    engine = FakeEngine()
    engine.devices_now = DevicesChanged((), (USB,))

    async def script(stage: Stage) -> None:
        await stage.shows("Connect an iPhone")
        await engine.say_devices(DevicesChanged((PHONE,), (USB,)))
        await stage.shows("19,644 items in the library")
        await stage.shows(READY)

    play(app_of(engine), script)


def test_an_unplugged_phone_disappears_with_its_library() -> None:
    engine = FakeEngine()

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await engine.say_devices(DevicesChanged((), (USB,)))
        await stage.shows("No iPhone connected")
        await stage.shows("Anna’s iPhone is no longer connected. Connect it again.")
        assert "19,644" not in stage.text
        assert "GB now" not in stage.text

    play(app_of(engine), script)


def test_the_library_is_read_as_soon_as_the_phone_is_trusted() -> None:
    engine = FakeEngine()
    engine.devices_now = DevicesChanged((replace(PHONE, ready=False, sentence="Tap Trust."),), (USB,))
    engine.library, library = EngineError("TrustPending", "Tap Trust."), engine.library

    async def script(stage: Stage) -> None:
        await stage.shows("! Tap Trust.")
        engine.library = library
        await engine.say_devices(DevicesChanged((PHONE,), (USB,)))
        await stage.shows(READY)

    play(app_of(engine), script)


def test_the_drive_with_an_archive_is_preselected_and_the_system_disk_never() -> None:
    engine = FakeEngine()

    async def script(stage: Stage) -> None:
        await stage.shows("Choose a drive")
        await engine.say_devices(DevicesChanged((PHONE,), (USB, SSD, SYSTEM)))
        await stage.shows(f"{READY} to {SSD.path}")

    engine.devices_now = DevicesChanged((PHONE,), (SYSTEM,))
    play(app_of(engine), script)


def test_a_typed_range_moves_the_handles_and_handles_write_the_range() -> None:
    engine = FakeEngine()

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.press("slash")
        await stage.type("2023")
        await stage.press("enter")
        assert stage.app.focused is stage.app.screen.query_one(Histogram)
        assert not engine.started
        await stage.press("right")
        await stage.shows("Days 2023-02..2023-12")
        await stage.press("space", "left")
        await stage.shows("Days 2023-02..2023-11")
        await stage.press("a")
        await stage.shows("Days all")

    play(app_of(engine, context_of(engine, state=CHOSEN)), script)


def test_the_keys_of_the_ranges_work_wherever_the_focus_is_and_none_is_dead() -> None:
    engine = FakeEngine()

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        stage.app.screen.query_one("#drives").focus()
        await stage.press("2")
        await stage.shows("Days this year")
        keys = {active.binding.key for active in stage.app.screen.active_bindings.values()}
        assert {"1", "5"} <= keys
        assert "6" not in keys, "there was no last backup to this drive"

    play(app_of(engine, context_of(engine, state=CHOSEN)), script)


def test_a_range_of_words_is_understood_while_it_is_typed() -> None:
    engine = FakeEngine()

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.press("slash")
        await stage.type("before 2020")
        await stage.shows(READY)
        await stage.press("escape", "tab", "enter")
        await stage.until(lambda: bool(engine.started))

    play(app_of(engine, context_of(engine, state=CHOSEN)), script)
    assert engine.started[0].selection.range == parse_date_range("before 2020", TODAY)


def test_a_typed_folder_is_checked_and_used() -> None:
    engine = FakeEngine()

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.press("t", "home", "ctrl+k")
        await stage.type("data")
        await stage.shows("starting with /")
        await stage.press("home", "ctrl+k")
        await stage.type("/data/iphone")
        await stage.shows(f"{READY} to /data/iphone")

    play(app_of(engine, context_of(engine, state=CHOSEN)), script)


def test_the_last_target_is_selected_again_even_if_it_is_a_folder() -> None:
    engine = FakeEngine()

    async def script(stage: Stage) -> None:
        await stage.shows(f"{READY} to /data/iphone")

    play(app_of(engine, context_of(engine, state=State(last=Task(to="/data/iphone")))), script)


def test_edits_hidden_and_deleted_items_are_included_or_left_out() -> None:
    engine = FakeEngine()

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.press("h")
        await stage.shows("Range · without hidden items ─")
        await stage.press("d", "e")
        await stage.shows("without hidden items · with Recently Deleted · without edits")
        await stage.press("h")
        await stage.shows("Range · with Recently Deleted · without edits")
        await stage.shows(READY)
        await stage.press("enter")
        await stage.until(lambda: bool(engine.started))

    play(app_of(engine, context_of(engine, state=CHOSEN)), script)
    selection = engine.started[0].selection
    assert (selection.hidden, selection.trashed, selection.edits) == (True, True, False)


def test_the_palette_lists_keys_that_are_not_in_the_footer() -> None:
    engine = FakeEngine()

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.press("ctrl+p")
        await stage.type("recently")
        await stage.shows("include or leave out deleted items")
        await stage.press("enter")
        await stage.shows("Range · with Recently Deleted")

    play(app_of(engine, context_of(engine, state=CHOSEN)), script)


def test_keys_can_be_changed_by_their_ids() -> None:
    engine = FakeEngine()

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.press("f5")
        await stage.shows(": included")

    play(app_of(engine, context_of(engine, state=CHOSEN, keys={"setup.icloud": "f5"})), script)


def test_a_saved_task_is_chosen_by_name() -> None:
    engine = FakeEngine()
    tasks = {"old-years": Task(range="..2019", to="/data/iphone", originals=OriginalsChoice.ICLOUD)}

    async def script(stage: Stage) -> None:
        await stage.shows("s Tasks · old-years")
        await stage.shows(READY)
        await stage.press("ctrl+p")
        await stage.type("old-years")
        await stage.shows("Task: old-years")
        await stage.press("enter")
        await stage.shows(f"{READY} to /data/iphone")
        await stage.shows(": included")
        await stage.shows("Days ..2019")

    play(app_of(engine, context_of(engine, state=CHOSEN, tasks=tasks)), script)


def test_escape_returns_from_a_field_to_its_list() -> None:
    engine = FakeEngine()

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        for key, back in (("t", "drives"), ("slash", "histogram")):
            await stage.press(key)
            await stage.shows("enter Done  esc Leave the field")
            assert "/ Range" not in stage.text
            await stage.press("escape")
            focused = stage.app.focused
            assert focused is not None
            assert focused.id == back

    play(app_of(engine, context_of(engine, state=CHOSEN)), script)


def test_a_new_archive_is_offered_on_a_different_drive() -> None:
    engine = FakeEngine()
    engine.preview_refused = EngineError("AnotherDrive", "There was an archive.")

    async def script(stage: Stage) -> None:
        await stage.shows("A different drive is at this path, without the archive.")
        await stage.shows("or press n to start a new archive on this one.")
        await stage.shows("n New archive")
        await stage.press("enter", "n")
        await stage.shows(READY)
        assert "n New archive" not in stage.text
        await stage.press("enter")
        await stage.until(lambda: bool(engine.started))

    play(app_of(engine, context_of(engine, state=CHOSEN)), script)
    assert engine.started[0].new_archive


def test_the_advice_stays_until_the_next_one_arrives() -> None:
    engine = FakeEngine()
    engine.advice = ("Keep the phone on power.",)

    async def script(stage: Stage) -> None:
        await stage.shows("Keep the phone on power.")
        screen = stage.app.screen
        before = screen.query_one("#originals").size
        await stage.pilot.press("right")
        assert screen.query_one("#originals").size == before
        assert "Keep the phone on power." in stage.text

    play(app_of(engine, context_of(engine, state=CHOSEN)), script)


def test_typing_replaces_a_range_and_extends_a_path() -> None:
    engine = FakeEngine()

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.press("3", "slash")
        await stage.type("2021")
        await stage.shows("Days 2021 ")
        await stage.press("t")
        await stage.shows("Days 2021t")
        await stage.shows("Not a valid range.")
        await stage.shows("last 90 days, all.")
        await stage.press("escape", "t")
        await stage.type("/2026")
        await stage.shows(f"Folder {USB.path}/2026")

    play(app_of(engine, context_of(engine, state=CHOSEN)), script)


# The start


# The engine


def test_r_reads_the_library_again_even_if_it_was_just_read() -> None:
    engine = FakeEngine()

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        assert engine.refreshed == 0
        await stage.press("r")
        await stage.until(lambda: engine.refreshed == 1)
        await stage.shows(READY)

    play(app_of(engine, context_of(engine, state=CHOSEN)), script)


def test_r_restarts_an_engine_that_has_ended_and_keeps_the_choices() -> None:
    first, second = FakeEngine(), FakeEngine()

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await stage.press("5", "i")
        await first.die()
        await stage.shows("already backed up are safe. Press r")
        await stage.press("enter")
        assert not first.started
        await stage.press("r")
        await stage.shows(": included")
        await stage.shows(f"{READY} to {USB.path}")
        await stage.press("enter")
        await stage.until(lambda: bool(second.started))

    play(app_of(first, context_of(first, state=CHOSEN, later=[second])), script)
    assert first.closed
    assert second.started[0].originals is OriginalsChoice.ICLOUD
    assert second.started[0].selection.range == parse_date_range("..2024-11-22", TODAY)


def test_r_tries_again_to_start_an_engine_that_did_not_start() -> None:
    first, second = FakeEngine(), FakeEngine()
    failed = EngineError("HostFailed", "The engine did not start: no space left. See its log: /x/engine.log")

    async def script(stage: Stage) -> None:
        await stage.shows(READY)
        await first.die()
        await stage.shows("Press r")
        await stage.press("r")
        await stage.shows("no space left")
        await stage.shows("Press r to try again.")
        await stage.press("r")
        await stage.shows(READY)

    play(app_of(first, context_of(first, state=CHOSEN, later=[failed, second])), script, size=(120, 40))


def test_drives_that_cannot_be_listed_have_a_sentence_and_phones_are_shown() -> None:
    engine = FakeEngine()
    engine.devices_now = DevicesChanged((PHONE,), (), drives_sentence="Drives cannot be listed.")

    async def script(stage: Stage) -> None:
        await stage.shows("Drives cannot be listed.")
        await stage.shows("19,644 items in the library")

    play(app_of(engine), script)
