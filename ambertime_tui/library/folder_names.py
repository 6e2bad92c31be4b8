"""A compact set of the file names in a folder: about twenty bytes each, with fast lookup.

A library of a million assets has two million files; a set of their names would take 200 MB. Here, lookup
uses a 64-bit hash (specific to this process). The names themselves are compressed, and decompressed only
if a file may exist under another spelling.
"""

from __future__ import annotations

import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping

from ambertime_tui.library.media_paths import folded, stem

_FASTEST = 1
_ANY = "surrogatepass"
"""Also accepts names with invalid UTF-8 (as surrogates)."""
_SEPARATOR = "\0"
"""Cannot occur in a file name."""


class HashedNames:
    """A set of names that supports only membership tests."""

    __slots__ = ("_hashes",)

    def __init__(self, names: Iterable[str] = (), hashes: Iterable[int] = ()) -> None:
        """
        Args:
            names: the names.
            hashes: `hash` values of further names, for callers that do not keep the names.
        """
        self._hashes = array("q", sorted({*map(hash, names), *hashes}))

    def __contains__(self, name: object) -> bool:
        wanted = hash(name)
        place = bisect_left(self._hashes, wanted)
        return place < len(self._hashes) and self._hashes[place] == wanted

    def __len__(self) -> int:
        return len(self._hashes)


class FolderNames:
    """The immutable set of names in a folder."""

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
        """The names in their original spelling, sorted."""
        if not self._packed:
            return iter(())
        return iter(zlib.decompress(self._packed).decode("utf-8", _ANY).split(_SEPARATOR))

    def of_stem(self, name: str) -> tuple[str, ...]:
        """Return the names that differ from a name only in case, Unicode form or extension, sorted."""
        wanted = _stem(name)
        return tuple(other for other in self if _stem(other) == wanted) if wanted in self._stems else ()


NO_NAMES = FolderNames(())
Listing = Mapping[str, FolderNames | None]
"""Names by folder. `NO_NAMES`: the folder does not exist; None: it could not be listed."""


def _stem(name: str) -> str:
    return folded(stem(name))
