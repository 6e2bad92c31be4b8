"""Which assets of a library would have one name in the archive. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence

from ambertime_tui.engine.plan.hash_index import HashIndex
from ambertime_tui.library.model import Asset

PlaceKey = Callable[[Asset], str]
"""What assets have in common that would have one name."""


class Namesakes:
    """Is told the assets of a library in turn; 16 bytes each."""

    def __init__(self, key_of: PlaceKey) -> None:
        self._key_of = key_of
        self._hashes = array("q")
        self._uuids = array("Q")
        """Their first eight bytes."""

    def add(self, asset: Asset) -> None:
        """The next asset."""
        self._hashes.append(hash(self._key_of(asset)))
        self._uuids.append(int.from_bytes(asset.uuid.encode("utf-8", "replace")[:8].ljust(8, b"\0")))

    def later(self, assets: Sequence[Asset], created: Sequence[float]) -> frozenset[int]:
        """The places of all that have to leave the name to another: the first by capture time and uuid has
        it, whichever is copied first, and whatever is selected.

        Args:
            assets: all of which this was told.
            created: when each was captured; the undated later than all others.
        """
        found: set[int] = set()
        for numbers in HashIndex(self._hashes).duplicates():
            ranks = [(created[number], self._uuids[number]) for number in numbers]
            first = min(ranks)
            firsts = [number for number, rank in zip(numbers, ranks, strict=True) if rank == first]
            # Seldom more than one: then the whole uuid decides.
            keeps = firsts[0] if len(firsts) == 1 else min(firsts, key=lambda n: assets[n].uuid)
            found.update(number for number in numbers if number != keeps)
        return frozenset(found)
