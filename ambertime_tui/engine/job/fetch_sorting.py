"""The order of the assets that wait for iCloud. Pure."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence

from ambertime_tui.engine.api.spec import FetchOrder
from ambertime_tui.engine.plan.plan import Plan


class FetchSorting:
    """Keeps positions in the plan sorted while assets are added and finished. Finished ones are skipped."""

    def __init__(
        self,
        plan: Plan,
        order: FetchOrder,
        is_pending: Callable[[int], bool],
        pending: Callable[[], Iterable[int]],
    ) -> None:
        """
        Args:
            plan: gives capture times, sizes and favourites.
            order: how to sort.
            is_pending: whether an asset still waits.
            pending: all assets that wait, in any order.
        """
        self._plan = plan
        self._order = order
        self._is_pending = is_pending
        self._pending = pending
        self._sorted = array("I")
        self._first = 0
        self._is_sorted = False

    @property
    def order(self) -> FetchOrder:
        """How the assets are sorted."""
        return self._order

    def reorder(self, order: FetchOrder) -> None:
        """Sort in another way from now on."""
        self._order = order
        self._is_sorted = False

    def add(self, number: int) -> None:
        """Add an asset that waits from now on."""
        if self._is_sorted:
            key = self._key()
            place = bisect_left(self._sorted, key(number), key=key)
            if place == len(self._sorted) or self._sorted[place] != number:
                self._sorted.insert(place, number)
            self._first = min(self._first, place)

    def in_order(self, count: int) -> Iterator[int]:
        """The assets that wait.

        Args:
            count: how many there are.
        """
        self._skip_finished(count)
        for place in range(self._first, len(self._sorted)):
            if self._is_pending(self._sorted[place]):
                yield self._sorted[place]

    def only_pending(self, count: int) -> Sequence[int]:
        """The assets that wait, for access by position.

        Args:
            count: how many there are.
        """
        self._skip_finished(count)
        if self._first or len(self._sorted) != count:
            self._compact()
        return self._sorted

    def _key(self) -> Callable[[int], int]:
        rank_of, bytes_of = self._plan.rank_of, self._plan.awaited_bytes_of
        match self._order:
            case FetchOrder.SMALLEST:
                return lambda number: bytes_of(number) << 32 | rank_of(number)
            case FetchOrder.FAVOURITES:
                is_favourite = self._plan.is_favourite
                return lambda number: (not is_favourite(number)) << 32 | rank_of(number)
            case FetchOrder.NEWEST:
                return lambda number: -rank_of(number)
            case FetchOrder.OLDEST:
                return rank_of

    def _sort(self) -> None:
        """Sort, once after any number of changes."""
        self._sorted = array("I", sorted(self._pending(), key=self._key()))
        self._first, self._is_sorted = 0, True

    def _skip_finished(self, count: int) -> None:
        if not self._is_sorted:
            self._sort()
        while self._first < len(self._sorted) and not self._is_pending(self._sorted[self._first]):
            self._first += 1
        if len(self._sorted) > 64 and count * 2 < len(self._sorted) - self._first:
            self._compact()

    def _compact(self) -> None:
        self._sorted = array("I", [number for number in self._sorted if self._is_pending(number)])
        self._first = 0
