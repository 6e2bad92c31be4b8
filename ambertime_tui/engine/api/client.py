"""The engine as a front end sees it: requests to a host, and updates from it.

Nothing here imports the phone or drive code, so a front end starts fast.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator, Callable, Mapping
from pathlib import Path
from typing import TypeVar

from ambertime_tui import __version__
from ambertime_tui.engine.api.host_connection import HostConnection, host_gone
from ambertime_tui.engine.api.hosts import find_jobs, host_silent, running_jobs, start_host
from ambertime_tui.engine.api.lines import LONGEST_ANSWER, peer_is_ours, read_line
from ambertime_tui.engine.api.messages import ask_line, decoded, hello_from
from ambertime_tui.engine.api.overview import Overview
from ambertime_tui.engine.api.planned_run import PlanArgs, PlannedItem, PlannedRun, PlanPage
from ambertime_tui.engine.api.protocol import (
    Ask,
    AssetArgs,
    AssetPage,
    Command,
    CommandName,
    DevicesChanged,
    DriveArgs,
    EngineError,
    Hello,
    Pane,
    PhonesSeen,
    Preview,
    Push,
    Report,
    ReportPage,
    Row,
    Rows,
    RowsArgs,
    RunningJob,
    SelectionArgs,
    SpecArgs,
    StartArgs,
    SurveyArgs,
    SurveyedLibrary,
)
from ambertime_tui.engine.api.spec import NO_HOOKS, Hooks, JobSpec, Selection
from ambertime_tui.engine.api.status import Census, DriveSummary, JobStatus, Left, ScanStatus
from ambertime_tui.library.model import Asset
from ambertime_tui.paths import Paths

__all__ = [
    "Command",
    "CommandName",
    "DevicesChanged",
    "EngineClient",
    "EngineError",
    "Hello",
    "Pane",
    "Preview",
    "Report",
    "Row",
    "Rows",
    "RunningJob",
    "SurveyedLibrary",
    "find_jobs",
    "host_gone",
    "running_jobs",
]

T = TypeVar("T")

HELLO_WITHIN = 10.0
"""Seconds for a host to introduce itself. A busy one takes less than one."""
UPDATED = "AmberTime was updated while it was open. Quit, then start it again."
PAGE = 2000
"""Items per request when all are wanted."""


class EngineClient:
    """A connection to an engine host. All methods but the classmethods may be used concurrently."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, socket: Path, hello: Hello
    ) -> None:
        """Use `launch` or `attach` instead."""
        self.socket = socket
        self.hello = hello
        self._connection = HostConnection(reader, writer)

    @classmethod
    async def launch(cls, paths: Paths, environ: Mapping[str, str]) -> EngineClient:
        """Start a host and connect to it. The host is a separate process and keeps running while a job runs.

        Raises:
            EngineError: `HostFailed`: it did not start. The message gives the reason and the path of the log.
                `OtherVersion`: AmberTime was updated while this process ran.
        """
        socket = await asyncio.to_thread(start_host, paths, dict(environ))
        try:
            return await cls.attach(socket)
        except EngineError as error:
            if error.kind == "OtherVersion":
                raise EngineError(error.kind, UPDATED) from error
            raise

    @classmethod
    async def attach(cls, socket: Path, hello_within: float = HELLO_WITHIN) -> EngineClient:
        """Connect to a running host (`running_jobs` finds them).

        Raises:
            EngineError: `HostGone`: no host is listening there; `HostSilent`: it does not respond;
                `OtherVersion`: it is another version, and the message says what to do.
        """
        try:
            reader, writer = await asyncio.open_unix_connection(str(socket), limit=LONGEST_ANSWER)
        except OSError as error:
            raise EngineError("HostGone", f"The job at {socket} has ended.") from error
        try:
            if not peer_is_ours(writer.get_extra_info("socket")):
                raise EngineError("OtherUser", f"{socket} belongs to a process of another user.")
            writer.write(ask_line(0, Ask.HELLO))
            async with asyncio.timeout(hello_within):
                hello = hello_from(await read_line(reader) or b"{}", __version__)
        except TimeoutError as error:
            writer.transport.abort()
            raise host_silent(socket, hello_within) from error
        except (OSError, ValueError, EngineError) as error:
            writer.close()
            if isinstance(error, EngineError) and error.kind in ("OtherVersion", "OtherUser"):
                raise
            raise EngineError("HostGone", f"The job at {socket} has ended: it does not respond.") from error
        except BaseException:  # cancelled: an open connection would keep the host alive
            writer.close()
            raise
        return cls(reader, writer, socket, hello)

    async def aclose(self) -> None:
        """Close the connection. A running job continues."""
        await self._connection.aclose()

    async def phones(self) -> PhonesSeen:
        """List the phones connected by cable, or say why no phone is usable.

        Raises:
            EngineError: `UsbmuxUnavailable`: phones cannot be detected at all.
        """
        return await self._ask(PhonesSeen, Ask.PHONES)

    async def drives(self) -> tuple[DriveSummary, ...]:
        """List the mounted drives."""
        return await self._ask(tuple[DriveSummary, ...], Ask.DRIVES)

    async def drive(self, path: str) -> DriveSummary:
        """Describe a folder as a backup target, by its absolute path.

        Raises:
            EngineError: it is not a folder, or does not exist.
        """
        return await self._ask(DriveSummary, Ask.DRIVE, DriveArgs(path))

    async def locate(self, path: str) -> str:
        """Find the archive that was at a path at the last backup, where its drive is mounted now.

        Returns:
            the absolute path of its folder: `path` itself, unless the drive is mounted elsewhere.

        Raises:
            EngineError: `DriveNotMounted`, with the command that mounts it; `DriveNotConnected`;
                `TargetMissing`.
        """
        return await self._ask(str, Ask.LOCATE, DriveArgs(path))

    async def devices(self) -> AsyncGenerator[DevicesChanged, None]:
        """Yield the phones and drives now, and again at each change, until the host ends.

        Raises:
            EngineError: `HostGone`.
        """
        seen = self._connection.counts[Push.DEVICES]
        await self._connection.request(Ask.WATCH_DEVICES)
        async for value in self._connection.pushes(Push.DEVICES, seen):
            yield decoded(DevicesChanged, value)

    async def survey(
        self,
        udid: str | None = None,
        on_scan: Callable[[ScanStatus], None] | None = None,
        *,
        refresh: bool = False,
    ) -> SurveyedLibrary:
        """Read the library of a phone. A recent reading is reused.

        Args:
            udid: which phone; None: the only one.
            on_scan: called with the progress, a few times a second.
            refresh: read the phone even if there is a recent reading.

        Raises:
            EngineError: no such phone, not trusted, locked, no readable library, ...
        """
        if on_scan is not None:
            self._connection.on_scan.append(on_scan)
        try:
            return await self._ask(SurveyedLibrary, Ask.SURVEY, SurveyArgs(udid, refresh))
        finally:
            if on_scan is not None:
                self._connection.on_scan.remove(on_scan)

    async def overview(self, udid: str | None, selection: Selection) -> Overview:
        """Summarize a phone's library, as `scan` shows it. Reads the library first if needed.

        Raises:
            EngineError: as `survey`.
        """
        return await self._ask(Overview, Ask.OVERVIEW, SelectionArgs(udid, selection))

    async def assets(self, udid: str | None, selection: Selection) -> AsyncGenerator[Asset, None]:
        """Yield the user's own assets within the selection's dates, in library order, including hidden and
        trashed ones.

        Raises:
            EngineError: as `survey`.
        """
        offset: int | None = 0
        while offset is not None:
            args = SelectionArgs(udid, selection, offset, PAGE)
            page = await self._ask(AssetPage, Ask.ASSETS, args)
            for asset in page.assets:
                yield asset
            offset = page.next

    async def preview(self, spec: JobSpec) -> Preview:
        """Describe what a job with this spec would do. Reads the library first if needed.

        Raises:
            EngineError: the phone cannot be read. A problem with the target is in `Preview.problem`.
        """
        return await self._ask(Preview, Ask.PREVIEW, SpecArgs(spec))

    async def plan(
        self, spec: JobSpec, on_items: Callable[[tuple[PlannedItem, ...]], None] | None = None
    ) -> PlannedRun:
        """Describe what a job with this spec would do, by reason. Writes nothing.

        Args:
            spec: the job.
            on_items: called with the items that are not on the drive yet, page by page.

        Raises:
            EngineError: as `preview`.
        """
        page = await self._ask(PlanPage, Ask.PLAN, PlanArgs(spec))
        run, offset = page.run, 0
        while on_items is not None and offset < page.total:
            page = await self._ask(PlanPage, Ask.PLAN, PlanArgs(spec, offset, PAGE))
            if not page.items:
                break
            on_items(page.items)
            offset += len(page.items)
        return run

    async def start(self, spec: JobSpec, hooks: Hooks = NO_HOOKS) -> str:
        """Start a job on this host and return its id.

        Args:
            spec: the job.
            hooks: commands of the user, which the host runs at events of the job.

        Raises:
            EngineError: `JobRunning`, or the phone or target is not available. No job was started.
        """
        return await self._ask(str, Ask.START, StartArgs(spec, hooks))

    async def statuses(self) -> AsyncGenerator[JobStatus, None]:
        """Yield the job's status now and at each change, at most ten times a second, always the latest.

        Ends after the status that has an outcome.

        Raises:
            EngineError: `NoJob`: no job was started; `HostGone`: the host ended before the job did.
        """
        seen = self._connection.counts[Push.STATUS]
        await self._connection.request(Ask.WATCH_STATUS)
        async for value in self._connection.pushes(Push.STATUS, seen):
            status = decoded(JobStatus, value)
            yield status
            if status.outcome is not None:
                return

    async def command(self, command: Command) -> None:
        """Send a command to the job.

        Raises:
            EngineError: `NotNow`: not possible now, and the message says why; `NoJob`.
        """
        await self._connection.request(Ask.COMMAND, command)

    async def rows(self, pane: Pane, offset: int, limit: int) -> Rows:
        """Return a page of one of the job's lists.

        Raises:
            EngineError: `NoJob`.
        """
        return await self._ask(Rows, Ask.ROWS, RowsArgs(offset, limit, pane))

    async def thumbnail(self, uuid: str) -> bytes:
        """Return the phone's thumbnail of an asset, even if the original is only in iCloud. A JPEG.

        Raises:
            EngineError: `NoThumbnail`: the phone has none; `NotNow`: the phone is not connected.
        """
        return base64.b64decode(await self._ask(str, Ask.THUMBNAIL, AssetArgs(uuid)))

    async def report(self) -> Report:
        """Return the census and every asset that is not on the drive; during a job, as known so far.

        Raises:
            EngineError: `NoJob`.
        """
        left: list[Left] = []
        census: Census | None = None
        while True:
            page = await self._ask(ReportPage, Ask.REPORT, RowsArgs(len(left), PAGE))
            census = page.census
            left += page.left
            if not page.left or len(left) >= page.total:
                return Report(census, tuple(left))

    async def _ask(self, kind: type[T], ask: Ask, args: object = None) -> T:
        return decoded(kind, await self._connection.request(ask, args))
