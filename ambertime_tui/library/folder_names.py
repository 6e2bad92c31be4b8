"""The names in a folder of the phone, in some twenty bytes each, and quick to ask for one.

A library of a million has two million files: as a set of strings their names alone are 200 MB. Here a name is
found by its hash (64 bits, of this process); the spellings are packed, and only opened where a file may be
there under another one.
"""

from __future__ import annotations

import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping

from ambertime_tui.library.media_paths import folded, stem

_FASTEST = 1
_ANY = "surrogatepass"
"""Names of any bytes (as surrogates), too."""
_SEPARATOR = "\0"
"""No file name holds it."""


class HashedNames:
    """Names that can only be asked for."""

    __slots__ = ("_hashes",)

    def __init__(self, names: Iterable[str] = (), hashes: Iterable[int] = ()) -> None:
        """
        Args:
            names: the names.
            hashes: of further names, by `hash`: for whoever has so many that he does not keep them.
        """
        self._hashes = array("q", sorted({*map(hash, names), *hashes}))

    def __contains__(self, name: object) -> bool:
        wanted = hash(name)
        place = bisect_left(self._hashes, wanted)
        return place < len(self._hashes) and self._hashes[place] == wanted

    def __len__(self) -> int:
        return len(self._hashes)


class FolderNames:
    """The names in one folder. Never changes."""

    __slots__ = ("_exact", "_packed", "_stems")

    def __init__(self, names: Iterable[str]) -> None:
        spelled = sorted(name for name in names if _SEPARATOR not in name)
        self._exact = HashedNames(spelled)
        self._stems = HashedNames(_stem(name) for name in spelled)
        text = _SEPARATOR.join(spelled)
        self._packed = zlib.compress(text.encode("utf-8", _ANY), _FASTEST) if text else b""

    def __contains__(self, name: object) -> bool:
        return name in self._exact

    def __len__(self) -> int:
        return len(self._exact)

    def __iter__(self) -> Iterator[str]:
        """The names as the folder spells them, sorted."""
        if not self._packed:
            return iter(())
        return iter(zlib.decompress(self._packed).decode("utf-8", _ANY).split(_SEPARATOR))

    def of_stem(self, name: str) -> tuple[str, ...]:
        """Names that differ from a name in case, Unicode form or extension alone, sorted."""
        wanted = _stem(name)
        return tuple(other for other in self if _stem(other) == wanted) if wanted in self._stems else ()


NO_NAMES = FolderNames(())
Listing = Mapping[str, FolderNames | None]
"""Names by folder. A folder that does not exist has none (`NO_NAMES`); None: it could not be listed."""


def _stem(name: str) -> str:
    return folded(stem(name))
