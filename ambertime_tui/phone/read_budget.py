"""A limit on the bytes requested from a phone at a time. The file opened first has priority."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class ReadBudget:
    """A semaphore for bytes in flight, with priorities.

    With fair sharing, several large files would finish at the same moment, and syncing and reading back
    could not overlap with transfers. So the file with the lowest priority number goes first.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._left = size
        self._waiting: list[tuple[int, int, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    @asynccontextmanager
    async def reserve(self, size: int, priority: int) -> AsyncGenerator[None, None]:
        """Wait for the budget, and return it on exit.

        Args:
            size: bytes, capped at the whole budget.
            priority: lower numbers go first.
        """
        size = min(size, self._size)
        if self._waiting or size > self._left:
            turn = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (priority, next(self._numbers), size, turn))
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._release(size)
                else:
                    self._wake_waiters()
                raise
        else:
            self._left -= size
        try:
            yield
        finally:
            self._release(size)

    def _release(self, size: int) -> None:
        self._left += size
        self._wake_waiters()

    def _wake_waiters(self) -> None:
        while self._waiting and (self._waiting[0][3].done() or self._waiting[0][2] <= self._left):
            _, _, size, turn = heapq.heappop(self._waiting)
            if not turn.done():
                self._left -= size
                turn.set_result(None)
