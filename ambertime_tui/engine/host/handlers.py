"""The handlers of all requests to a host: devices, library, preview and job."""

from __future__ import annotations

import asyncio
import base64
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from ambertime_tui.drive.volume.block_devices import unmounted_volumes
from ambertime_tui.engine.api.codec import WireError, from_json
from ambertime_tui.engine.api.messages import push_line
from ambertime_tui.engine.api.overview import Overview, overview_of, own_in_range
from ambertime_tui.engine.api.planned_run import PlanArgs, PlanPage
from ambertime_tui.engine.api.protocol import (
    PROTOCOL,
    Ask,
    AssetArgs,
    AssetPage,
    Command,
    DevicesChanged,
    DriveArgs,
    EngineError,
    Hello,
    Preview,
    Push,
    ReportPage,
    Rows,
    RowsArgs,
    RunningJob,
    SelectionArgs,
    SpecArgs,
    StartArgs,
    SurveyArgs,
    SurveyedLibrary,
)
from ambertime_tui.engine.api.spec import NO_HOOKS, JobSpec
from ambertime_tui.engine.api.status import DriveSummary
from ambertime_tui.engine.host.connection import Connection
from ambertime_tui.engine.host.device_watch import DeviceWatch, phones_now
from ambertime_tui.engine.host.drive_probe import DriveProbe
from ambertime_tui.engine.host.job_hooks import run_hooks
from ambertime_tui.engine.host.preview import Previewer
from ambertime_tui.engine.host.target_locator import TargetLocator
from ambertime_tui.engine.job.drive_threads import in_time
from ambertime_tui.engine.job.errors import ROOM_ERRORS, as_engine_error
from ambertime_tui.engine.job.job import Job, open_job
from ambertime_tui.engine.job.target_memory import TargetMemory
from ambertime_tui.engine.scan.summaries import drive_summary_at
from ambertime_tui.engine.scan.surveyor import Survey, Surveyor, surveyed_library
from ambertime_tui.engine.timing import Timing

log = logging.getLogger(__name__)

STATUS_EVERY = 0.1
"""Minimum seconds between two statuses."""
TICK_EVERY = 1.0
LARGEST_PAGE = 5000
TARGET_ANSWERS_WITHIN = 15.0
"""Seconds to wait for a target. A drive may have to spin up first."""
PREVIEW_WITHIN = 120.0
"""Seconds to wait for a preview, which reads the target's record."""

T = TypeVar("T")


class Handlers:
    """The state of one host and its request handlers. `watchers` and `on_idle` are set by the server."""

    def __init__(
        self,
        *,
        version: str,
        pid: int,
        socket: Path,
        pair_records: Path,
        scratch: Path,
        reports: Path,
        timing: Timing,
    ) -> None:
        self._version = version
        self._pid = pid
        self._socket = socket
        self._pair_records = pair_records
        self._reports = reports
        self._timing = timing
        self._surveyor = Surveyor(pair_records, scratch, timing)
        self._previewer = Previewer(TargetMemory(reports.parent))
        self._locator = TargetLocator(TargetMemory(reports.parent))
        self._drive_probe = DriveProbe(unmounted=unmounted_volumes)
        self._devices = DeviceWatch(pair_records, timing, self._drive_probe, self._push_devices)
        self._watching_devices: asyncio.Task[None] | None = None
        self._starting: asyncio.Task[str] | None = None
        self._requested: JobSpec | None = None
        """The spec of the job that was started last, as the client sent it."""
        self._stopping = False
        self._job: Job | None = None
        self._job_task: asyncio.Task[None] | None = None
        self._hooks: asyncio.Task[None] | None = None
        self._publishing: set[asyncio.Task[None]] = set()
        self.watchers: Callable[[Push], tuple[Connection, ...]] = lambda push: ()
        self.on_idle: Callable[[], None] = lambda: None
        """Called after a job has ended, or did not start."""

    @property
    def job_runs(self) -> bool:
        """True while a job runs or is starting."""
        running = self._job_task is not None and not self._job_task.done()
        return running or self._starting is not None

    @property
    def working(self) -> bool:
        """True while a job or its hooks run, or a job is starting."""
        return self.job_runs or (self._hooks is not None and not self._hooks.done())

    async def answer(self, client: Connection, ask: Ask, args: Any) -> object:
        """Answer a client's request.

        Raises:
            EngineError: the request failed; the message says why.
        """
        try:
            return await self._answer(client, ask, args)
        except ROOM_ERRORS as error:
            raise as_engine_error(error) from error

    def stop(self) -> None:
        """Stop the job after its current files, including a job that is still starting: the computer may be
        shutting down, and `watch` can resume it."""
        self._stopping = True
        if self._job is not None and self.job_runs:
            self._job.stop(resume_later=True)

    async def aclose(self) -> None:
        """Cancel all background tasks. The job has already ended."""
        tasks = {
            *self._publishing,
            *filter(None, (self._watching_devices, self._starting, self._job_task, self._hooks)),
        }
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._surveyor.aclose()

    async def _answer(self, client: Connection, ask: Ask, args: Any) -> object:
        match ask:
            case Ask.HELLO:
                return Hello(PROTOCOL, self._version, self._pid, self._running_job())
            case Ask.PHONES:
                return await phones_now(self._pair_records)
            case Ask.DRIVES:
                return await self._drive_probe.drives()
            case Ask.DRIVE:
                return await self._drive(_args(DriveArgs, args))
            case Ask.LOCATE:
                return str(await self._locator.locate(Path(_args(DriveArgs, args).path)))
            case Ask.WATCH_DEVICES:
                self._watch_devices(client)
                return None
            case Ask.SURVEY:
                return await self._survey(client, _args(SurveyArgs, args))
            case Ask.OVERVIEW:
                return await self._overview(client, _args(SelectionArgs, args))
            case Ask.ASSETS:
                return await self._assets(client, _args(SelectionArgs, args))
            case Ask.PREVIEW:
                return await self._preview(client, _args(SpecArgs, args))
            case Ask.PLAN:
                return await self._plan(client, _args(PlanArgs, args))
            case Ask.START:
                return await self._start(_args(StartArgs, args))
            case Ask.WATCH_STATUS:
                self._watch_status(client)
                return None
            case Ask.COMMAND:
                self._running().command(_args(Command, args))
                return None
            case Ask.ROWS:
                return self._rows(_args(RowsArgs, args))
            case Ask.REPORT:
                return self._report(_args(RowsArgs, args))
            case Ask.THUMBNAIL:
                jpeg = await self._running().thumbnail(_args(AssetArgs, args).uuid)
                return base64.b64encode(jpeg).decode()

    # Devices

    async def _drive(self, args: DriveArgs) -> DriveSummary:
        path = Path(args.path)
        return await in_time(TARGET_ANSWERS_WITHIN, path, drive_summary_at, path)

    def _watch_devices(self, client: Connection) -> None:
        client.watches.add(Push.DEVICES)
        if self._watching_devices is None:
            self._watching_devices = asyncio.create_task(self._devices.run(), name="device watch")
            self._watching_devices.add_done_callback(_log_failure)
        elif self._devices.now is not None:
            client.push(Push.DEVICES, self._devices.now)

    def _push_devices(self, seen: DevicesChanged) -> None:
        line = push_line(Push.DEVICES, seen)
        for client in self.watchers(Push.DEVICES):
            client.push(Push.DEVICES, line)

    # The library of a phone

    async def _survey(self, client: Connection, args: SurveyArgs) -> SurveyedLibrary:
        return surveyed_library(await self._surveyed(client, args.udid, refresh=args.refresh))

    async def _surveyed(self, client: Connection, udid: str | None, *, refresh: bool = False) -> Survey:
        return await self._surveyor.survey(udid, lambda scan: client.push(Push.SCAN, scan), refresh=refresh)

    async def _overview(self, client: Connection, args: SelectionArgs) -> Overview:
        survey = await self._surveyed(client, args.udid)
        return await asyncio.to_thread(overview_of, survey.scan.library, args.selection)

    async def _assets(self, client: Connection, args: SelectionArgs) -> AssetPage:
        survey = await self._surveyed(client, args.udid)
        everything = survey.scan.library.assets
        end = args.offset + min(args.limit, LARGEST_PAGE)
        assets = tuple(own_in_range(everything[args.offset : end], args.selection))
        return AssetPage(assets, end if end < len(everything) else None)

    async def _preview(self, client: Connection, args: SpecArgs) -> Preview:
        survey = await self._surveyed(client, args.spec.udid)
        target = Path(args.spec.target)
        await in_time(TARGET_ANSWERS_WITHIN, target, os.path.lexists, target)
        return await in_time(PREVIEW_WITHIN, target, self._previewer.preview, survey, args.spec)

    async def _plan(self, client: Connection, args: PlanArgs) -> PlanPage:
        survey = await self._surveyed(client, args.spec.udid)
        target = Path(args.spec.target)
        await in_time(TARGET_ANSWERS_WITHIN, target, os.path.lexists, target)
        offset, limit = args.offset, min(args.limit, LARGEST_PAGE)
        return await in_time(PREVIEW_WITHIN, target, self._previewer.page, survey, args.spec, offset, limit)

    # The job

    async def _start(self, args: StartArgs) -> str:
        """Start a job, or wait for the one that is starting for the same request.

        It starts even if the client disconnects meanwhile.
        """
        if self._starting is not None and args.spec == self._requested:
            return await asyncio.shield(self._starting)
        if self.job_runs:
            raise EngineError(
                "JobRunning", "A job is already running. Wait until it has ended, then start another."
            )
        self._requested = args.spec
        self._starting = asyncio.create_task(self._begin(args), name="start")
        self._starting.add_done_callback(self._started)
        return await asyncio.shield(self._starting)

    def _started(self, task: asyncio.Task[str]) -> None:
        self._starting = None
        if not task.cancelled() and task.exception() is not None:  # the client may have left
            self.on_idle()

    async def _begin(self, args: StartArgs) -> str:
        job = await open_job(
            args.spec,
            surveyor=self._surveyor,
            pair_records=self._pair_records,
            reports=self._reports,
            timing=self._timing,
        )
        self._job = job
        if self._stopping:
            job.stop(resume_later=True)
        self._previewer.forget()
        running = self._job_task = asyncio.create_task(job.run(), name="job")
        running.add_done_callback(_log_failure)
        running.add_done_callback(lambda _: self._job_ended())
        if args.hooks != NO_HOOKS:
            hooks = run_hooks(job, running, args.hooks, self._timing, os.environ)
            self._hooks = asyncio.create_task(hooks, name="hooks")
            self._hooks.add_done_callback(_log_failure)
            self._hooks.add_done_callback(lambda _: self.on_idle())
        for work in (self._publish(job, running), self._tick(job)):
            task = asyncio.create_task(work)
            self._publishing.add(task)
            task.add_done_callback(self._publishing.discard)
            task.add_done_callback(_log_failure)
        return job.job_id

    def _job_ended(self) -> None:
        """Push the last status, then let the host end if it is no longer needed.

        A callback of the job's own task, so that nothing that fails beside the job keeps the host alive.
        """
        try:
            self._push_status()
        finally:
            self.on_idle()

    def _push_status(self) -> None:
        watchers = self.watchers(Push.STATUS)
        if watchers:
            line = push_line(Push.STATUS, self._running().progress.snapshot())
            for client in watchers:
                client.push(Push.STATUS, line)

    async def _publish(self, job: Job, running: asyncio.Task[None]) -> None:
        """Push status changes to the watchers, at most every 0.1 s, until the job has ended."""
        while not running.done():
            await job.progress.changed()
            if job.progress.outcome is not None:
                break  # the end of the job pushes its last status
            self._push_status()
            await self._timing.pause(STATUS_EVERY)

    async def _tick(self, job: Job) -> None:
        while job.progress.outcome is None:
            await self._timing.pause(TICK_EVERY)
            job.progress.tick()

    def _watch_status(self, client: Connection) -> None:
        client.push(Push.STATUS, self._running().progress.snapshot())
        client.watches.add(Push.STATUS)

    def _rows(self, args: RowsArgs) -> Rows:
        return self._running().rows(args.pane, args.offset, min(args.limit, LARGEST_PAGE))

    def _report(self, args: RowsArgs) -> ReportPage:
        return self._running().report(args.offset, min(args.limit, LARGEST_PAGE))

    def _running(self) -> Job:
        if self._job is None:
            raise EngineError("NoJob", "This engine has no job.")
        return self._job

    def _running_job(self) -> RunningJob | None:
        if self._job is None:
            return None
        status = self._job.progress.snapshot()
        phone = status.phone
        return RunningJob(
            socket=str(self._socket),
            job_id=status.job_id,
            started_at=status.started_at,
            target=status.spec.target,
            udid=status.spec.udid or "",
            phone=phone.name if phone else "",
            phase=status.phase,
            condition=status.condition,
            outcome=status.outcome,
        )


def _args(kind: type[T], data: Any) -> T:
    try:
        return from_json(kind, data)
    except WireError as error:
        raise EngineError("NotUnderstood", f"The request was not understood: {error}.") from error


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("%s failed", task.get_name(), exc_info=task.exception())
