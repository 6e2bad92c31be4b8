"""A Bloom filter: a small, fixed-size set that can rule items out without reading the database."""

from __future__ import annotations

from collections.abc import Hashable

_BITS = 1 << 23


class BloomFilter:
    """A set of fixed size (1 MiB). With a million items, about one in nine other items is a false positive.

    Safe to query from any thread while another adds items.
    """

    def __init__(self) -> None:
        self._bits = bytearray(_BITS // 8)

    def add(self, item: Hashable) -> None:
        """Add an item."""
        number = hash(item) % _BITS
        self._bits[number >> 3] |= 1 << (number & 7)

    def may_contain(self, item: Hashable) -> bool:
        """False if the item was never added."""
        number = hash(item) % _BITS
        return bool(self._bits[number >> 3] >> (number & 7) & 1)
