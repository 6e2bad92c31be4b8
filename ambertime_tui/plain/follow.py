"""Follows a job to its end: tells what happens, and hands the person's Ctrl+C to the engine as an order."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from ambertime_tui.engine.api.client import Command, CommandName, EngineClient, EngineError
from ambertime_tui.engine.api.status import JobStatus
from ambertime_tui.exit_codes import ExitCode, exit_code_of
from ambertime_tui.plain.job_json import JobRecords, ending_records
from ambertime_tui.plain.job_words import ending_lines
from ambertime_tui.plain.narrator import Narrator, progress_line
from ambertime_tui.plain.output import Output

REMINDER = 60.0
"""Seconds between two lines of progress where no progress line is drawn: a log of a night stays readable."""

GOES_ON = "The job goes on without this window; `ambertime attach` shows it again."


class Follower:
    """One front end's view of one job."""

    def __init__(self, client: EngineClient, out: Output) -> None:
        self._client = client
        self._out = out
        self._narrator = Narrator(reminder=None if out.redraws else REMINDER)
        self._records = JobRecords()
        self._interrupts = 0
        self._following: asyncio.Task[ExitCode] | None = None
        self._orders: set[asyncio.Task[None]] = set()

    async def run(self) -> ExitCode:
        """Follows the job until it has ended, the terminal hangs up, or nobody reads the data any more.

        Raises:
            EngineError: the host died with the job unfinished.
        """
        self._following = asyncio.create_task(self._follow())
        with self._signals():
            try:
                return await self._following
            except asyncio.CancelledError:
                if not self._following.cancelled():
                    raise
            except BrokenPipeError:
                pass
        self._out.say(GOES_ON)
        return ExitCode.INTERRUPTED

    async def _follow(self) -> ExitCode:
        last: JobStatus | None = None
        async for last in self._client.statuses():
            self._tell(last)
        if last is None or last.outcome is None:
            raise EngineError(
                "HostGone", "The engine has ended unexpectedly; what is written is safe. Start again."
            )
        report = await self._client.report()
        if self._out.as_json:
            for kind, record in ending_records(last, report):
                self._out.record(kind, **record)
        else:
            for line in ending_lines(last, report):
                self._out.line(line)
        self._out.flush()
        return exit_code_of(last.outcome)

    def _tell(self, status: JobStatus) -> None:
        for line in self._narrator.lines(status):
            self._out.say(line)
        self._out.progress(progress_line(status))
        if self._out.as_json:
            for kind, record in self._records.lines(status):
                self._out.record(kind, **record)
            self._out.flush()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        handlers = {
            signal.SIGINT: self._interrupt,
            signal.SIGTERM: self._terminate,
            signal.SIGHUP: self._hang_up,
        }
        for number, handler in handlers.items():
            loop.add_signal_handler(number, handler)
        try:
            yield
        finally:
            for number in handlers:
                loop.remove_signal_handler(number)

    def _interrupt(self) -> None:
        self._interrupts += 1
        if self._interrupts == 1:
            self._out.say("Stopping after the file in hand. Ctrl+C again stops now.")
            self._order(CommandName.STOP)
        else:
            self._out.say("Stopping now.")
            self._order(CommandName.STOP_NOW)

    def _terminate(self) -> None:
        self._out.say("Asked to end: stopping after the file in hand.")
        self._order(CommandName.STOP)

    def _hang_up(self) -> None:
        if self._following is not None:
            self._following.cancel()

    def _order(self, name: CommandName) -> None:
        task = asyncio.create_task(self._send(name))
        self._orders.add(task)
        task.add_done_callback(self._orders.discard)

    async def _send(self, name: CommandName) -> None:
        try:
            await self._client.command(Command(name))
        except EngineError as error:
            self._out.say(error.sentence)
