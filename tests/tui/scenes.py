"""Every screen in every state a user can see, each with the script that leads to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ambertime_tui.config import State, Task, backup_key
from ambertime_tui.drive.errors import AnotherDrive
from ambertime_tui.engine.api.client import DevicesChanged, EngineError, Report, RunningJob
from ambertime_tui.engine.api.spec import OriginalsChoice
from ambertime_tui.engine.api.status import (
    Condition,
    DriveSummary,
    JobStatus,
    Phase,
    PhoneSummary,
    ScanStatus,
    ScanStep,
)
from ambertime_tui.phone.errors import PhoneLocked, TrustPending
from ambertime_tui.phone.originals import Shortcut, Wanted
from ambertime_tui.tui.application import AmberApp
from ambertime_tui.tui.glyphs import ASCII, FULL
from ambertime_tui.tui.terminal import Terminal
from tests.tui import samples
from tests.tui.fake_engine import NOW, PHONE, SSD, SYSTEM, USB, FakeEngine, context_of
from tests.tui.stage import TERMINAL, Stage, app_of

Script = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True)
class Scene:
    """An app, and the script that runs before its screen is compared."""

    name: str
    app: Callable[[str | None], AmberApp]
    """Makes the app with a theme (None: the default)."""
    script: Script


def _setup(
    name: str,
    script: Script,
    *,
    prepare: Callable[[FakeEngine], None] = lambda _engine: None,
    state: State | None = None,
    terminal: Terminal = TERMINAL,
    tasks: dict[str, Task] | None = None,
) -> Scene:
    def app(theme: str | None) -> AmberApp:
        engine = FakeEngine()
        prepare(engine)
        context = context_of(engine, state=state, glyphs=ASCII if terminal.ascii else FULL, tasks=tasks)
        return app_of(engine, context, terminal=terminal, theme=theme)

    return Scene(name, app, script)


def _run(
    name: str,
    status: JobStatus,
    shows: str,
    *keys: str,
    report: Report | None = None,
    terminal: Terminal = TERMINAL,
) -> Scene:
    def app(theme: str | None) -> AmberApp:
        engine = FakeEngine()
        engine.job.append(status)
        engine.job_report = report or Report(None, ())
        context = context_of(engine, glyphs=ASCII if terminal.ascii else FULL)
        return app_of(engine, context, terminal=terminal, theme=theme, attach_to=Path("/run/job.sock"))

    async def script(stage: Stage) -> None:
        await stage.shows(shows)
        await stage.press(*keys)

    return Scene(name, app, script)


def shows(text: str, *keys: str) -> Script:
    """Waits for a text, then presses keys."""

    async def script(stage: Stage) -> None:
        await stage.shows(text)
        if keys:
            await stage.press(*keys)

    return script


async def _tasks(stage: Stage) -> None:
    await shows(READY, "s")(stage)
    await stage.shows("has not run")


READ_ONLY = "It is mounted read-only. Check its write-protect switch, or mount it for writing."


def _no_phone(engine: FakeEngine) -> None:
    engine.devices_now = DevicesChanged((), (USB, SYSTEM))


def _no_usbmuxd(engine: FakeEngine) -> None:
    sentence = (
        "usbmuxd is not running (there is no /var/run/usbmuxd). It starts when an iPhone is plugged in. If "
        "one is plugged in, install it: sudo apt install usbmuxd."
    )
    engine.devices_now = DevicesChanged((), (USB, SYSTEM), sentence)


def _untrusted(engine: FakeEngine) -> None:
    sentence = str(TrustPending("Anna’s iPhone"))
    engine.devices_now = DevicesChanged((replace(PHONE, ready=False, sentence=sentence),), (USB, SYSTEM))
    engine.library = EngineError("TrustPending", sentence)


def _scanning(engine: FakeEngine) -> None:
    engine.survey_may_end.clear()
    engine.scans = [
        ScanStatus(step=ScanStep.DATABASE, database_bytes=34_000_000, database_total=96_000_000, attempts=1)
    ]


def _full(engine: FakeEngine) -> None:
    engine.preview_problem = (
        "Not enough free space: 640 GB needed, 412 GB free. Choose a shorter range or another drive."
    )


def _advised(engine: FakeEngine) -> None:
    engine.advice = (
        "The originals in iCloud need 13.3 GB, and the iPhone has 12.4 GB free. The Shortcut requests them "
        "slice by slice, with a code for each.",
        "The iPhone is not charging. Connect it to power.",
    )


def _checked(engine: FakeEngine) -> None:
    _no_phone(engine)
    engine.checks = list(samples.CHECKS)


def _another_drive(engine: FakeEngine) -> None:
    engine.preview_refused = EngineError("AnotherDrive", str(AnotherDrive(Path(USB.path))))


def _many(engine: FakeEngine) -> None:
    second = PhoneSummary("00008101-000000000000001E", "Ben’s old phone", "iPhone 12 mini", "16.7", True)
    locked = PhoneSummary(
        "00008101-000000000000002E", "", "iPhone SE", "17.2", False, str(PhoneLocked("iPhone"))
    )
    drives = tuple(
        DriveSummary(f"/media/anna/DISK{n}", f"DISK{n}", "ext4", 10**12, n * 10**11, True) for n in range(9)
    )
    fat = replace(USB, file_system="vfat", usable=False, sentence=READ_ONLY)
    engine.devices_now = DevicesChanged((PHONE, second, locked), (fat, SSD, *drives, SYSTEM))


async def _years(stage: Stage) -> None:
    await stage.shows("starts the backup")
    await stage.press("L", "L", "L", "space", "H", "left")
    await stage.shows("starts the backup")


async def _days(stage: Stage) -> None:
    await stage.shows("starts the backup")
    await stage.press("2", "plus")
    await stage.shows("starts the backup")


async def _wrong_range(stage: Stage) -> None:
    await stage.shows("starts the backup")
    await stage.press("slash")
    await stage.type("2023-05..2022")
    await stage.shows("after")


async def _wrong_folder(stage: Stage) -> None:
    await stage.shows("starts the backup")
    await stage.press("t", "home", "ctrl+k")
    await stage.type("/absent")
    await stage.shows("/absent does not exist")
    await stage.shows("left there")  # the preview of the last letter comes a moment after it


READY = "starts the backup"
CHOSEN = State(last=Task(to=USB.path))
SAVED = replace(
    CHOSEN,
    tasks={
        "Every January": Task(range="last year", originals=OriginalsChoice.LOCAL),
        "weekly": Task(range="last 7 days"),
    },
    finished={backup_key(PHONE.udid, USB.path): "2026-11-01"},
)
OLD_YEARS = Task(range="..2019", to=SSD.path, originals=OriginalsChoice.ICLOUD)
ASCII_TERMINAL = replace(TERMINAL, ascii=True)


def _jobs(theme: str | None) -> AmberApp:
    def job(number: int, phone: str, phase: Phase) -> RunningJob:
        target = f"/media/anna/PHOTOS-{number}"
        socket = f"/run/{number}.sock"
        return RunningJob(
            socket, f"job-{number}", NOW - 900 * number, target, PHONE.udid, phone, phase, Condition.RUNNING
        )

    engine = FakeEngine()
    jobs = (job(1, "Anna’s iPhone", Phase.COPYING), job(2, "Ben’s old phone", Phase.FETCHING))
    return app_of(engine, context_of(engine, jobs=jobs), theme=theme)


def _with_code() -> JobStatus:
    request = Shortcut().request([Wanted("A", NOW - 231e6, 160_000_000)], None)
    assert request is not None
    fetch = replace(samples.COPYING.fetch, code=request.code, sentence=request.sentence)
    return replace(samples.COPYING_BY_SHORTCUT, fetch=fetch)


WITH_CODE = _with_code()

SCENES: tuple[Scene, ...] = (
    _setup("setup", shows(READY), state=CHOSEN),
    _setup("setup-no-phone", shows("Connect an iPhone"), prepare=_no_phone),
    _setup("setup-no-usbmuxd", shows("usbmuxd is not running"), prepare=_no_usbmuxd),
    _setup("setup-untrusted", shows("tap Trust"), prepare=_untrusted),
    _setup("setup-scanning", shows("Fetching the library"), prepare=_scanning, state=CHOSEN),
    _setup("setup-icloud-included", shows(READY, "i"), state=CHOSEN),
    _setup("setup-advice", shows("2 hints", "i"), prepare=_advised, state=CHOSEN),
    _setup("setup-drive-too-small", shows("shorter range"), prepare=_full, state=CHOSEN),
    _setup("setup-three-phones-many-drives", shows(READY), prepare=_many),
    _setup("setup-range-moved", _years, state=CHOSEN),
    _setup("setup-range-by-day", _days, state=CHOSEN),
    _setup("setup-range-wrong", _wrong_range, state=CHOSEN),
    _setup("setup-folder-missing", _wrong_folder, state=CHOSEN),
    _setup("setup-ascii", shows(READY), state=CHOSEN, terminal=ASCII_TERMINAL),
    _setup("setup-ascii-reading", shows("Fetching"), prepare=_scanning, terminal=ASCII_TERMINAL),
    _setup("setup-another-drive", shows("A different drive"), prepare=_another_drive, state=CHOSEN),
    _setup("ways", shows("2 hints", "w"), prepare=_advised, state=CHOSEN),
    _setup("tasks", _tasks, state=SAVED, tasks={"old-years": OLD_YEARS}),
    _setup("setup-saved-tasks", shows(READY), state=SAVED, tasks={"old-years": OLD_YEARS}),
    _setup("doctor", shows("Connect an iPhone", "c"), prepare=_checked, state=CHOSEN),
    _setup(
        "doctor-ascii",
        shows("Connect an iPhone", "c"),
        prepare=_checked,
        state=CHOSEN,
        terminal=ASCII_TERMINAL,
    ),
    _setup("help", shows(READY, "question_mark"), state=CHOSEN),
    _run("run-connecting", samples.CONNECTING, "Connecting"),
    _run("run-scanning", samples.SCANNING, "Checking the folders"),
    _run("run-copying", samples.COPYING, "1,204 of 2,341"),
    _run("run-paused", samples.PAUSED, "Paused"),
    _run("run-unplugged", samples.UNPLUGGED, "was unplugged"),
    _run("run-local-only", samples.LOCAL_ONLY, "only in iCloud"),
    _run("run-many-nights", samples.MANY_NIGHTS, "6 nights"),
    _run("run-nothing-comes", samples.QUIET, "Nothing has arrived"),
    _run("run-cannot-retry", replace(samples.LOCAL_ONLY, sequence=50), "1,204", "r"),
    _run("run-head-start", samples.HEAD_START, "so far"),
    _run("run-ascii", samples.COPYING, "1,204 of 2,341", terminal=ASCII_TERMINAL),
    _run("trial", samples.TRIED, "Continue this way"),
    _run("code", WITH_CODE, "camera"),
    _run("code-ascii", WITH_CODE, "camera", terminal=ASCII_TERMINAL),
    _run("leaving", samples.COPYING, "1,204 of 2,341", "q"),
    _run("finishing", samples.COPYING, "1,204 of 2,341", "f"),
    _run("list", samples.COPYING, "1,204 of 2,341", "enter", "down", "down"),
    _run("end-something-left", samples.ENDED_LEFT, "560 items", report=samples.LEFT_REPORT),
    _run(
        "end-ascii",
        samples.ENDED_AND_SWITCHED,
        "560 items",
        report=samples.LEFT_REPORT,
        terminal=ASCII_TERMINAL,
    ),
    _run("end-complete", samples.ENDED_COMPLETE, "adds up"),
    _run("end-failed", samples.ENDED_FAILED, "Not enough free space", report=samples.LEFT_REPORT),
    Scene("jobs", _jobs, shows("2 backups running")),
)
BY_NAME = {scene.name: scene for scene in SCENES}
SIZES = ((80, 24), (120, 40))
