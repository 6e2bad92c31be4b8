"""How many assets are copied at once: a few at first, more as the phone bears it, half when it does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

AT_FIRST = 4
"""Assets copied at once in the beginning. Parallel readers have frozen the file service of some phones."""
SUCCESSES_PER_SLOT = 4
"""Assets that must succeed for each current slot before there is one slot more, once there was trouble; until
then, one asset for each slot is enough."""
SUCCESSES_AFTER_STALL = 1000
"""Assets that must succeed before there is one slot more, once the phone has stopped responding. A stall
costs half a minute, so this number doubles with each."""


class ConcurrencyLimit:
    """A semaphore whose limit adapts. Belongs to the event loop."""

    def __init__(self, maximum: int, at_first: int = AT_FIRST) -> None:
        """
        Args:
            maximum: the highest limit.
            at_first: the limit in the beginning.
        """
        self._maximum = maximum
        self._limit = min(at_first, maximum)
        self._running = 0
        self._successes = 0
        self._successes_per_slot = 1
        self._stalls = 0
        self._last_cause: object = None
        self._changed = asyncio.Condition()

    @property
    def limit(self) -> int:
        """How many assets may be copied at once."""
        return self._limit

    @property
    def alone(self) -> bool:
        """True if one asset is being copied and no other may be: a fault can be blamed on it."""
        return self._limit == 1 and self._running == 1

    @asynccontextmanager
    async def slot(self) -> AsyncGenerator[None, None]:
        """Wait for a free slot, and hold it until the block is left."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._running < self._limit)
            self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            await asyncio.shield(self._wake())

    def reduce(self, cause: object, *, after_stall: bool = False) -> None:
        """Halve the limit, once for each cause: the phone could not keep up.

        Args:
            cause: what all assets with the same trouble have in common.
            after_stall: True if the phone stopped responding, so that more slots should not be tried soon.
        """
        if cause is self._last_cause:
            return
        self._last_cause, self._successes = cause, 0
        self._limit = max(1, self._limit // 2)
        self._successes_per_slot = max(self._successes_per_slot, SUCCESSES_PER_SLOT)
        self._stalls += after_stall

    def succeeded(self) -> None:
        """Count an asset that was copied without trouble."""
        self._successes += 1
        needed = self._successes_per_slot * self._limit
        if self._stalls:
            needed = max(needed, SUCCESSES_AFTER_STALL << (self._stalls - 1))
        if self._limit < self._maximum and self._successes >= needed:
            self._successes = 0
            self._limit += 1

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()
