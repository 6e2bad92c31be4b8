"""One client connection of the host. A slow client costs the host one update and a bounded buffer."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from ambertime_tui.engine.api.lines import read_line
from ambertime_tui.engine.api.messages import answer_line, error_line, parse_line, push_line
from ambertime_tui.engine.api.protocol import Ask, EngineError, Push
from ambertime_tui.open_files import is_limit_reached, limit_sentence

log = logging.getLogger(__name__)

UNSENT_BYTES = 64 * 1024
"""Socket buffer limit: above it, the host writes nothing more until the client reads."""
ASKS_AT_ONCE = 16
"""Maximum open requests per client. Further ones wait until the client has read an answer."""
FIRST_ASK_WITHIN = 10.0
"""Seconds for a new client to send its first request. A front end does it at once."""
CLOSE_WITHIN = 2.0
"""Seconds to flush the buffer of a client that is disconnected."""

Answer = Callable[["Connection", Ask, Any], Awaitable[object]]


class Connection:
    """Reads requests, sends answers in any order, and sends only the latest of each kind of update."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        answer: Answer,
        first_ask_within: float = FIRST_ASK_WITHIN,
    ) -> None:
        """
        Args:
            reader: from the client.
            writer: to the client.
            answer: returns the answer to a request or raises EngineError.
            first_ask_within: seconds for the first request.
        """
        self._first_ask_within = first_ask_within
        self._reader = reader
        self._writer = writer
        self._answer = answer
        self._answers: deque[tuple[bytes, asyncio.Event]] = deque()
        self._newest: dict[Push, object] = {}
        self._to_send = asyncio.Event()
        self._room = asyncio.Semaphore(ASKS_AT_ONCE)
        self._asks: set[asyncio.Task[None]] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self.keeps_host_alive = False
        """True after the first request other than HELLO, which is all that listing jobs sends."""
        self.watches: set[Push] = set()
        """The updates this client watches."""
        writer.transport.set_write_buffer_limits(high=UNSENT_BYTES)

    def push(self, push: Push, value: object) -> None:
        """Queue an update. It replaces an unsent one of the same kind.

        `value` is a dataclass, or an encoded line shared by several clients.
        """
        self._newest[push] = value
        self._to_send.set()
        self._idle.clear()

    async def flushed(self) -> None:
        """Wait until everything queued is written to the socket."""
        await self._idle.wait()

    async def serve(self) -> None:
        """Serve until the client disconnects, violates the protocol, or `disconnect` is called."""
        self._serving = {
            asyncio.create_task(self._listen(), name="client listening"),
            asyncio.create_task(self._send(), name="client sending"),
        }
        try:
            await asyncio.wait(self._serving, return_when=asyncio.FIRST_COMPLETED)
        finally:
            tasks = self._serving | self._asks
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._idle.set()
            await self._close()

    def disconnect(self) -> None:
        """Disconnect the client."""
        for task in self._serving:
            task.cancel()

    async def _close(self) -> None:
        self._writer.close()
        try:
            async with asyncio.timeout(CLOSE_WITHIN):
                await self._writer.wait_closed()
        except (OSError, TimeoutError):
            self._writer.transport.abort()

    async def _listen(self) -> None:
        first_within: float | None = self._first_ask_within
        while True:
            await self._room.acquire()
            try:
                async with asyncio.timeout(first_within):
                    data = await read_line(self._reader)
                message = parse_line(data) if data else {}
            except (OSError, ValueError, EngineError):
                return
            number = message.get("id")
            if not isinstance(number, int):
                return
            first_within = None
            task = asyncio.create_task(self._handle(number, message), name=f"ask {message.get('ask')}")
            self._asks.add(task)
            task.add_done_callback(self._handled)

    def _handled(self, task: asyncio.Task[None]) -> None:
        self._asks.discard(task)
        self._room.release()

    async def _handle(self, number: int, message: dict[str, Any]) -> None:
        try:
            ask = Ask(str(message.get("ask")))
        except ValueError:
            error = EngineError(
                "NotUnderstood", f"The engine does not know the request {message.get('ask')!r}."
            )
            return await self._reply(error_line(number, error))
        self.keeps_host_alive |= ask is not Ask.HELLO
        work = asyncio.ensure_future(self._answer(self, ask, message.get("args")))
        try:
            await asyncio.wait([work])
        finally:
            work.cancel()
        failure = work.exception()
        if failure is None:
            return await self._reply(await asyncio.to_thread(answer_line, number, work.result()))
        if not isinstance(failure, EngineError):
            log.error("the request %s failed", ask.value, exc_info=failure)
            failure = EngineError("EngineBroken", _sentence_of(failure))
        return await self._reply(error_line(number, failure))

    async def _reply(self, data: bytes) -> None:
        sent = asyncio.Event()
        self._answers.append((data, sent))
        self._idle.clear()
        self._to_send.set()
        await sent.wait()

    async def _send(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                await self._to_send.wait()
                self._to_send.clear()
                while self._answers or self._newest:
                    if self._answers:
                        data, sent = self._answers.popleft()
                        self._writer.write(data)
                        sent.set()
                    else:
                        push = next(iter(self._newest))
                        value = self._newest.pop(push)
                        self._writer.write(value if isinstance(value, bytes) else push_line(push, value))
                    await self._writer.drain()
                self._idle.set()


def _sentence_of(failure: BaseException) -> str:
    if isinstance(failure, OSError) and is_limit_reached(failure):
        return limit_sentence("The engine could not do this", failure)
    return f"An internal error occurred ({failure!r}). Please report it with engine.log."
