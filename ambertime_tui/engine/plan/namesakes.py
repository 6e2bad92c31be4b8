"""Find assets of a library that would get the same name in the archive. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence

from ambertime_tui.engine.plan.hash_index import HashIndex
from ambertime_tui.library.model import Asset

PlaceKey = Callable[[Asset], str]
"""Returns the same key for assets that would get the same name."""


class Namesakes:
    """Collects the assets of a library in order; 16 bytes each."""

    def __init__(self, key_of: PlaceKey) -> None:
        self._key_of = key_of
        self._hashes = array("q")
        self._uuids = array("Q")
        """The first eight bytes of each uuid."""

    def add(self, asset: Asset) -> None:
        """Add the next asset."""
        self._hashes.append(hash(self._key_of(asset)))
        self._uuids.append(int.from_bytes(asset.uuid.encode("utf-8", "replace")[:8].ljust(8, b"\0")))

    def later(self, assets: Sequence[Asset], created: Sequence[float]) -> frozenset[int]:
        """Return the positions of the assets that must use another name. The first by capture time and
        uuid keeps the name, independent of the selection and of the copy order.

        Args:
            assets: all added assets.
            created: capture times; undated assets after all others.
        """
        found: set[int] = set()
        for numbers in HashIndex(self._hashes).duplicates():
            ranks = [(created[number], self._uuids[number]) for number in numbers]
            first = min(ranks)
            firsts = [number for number, rank in zip(numbers, ranks, strict=True) if rank == first]
            # Rarely more than one; then compare the complete uuids.
            keeps = firsts[0] if len(firsts) == 1 else min(firsts, key=lambda n: assets[n].uuid)
            found.update(number for number in numbers if number != keeps)
        return frozenset(found)
