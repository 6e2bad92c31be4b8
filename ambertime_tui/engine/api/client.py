"""The front end's side of the engine: asks a host, and hears what changes.

Nothing here loads the phone's or the drive's room, so a front end that imports this starts fast.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from ambertime_tui.engine.api.hosts import running_jobs, start_host
from ambertime_tui.engine.api.overview import Overview
from ambertime_tui.engine.api.protocol import (
    LONGEST_LINE,
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
    SurveyArgs,
    SurveyedLibrary,
    ask_line,
    decoded,
    parse_line,
)
from ambertime_tui.engine.api.spec import JobSpec, Selection
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
    "running_jobs",
]

T = TypeVar("T")

PAGE = 2000
"""Items asked for at once where all are wanted."""


class EngineClient:
    """A connection to an engine host. All methods but the classmethods may be used concurrently."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, socket: Path, hello: Hello
    ) -> None:
        """Private: use `launch` or `attach`."""
        self.socket = socket
        self.hello = hello
        self._reader = reader
        self._writer = writer
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._next = 1
        self._gone: EngineError | None = None
        self._newest: dict[Push, Any] = {}
        self._news = asyncio.Condition()
        self._counts = dict.fromkeys(Push, 0)
        self._on_scan: list[Callable[[ScanStatus], None]] = []
        self._listening = asyncio.create_task(self._listen(), name="engine client")

    @classmethod
    async def launch(cls, paths: Paths, environ: Mapping[str, str]) -> EngineClient:
        """Starts a host, a process of its own that outlives this one while a job runs, and connects to it.

        Raises:
            EngineError: `HostFailed`: it did not start; the sentence says why and where its log is.
        """
        socket = await asyncio.to_thread(start_host, paths, dict(environ))
        return await cls.attach(socket)

    @classmethod
    async def attach(cls, socket: Path) -> EngineClient:
        """Connects to a host that runs (`running_jobs` finds them).

        Raises:
            EngineError: `HostGone`: nobody answers there.
        """
        try:
            reader, writer = await asyncio.open_unix_connection(str(socket), limit=LONGEST_LINE)
        except OSError as error:
            raise EngineError("HostGone", f"No job answers at {socket}; it has ended.") from error
        try:
            writer.write(ask_line(0, Ask.HELLO))
            message = parse_line(await reader.readline() or b"{}")
            hello = decoded(Hello, message.get("answer"))
        except (OSError, EngineError) as error:
            writer.close()
            raise EngineError("HostGone", f"The job at {socket} does not answer; it has ended.") from error
        return cls(reader, writer, socket, hello)

    async def aclose(self) -> None:
        """Ends the connection; a job that runs goes on without us."""
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def phones(self) -> PhonesSeen:
        """The phones that are attached by cable, or why there is none.

        Raises:
            EngineError: `UsbmuxUnavailable`: no phone can be seen at all.
        """
        return await self._ask(PhonesSeen, Ask.PHONES)

    async def drives(self) -> tuple[DriveSummary, ...]:
        """The drives that are mounted."""
        return await self._ask(tuple[DriveSummary, ...], Ask.DRIVES)

    async def drive(self, path: str) -> DriveSummary:
        """What can be said of a folder as a target, by its absolute path.

        Raises:
            EngineError: it is no folder, or not there.
        """
        return await self._ask(DriveSummary, Ask.DRIVE, DriveArgs(path))

    async def devices(self) -> AsyncGenerator[DevicesChanged, None]:
        """Phones and drives: at once, and again at each change, until the host is gone.

        Raises:
            EngineError: `HostGone`.
        """
        seen = self._counts[Push.DEVICES]
        await self._tell(Ask.WATCH_DEVICES)
        async for value in self._pushes(Push.DEVICES, seen):
            yield decoded(DevicesChanged, value)

    async def survey(
        self,
        udid: str | None = None,
        on_scan: Callable[[ScanStatus], None] | None = None,
        *,
        refresh: bool = False,
    ) -> SurveyedLibrary:
        """Reads the library of a phone (None: of the only one); a recent reading is used again.

        Args:
            udid: which phone.
            on_scan: told how far it is, a few times a second.
            refresh: read the phone even where a recent reading is kept.

        Raises:
            EngineError: no such phone, not trusted, locked, no readable library, ...
        """
        if on_scan is not None:
            self._on_scan.append(on_scan)
        try:
            return await self._ask(SurveyedLibrary, Ask.SURVEY, SurveyArgs(udid, refresh))
        finally:
            if on_scan is not None:
                self._on_scan.remove(on_scan)

    async def overview(self, udid: str | None, selection: Selection) -> Overview:
        """A phone's library at a glance, as `scan` shows it. Makes a survey where there is none.

        Raises:
            EngineError: as `survey`.
        """
        return await self._ask(Overview, Ask.OVERVIEW, SelectionArgs(udid, selection))

    async def assets(self, udid: str | None, selection: Selection) -> AsyncGenerator[Asset, None]:
        """The own assets in the range of a selection, hidden and trashed ones included, in library order.

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
        """What a start with this spec would do. Needs a survey first and makes one where there is none.

        Raises:
            EngineError: the phone cannot be read. What is wrong with the target is `Preview.problem`.
        """
        return await self._ask(Preview, Ask.PREVIEW, SpecArgs(spec))

    async def start(self, spec: JobSpec) -> str:
        """Starts the job of this host and gives its id.

        Raises:
            EngineError: `JobRunning`, or the phone or the target is not there: no job was started.
        """
        return await self._ask(str, Ask.START, SpecArgs(spec))

    async def statuses(self) -> AsyncGenerator[JobStatus, None]:
        """The job's status: at once and at each change, at most ten a second, always the newest.

        Ends after the status that has an outcome.

        Raises:
            EngineError: `NoJob`: none was started; `HostGone`: the host died with the job unfinished.
        """
        seen = self._counts[Push.STATUS]
        await self._tell(Ask.WATCH_STATUS)
        async for value in self._pushes(Push.STATUS, seen):
            status = decoded(JobStatus, value)
            yield status
            if status.outcome is not None:
                return

    async def command(self, command: Command) -> None:
        """Gives the job an order.

        Raises:
            EngineError: `NotNow`: it cannot be done now; the sentence says why. `NoJob`.
        """
        await self._tell(Ask.COMMAND, command)

    async def rows(self, pane: Pane, offset: int, limit: int) -> Rows:
        """A page of one of the job's lists.

        Raises:
            EngineError: `NoJob`.
        """
        return await self._ask(Rows, Ask.ROWS, RowsArgs(offset, limit, pane))

    async def thumbnail(self, uuid: str) -> bytes:
        """The phone's small picture of an asset, also of one that is only in iCloud: a JPEG.

        Raises:
            EngineError: `NoThumbnail`: the phone has none; `NotNow`: the phone is not there.
        """
        return base64.b64decode(await self._ask(str, Ask.THUMBNAIL, AssetArgs(uuid)))

    async def report(self) -> Report:
        """The census and all that is not on the drive; while the job runs, what is known so far.

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
        return decoded(kind, await self._tell(ask, args))

    async def _tell(self, ask: Ask, args: object = None) -> Any:
        if self._gone is not None:
            raise self._gone
        number, self._next = self._next, self._next + 1
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        try:
            self._writer.write(ask_line(number, ask, args))
            return await answer
        finally:
            self._asked.pop(number, None)

    async def _pushes(self, push: Push, seen: int) -> AsyncGenerator[Any, None]:
        """What the host says from now on; it says the present state once whenever it is asked to watch."""
        while True:
            async with self._news:
                while self._counts[push] == seen and self._gone is None:
                    await self._news.wait()
            if self._counts[push] > seen:
                seen = self._counts[push]
                yield self._newest[push]
            elif self._gone is not None:
                raise self._gone

    async def _listen(self) -> None:
        gone = EngineError(
            "HostGone", "The engine has ended unexpectedly; what is written is safe. Start again."
        )
        try:
            while data := await self._reader.readline():
                await self._hear(parse_line(data))
        except (OSError, ValueError) as error:
            gone.__cause__ = error
        except EngineError as error:
            gone = error
        finally:
            self._gone = gone
            for answer in self._asked.values():
                if not answer.done():
                    answer.set_exception(gone)
            self._asked.clear()
            async with self._news:
                self._news.notify_all()

    async def _hear(self, message: dict[str, Any]) -> None:
        if "push" in message:
            if message["push"] not in set(Push):
                return
            push = Push(message["push"])
            if push is Push.SCAN:
                scan = decoded(ScanStatus, message.get("value"))
                for told in tuple(self._on_scan):
                    told(scan)
                return
            async with self._news:
                self._newest[push] = message.get("value")
                self._counts[push] += 1
                self._news.notify_all()
            return
        answer = self._asked.get(message.get("id", -1))
        if answer is None or answer.done():
            return
        error = message.get("error")
        if error is None:
            answer.set_result(message.get("answer"))
        else:
            answer.set_exception(EngineError(str(error.get("kind")), str(error.get("sentence"))))
