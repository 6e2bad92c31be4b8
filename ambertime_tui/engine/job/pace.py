"""How many assets are copied at once: fewer where the phone breaks off or has no room, more as it holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

HELD_BEFORE_MORE = 4
"""Assets, for each that is copied at once, that have to go well before one more is."""


class Pace:
    """Belongs to the event loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = most
        self._running = 0
        self._held = 0
        self._eased_for: object = None
        self._changed = asyncio.Condition()

    @property
    def limit(self) -> int:
        """How many may be in hand at once."""
        return self._limit

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None, None]:
        """Waits until one more may be taken in hand; it is let go on leaving."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._running < self._limit)
            self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            await asyncio.shield(self._wake())

    def ease(self, cause: object) -> None:
        """The phone could not keep up: half as many from now on, once for each cause."""
        if cause is not self._eased_for:
            self._eased_for, self._held = cause, 0
            self._limit = max(1, self._limit // 2)

    def held(self) -> None:
        """An asset went well."""
        self._held += 1
        if self._limit < self._most and self._held >= HELD_BEFORE_MORE * self._limit:
            self._held = 0
            self._limit += 1

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()
