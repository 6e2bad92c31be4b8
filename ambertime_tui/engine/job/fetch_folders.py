"""The folders of the phone in which originals may arrive, and which assets expect which file there. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from ambertime_tui.library.media_paths import folded, stem
from ambertime_tui.library.model import Resource

STEMS_KEPT = 1024
"""Folders whose map from file stems to assets is cached."""


@dataclass(slots=True)
class _Folder:
    """A folder in which originals are or were expected."""

    numbers: array[int] = field(default_factory=lambda: array("I"))
    """The assets with a file in it, pending or finished; one may be listed twice."""
    pending: int = 0


class FetchFolders:
    """Finds the assets that a new file may belong to. Assets are positions in the plan."""

    def __init__(self, expected: Callable[[int], Sequence[Resource]]) -> None:
        """
        Args:
            expected: the originals of an asset that still have to come.
        """
        self._expected = expected
        self._folders: dict[str, _Folder] = {}
        self._stems: dict[str, dict[str, list[int]]] = {}
        self._changed: set[str] = set()

    def add(self, number: int) -> None:
        """Expect the files of an asset."""
        for directory in self._directories(number):
            folder = self._folders.setdefault(directory, _Folder())
            folder.pending += 1
            if not self._is_indexed(number, directory):
                folder.numbers.append(number)

    def remove(self, number: int) -> None:
        """Expect the files of an asset no longer. Call it before what is expected of it changes."""
        for directory in self._directories(number):
            self._folders[directory].pending -= 1

    def note_changed(self, number: int) -> None:
        """Note that an asset became watched."""
        self._changed |= self._directories(number)

    def take_changed(self) -> frozenset[str]:
        """The folders in which an asset became watched since the last call."""
        changed, self._changed = frozenset(self._changed), set()
        return changed

    def expecting(self) -> tuple[str, ...]:
        """The folders in which files are expected."""
        return tuple(name for name, folder in self._folders.items() if folder.pending)

    def assets_at(self, folder: str, names: Iterable[str]) -> Iterable[int]:
        """The assets, also finished ones, with a file in a folder that has the stem of one of some names."""
        wanted = {folded(stem(name)) for name in names}
        if not wanted or folder not in self._folders:
            return ()
        stems = self._stems_of(folder)
        return dict.fromkeys(number for one in wanted for number in stems.get(one, ()))

    def _directories(self, number: int) -> set[str]:
        return {resource.directory for resource in self._expected(number)}

    def _is_indexed(self, number: int, directory: str) -> bool:
        """Add an asset to a folder's cached index; return True if it was in there already."""
        stems = self._stems.get(directory)
        return stems is not None and not self._index(number, directory, stems)

    def _index(self, number: int, directory: str, stems: dict[str, list[int]]) -> bool:
        """Add an asset to an index of a folder; return True if it was not in there."""
        is_new = False
        for resource in self._expected(number):
            if resource.directory == directory:
                numbers = stems.setdefault(folded(stem(resource.name)), [])
                if number not in numbers:
                    numbers.append(number)
                    is_new = True
        return is_new

    def _stems_of(self, folder: str) -> dict[str, list[int]]:
        """The assets that expect a file in a folder, by file stem."""
        stems = self._stems.get(folder)
        if stems is None:
            stems = {}
            numbers = array("I", dict.fromkeys(self._folders[folder].numbers))
            self._folders[folder].numbers = numbers
            for number in numbers:
                self._index(number, folder, stems)
            while len(self._stems) >= STEMS_KEPT:
                del self._stems[next(iter(self._stems))]
            self._stems[folder] = stems
        return stems
