"""A connection to an engine host: requests with their answers, and the newest of each update."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import Any

from ambertime_tui.engine.api.lines import read_line
from ambertime_tui.engine.api.messages import ask_line, decoded, parse_line
from ambertime_tui.engine.api.protocol import Ask, EngineError, Push
from ambertime_tui.engine.api.status import ScanStatus


def host_gone() -> EngineError:
    """The error of a host that ended before its job did."""
    return EngineError(
        "HostGone",
        "The backup process ended unexpectedly. All files copied so far are complete and recorded. "
        "Run the backup again to continue.",
    )


class HostConnection:
    """Belongs to the event loop. Requests may be made concurrently."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """
        Args:
            reader: of a socket on which the host has said hello.
            writer: of the same.
        """
        self._reader = reader
        self._writer = writer
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._next = 1
        self._gone: EngineError | None = None
        self._newest: dict[Push, Any] = {}
        self._news = asyncio.Condition()
        self.counts = dict.fromkeys(Push, 0)
        """How many updates of each kind have come."""
        self.on_scan: list[Callable[[ScanStatus], None]] = []
        """Called with each progress of a scan."""
        self._listening = asyncio.create_task(self._listen(), name="engine client")

    async def aclose(self) -> None:
        """Close the connection. A running job continues."""
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def request(self, ask: Ask, args: object = None) -> Any:
        """Send a request; return its answer as it came.

        Raises:
            EngineError: the host refused it, or is gone.
        """
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

    async def pushes(self, push: Push, seen: int) -> AsyncGenerator[Any, None]:
        """Yield what the host pushes from now on. A new watch starts with the current state."""
        while True:
            async with self._news:
                while self.counts[push] == seen and self._gone is None:
                    await self._news.wait()
            if self.counts[push] > seen:
                seen = self.counts[push]
                yield self._newest[push]
            elif self._gone is not None:
                raise self._gone

    async def _listen(self) -> None:
        gone = host_gone()
        try:
            while data := await read_line(self._reader):
                await self._dispatch(parse_line(data))
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

    async def _dispatch(self, message: dict[str, Any]) -> None:
        if "push" in message:
            try:
                push = Push(message["push"])
            except ValueError:
                return  # of a newer version
            if push is Push.SCAN:
                scan = decoded(ScanStatus, message.get("value"))
                for listener in tuple(self.on_scan):
                    listener(scan)
                return
            async with self._news:
                self._newest[push] = message.get("value")
                self.counts[push] += 1
                self._news.notify_all()
            return
        number = message.get("id")
        answer = self._asked.get(number) if isinstance(number, int) else None
        if answer is None or answer.done():
            return
        error = message.get("error")
        if error is None:
            answer.set_result(message.get("answer"))
        elif not isinstance(error, dict):
            raise EngineError("NotUnderstood", "The engine sent an error without a sentence. Start again.")
        else:
            answer.set_exception(EngineError(str(error.get("kind")), str(error.get("sentence"))))
