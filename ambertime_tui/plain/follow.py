"""Follows a job to its end, and turns Ctrl+C into an order to the engine if this command started the job."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from ambertime_tui.engine.api.client import Command, CommandName, EngineClient, EngineError, host_gone
from ambertime_tui.engine.api.status import JobStatus
from ambertime_tui.engine.api.trial import TrialState, TrialStatus
from ambertime_tui.exit_codes import ExitCode, exit_code_of
from ambertime_tui.plain.printer import Printer
from ambertime_tui.plain.trial_question import answer, question_lines

STILL_RUNNING = (
    "The backup keeps running in the background. "
    "`ambertime attach` shows it again, and `ambertime stop` stops it."
)


class Follower:
    """Shows one job."""

    def __init__(
        self,
        client: EngineClient,
        printer: Printer,
        *,
        answers: TextIO | None = None,
        attached: bool = False,
    ) -> None:
        """
        Args:
            client: connected to the engine of the job.
            printer: shows it.
            answers: where a person types the answer to a question; None: nobody can answer.
            attached: another command started the job, so a signal ends only this one.
        """
        self._attached = attached
        self._client = client
        self._answers = answers
        self._asked: TrialStatus | None = None
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
        try:
            async for last in self._client.statuses():
                self._printer.job_status(last)
                self._ask_about(last.fetch.trial)
        finally:
            self._ask_about(None)
        if last is None or last.outcome is None:
            raise host_gone()
        self._printer.job_ended(last, await self._client.report())
        return exit_code_of(last.outcome)

    def _ask_about(self, trial: TrialStatus | None) -> None:
        """Ask when a trial is over, and stop listening when the question is answered."""
        if self._answers is None:
            return
        open_question = trial if trial is not None and trial.state is TrialState.ASKING else None
        loop = asyncio.get_running_loop()
        if open_question is None and self._asked is not None:
            loop.remove_reader(self._answers)
        elif open_question is not None and self._asked is None:
            for line in question_lines(open_question):
                self._printer.say(line)
            loop.add_reader(self._answers, self._read_answer)
        self._asked = open_question

    def _read_answer(self) -> None:
        if self._answers is None or self._asked is None:
            return
        text = self._answers.readline()
        if not text:  # the end of the input: nobody can answer any longer
            asyncio.get_running_loop().remove_reader(self._answers)
            return
        command = answer(text, self._asked)
        if command is None:
            self._printer.say("Please type one of the letters or numbers above.")
        else:
            self._order(command)

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
            self._order(Command(CommandName.STOP))
        else:
            self._printer.say("Stopping at once.")
            self._order(Command(CommandName.STOP_NOW))

    def _terminate(self) -> None:
        self._printer.say("Received SIGTERM. Stopping after the files that are being copied.")
        self._order(Command(CommandName.STOP))

    def _hang_up(self) -> None:
        if self._following is not None:
            self._following.cancel()

    def _order(self, command: Command) -> None:
        task = asyncio.create_task(self._send(command))
        self._orders.add(task)
        task.add_done_callback(self._orders.discard)

    async def _send(self, command: Command) -> None:
        try:
            await self._client.command(command)
        except EngineError as error:
            self._printer.say(error.sentence)
