"""The iCloud fetch queue: assets whose originals iOS must download first, and the state of each. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from ambertime_tui.engine.api.spec import FetchOrder, FetchWay
from ambertime_tui.engine.api.status import FetchItem, FetchState, Tally
from ambertime_tui.engine.job.fetch_folders import FetchFolders
from ambertime_tui.engine.job.fetch_sorting import FetchSorting
from ambertime_tui.engine.plan.plan import Plan, PlannedAsset, expected
from ambertime_tui.engine.plan.way_abilities import out_of_reach
from ambertime_tui.library.model import Asset, Resource

RECENT = 8
"""How many of the last arrivals are kept."""

_STATES = tuple(FetchState)
_CODE = {state: code for code, state in enumerate(_STATES)}
_NOT_QUEUED = 255
_PENDING = frozenset({FetchState.WAITING, FetchState.ASKED, FetchState.ARRIVING})
_PENDING_CODES = frozenset(_CODE[state] for state in _PENDING)
_WATCHED = _PENDING | {FetchState.NOT_BY_THIS_WAY}
_WATCHED_CODES = frozenset(_CODE[state] for state in _WATCHED)


class FetchQueue:
    """States, order and totals of up to a million assets; each change costs the same for any length.

    Any asset of the plan can be added: iOS may offload one that was on the phone. Assets of which the way of
    asking can bring nothing are not pending, but watched: they are copied if they arrive all the same.
    """

    def __init__(self, plan: Plan, order: FetchOrder, way: FetchWay = FetchWay.KEEP_ORIGINALS) -> None:
        """Goes through all assets to fetch: create it in a thread."""
        self._plan = plan
        self.way = way
        self._not_by_shortcut = bytearray(len(plan))
        """Of what the plan awaits: 1 if the Shortcut can bring nothing, 2 if some of it. 0: not awaited. The
        other ways can bring everything."""
        self._states = bytearray([_NOT_QUEUED]) * len(plan)
        self._requested = bytearray(len(plan))
        """1 if iOS was asked to download it and has not done so yet."""
        self._reasons: dict[int, str] = {}
        self._missing: dict[int, tuple[Resource, ...]] = {}
        """Originals that still have to come, where they are not those of the plan."""
        self._count = 0
        self._tallies = dict.fromkeys(FetchState, Tally())
        self._folders = FetchFolders(self._expected)
        self._sorting = FetchSorting(plan, order, self._is_pending, self._all_pending)
        self._all_requested = False
        self._recent: deque[int] = deque(maxlen=RECENT)
        self._done: dict[int, None] = {}
        self._arriving: dict[int, None] = {}
        for number in plan.to_fetch().numbers:
            planned = plan.later(number)
            unable = out_of_reach(FetchWay.SHORTCUT, planned.asset, expected(planned))
            self._not_by_shortcut[number] = 1 if unable else 2
            self._insert(number, self._idle(number))

    def __len__(self) -> int:
        return self._count

    def __contains__(self, uuid: str) -> bool:
        number = self._plan.number_of(uuid)
        return number is not None and self._states[number] != _NOT_QUEUED

    @property
    def order(self) -> FetchOrder:
        """The order of the pending assets."""
        return self._sorting.order

    @property
    def pending(self) -> int:
        """How many iOS still has to download."""
        return sum(self._tallies[state].count for state in _PENDING)

    @property
    def watched(self) -> int:
        """How many are copied if they arrive: the pending ones, and those that this way cannot bring."""
        return sum(self._tallies[state].count for state in _WATCHED)

    def tally(self, state: FetchState) -> Tally:
        """How many are in a state, and their bytes."""
        return self._tallies[state]

    def state_of(self, uuid: str) -> FetchState:
        """Raises KeyError if the asset is not in the queue."""
        return self._state(self._number(uuid))

    def is_pending(self, uuid: str) -> bool:
        """True if the job waits for it; False if it is finished, not in the queue, or not by this way."""
        number = self._plan.number_of(uuid)
        return number is not None and self._is_pending(number)

    def is_watched(self, uuid: str) -> bool:
        """True if it is copied when it arrives."""
        number = self._plan.number_of(uuid)
        return number is not None and self._is_watched(number)

    def numbers_of(self, uuids: Iterable[str]) -> set[int]:
        """The positions of assets in the plan; raises KeyError if one is not in the queue."""
        return {self._number(uuid) for uuid in uuids}

    def pending_of(self, numbers: Iterable[int]) -> set[int]:
        """Those of some positions whose assets are pending."""
        return {number for number in numbers if self._is_pending(number)}

    def awaited_bytes(self, numbers: Iterable[int]) -> int:
        """The bytes that iOS still has to download of assets at these positions in the plan."""
        return sum(self._plan.awaited_bytes_of(number) for number in numbers)

    def arriving_of(self, numbers: Iterable[int]) -> set[int]:
        """Those of some positions whose assets are arriving."""
        return {number for number in numbers if number in self._arriving}

    def planned(self, uuid: str) -> PlannedAsset:
        """Raises KeyError if the asset is not in the queue."""
        return self._plan.later(self._number(uuid))

    def missing(self, uuid: str) -> tuple[Resource, ...]:
        """The originals of an asset that still have to come; raises KeyError if it is not in the queue."""
        return self._expected(self._number(uuid))

    def has_come(self, uuid: str, resources: Iterable[Resource]) -> None:
        """Note that some, not all, of the missing originals of a pending asset have come."""
        number, come = self._number(uuid), {resource.role for resource in resources}
        self._folders.remove(number)
        self._missing[number] = tuple(r for r in self._expected(number) if r.role not in come)
        self._folders.add(number)

    def idle_state(self, uuid: str) -> FetchState:
        """The state of a watched asset of which nothing is arriving: WAITING, ASKED or NOT_BY_THIS_WAY."""
        return self._idle(self._number(uuid))

    def mark_requested(self, uuids: Iterable[str]) -> None:
        """Note that iOS was asked for some pending assets."""
        for uuid in uuids:
            number = self._number(uuid)
            self._requested[number] = True
            if self._state(number) is FetchState.WAITING:
                self._move(number, FetchState.ASKED, self._reasons.get(number, ""))

    def mark_all_requested(self) -> None:
        """Note that iOS downloads everything that is or becomes pending."""
        if not self._all_requested:
            self._all_requested = True
            requested = bytes((_CODE[FetchState.ASKED],))
            self._states = self._states.replace(bytes((_CODE[FetchState.WAITING],)), requested)
            self._tallies[FetchState.ASKED] += self._tallies[FetchState.WAITING]
            self._tallies[FetchState.WAITING] = Tally()

    def add(self, planned: PlannedAsset, reason: str, missing: Iterable[Resource] = ()) -> None:
        """Add an asset that iOS has offloaded since the library was read.

        Args:
            planned: the asset.
            reason: why it waits.
            missing: the originals that have to come; those of the plan by default.
        """
        number, missing = planned.number, tuple(missing)
        self._requested[number] = False
        if self._states[number] != _NOT_QUEUED:
            was_watched = self._is_watched(number)
            if missing and was_watched:
                roles = {r.role for r in missing}
                missing = (*missing, *(r for r in self._expected(number) if r.role not in roles))
                self._folders.remove(number)
                self._set_missing(number, missing)
                self._folders.add(number)
            elif not was_watched:
                self._set_missing(number, missing)
            self._move(number, self._idle(number), reason)
            return
        self._set_missing(number, missing)
        self._set_reason(number, reason)
        self._insert(number, self._idle(number))
        self._folders.note_changed(number)
        if self._is_pending(number):
            self._sorting.add(number)

    def change_way(self, way: FetchWay) -> None:
        """Ask in another way from now on: nothing counts as requested any more."""
        self.way, self._all_requested = way, False
        self._requested = bytearray(len(self._requested))
        idle = {_CODE[s] for s in (FetchState.WAITING, FetchState.ASKED, FetchState.NOT_BY_THIS_WAY)}
        for number in [number for number, code in enumerate(self._states) if code in idle]:
            if (state := self._idle(number)) is not self._state(number):
                self._move(number, state, self._reasons.get(number, ""))

    def move(self, uuid: str, state: FetchState, reason: str = "") -> None:
        """Change the state of an asset; raises KeyError if it is not in the queue."""
        self._move(self._number(uuid), state, reason)

    def reorder(self, order: FetchOrder) -> None:
        """Change the order of the pending assets."""
        self._sorting.reorder(order)

    def not_by_this_way(self) -> Iterator[PlannedAsset]:
        """The assets of which this way can bring nothing, and of which nothing has arrived."""
        code = _CODE[FetchState.NOT_BY_THIS_WAY]
        return (self._plan.later(number) for number in tuple(self._done) if self._states[number] == code)

    def given_up(self) -> tuple[str, ...]:
        """The uuids of assets that were given up or skipped, in that order."""
        ends = (_CODE[FetchState.GAVE_UP], _CODE[FetchState.SKIPPED])
        return tuple(self._plan[n].asset.uuid for n in self._done if self._states[n] in ends)

    def in_order(self) -> Iterator[PlannedAsset]:
        """The pending assets, in order."""
        return (self._plan.later(number) for number in self._pending_in_order())

    def head(self, count: int) -> tuple[FetchItem, ...]:
        """The next assets."""
        return tuple(self._item(n) for n, _ in zip(self._pending_in_order(), range(count), strict=False))

    def arriving(self, count: int) -> tuple[FetchItem, ...]:
        """Some of the arriving assets, the one that began first in front."""
        return tuple(self._item(number) for number, _ in zip(self._arriving, range(count), strict=False))

    def recent(self) -> tuple[FetchItem, ...]:
        """The last arrivals, newest first."""
        return tuple(self._item(number) for number in self._recent)

    def arrived(self) -> Iterator[PlannedAsset]:
        """The assets that have arrived and are not on the drive yet."""
        arrived = _CODE[FetchState.ARRIVED]
        return (self._plan.later(number) for number in tuple(self._done) if self._states[number] == arrived)

    def page(self, offset: int, limit: int) -> tuple[FetchItem, ...]:
        """A page of the whole list: pending assets in order, then finished ones, latest last."""
        pending = self._sorting.only_pending(self.pending)
        waiting = pending[offset : offset + limit]
        room = limit - len(waiting)
        start = max(0, offset - len(pending))
        done = list(self._done)[start : start + room] if room > 0 else []
        return tuple(self._item(number) for number in (*waiting, *done))

    def by_capture(self) -> Iterator[PlannedAsset]:
        """The pending assets by capture time: newest first if that is the order, else oldest first."""
        if self.order in (FetchOrder.OLDEST, FetchOrder.NEWEST):
            return self.in_order()
        numbers = sorted(self._pending_in_order(), key=self._plan.rank_of)
        return (self._plan.later(number) for number in numbers)

    def waiting(self) -> Iterator[PlannedAsset]:
        """The assets that are pending now, by capture time. May be read in another thread."""
        numbers = tuple(self._pending_in_order())
        if self.order not in (FetchOrder.OLDEST, FetchOrder.NEWEST):
            numbers = tuple(sorted(numbers, key=self._plan.rank_of))
        return map(self._plan.later, numbers)

    def folders(self) -> tuple[str, ...]:
        """The folders on the phone in which originals may arrive."""
        return self._folders.expecting()

    def take_changed_folders(self) -> frozenset[str]:
        """The folders in which an asset became watched since the last call."""
        return self._folders.take_changed()

    def watched_at(self, folder: str, names: Iterable[str]) -> tuple[PlannedAsset, ...]:
        """The watched assets that expect a file in a folder with the stem of one of some names."""
        numbers = self._folders.assets_at(folder, names)
        return tuple(self._plan.later(number) for number in numbers if self._is_watched(number))

    def _number(self, uuid: str) -> int:
        number = self._plan.number_of(uuid)
        if number is None or self._states[number] == _NOT_QUEUED:
            raise KeyError(uuid)
        return number

    def _state(self, number: int) -> FetchState:
        return _STATES[self._states[number]]

    def _is_pending(self, number: int) -> bool:
        return self._states[number] in _PENDING_CODES

    def _is_watched(self, number: int) -> bool:
        return self._states[number] in _WATCHED_CODES

    def _is_out_of_reach(self, number: int) -> bool:
        if self.way is not FetchWay.SHORTCUT:
            return False
        if number in self._missing or not self._not_by_shortcut[number]:
            return out_of_reach(self.way, self._plan[number].asset, self._expected(number))
        return self._not_by_shortcut[number] == 1

    def _idle(self, number: int) -> FetchState:
        if self._is_out_of_reach(number):
            return FetchState.NOT_BY_THIS_WAY
        requested = self._all_requested or self._requested[number]
        return FetchState.ASKED if requested else FetchState.WAITING

    def _set_reason(self, number: int, reason: str) -> None:
        if reason:
            self._reasons[number] = reason
        else:
            self._reasons.pop(number, None)

    def _set_missing(self, number: int, missing: tuple[Resource, ...]) -> None:
        if missing:
            self._missing[number] = missing
        else:
            self._missing.pop(number, None)

    def _expected(self, number: int) -> tuple[Resource, ...]:
        return self._missing.get(number) or expected(self._plan.later(number))

    def _insert(self, number: int, state: FetchState) -> None:
        """Add a watched asset that was not in the queue."""
        self._count += 1
        if state not in _PENDING:
            self._done[number] = None
        self._states[number] = _CODE[state]
        self._tallies[state] += Tally(1, self._plan.awaited_bytes_of(number))
        self._folders.add(number)

    def _move(self, number: int, state: FetchState, reason: str) -> None:
        before = self._state(number)
        size = Tally(1, self._plan.awaited_bytes_of(number))
        self._tallies[before] = self._tallies[before].less(size)
        self._tallies[state] += size
        self._states[number] = _CODE[state]
        self._set_reason(number, reason)
        if state is FetchState.ARRIVING:
            self._arriving[number] = None
        else:
            self._arriving.pop(number, None)
        if before in _WATCHED and state not in _WATCHED:
            self._folders.remove(number)
        elif state in _WATCHED and before not in _WATCHED:
            self._folders.add(number)
            self._folders.note_changed(number)
        if state in _PENDING:
            self._done.pop(number, None)
            if before not in _PENDING:
                self._sorting.add(number)
        elif before in _WATCHED:
            self._done.pop(number, None)
            self._done[number] = None
        if state is FetchState.ARRIVED:
            self._requested[number] = False
            self._recent.appendleft(number)

    def _item(self, number: int) -> FetchItem:
        planned = self._plan.later(number)
        asset = planned.asset
        return FetchItem(
            asset.uuid,
            asset.original_filename,
            planned.day,
            planned.bytes,
            self._state(number),
            self._reasons.get(number, ""),
            thumbnail_of(asset),
        )

    def _all_pending(self) -> Iterator[int]:
        return (number for number, code in enumerate(self._states) if code in _PENDING_CODES)

    def _pending_in_order(self) -> Iterator[int]:
        return self._sorting.in_order(self.pending)


def thumbnail_of(asset: Asset) -> str:
    """The path of an asset's thumbnail, relative to the media folder."""
    return f"PhotoData/Thumbnails/V2/{asset.directory}/{asset.filename}/5005.JPG"
