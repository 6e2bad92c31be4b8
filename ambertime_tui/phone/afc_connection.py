"""One AFC connection: many requests at once, none of them waited for without end.

pymobiledevice3's `AfcService` pairs replies with requests by packet number, so any number may be in flight.
Its own `stat`, `listdir` and `fread` are not used: they lose nanoseconds, stop at a name that is no UTF-8,
and take a short reply for a whole one. This module is the only one that calls `_send_and_wait`.
"""

from __future__ import annotations

import asyncio
from typing import Any

from ambertime_tui.phone.afc_messages import Operation
from ambertime_tui.phone.cleanup import finish, forget
from ambertime_tui.phone.errors import PhoneDisconnected, PhoneError, PhoneStalled

CLOSE_WITHIN = 3.0
"""Seconds for closing a connection; pymobiledevice3 aborts its transport after one."""
_LOOKS_PER_LIMIT = 8
_PATIENCE_WITH_ONE = 4
"""Times the limit that a single request may wait while others are answered."""


class AfcConnection:
    """A connected `AfcService` with a limit on silence."""

    def __init__(self, service: Any, phone: str, stall_after: float) -> None:
        """
        Args:
            service: a connected pymobiledevice3 `AfcService`.
            phone: how sentences call the phone.
            stall_after: seconds without any reply, while one is due, after which the connection is given up.
        """
        self._service = service
        self._phone = phone
        self._stall_after = stall_after
        self._loop = asyncio.get_running_loop()
        self._last_reply = self._loop.time()
        self._waiting: dict[asyncio.Timeout, float] = {}
        self._watchdog: asyncio.TimerHandle | None = None
        self._trouble: PhoneError | None = None
        self._ended = self._loop.create_task(self._note_the_end())
        self._ended.add_done_callback(forget)

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
        """Seconds since the last reply; 0 while one is due."""
        return 0.0 if self._waiting else self._loop.time() - self._last_reply

    async def request(self, operation: Operation, payload: bytes = b"") -> tuple[int, bytes]:
        """Sends one request and returns the status and the data of its reply.

        Raises:
            PhoneDisconnected: the connection ended before the reply came.
            PhoneStalled: no reply of any kind came for the limit.
        """
        if self._trouble is not None:
            raise self._trouble
        try:
            async with asyncio.timeout(None) as limit:
                self._waiting[limit] = self._loop.time()
                self._watch()
                try:
                    status, data = await self._send(operation, payload)
                finally:
                    del self._waiting[limit]
        except TimeoutError as error:
            raise self._trouble or self._lost() from error
        self._last_reply = self._loop.time()
        return status, data

    async def aclose(self) -> None:
        """Ends the connection; what is still in flight fails with `PhoneDisconnected`."""
        if self._trouble is None:
            self._trouble = PhoneDisconnected(self._phone, "is no longer read: the connection was closed")
        if self._watchdog is not None:
            self._watchdog.cancel()
        # Whoever still waits to send would wait for ever: nobody reads replies any more.
        self._end_all_waiting()
        self._ended.cancel()
        await finish(self._service.aclose(), CLOSE_WITHIN)

    async def _send(self, operation: Operation, payload: bytes) -> tuple[int, bytes]:
        from bytestruct import BinaryParseError
        from pymobiledevice3.exceptions import PyMobileDevice3Exception
        from pymobiledevice3.services.afc import AfcOpcode

        try:
            status, data = await self._service._send_and_wait(AfcOpcode(int(operation)), payload)
        except (PyMobileDevice3Exception, OSError, AssertionError, BinaryParseError) as error:
            # The last two: the phone sent something that is no AFC packet.
            raise self._trouble or self._lost() from error
        return int(status), bytes(data)

    async def _note_the_end(self) -> None:
        """Knows of a broken connection before anything is sent on it."""
        await self._service.wait_terminated()
        self._lost()

    def _lost(self) -> PhoneError:
        if self._trouble is None:
            self._trouble = PhoneDisconnected(self._phone, "broke off the connection")
        return self._trouble

    def _watch(self) -> None:
        if self._watchdog is None:
            self._watchdog = self._loop.call_later(self._stall_after / _LOOKS_PER_LIMIT, self._look)

    def _look(self) -> None:
        self._watchdog = None
        if not self._waiting:
            return
        now = self._loop.time()
        oldest = min(self._waiting.values())
        # Any reply is progress: with many requests in flight each of them waits for those before it. But one
        # that is passed over for ever is no progress either.
        silence = now - max(self._last_reply, oldest)
        overdue = now - oldest
        if silence < self._stall_after and overdue < self._stall_after * _PATIENCE_WITH_ONE:
            self._watch()
            return
        self._trouble = PhoneStalled(self._phone, max(silence, self._stall_after), "it owes an answer")
        self._end_all_waiting()

    def _end_all_waiting(self) -> None:
        for limit in self._waiting:
            limit.reschedule(self._loop.time())
