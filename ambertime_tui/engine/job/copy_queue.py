"""The queue of assets to copy. Pausing it pauses the copying."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator

from ambertime_tui.engine.plan.plan import PlannedAsset


class CopyQueue:
    """Workers take from the front; arrivals from iCloud go there, before iOS can offload them again."""

    def __init__(self) -> None:
        self._first: deque[PlannedAsset] = deque()
        self._rest: deque[Iterator[PlannedAsset]] = deque()
        self._being_copied: set[str] = set()
        self._skipped: set[str] = set()
        self._passed_over: set[str] = set()
        """Skipped assets whose turn has passed."""
        self._held: dict[str, list[PlannedAsset]] = {}
        """Further files of assets that are being copied: an asset has one writer at a time."""
        self._closed = False
        self._added = asyncio.Event()
        self._running = asyncio.Event()
        self._running.set()
        self._changed = asyncio.Event()

    @property
    def is_empty(self) -> bool:
        """True if nothing waits and nothing is being copied."""
        return not self._being_copied and not self._has_waiting()

    @property
    def closed(self) -> bool:
        """True if the queue gives out nothing more."""
        return self._closed

    async def changed(self) -> None:
        """Wait until the queue may have become empty, or is no longer empty. For one caller."""
        await self._changed.wait()
        self._changed.clear()

    def notify(self) -> None:
        """Wake the caller of `changed`."""
        self._changed.set()

    def add(self, assets: Iterable[PlannedAsset]) -> None:
        """Append assets; the iterable is advanced only as their turn comes."""
        self._rest.append(iter(assets))
        self._added.set()
        self.notify()

    def add_first(self, planned: PlannedAsset) -> None:
        """Put an asset at the front."""
        self._skipped.discard(planned.asset.uuid)
        self._first.appendleft(planned)
        self._added.set()
        self.notify()

    def add_again(self, assets: Iterable[PlannedAsset]) -> None:
        """Append assets that failed or were skipped, unless they are still in the queue."""
        passed = []
        for planned in assets:
            uuid = planned.asset.uuid
            if uuid not in self._skipped or uuid in self._passed_over:
                passed.append(planned)
            self._skipped.discard(uuid)
            self._passed_over.discard(uuid)
        self.add(passed)

    def skip(self, uuid: str) -> None:
        """Pass over an asset when its turn comes."""
        self._skipped.add(uuid)

    def is_being_copied(self, uuid: str) -> bool:
        """True from `take` until `done` or `put_back`."""
        return uuid in self._being_copied

    async def available(self) -> bool:
        """Wait until an asset can be taken. False: the queue was closed."""
        while True:
            await self.running()
            if self._closed:
                return False
            if self._has_waiting():
                return True
            self._added.clear()
            await self._added.wait()

    def take(self) -> PlannedAsset | None:
        """Take the next asset. None: another worker took it, or the queue was paused or closed."""
        while not self._closed and self._running.is_set() and self._has_waiting():
            planned = self._first.popleft()
            uuid = planned.asset.uuid
            if uuid in self._skipped:
                self._passed_over.add(uuid)
                self.notify()
            elif uuid in self._being_copied:
                self._held.setdefault(uuid, []).append(planned)
            else:
                self._being_copied.add(uuid)
                return planned
        return None

    def done(self, planned: PlannedAsset) -> None:
        """Note that an asset is on the drive, or will not be."""
        self._being_copied.discard(planned.asset.uuid)
        for held in self._held.pop(planned.asset.uuid, ()):
            self.add_first(held)
        self.notify()

    def put_back(self, planned: PlannedAsset) -> None:
        """Return an asset to the front for another try."""
        self._being_copied.discard(planned.asset.uuid)
        self._first.appendleft(planned)
        self._added.set()

    def close(self) -> None:
        """Give out nothing more. Assets being copied are finished, even if the queue was paused."""
        self._closed = True
        self._added.set()
        self.resume()
        self.notify()

    def pause(self) -> None:
        """Give out nothing, and pause the assets being copied."""
        self._running.clear()

    def resume(self) -> None:
        """End the pause."""
        self._running.set()

    async def running(self) -> None:
        """Wait while the queue is paused."""
        await self._running.wait()

    def _has_waiting(self) -> bool:
        """True if an asset waits; the next one is then at the front of `_first`."""
        while not self._first and self._rest:
            planned = next(self._rest[0], None)
            if planned is None:
                self._rest.popleft()
            else:
                self._first.append(planned)
        return bool(self._first)
