"""The file sizes an archive has of one phone, for previews: about twenty bytes per file."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence

from ambertime_tui.drive.record.rows import KnownFile
from ambertime_tui.engine.plan.hash_index import HashIndex
from ambertime_tui.library.model import Role

_ROLES = tuple(Role)
_NUMBERS = {role: number for number, role in enumerate(_ROLES)}


class KnownSizes:
    """Size of the latest file of each role, by the 64-bit hash of an asset's uuid. A hash collision would
    merge two assets, which is harmless in a preview."""

    def __init__(self, files: Iterable[tuple[str, Role, int]] = ()) -> None:
        """
        Args:
            files: uuid, role and bytes. The last one of each uuid and role counts.
        """
        hashes, self._roles, self._sizes = array("q"), bytearray(), array("q")
        for uuid, role, size in files:
            hashes.append(hash(uuid))
            self._roles.append(_NUMBERS[role])
            self._sizes.append(size)
        self._index = HashIndex(hashes)

    def of(self, uuids: Sequence[str]) -> Mapping[str, Mapping[Role, KnownFile]]:
        """Return the sizes for some assets, by uuid: a `recorded_state.Recorded`."""
        return {
            uuid: {_ROLES[self._roles[place]]: known_size(self._sizes[place]) for place in places}
            for uuid in uuids
            if (places := self._index.numbers(hash(uuid)))
        }


def known_size(size: int) -> KnownFile:
    """A recorded file of which only the size is known."""
    return KnownFile(size, None, None, None, None)
