"""A compact index from hashes to positions: twelve bytes per item."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

_SORTED_AT_ONCE = 1 << 15
_SAMPLED = 64
"""One of this many items is sampled to choose the bucket borders."""


def argsort(positions: Iterable[int], column: array[int] | array[float]) -> array[int]:
    """Sort positions by their value in a column. The sort is stable."""
    unsorted = array("I", positions)
    sample = sorted(column[position] for position in unsorted[::_SAMPLED])
    step = max(1, _SORTED_AT_ONCE // _SAMPLED)
    borders = sample[step::step]
    parts = [array("I") for _ in range(len(borders) + 1)]
    for position in unsorted:
        parts[bisect_right(borders, column[position])].append(position)
    ordered = array("I")
    for part in parts:
        ordered.extend(sorted(part, key=column.__getitem__))
    return ordered


class HashIndex:
    """An immutable index from a hash to the positions of the items with that hash."""

    def __init__(self, hashes: array[int]) -> None:
        self._numbers = argsort(range(len(hashes)), hashes)
        self._hashes = array("q", (hashes[number] for number in self._numbers))

    def numbers(self, wanted: int) -> tuple[int, ...]:
        """Return the positions of a hash; usually one or none."""
        first = last = bisect_left(self._hashes, wanted)
        while last < len(self._hashes) and self._hashes[last] == wanted:
            last += 1
        return tuple(self._numbers[first:last])

    def duplicates(self) -> Iterator[tuple[int, ...]]:
        """Yield the positions of each hash that occurs more than once."""
        hashes, first = self._hashes, 0
        for last in range(1, len(hashes) + 1):
            if last == len(hashes) or hashes[last] != hashes[first]:
                if last - first > 1:
                    yield tuple(self._numbers[first:last])
                first = last
