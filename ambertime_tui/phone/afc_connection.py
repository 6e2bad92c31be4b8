"""One AFC connection: concurrent requests, each with a time limit; and one that reopens after a loss.

Replies are matched to requests by packet number, so any number may be in flight.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

from ambertime_tui.phone.afc_messages import Operation
from ambertime_tui.phone.afc_wire import AfcWire, Reply, packet
from ambertime_tui.phone.cleanup import finish
from ambertime_tui.phone.errors import PhoneDisconnected, PhoneError, PhoneStalled

CLOSE_WITHIN = 3.0
"""Seconds for closing a connection. pymobiledevice3 aborts its transport after one."""
_CHECKS_PER_LIMIT = 8
_SINGLE_REQUEST_FACTOR = 4
"""Factor of the limit for one request while others are answered."""


class Service(Protocol):
    """The part of pymobiledevice3's `ServiceConnection` that is used."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def aclose(self) -> None: ...


class _Waiting(NamedTuple):
    reply: asyncio.Future[Reply]
    since: float


class AfcConnection:
    """A connection to the phone's file service that detects a phone that stops responding."""

    def __init__(self, service: Service, phone: str, stall_after: float) -> None:
        """
        Args:
            service: a new connection to the file service.
            phone: name of the phone in messages.
            stall_after: seconds without data, while a reply is due, before the connection fails.
        """
        self._service = service
        self._phone = phone
        self._stall_after = stall_after
        self._loop = asyncio.get_running_loop()
        self._last_data_at = self._loop.time()
        self._number = 0
        self._waiting: dict[int, _Waiting] = {}
        self._watchdog: asyncio.TimerHandle | None = None
        self._trouble: PhoneError | None = None
        self._wire = AfcWire(service.reader, service.writer, self._on_data, self._on_reply, self._on_end)

    @property
    def trouble(self) -> PhoneError | None:
        """Why this connection is unusable; None while it works."""
        return self._trouble

    @property
    def in_flight(self) -> int:
        """Number of requests without a reply."""
        return len(self._waiting)

    @property
    def idle_for(self) -> float:
        """Seconds since the last data from the phone; 0 while a reply is due."""
        return 0.0 if self._waiting else self._loop.time() - self._last_data_at

    async def request(self, operation: Operation, payload: bytes = b"") -> tuple[int, bytearray]:
        """Send a request and return the status and data of the reply.

        Raises:
            PhoneDisconnected: the connection ended before the reply.
            PhoneStalled: no data arrived within the limit.
        """
        if self._trouble is not None:
            raise self._trouble
        number = self._number
        self._number += 1
        waiting = _Waiting(self._loop.create_future(), self._loop.time())
        self._waiting[number] = waiting
        self._start_watchdog()
        self._wire.send(packet(number, operation, payload))
        try:
            reply = await waiting.reply
        finally:
            # A late reply to a cancelled request is dropped.
            self._waiting.pop(number, None)
        return reply.status, reply.data

    async def aclose(self) -> None:
        """Close the connection. Pending requests fail with `PhoneDisconnected`."""
        if self._trouble is None:
            self._fail(PhoneDisconnected(self._phone, "was disconnected by AmberTime"))
        if self._watchdog is not None:
            self._watchdog.cancel()
        await finish(self._service.aclose(), CLOSE_WITHIN)

    def _on_data(self) -> None:
        self._last_data_at = self._loop.time()

    def _on_reply(self, reply: Reply) -> None:
        waiting = self._waiting.pop(reply.number, None)
        if waiting is not None and not waiting.reply.done():
            waiting.reply.set_result(reply)

    def _on_end(self) -> None:
        if self._trouble is None:
            self._fail(PhoneDisconnected(self._phone, "closed the connection"))

    def _fail(self, trouble: PhoneError) -> None:
        self._trouble = trouble
        for waiting in self._waiting.values():
            if not waiting.reply.done():
                waiting.reply.set_exception(trouble)
                waiting.reply.exception()  # mark as retrieved, in case the caller is cancelled

    def _start_watchdog(self) -> None:
        if self._watchdog is None:
            self._watchdog = self._loop.call_later(
                self._stall_after / _CHECKS_PER_LIMIT, self._check_progress
            )

    def _check_progress(self) -> None:
        self._watchdog = None
        if not self._waiting or self._trouble is not None:
            return
        now = self._loop.time()
        oldest = min(waiting.since for waiting in self._waiting.values())
        # Any data is progress, since requests wait for earlier ones.
        # But no single request may starve.
        silence = now - max(self._last_data_at, oldest)
        overdue = now - oldest
        if silence < self._stall_after and overdue < self._stall_after * _SINGLE_REQUEST_FACTOR:
            self._start_watchdog()
            return
        self._fail(PhoneStalled(self._phone, max(silence, self._stall_after), "waiting for a reply"))


Connect = Callable[[], Awaitable[AfcConnection]]
"""Opens an AFC connection to a phone, or raises a `PhoneError`."""


class ReconnectingAfc:
    """A connection that opens at its first use, and again after a loss."""

    def __init__(self, connect: Connect) -> None:
        """
        Args:
            connect: opens an AFC connection to the phone, or raises a `PhoneError`.
        """
        self._connect = connect
        self._opening = asyncio.Lock()
        self._current: AfcConnection | None = None

    @property
    def load(self) -> int:
        """Number of requests without a reply; 0 without a connection."""
        return self._current.in_flight if self._current else 0

    @property
    def idle_for(self) -> float:
        """Seconds without traffic; 0 without a connection."""
        alive = self._current is not None and self._current.trouble is None
        return self._current.idle_for if alive and self._current else 0.0

    async def connection(self) -> AfcConnection:
        """Return the connection, opened if necessary.

        Raises:
            PhoneError: it cannot be opened.
        """
        if self._current is not None and self._current.trouble is None:
            return self._current
        async with self._opening:
            if self._current is None or self._current.trouble is not None:
                if self._current is not None:
                    await self._current.aclose()
                self._current = await self._connect()
            return self._current

    async def ping(self) -> None:
        """Send a small request to keep the connection open. A loss is detected at the next use."""
        if self._current is not None:
            try:
                await self._current.request(Operation.GET_DEVICE_INFO)
            except PhoneError:
                return

    async def aclose(self) -> None:
        """Close the connection, if it is open."""
        async with self._opening:
            if self._current is not None:
                await self._current.aclose()
