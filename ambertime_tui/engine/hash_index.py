"""Finding one of a million by its hash, in twelve bytes each."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator

from ambertime_tui.engine.places_in_order import places_in_order


class HashIndex:
    """From the hash of something to the places where things with that hash stand. Never changes."""

    def __init__(self, hashes: array[int]) -> None:
        self._numbers = places_in_order(range(len(hashes)), hashes)
        self._hashes = array("q", (hashes[number] for number in self._numbers))

    def numbers(self, wanted: int) -> tuple[int, ...]:
        """The places of a hash; mostly one or none."""
        first = last = bisect_left(self._hashes, wanted)
        while last < len(self._hashes) and self._hashes[last] == wanted:
            last += 1
        return tuple(self._numbers[first:last])

    def doubled(self) -> Iterator[tuple[int, ...]]:
        """The places of each hash that occurs more than once."""
        hashes, first = self._hashes, 0
        for last in range(1, len(hashes) + 1):
            if last == len(hashes) or hashes[last] != hashes[first]:
                if last - first > 1:
                    yield tuple(self._numbers[first:last])
                first = last
