"""What an archive has of one phone, as a preview needs it: some twenty bytes for each file."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence

from ambertime_tui.engine.plan.hash_index import HashIndex
from ambertime_tui.library.model import Role

_ROLES = tuple(Role)
_NUMBERS = {role: number for number, role in enumerate(_ROLES)}


class KnownSizes:
    """Bytes of the newest file of each role, found by the hash (64 bits) of an asset's uuid: two uuids with
    one hash would be taken for one asset, which is no harm in a preview."""

    def __init__(self, files: Iterable[tuple[str, Role, int]] = ()) -> None:
        """
        Args:
            files: uuid, role and bytes; of the same uuid and role the last one counts.
        """
        hashes, self._roles, self._sizes = array("q"), bytearray(), array("q")
        for uuid, role, size in files:
            hashes.append(hash(uuid))
            self._roles.append(_NUMBERS[role])
            self._sizes.append(size)
        self._index = HashIndex(hashes)

    def of(self, uuids: Sequence[str]) -> Mapping[str, Mapping[Role, int]]:
        """What there is of some assets, by uuid: a `planner.Recorded`."""
        return {
            uuid: {_ROLES[self._roles[place]]: self._sizes[place] for place in places}
            for uuid in uuids
            if (places := self._index.numbers(hash(uuid)))
        }
