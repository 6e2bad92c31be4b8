"""The iCloud fetch queue: the assets whose originals iOS must download first, and how far each is. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import total_ordering
from typing import Any

from ambertime_tui.engine.plan import PlannedAsset, by_capture
from ambertime_tui.engine.spec import FetchOrder
from ambertime_tui.engine.status import FetchItem, FetchState, Tally
from ambertime_tui.library.media_paths import folded, stem
from ambertime_tui.library.model import Asset, Resource

RECENT = 8
"""How many of the last arrivals are remembered."""

_PENDING = frozenset({FetchState.WAITING, FetchState.ASKED, FetchState.ARRIVING})


@dataclass(slots=True)
class _Entry:
    planned: PlannedAsset
    state: FetchState
    reason: str = ""
    asked: bool = False
    """iOS was asked for it, and has not brought it down since."""


class FetchQueue:
    """States, order and sums of up to a million assets; each change costs the same whatever the length."""

    def __init__(self, assets: Iterable[PlannedAsset], order: FetchOrder) -> None:
        self._entries = {p.asset.uuid: _Entry(p, FetchState.WAITING) for p in assets}
        self._tallies = dict.fromkeys(FetchState, Tally())
        self._folders: dict[str, dict[str, set[str]]] = {}
        self._stirred: set[str] = set()
        self._everything_asked = False
        self._recent: deque[str] = deque(maxlen=RECENT)
        self._done: dict[str, None] = {}
        for entry in self._entries.values():
            self._tallies[FetchState.WAITING] += _tally_of(entry)
            self._watch(entry.planned)
        self.order = order
        self._line: list[str] = []
        self._first = 0
        self._in_line = False
        self.generation = 0
        """Grows whenever something becomes pending again, so that a watch looks for it afresh."""

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, uuid: str) -> bool:
        return uuid in self._entries

    @property
    def pending(self) -> int:
        """How many iOS still has to bring down."""
        return sum(self._tallies[state].count for state in _PENDING)

    def tally(self, state: FetchState) -> Tally:
        """How many are in a state, and their bytes."""
        return self._tallies[state]

    def state_of(self, uuid: str) -> FetchState:
        """Raises KeyError where the asset is not in the queue."""
        return self._entries[uuid].state

    def is_pending(self, uuid: str) -> bool:
        """True where iOS still has to bring it down; False where it is done with, or not in the queue."""
        entry = self._entries.get(uuid)
        return entry is not None and entry.state in _PENDING

    def planned(self, uuid: str) -> PlannedAsset:
        """Raises KeyError where the asset is not in the queue."""
        return self._entries[uuid].planned

    def reason_of(self, uuid: str) -> str:
        """Why it is in its state, in words; raises KeyError where the asset is not in the queue."""
        return self._entries[uuid].reason

    def resting_state(self, uuid: str) -> FetchState:
        """The state of a pending asset of which nothing is there: whether iOS was asked for it."""
        asked = self._everything_asked or self._entries[uuid].asked
        return FetchState.ASKED if asked else FetchState.WAITING

    def ask(self, uuids: Iterable[str]) -> None:
        """iOS was asked for some of what is pending."""
        for uuid in uuids:
            entry = self._entries[uuid]
            entry.asked = True
            if entry.state is FetchState.WAITING:
                self.move(uuid, FetchState.ASKED, entry.reason)

    def ask_for_everything(self) -> None:
        """iOS is bringing down whatever is pending, now and later."""
        if not self._everything_asked:
            self._everything_asked = True
            for entry in self._entries.values():
                if entry.state is FetchState.WAITING:
                    entry.state = FetchState.ASKED
            self._tallies[FetchState.ASKED] += self._tallies[FetchState.WAITING]
            self._tallies[FetchState.WAITING] = Tally()

    def add(self, planned: PlannedAsset, reason: str) -> None:
        """Takes in an asset that was on the phone when the library was read and is not any more."""
        uuid = planned.asset.uuid
        if uuid in self._entries:
            self._entries[uuid].asked = False
            self.move(uuid, self.resting_state(uuid), reason)
            return
        entry = self._entries[uuid] = _Entry(planned, FetchState.WAITING, reason)
        entry.state = self.resting_state(uuid)
        self._tallies[entry.state] += _tally_of(entry)
        self._becomes_pending(entry)

    def move(self, uuid: str, state: FetchState, reason: str = "") -> None:
        """Gives an asset another state; raises KeyError where it is not in the queue."""
        entry = self._entries[uuid]
        was_pending, is_pending = entry.state in _PENDING, state in _PENDING
        size = _tally_of(entry)
        self._tallies[entry.state] = self._tallies[entry.state].less(size)
        self._tallies[state] += size
        entry.state, entry.reason = state, reason
        if was_pending and not is_pending:
            self._unwatch(entry.planned)
            self._done[uuid] = None
        elif is_pending and not was_pending:
            self._done.pop(uuid, None)
            self._becomes_pending(entry)
        if state is FetchState.ARRIVED:
            entry.asked = False
            self._recent.appendleft(uuid)

    def reorder(self, order: FetchOrder) -> None:
        """Puts what is pending into another order."""
        self.order = order
        self._in_line = False

    def given_up(self) -> tuple[str, ...]:
        """The uuids of what was given up or skipped, in the order in which that happened."""
        ends = (FetchState.GAVE_UP, FetchState.SKIPPED)
        return tuple(uuid for uuid in self._done if self._entries[uuid].state in ends)

    def in_order(self) -> Iterator[PlannedAsset]:
        """What is pending, in order."""
        self._skip_done()
        for index in range(self._first, len(self._line)):
            entry = self._entries[self._line[index]]
            if entry.state in _PENDING:
                yield entry.planned

    def head(self, count: int) -> tuple[FetchItem, ...]:
        """The next few."""
        return tuple(self._item(p.asset.uuid) for p, _ in zip(self.in_order(), range(count), strict=False))

    def recent(self) -> tuple[FetchItem, ...]:
        """The last few that arrived, newest first."""
        return tuple(self._item(uuid) for uuid in self._recent)

    def page(self, offset: int, limit: int) -> tuple[FetchItem, ...]:
        """Part of the whole list: what is pending in order, then what is done with, latest last."""
        self._skip_done()
        if self._first or len(self._line) != self.pending:
            self._compact()
        waiting = self._line[offset : offset + limit]
        room = limit - len(waiting)
        start = max(0, offset - len(self._line))
        done = list(self._done)[start : start + room] if room > 0 else []
        return tuple(self._item(uuid) for uuid in (*waiting, *done))

    def by_capture(self) -> Iterator[PlannedAsset]:
        """What is pending, in the order of capture: newest first if that is the order, else oldest."""
        if self.order is not FetchOrder.SMALLEST:
            return self.in_order()
        return iter(sorted((p for p in self.in_order()), key=by_capture))

    def folders(self) -> tuple[str, ...]:
        """The folders on the phone in which something pending is expected."""
        return tuple(self._folders)

    def stirred(self) -> frozenset[str]:
        """The folders in which something became pending since this was asked last."""
        stirred, self._stirred = frozenset(self._stirred), set()
        return stirred

    def pending_in(self, folder: str) -> tuple[PlannedAsset, ...]:
        """The pending assets that expect a file in a folder."""
        uuids = set().union(*self._folders.get(folder, {}).values())
        return tuple(self._entries[uuid].planned for uuid in uuids)

    def pending_at(self, folder: str, names: Iterable[str]) -> tuple[PlannedAsset, ...]:
        """Those of them that expect a file with the stem of one of some names."""
        expecting = self._folders.get(folder, {})
        uuids: dict[str, None] = {}
        for name in names:
            uuids.update(dict.fromkeys(expecting.get(folded(stem(name)), ())))
        return tuple(self._entries[uuid].planned for uuid in uuids)

    def _item(self, uuid: str) -> FetchItem:
        entry = self._entries[uuid]
        planned = entry.planned
        name = planned.asset.original_filename
        thumbnail = thumbnail_of(planned.asset)
        return FetchItem(uuid, name, planned.day, planned.bytes, entry.state, entry.reason, thumbnail)

    def _becomes_pending(self, entry: _Entry) -> None:
        self._watch(entry.planned)
        self._stirred |= {resource.directory for resource in expected(entry.planned)}
        self.generation += 1
        if self._in_line:
            key = self._sort_key()
            uuid = entry.planned.asset.uuid
            place = bisect_left(
                self._line, key(entry.planned), self._first, key=lambda u: key(self._entries[u].planned)
            )
            if place == len(self._line) or self._line[place] != uuid:
                self._line.insert(place, uuid)

    def _watch(self, planned: PlannedAsset) -> None:
        for resource in expected(planned):
            stems = self._folders.setdefault(resource.directory, {})
            stems.setdefault(folded(stem(resource.name)), set()).add(planned.asset.uuid)

    def _unwatch(self, planned: PlannedAsset) -> None:
        for resource in expected(planned):
            stems = self._folders.get(resource.directory, {})
            uuids = stems.get(folded(stem(resource.name)))
            if uuids is not None:
                uuids.discard(planned.asset.uuid)
                if not uuids:
                    del stems[folded(stem(resource.name))]
                if not stems:
                    del self._folders[resource.directory]

    def _sort_key(self) -> Callable[[PlannedAsset], Any]:
        match self.order:
            case FetchOrder.SMALLEST:
                return lambda planned: (planned.bytes, by_capture(planned))
            case FetchOrder.NEWEST:
                return lambda planned: _Backwards(by_capture(planned))
            case FetchOrder.OLDEST:
                return by_capture

    def _line_up(self) -> None:
        """Sorts, once after any number of changes."""
        pending = [e.planned for e in self._entries.values() if e.state in _PENDING]
        pending.sort(key=self._sort_key())
        self._line, self._first = [planned.asset.uuid for planned in pending], 0
        self._in_line = True

    def _skip_done(self) -> None:
        if not self._in_line:
            self._line_up()
        while self._first < len(self._line) and not self.is_pending(self._line[self._first]):
            self._first += 1
        if len(self._line) > 64 and self.pending * 2 < len(self._line) - self._first:
            self._compact()

    def _compact(self) -> None:
        self._line, self._first = [uuid for uuid in self._line if self.is_pending(uuid)], 0


@total_ordering
class _Backwards:
    """A sort key the other way round."""

    __slots__ = ("key",)

    def __init__(self, key: tuple[bool, float, str]) -> None:
        self.key = key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Backwards) and self.key == other.key

    def __lt__(self, other: _Backwards) -> bool:
        return other.key < self.key

    def __hash__(self) -> int:
        return hash(self.key)


def thumbnail_of(asset: Asset) -> str:
    """Where the phone keeps a small picture of an asset, relative to its media folder."""
    return f"PhotoData/Thumbnails/V2/{asset.directory}/{asset.filename}/5005.JPG"


def expected(planned: PlannedAsset) -> tuple[Resource, ...]:
    """The originals that have to be on the phone before an asset can be copied."""
    return tuple(r for r in planned.resources if r.role.is_original)


def _tally_of(entry: _Entry) -> Tally:
    return Tally(1, entry.planned.bytes)
