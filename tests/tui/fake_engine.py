"""A fake engine with the answers a test gives it; screens only ever see answers."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from PIL import Image

from ambertime_tui.config import State, Task
from ambertime_tui.drive.errors import TargetMissing
from ambertime_tui.engine.api.client import (
    Command,
    DevicesChanged,
    EngineError,
    Pane,
    Preview,
    Report,
    Row,
    Rows,
    RunningJob,
    SurveyedLibrary,
)
from ambertime_tui.engine.api.doctor import DoctorRequest, Message
from ambertime_tui.engine.api.history import PastRun
from ambertime_tui.engine.api.spec import NO_HOOKS, Hooks, JobSpec
from ambertime_tui.engine.api.status import DriveSummary, JobStatus, PhoneSummary, ScanStatus, ScanStep, Tally
from ambertime_tui.library.histogram import LibraryByDay
from ambertime_tui.tui.context import AppContext
from ambertime_tui.tui.engine import Engine
from ambertime_tui.tui.glyphs import FULL, Glyphs

TODAY = date(2026, 11, 22)
NOW = 1_795_356_000.0

PHONE = PhoneSummary(
    udid="00008130-001A2B3C4D5E6F70",
    name="Anna’s iPhone",
    model="iPhone 15 Pro",
    ios_version="18.5",
    ready=True,
    battery_percent=80,
    on_power=True,
    total_bytes=128_000_000_000,
    free_bytes=12_400_000_000,
)
USB = DriveSummary(
    "/media/anna/PHOTOS", "PHOTOS", "exfat", 2_000_000_000_000, 412_000_000_000, removable=True
)
SSD = DriveSummary(
    "/media/anna/ARCHIVE", "ARCHIVE", "ext4", 4_000_000_000_000, 1_240_000_000_000, True, has_archive=True
)
SYSTEM = DriveSummary("/", "", "ext4", 500_000_000_000, 120_000_000_000, system=True)


def library_by_day(years: int = 10) -> LibraryByDay:
    """Ten years of photos: more in summer, more every year, the older half mostly in iCloud."""
    days, rows = [], []
    first = date(TODAY.year - years, 6, 14)
    for n in range((TODAY - first).days):
        day = first + timedelta(days=n)
        if (n * 7919) % 5 > 2:
            continue
        season = (0, 1, 1, 2, 3, 3, 5, 9, 8, 3, 2, 1, 4)[day.month]
        taken = 1 + season * (day.year - first.year + 2) // 4 + (n * 31) % 4
        away = taken * max(0, 8 - (day.year - first.year)) // 9
        size = 3_100_000
        days.append(day.toordinal())
        rows.append((taken, away, taken - away, (taken - away) * size, away, away * size, 0, 0))
    sums, total = [], [0] * 8
    for row in rows:
        total = [a + b for a, b in zip(total, row, strict=True)]
        sums.append(tuple(total))
    return LibraryByDay(tuple(days), tuple(zip(*sums, strict=True)))


def surveyed() -> SurveyedLibrary:
    """The library of PHONE."""
    by_day = library_by_day()
    own = by_day.sums[0][-1]
    away = by_day.sums[1][-1]
    scan = ScanStatus(
        step=ScanStep.DONE,
        assets=own + 212,
        own=own,
        selected=own,
        local=Tally(own - away, by_day.sums[3][-1]),
        icloud=Tally(away, by_day.sums[5][-1]),
        undated=12,
        left_out=(("in shared albums of other people", 212),),
    )
    return SurveyedLibrary(PHONE, by_day, scan)


GONE = EngineError(
    "HostGone", "The engine ended unexpectedly. Files already backed up are safe. Start again."
)


class FakeEngine:
    """Answers from its attributes; the `say_*` methods change them and notify the screens."""

    def __init__(self) -> None:
        self.devices_now = DevicesChanged((PHONE,), (USB, SSD, SYSTEM))
        self.library: SurveyedLibrary | EngineError = surveyed()
        self.scans: list[ScanStatus] = []
        """Reported during a survey."""
        self.refreshed = 0
        """How often the library was to be read again although it was known."""
        self.survey_may_end = asyncio.Event()
        self.survey_may_end.set()
        self.preview_problem = ""
        self.preview_refused: EngineError | None = None
        """Raised unless the job starts a new archive."""
        self.advice: tuple[str, ...] = ()
        self.job: list[JobStatus] = []
        self.job_report = Report(None, ())
        self.row_count = 100_000
        self.checks: list[Message] = []
        """What the checks of the set-up report."""
        self.checks_failed: EngineError | None = None
        self.checks_may_end = asyncio.Event()
        self.checks_may_end.set()
        self.examined: list[DoctorRequest] = []
        self.commands: list[Command] = []
        self.refused: EngineError | None = None
        self.started: list[JobSpec] = []
        self.start_may_end = asyncio.Event()
        self.start_may_end.set()
        self.dead: asyncio.Event = asyncio.Event()
        """Set by `die`."""
        self.closed = False
        self.located: dict[str, str | EngineError] = {}
        """Where the archives of tasks are now, or why they are not there."""
        self.has_thumbnails = True
        self._changed = asyncio.Condition()
        self._device_turn = 0

    async def say_devices(self, devices: DevicesChanged) -> None:
        """Phones or drives came or went."""
        async with self._changed:
            self.devices_now = devices
            self._device_turn += 1
            self._changed.notify_all()

    async def say_status(self, status: JobStatus) -> None:
        """The job has a new status."""
        async with self._changed:
            self.job.append(status)
            self._changed.notify_all()

    async def die(self) -> None:
        """The process ended: everything that waits for it fails."""
        self.dead.set()
        async with self._changed:
            self._changed.notify_all()

    async def devices(self) -> AsyncIterator[DevicesChanged]:
        """Each change."""
        seen = -1
        while True:
            async with self._changed:
                while self._device_turn == seen and not self.dead.is_set():
                    await self._changed.wait()
                if self.dead.is_set():
                    raise GONE
                seen = self._device_turn
            yield self.devices_now

    async def drive(self, path: str) -> DriveSummary:
        """Folders under /data exist."""
        if not path.startswith("/data"):
            raise EngineError("TargetMissing", str(TargetMissing(Path(path))))
        return replace(SYSTEM, path=path, name=path, system=False)

    async def locate(self, path: str) -> str:
        """Where the test says that the drive is now."""
        found = self.located.get(path, path)
        if isinstance(found, EngineError):
            raise found
        return found

    async def survey(
        self,
        udid: str | None = None,
        on_scan: Callable[[ScanStatus], None] | None = None,
        *,
        refresh: bool = False,
    ) -> SurveyedLibrary:
        """The scans, then the library."""
        self.refreshed += refresh
        for scan in self.scans:
            if on_scan is not None:
                on_scan(scan)
        await self.survey_may_end.wait()
        if isinstance(self.library, EngineError):
            raise self.library
        return self.library

    async def examine(self, request: DoctorRequest) -> AsyncGenerator[Message, None]:
        """The checks, then the error, if there is one."""
        self.examined.append(request)
        for message in self.checks:
            yield message
        await self.checks_may_end.wait()
        if self.checks_failed is not None:
            raise self.checks_failed

    async def preview(self, spec: JobSpec) -> Preview:
        """Calculated from the library."""
        assert not isinstance(self.library, EngineError)
        if self.preview_refused is not None and not spec.new_archive:
            raise self.preview_refused
        held = self.library.by_day.within(spec.selection.range)
        free = next((d.free_bytes for d in self.devices_now.drives if d.path == spec.target), 10**11)
        return Preview(
            local=Tally(held.assets - held.awaiting, held.local.bytes),
            icloud=Tally(held.awaiting, held.icloud.bytes),
            drive_free=free,
            needed=held.local.bytes,
            problem=self.preview_problem,
            advice=self.advice,
        )

    async def start(self, spec: JobSpec, hooks: Hooks = NO_HOOKS) -> str:
        """Records the job."""
        if self.refused is not None:
            raise self.refused
        self.started.append(spec)
        await self.start_may_end.wait()
        return "20261122-a1b2c3"

    async def statuses(self) -> AsyncIterator[JobStatus]:
        """The newest status, then each new one."""
        seen = 0
        while True:
            async with self._changed:
                while len(self.job) == seen:
                    await self._changed.wait()
                seen = len(self.job)
                status = self.job[-1]
            yield status
            if status.outcome is not None:
                return

    async def command(self, command: Command) -> None:
        """Records the command."""
        if self.refused is not None:
            raise self.refused
        self.commands.append(command)

    async def rows(self, pane: Pane, offset: int, limit: int) -> Rows:
        """Rows made from their number."""
        last = min(self.row_count, offset + limit)
        return Rows(self.row_count, offset, tuple(_row(n, pane) for n in range(offset, last)))

    async def thumbnail(self, uuid: str) -> bytes:
        """Red above, blue below."""
        if not self.has_thumbnails:
            raise EngineError("NoThumbnail", "The iPhone has no thumbnail of this item.")
        return jpeg_of("red", "blue")

    async def report(self) -> Report:
        """The report given by the test."""
        if self.dead.is_set():
            raise GONE
        return self.job_report

    async def aclose(self) -> None:
        """Records the call."""
        self.closed = True


def jpeg_of(above: str, below: str) -> bytes:
    """A picture of two colours."""
    picture = Image.new("RGB", (160, 120), above)
    picture.paste(below, (0, 60, 160, 120))
    jpeg = io.BytesIO()
    picture.save(jpeg, "JPEG", quality=95)
    return jpeg.getvalue()


def _row(n: int, pane: Pane) -> Row:
    day = date(2016, 6, 14) + timedelta(days=n // 30)
    state = {Pane.LEFT: "icloud", Pane.SCAN: "local"}.get(pane, "written" if n < 20 else "waiting")
    note = f"Photos/{day:%Y-%m}/IMG_{n % 10000:04}.HEIC" if state == "written" else ""
    return Row(f"{n:032x}", f"IMG_{n % 10000:04}.HEIC", day.isoformat(), 2_000_000 + n * 37, state, note)


def context_of(
    engine: FakeEngine,
    *,
    jobs: tuple[RunningJob, ...] = (),
    glyphs: Glyphs = FULL,
    state: State | None = None,
    folder: Path = Path("/nonexistent"),
    clock: Callable[[], float] = lambda: NOW,
    tasks: dict[str, Task] | None = None,
    keys: dict[str, str] | None = None,
    defaults: Task | None = None,
    notices: tuple[str, ...] = (),
    remember: Callable[[State], None] = lambda _state: None,
    later: Sequence[FakeEngine | EngineError] = (),
    history: Sequence[PastRun] = (),
    past_report: Callable[[PastRun], tuple[JobStatus, Report]] | None = None,
) -> AppContext:
    """A context with one engine, those launched after it, and fixed times."""
    launched: list[FakeEngine | EngineError] = [engine, *later]

    async def launch() -> Engine:
        following = launched.pop(0) if len(launched) > 1 else launched[0]
        if isinstance(following, EngineError):
            raise following
        return following

    async def attach(_socket: Path) -> Engine:
        return engine

    return AppContext(
        launch=launch,
        attach=attach,
        running_jobs=lambda: jobs,
        examine=engine.examine,
        clock=clock,
        today=lambda: TODAY,
        glyphs=glyphs,
        state=state or State(),
        remember=remember,
        tasks=tasks or {},
        keys=keys or {},
        defaults=defaults or Task(),
        notices=notices,
        history=lambda: tuple(history),
        past_report=past_report,
        reports=folder / "reports",
        theme_folder=folder / "themes",
        time_of_day=lambda at: f"{int(at) // 3600 % 24:02}:{int(at) // 60 % 60:02}:{int(at) % 60:02}",
        day_of=lambda at: date.fromordinal(date(1970, 1, 1).toordinal() + int(at // 86_400)),
        expand=lambda text: text.replace("~", "/home/anna"),
    )
