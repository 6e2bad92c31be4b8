"""A set that answers without looking anything up: what it says it does not have, it does not have."""

from __future__ import annotations

from collections.abc import Hashable

_BITS = 1 << 23


class BloomFilter:
    """One MiB, however much is put in; with a million things in it, it is wrong about every ninth other one.

    May be asked from any thread while another puts things in.
    """

    def __init__(self) -> None:
        self._bits = bytearray(_BITS // 8)

    def add(self, item: Hashable) -> None:
        """Puts a item in."""
        number = hash(item) % _BITS
        self._bits[number >> 3] |= 1 << (number & 7)

    def may_contain(self, item: Hashable) -> bool:
        """False: it was never put in."""
        number = hash(item) % _BITS
        return bool(self._bits[number >> 3] >> (number & 7) & 1)
