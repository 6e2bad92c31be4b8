"""A running job on the screen: commands are sent or refused with a reason, and the result is shown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from ambertime_tui.engine.api.client import Command, CommandName, EngineError, Pane, Row, Rows, RunningJob
from ambertime_tui.engine.api.status import (
    Condition,
    CurrentFile,
    Event,
    JobStatus,
    Outcome,
    Phase,
)
from ambertime_tui.tui.screens.setup import SetupScreen
from tests.tui import samples
from tests.tui.fake_engine import NOW, PHONE, FakeEngine, context_of
from tests.tui.stage import Stage, app_of, play

SOCKET = Path("/run/job.sock")


class Dying(FakeEngine):
    """An engine whose process is killed."""

    def __init__(self) -> None:
        super().__init__()
        self.may_die = asyncio.Event()

    async def statuses(self) -> AsyncIterator[JobStatus]:
        """One status, then an error."""
        yield samples.COPYING
        await self.may_die.wait()
        raise EngineError("HostGone", "The engine ended unexpectedly.")


def running(status: JobStatus = samples.COPYING) -> FakeEngine:
    engine = FakeEngine()
    engine.job.append(status)
    return engine


def test_pause_becomes_resume() -> None:
    engine = running()

    async def script(stage: Stage) -> None:
        await stage.shows("p Pause")
        await stage.press("p")
        await engine.say_status(samples.PAUSED)
        await stage.shows("p Resume")
        await stage.press("p")

    play(app_of(engine, attach_to=SOCKET), script)
    assert [c.name for c in engine.commands] == [CommandName.PAUSE, CommandName.RESUME]


def test_a_pause_does_not_hide_what_the_user_should_do() -> None:
    engine = running(samples.UNPLUGGED)

    async def script(stage: Stage) -> None:
        await stage.shows("Files already copied are")
        await stage.press("p")
        await engine.say_status(replace(samples.UNPLUGGED, sequence=60, condition=Condition.PAUSED))
        await stage.shows("Paused")
        assert "Files already copied are" in stage.text
        await stage.press("s")
        await stage.shows("The backup will stop once")
        assert "Files already copied are" in stage.text

    play(app_of(engine, attach_to=SOCKET), script)


def test_the_reply_to_a_key_is_shown_for_a_while() -> None:
    now = [NOW]
    engine = running()

    async def script(stage: Stage) -> None:
        await stage.shows("1,204 of 2,341")
        await stage.press("o")
        await stage.shows("Now newest first.")
        now[0] += 60
        await stage.until(lambda: "Now newest" not in stage.text)

    play(app_of(engine, context_of(engine, clock=lambda: now[0]), attach_to=SOCKET), script)


def test_a_job_that_stopped_waiting_for_icloud_says_so() -> None:
    fetch = replace(samples.COPYING.fetch, ending=True, sentence="No longer waiting for iCloud.")
    engine = running(replace(samples.COPYING, fetch=fetch))

    async def script(stage: Stage) -> None:
        await stage.shows("No longer waiting for iCloud.")
        assert "Finishing" in stage.text.splitlines()[0]
        await stage.press("f")
        await stage.shows("Already finishing")

    play(app_of(engine, attach_to=SOCKET), script)
    assert engine.commands == []


def test_copies_during_the_scan_are_shown_without_a_total() -> None:
    engine = running(samples.HEAD_START)

    async def script(stage: Stage) -> None:
        await stage.shows("Scanning and copying")
        await stage.shows("1 item  3.4 MB on the drive so far")
        drive = stage.text.partition("Drive")[2]
        assert "1 file read back" in drive
        assert "IMG_0002.HEIC" in drive
        assert "512" not in drive
        assert "left" not in drive
        assert "Starts after the scan" not in drive
        await stage.press("o")
        await stage.shows("Not available until the scan is done.")

    play(app_of(engine, attach_to=SOCKET), script)


def test_no_speed_and_no_time_left_while_paused() -> None:
    engine = running(samples.PAUSED)

    async def script(stage: Stage) -> None:
        await stage.shows("Paused")
        assert "MB/s" not in stage.text.replace("50.0 MB/s", "")
        assert " left" not in stage.text

    play(app_of(engine, attach_to=SOCKET), script)


def test_commands_are_sent() -> None:
    engine = running()

    async def script(stage: Stage) -> None:
        await stage.shows("1,204 of 2,341")
        await stage.press("s", "r", "o", "f")
        await stage.shows("Stop waiting for iCloud?")
        await stage.press("y")

    play(app_of(engine, attach_to=SOCKET), script)
    assert engine.commands == [
        Command(CommandName.STOP),
        Command(CommandName.RETRY_FAILED),
        Command(CommandName.ORDER, "newest"),
        Command(CommandName.FINISH),
    ]


def test_a_key_that_is_not_possible_says_why() -> None:
    engine = running(samples.LOCAL_ONLY)

    async def script(stage: Stage) -> None:
        await stage.shows("1,204 of 2,341")
        await stage.press("r")
        await stage.shows("nothing has failed")

    play(app_of(engine, attach_to=SOCKET), script)
    assert engine.commands == []


def test_keys_for_icloud_are_there_only_if_they_mean_something() -> None:
    for status, keys in ((samples.LOCAL_ONLY, ()), (samples.COPYING, ("f Finish", "o Order"))):

        async def script(stage: Stage, keys: tuple[str, ...] = keys) -> None:
            await stage.shows("1,204 of 2,341")
            footer = stage.text.splitlines()[-1]
            for key in ("c Code", "f Finish", "o Order"):
                assert (key in footer) is (key in keys)
            await stage.press("question_mark")
            await stage.shows("Pause or resume")
            assert ("Stop waiting for iCloud" in stage.text) is bool(keys)

        play(app_of(running(status), attach_to=SOCKET), script, (120, 40))


def test_the_wait_for_icloud_ends_only_after_a_question() -> None:
    engine = running()

    async def script(stage: Stage) -> None:
        await stage.shows("1,204 of 2,341")
        await stage.press("f")
        await stage.shows("562 items have not arrived yet")
        await stage.press("f", "enter", "escape")
        await stage.shows("1,204 of 2,341")
        assert engine.commands == []
        await stage.press("f")
        await stage.shows("Stop waiting for iCloud?")
        await stage.press("y")
        await stage.until(lambda: engine.commands == [Command(CommandName.FINISH)])

    play(app_of(engine, attach_to=SOCKET), script)


def test_no_orders_are_offered_after_the_end() -> None:
    engine = running(samples.ENDED_LEFT)
    engine.job_report = samples.LEFT_REPORT

    async def script(stage: Stage) -> None:
        await stage.shows("560 items")
        await stage.press("enter")
        await stage.shows("1 of 100,000")
        footer = stage.text.splitlines()[-1]
        assert "esc Back" in footer
        assert not any(word in footer for word in ("Skip", "Retry", "Preview"))

    play(app_of(engine, attach_to=SOCKET), script)


def test_a_command_refused_by_the_engine_says_why() -> None:
    engine = running()
    engine.refused = EngineError("NotNow", "The job is just ending.")

    async def script(stage: Stage) -> None:
        await stage.shows("1,204 of 2,341")
        await stage.press("p")
        await stage.shows("The job is just ending.")

    play(app_of(engine, attach_to=SOCKET), script)


def test_detaching_leaves_the_job_alone() -> None:
    engine = running()

    async def script(stage: Stage) -> None:
        await stage.shows("1,204 of 2,341")
        await stage.press("d")

    assert play(app_of(engine, attach_to=SOCKET), script).return_value == 0
    assert engine.closed
    assert engine.commands == []


def test_quitting_asks_and_can_leave_the_job_running() -> None:
    engine = running()

    async def script(stage: Stage) -> None:
        await stage.shows("1,204 of 2,341")
        await stage.press("q")
        await stage.shows("A backup is running.")
        await stage.press("escape")
        await stage.until(lambda: "A backup is running." not in stage.text)
        await stage.press("ctrl+c", "k")

    assert play(app_of(engine, attach_to=SOCKET), script).return_value == 0
    assert engine.commands == []


def test_quitting_and_stopping_shows_the_result_first() -> None:
    engine = running()

    async def script(stage: Stage) -> None:
        await stage.shows("1,204 of 2,341")
        await stage.press("q", "s")
        await stage.until(lambda: bool(engine.commands))
        stopped = replace(samples.ENDED_LEFT, sequence=200, outcome=Outcome.INTERRUPTED)
        await engine.say_status(stopped)
        await stage.shows("Stopped early")
        await stage.press("q")

    assert play(app_of(engine, attach_to=SOCKET), script).return_value == 130
    assert engine.commands == [Command(CommandName.STOP)]


def test_the_exit_code_is_that_of_the_job_whose_end_was_shown() -> None:
    engine = running()
    engine.job_report = samples.LEFT_REPORT

    async def script(stage: Stage) -> None:
        await stage.shows("1,204 of 2,341")
        await stage.press("enter")
        await stage.shows("IMG_0003.HEIC")
        await engine.say_status(samples.ENDED_LEFT)
        await stage.shows("560 items")
        await stage.press("q")

    assert play(app_of(engine, attach_to=SOCKET), script).return_value == 3


def test_an_engine_that_dies_is_reported_in_a_sentence() -> None:
    engine = Dying()

    async def script(stage: Stage) -> None:
        await stage.shows("1,204 of 2,341")
        await stage.press("enter")
        await stage.shows("1 of 100,000")
        engine.may_die.set()
        await stage.shows("process ended unexpectedly")
        shown = " ".join(stage.text.split())
        assert "All files copied so far are complete" in shown
        assert "start the backup again to continue." in shown
        assert "Ended unexpectedly" in stage.text.splitlines()[0]
        assert "MB/s" not in stage.text.replace("50.0 MB/s", ""), "only the graph's scale is left"
        assert "IMG_7203.MOV" not in stage.text, "no file is in progress"
        await stage.press("p")
        await stage.shows("Press n and")
        await stage.press("q")

    assert play(app_of(engine, attach_to=SOCKET), script).return_value == 1
    assert engine.commands == []


def test_the_running_time_stops_when_the_engine_dies() -> None:
    engine = Dying()

    async def script(stage: Stage) -> None:
        await stage.shows("1,204 of 2,341")
        running_time = stage.text.splitlines()[0].split()[-1]
        engine.may_die.set()
        await stage.shows("process ended unexpectedly")
        assert stage.text.splitlines()[0].split()[-1] == running_time
        await stage.press("q")

    play(app_of(engine, context_of(engine, clock=lambda: NOW + 3600), attach_to=SOCKET), script)


def test_after_an_engine_died_one_key_starts_a_new_backup() -> None:
    engine = Dying()
    engine.may_die.set()

    async def script(stage: Stage) -> None:
        await stage.shows("n New backup")
        await stage.press("n")
        await stage.until(lambda: isinstance(stage.app.screen, SetupScreen))

    play(app_of(engine, attach_to=SOCKET), script)


def test_a_running_job_is_shown_on_start() -> None:
    engine = running()
    job = RunningJob(
        str(SOCKET), "j", NOW, "/media/x", PHONE.udid, "Anna’s", Phase.COPYING, Condition.RUNNING
    )

    async def script(stage: Stage) -> None:
        await stage.shows("1,204 of 2,341")

    play(app_of(engine, context_of(engine, jobs=(job,))), script)


def test_a_long_list_is_loaded_by_page_and_jumps_to_its_end() -> None:
    engine = running()

    async def script(stage: Stage) -> None:
        await stage.shows("1,204 of 2,341")
        await stage.press("enter")
        await stage.shows("1 of 100,000")
        await stage.press("end")
        await stage.shows("100,000 of 100,000")
        await stage.shows("IMG_9999.HEIC")
        await stage.press("x")
        await stage.shows("will be skipped")
        await stage.press("escape")
        await stage.shows("1,204 of 2,341")

    play(app_of(engine, attach_to=SOCKET), script)
    assert engine.commands == [Command(CommandName.SKIP, f"{99_999:032x}")]


def test_the_report_is_saved_where_the_screen_says(tmp_path: Path) -> None:
    engine = running(replace(samples.ENDED_LEFT, afterwards="To have room again, switch back."))
    engine.job_report = samples.LEFT_REPORT

    async def script(stage: Stage) -> None:
        await stage.shows("560 items")
        await stage.shows("To have room again, switch back.")
        await stage.press("e")
        await stage.shows("Saved:")
        await stage.press("j")
        await stage.shows(".json")

    play(app_of(engine, context_of(engine, folder=tmp_path), attach_to=SOCKET), script)
    text = (tmp_path / "reports/report-20261122-a1b2c3.txt").read_text()
    assert "adds up" in text
    assert "Anna’s iPhone, iPhone 15 Pro, iOS 18.5" in text
    for words in ("/media/anna/PHOTOS", "all", "12:34", "Incomplete", "switch back"):
        assert words in text
    lines = text.splitlines()
    for item in samples.LEFT_REPORT.left:
        assert any(item.original_filename in line and item.sentence in line for line in lines)
    assert (tmp_path / "reports/report-20261122-a1b2c3.json").read_text().startswith("{")


def test_no_name_can_control_the_terminal() -> None:
    hostile = "\x1b]0;owned\x07\r\n\tIMG.HEIC"
    status = replace(
        samples.COPYING,
        phone=replace(PHONE, name=hostile),
        spec=replace(samples.SPEC, target=f"/media/{hostile}"),
        write=replace(
            samples.COPYING.write,
            current_files=(CurrentFile(hostile, 1, 2),),
            recent=(hostile,),
            target=hostile,
        ),
        fetch=replace(
            samples.COPYING.fetch,
            head=(replace(samples.COPYING.fetch.head[0], name=hostile),),
            sentence=hostile,
        ),
        events=(Event(NOW, "warning", hostile),),
        sentence=hostile,
    )

    class Hostile(FakeEngine):
        async def rows(self, pane: Pane, offset: int, limit: int) -> Rows:
            return Rows(1, 0, (Row("u", hostile, hostile, 1, hostile, hostile),))

    engine = Hostile()
    engine.job.append(status)

    async def script(stage: Stage) -> None:
        for size in ((80, 24), (200, 60)):
            await stage.pilot.resize_terminal(*size)
            await stage.shows("␛]0;owned␇")
            assert stage.text.replace("\n", "").isprintable()
        await stage.press("enter")
        await stage.shows("1 of 1")
        assert stage.text.replace("\n", "").isprintable()

    play(app_of(engine, attach_to=SOCKET), script)


def test_the_clock_stops_while_the_job_is_paused() -> None:
    now = [NOW]
    engine = running()

    async def script(stage: Stage) -> None:
        await stage.shows("12:34")
        now[0] += 60
        await stage.shows("13:34")
        await engine.say_status(replace(samples.PAUSED, sequence=60))
        await stage.shows("Paused")
        now[0] += 600
        stage.app.screen.tick()  # type: ignore[attr-defined]
        await stage.pilot.pause()
        assert "12:34" in stage.text

    play(app_of(engine, context_of(engine, clock=lambda: now[0]), attach_to=SOCKET), script)
