"""Follows a job to its end, and turns Ctrl+C into an order to the engine if this command started the job."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from ambertime_tui.engine.api.client import Command, CommandName, EngineClient, EngineError, host_gone
from ambertime_tui.engine.api.status import JobStatus
from ambertime_tui.exit_codes import ExitCode, exit_code_of
from ambertime_tui.plain.printer import Printer

STILL_RUNNING = (
    "The backup keeps running in the background. "
    "`ambertime attach` shows it again, and `ambertime stop` stops it."
)


class Follower:
    """Shows one job."""

    def __init__(self, client: EngineClient, printer: Printer, *, attached: bool = False) -> None:
        """
        Args:
            client: connected to the engine of the job.
            printer: shows it.
            attached: another command started the job, so a signal ends only this one.
        """
        self._attached = attached
        self._client = client
        self._printer = printer
        self._interrupts = 0
        self._following: asyncio.Task[ExitCode] | None = None
        self._orders: set[asyncio.Task[None]] = set()

    async def run(self) -> ExitCode:
        """Follow the job until it ends, the terminal hangs up, or the reader of the data closes the pipe.

        Raises:
            EngineError: the engine died before the job ended.
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
        self._printer.say(STILL_RUNNING)
        return ExitCode.INTERRUPTED

    async def _follow(self) -> ExitCode:
        last: JobStatus | None = None
        async for last in self._client.statuses():
            self._printer.job_status(last)
        if last is None or last.outcome is None:
            raise host_gone()
        self._printer.job_ended(last, await self._client.report())
        return exit_code_of(last.outcome)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        handlers = {
            signal.SIGINT: self._hang_up if self._attached else self._interrupt,
            signal.SIGTERM: self._hang_up if self._attached else self._terminate,
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
            self._printer.say("Stopping after the files that are being copied. Ctrl+C again stops at once.")
            self._order(CommandName.STOP)
        else:
            self._printer.say("Stopping at once.")
            self._order(CommandName.STOP_NOW)

    def _terminate(self) -> None:
        self._printer.say("Received SIGTERM. Stopping after the files that are being copied.")
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
            self._printer.say(error.sentence)
