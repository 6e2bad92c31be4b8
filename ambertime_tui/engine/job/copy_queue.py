"""The line of assets that wait to be copied, and the gate that pauses the copying."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator

from ambertime_tui.engine.plan.plan import PlannedAsset


class CopyQueue:
    """Workers take from the front; what arrived from iCloud goes there, before iOS can offload it again."""

    def __init__(self) -> None:
        self._first: deque[PlannedAsset] = deque()
        self._rest: deque[Iterator[PlannedAsset]] = deque()
        self._in_hand: set[str] = set()
        self._skipped: set[str] = set()
        self._passed_over: set[str] = set()
        """Of the skipped ones, those whose turn has come."""
        self._closed = False
        self._news = asyncio.Event()
        self._open = asyncio.Event()
        self._open.set()
        self._changed = asyncio.Event()

    @property
    def is_empty(self) -> bool:
        """True where nothing waits and nothing is being copied."""
        return not self._in_hand and not self._has_waiting()

    @property
    def closed(self) -> bool:
        """True where nothing more is given out."""
        return self._closed

    async def changed(self) -> None:
        """Returns once the line may have become empty or is not any more. For one caller."""
        await self._changed.wait()
        self._changed.clear()

    def stir(self) -> None:
        """Wakes whoever waits for a change."""
        self._changed.set()

    def add(self, assets: Iterable[PlannedAsset]) -> None:
        """Lines assets up at the end; each is only asked for when its turn comes."""
        self._rest.append(iter(assets))
        self._news.set()
        self.stir()

    def add_first(self, planned: PlannedAsset) -> None:
        """Lines an asset up before all others."""
        self._skipped.discard(planned.asset.uuid)
        self._first.appendleft(planned)
        self._news.set()
        self.stir()

    def add_again(self, assets: Iterable[PlannedAsset]) -> None:
        """Lines up what was skipped or failed before: at the end, but where its turn is still to come."""
        gone_by = []
        for planned in assets:
            uuid = planned.asset.uuid
            if uuid not in self._skipped or uuid in self._passed_over:
                gone_by.append(planned)
            self._skipped.discard(uuid)
            self._passed_over.discard(uuid)
        self.add(gone_by)

    def skip(self, uuid: str) -> None:
        """Passes an asset over when its turn comes."""
        self._skipped.add(uuid)

    def is_in_hand(self, uuid: str) -> bool:
        """True while an asset is being copied."""
        return uuid in self._in_hand

    async def next(self) -> PlannedAsset | None:
        """The next asset, which is in hand until `done`; waits for one; None: the line was closed."""
        while True:
            await self.gate()
            if self._closed:
                return None
            while self._has_waiting():
                planned = self._first.popleft()
                if planned.asset.uuid in self._skipped:
                    self._passed_over.add(planned.asset.uuid)
                    self.stir()
                    continue
                self._in_hand.add(planned.asset.uuid)
                return planned
            self._news.clear()
            await self._news.wait()

    def done(self, planned: PlannedAsset) -> None:
        """An asset is on the drive, or will not be."""
        self._in_hand.discard(planned.asset.uuid)
        self.stir()

    def put_back(self, planned: PlannedAsset) -> None:
        """An asset has to be begun anew, before the others."""
        self._in_hand.discard(planned.asset.uuid)
        self._first.appendleft(planned)
        self._news.set()

    def close(self) -> None:
        """Gives out nothing more; what is in hand is finished, even where the copying was paused."""
        self._closed = True
        self._news.set()
        self.resume()
        self.stir()

    def pause(self) -> None:
        """Shuts the gate: nothing is given out, and what is in hand stands still."""
        self._open.clear()

    def resume(self) -> None:
        """Opens the gate."""
        self._open.set()

    def _has_waiting(self) -> bool:
        """Whether something waits; then the next one stands at the front of `_first`."""
        while not self._first and self._rest:
            planned = next(self._rest[0], None)
            if planned is None:
                self._rest.popleft()
            else:
                self._first.append(planned)
        return bool(self._first)

    async def gate(self) -> None:
        """Returns at once, or when the copying is no longer paused."""
        await self._open.wait()
