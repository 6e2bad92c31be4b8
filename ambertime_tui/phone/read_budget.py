"""Room for replies on their way: bounds what is asked of a phone at once; the oldest file goes first."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class ReadBudget:
    """So many bytes may be asked for and not be here yet.

    Were the room shared out in turn, several large files would all end at the same moment, and nothing could
    be synced and read back while something else is transferred. So the file with the lowest turn goes first.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._left = size
        self._waiting: list[tuple[int, int, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    @asynccontextmanager
    async def taken(self, size: int, turn: int) -> AsyncGenerator[None, None]:
        """Waits for the room, and gives it back on leaving.

        Args:
            size: bytes; more than there is room for in all counts as all of it.
            turn: the lower, the sooner.
        """
        size = min(size, self._size)
        if self._waiting or size > self._left:
            place = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (turn, next(self._numbers), size, place))
            try:
                await place
            except asyncio.CancelledError:
                if place.done() and not place.cancelled():
                    self._release(size)
                else:
                    self._let_in()
                raise
        else:
            self._left -= size
        try:
            yield
        finally:
            self._release(size)

    def _release(self, size: int) -> None:
        self._left += size
        self._let_in()

    def _let_in(self) -> None:
        while self._waiting and (self._waiting[0][3].done() or self._waiting[0][2] <= self._left):
            _, _, size, place = heapq.heappop(self._waiting)
            if not place.done():
                self._left -= size
                place.set_result(None)
