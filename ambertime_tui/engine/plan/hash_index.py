"""Finding one of a million by its hash, in twelve bytes each."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

_SORTED_AT_ONCE = 1 << 15
_SAMPLED = 64
"""Of so many places one is looked at to find where to divide them."""


def argsort(places: Iterable[int], column: array[int] | array[float]) -> array[int]:
    """Places sorted by what stands at each in the column; of equals, the one that came first is first."""
    unsorted = array("I", places)
    sample = sorted(column[place] for place in unsorted[::_SAMPLED])
    step = max(1, _SORTED_AT_ONCE // _SAMPLED)
    borders = sample[step::step]
    parts = [array("I") for _ in range(len(borders) + 1)]
    for place in unsorted:
        parts[bisect_right(borders, column[place])].append(place)
    ordered = array("I")
    for part in parts:
        ordered.extend(sorted(part, key=column.__getitem__))
    return ordered


class HashIndex:
    """From the hash of something to the places where things with that hash stand. Never changes."""

    def __init__(self, hashes: array[int]) -> None:
        self._numbers = argsort(range(len(hashes)), hashes)
        self._hashes = array("q", (hashes[number] for number in self._numbers))

    def numbers(self, wanted: int) -> tuple[int, ...]:
        """The places of a hash; mostly one or none."""
        first = last = bisect_left(self._hashes, wanted)
        while last < len(self._hashes) and self._hashes[last] == wanted:
            last += 1
        return tuple(self._numbers[first:last])

    def duplicates(self) -> Iterator[tuple[int, ...]]:
        """The places of each hash that occurs more than once."""
        hashes, first = self._hashes, 0
        for last in range(1, len(hashes) + 1):
            if last == len(hashes) or hashes[last] != hashes[first]:
                if last - first > 1:
                    yield tuple(self._numbers[first:last])
                first = last
