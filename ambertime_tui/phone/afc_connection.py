"""One AFC connection: many requests at once, none of them waited for without end.

Replies are paired with requests by packet number, so any number may be in flight.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple, Protocol

from ambertime_tui.phone.afc_messages import Operation
from ambertime_tui.phone.afc_wire import AfcWire, Reply, packet
from ambertime_tui.phone.cleanup import finish
from ambertime_tui.phone.errors import PhoneDisconnected, PhoneError, PhoneStalled

CLOSE_WITHIN = 3.0
"""Seconds for closing a connection; pymobiledevice3 aborts its transport after one."""
_CHECKS_PER_LIMIT = 8
_SINGLE_REQUEST_FACTOR = 4
"""Times the limit that a single request may wait while others are answered."""


class Service(Protocol):
    """pymobiledevice3's `ServiceConnection`, as far as it is used: its stream, and its end."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def aclose(self) -> None: ...


class _Waiting(NamedTuple):
    reply: asyncio.Future[Reply]
    since: float


class AfcConnection:
    """A connection to the phone's file service with a limit on silence."""

    def __init__(self, service: Service, phone: str, stall_after: float) -> None:
        """
        Args:
            service: a connection to the file service on which nothing was sent yet.
            phone: how sentences call the phone.
            stall_after: seconds without any byte, while one is due, after which the connection is given up.
        """
        self._service = service
        self._phone = phone
        self._stall_after = stall_after
        self._loop = asyncio.get_running_loop()
        self._last_heard = self._loop.time()
        self._number = 0
        self._waiting: dict[int, _Waiting] = {}
        self._watchdog: asyncio.TimerHandle | None = None
        self._trouble: PhoneError | None = None
        self._wire = AfcWire(service.reader, service.writer, self._heard, self._answered, self._lost)

    @property
    def trouble(self) -> PhoneError | None:
        """Why this connection is of no use any more; None while it is."""
        return self._trouble

    @property
    def in_flight(self) -> int:
        """Requests that wait for their reply."""
        return len(self._waiting)

    @property
    def idle_for(self) -> float:
        """Seconds since the phone was last heard; 0 while a reply is due."""
        return 0.0 if self._waiting else self._loop.time() - self._last_heard

    async def request(self, operation: Operation, payload: bytes = b"") -> tuple[int, bytearray]:
        """Sends one request and returns the status and the data of its reply.

        Raises:
            PhoneDisconnected: the connection ended before the reply came.
            PhoneStalled: nothing came for the limit.
        """
        if self._trouble is not None:
            raise self._trouble
        number = self._number
        self._number += 1
        waiting = _Waiting(self._loop.create_future(), self._loop.time())
        self._waiting[number] = waiting
        self._watch()
        self._wire.send(packet(number, operation, payload))
        try:
            reply = await waiting.reply
        finally:
            # A reply to a request that nobody waits for any more finds nobody, and is dropped.
            self._waiting.pop(number, None)
        return reply.status, reply.data

    async def aclose(self) -> None:
        """Ends the connection; what is still in flight fails with `PhoneDisconnected`."""
        if self._trouble is None:
            self._fail(PhoneDisconnected(self._phone, "is no longer read: the connection was closed"))
        if self._watchdog is not None:
            self._watchdog.cancel()
        await finish(self._service.aclose(), CLOSE_WITHIN)

    def _heard(self) -> None:
        self._last_heard = self._loop.time()

    def _answered(self, reply: Reply) -> None:
        waiting = self._waiting.pop(reply.number, None)
        if waiting is not None and not waiting.reply.done():
            waiting.reply.set_result(reply)

    def _lost(self) -> None:
        if self._trouble is None:
            self._fail(PhoneDisconnected(self._phone, "broke off the connection"))

    def _fail(self, trouble: PhoneError) -> None:
        self._trouble = trouble
        for waiting in self._waiting.values():
            if not waiting.reply.done():
                waiting.reply.set_exception(trouble)
                waiting.reply.exception()  # one who is cancelled now never asks

    def _watch(self) -> None:
        if self._watchdog is None:
            self._watchdog = self._loop.call_later(self._stall_after / _CHECKS_PER_LIMIT, self._look)

    def _look(self) -> None:
        self._watchdog = None
        if not self._waiting or self._trouble is not None:
            return
        now = self._loop.time()
        oldest = min(waiting.since for waiting in self._waiting.values())
        # Any byte is progress: with many requests in flight each of them waits for those before it. But one
        # that is passed over for ever is no progress either.
        silence = now - max(self._last_heard, oldest)
        overdue = now - oldest
        if silence < self._stall_after and overdue < self._stall_after * _SINGLE_REQUEST_FACTOR:
            self._watch()
            return
        self._fail(PhoneStalled(self._phone, max(silence, self._stall_after), "it owes an answer"))
