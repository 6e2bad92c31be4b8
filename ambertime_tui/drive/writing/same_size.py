"""Files of one size that may have the bytes of an asset, looked up by name and by hash. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field

from ambertime_tui.drive.volume.name_keys import name_key

_UNREADABLE = ""


class SameSizeFiles:
    """A set of paths. Each file has to be hashed only once, however many assets are compared with it."""

    __slots__ = ("_lookups", "_paths")

    def __init__(self) -> None:
        self._paths: set[str] = set()
        self._lookups: _Lookups | None = None

    def __len__(self) -> int:
        return len(self._paths)

    def add(self, path: str) -> None:
        """Add a file, or make one available again."""
        self._paths.add(path)
        if self._lookups is not None:
            self._lookups.add(path)

    def discard(self, path: str) -> None:
        """Remove a file; nothing happens if it was removed before."""
        self._paths.discard(path)

    def candidates(self, sha256: str, preferred: str) -> Iterator[str]:
        """The files that may have this hash: one at `preferred`, then one of the same name, then any other.

        Call `note` for each before you ask for the next one.
        """
        if self._lookups is None:
            self._lookups = _Lookups()
            for path in sorted(self._paths, reverse=True):
                self._lookups.add(path)
        for path in self._lookups.candidates(sha256, preferred):
            if path in self._paths:
                yield path

    def note(self, path: str, sha256: str | None) -> None:
        """Note the hash of a candidate; None if it could not be read or has another size now."""
        if self._lookups is not None:
            self._lookups.note(path, _UNREADABLE if sha256 is None else sha256)


@dataclass(slots=True)
class _Lookups:
    """Made when a file of this size is wanted for the first time. May name paths that were removed."""

    by_name: dict[str, list[str]] = field(default_factory=dict)
    by_hash: dict[str, list[str]] = field(default_factory=dict)
    """Heaps, so that the first path comes first."""
    hashes: dict[str, str] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    """Read from the end."""

    def add(self, path: str) -> None:
        known = self.hashes.get(path)
        if known is None:
            self.unread.append(path)
            self.by_name.setdefault(_name_of(path), []).append(path)
        else:
            heapq.heappush(self.by_hash.setdefault(known, []), path)

    def note(self, path: str, sha256: str) -> None:
        if self.hashes.get(path) != sha256:
            self.hashes[path] = sha256
            heapq.heappush(self.by_hash.setdefault(sha256, []), path)

    def candidates(self, sha256: str, preferred: str) -> Iterator[str]:
        for path in (preferred, *self.by_name.get(_name_of(preferred), ())):
            if self.hashes.get(path, sha256) == sha256:
                yield path
        known = self.by_hash.setdefault(sha256, [])
        while known:
            yield known[0]
            heapq.heappop(known)
        while self.unread:
            path = self.unread.pop()
            if path not in self.hashes:
                yield path


def _name_of(path: str) -> str:
    return name_key(path.rpartition("/")[2])
