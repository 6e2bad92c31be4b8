"""Which names in a folder are taken: by the record, by writers at work, or by files on the drive."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from ambertime_tui.drive.os_errors import drive_error
from ambertime_tui.drive.record.record import Record
from ambertime_tui.drive.volume.file_system import FileSystemTraits
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.drive.writing.naming import keys_of

FOLDERS_CACHED = 16
"""Folders whose names are cached. A job works through a library by date, so it uses few at a time."""


@dataclass(frozen=True, slots=True)
class Names:
    """A union of name keys that is not copied, because a folder may hold a whole library."""

    sets: tuple[AbstractSet[str], ...]

    def __contains__(self, key: object) -> bool:
        return any(key in keys for keys in self.sets)


class _FolderCache:
    """The name keys of the folders used most recently."""

    def __init__(self, read: Callable[[str], Iterable[str]]) -> None:
        self._read = read
        self._keys: dict[str, set[str]] = {}

    def keys(self, folder: str) -> set[str]:
        """The keys of a folder, read if they are not cached."""
        keys = self._keys.pop(folder, None)
        if keys is None:
            keys = keys_of(self._read(folder))
        self._keys[folder] = keys
        if len(self._keys) > FOLDERS_CACHED:
            del self._keys[next(iter(self._keys))]
        return keys

    def add(self, folder: str, keys: set[str]) -> None:
        """Add keys to a folder that is cached."""
        if folder in self._keys:
            self._keys[folder] |= keys

    def forget(self, folder: str) -> None:
        """Drop a folder, so that the next use reads it again."""
        self._keys.pop(folder, None)


class NameRegistry:
    """The names taken in each folder of a target. Its methods are safe to call from any thread."""

    def __init__(self, root: Path, record: Record, traits: FileSystemTraits, calls: SystemCalls) -> None:
        self._root = root
        self._calls = calls
        self._traits = traits
        self._recorded = _FolderCache(
            lambda folder: record.name_keys_in(folder) | record.reserved_names_in(folder)
        )
        self._reserved: dict[str, set[str]] = {}
        self._on_drive = _FolderCache(self.list_folder)
        self.lock = threading.RLock()
        """Hold it while choosing and reserving names, so that no two writers get the same ones."""

    def taken(self, folder: str) -> Names:
        """Keys of the names and stems that are recorded, reserved in the record, or reserved by a writer."""
        with self.lock:
            return Names((self._recorded.keys(folder), self._reserved.setdefault(folder, set())))

    def on_drive(self, folder: str) -> Names:
        """Keys of all names and stems in the folder when it was last listed.

        Raises:
            DriveError: the folder cannot be listed.
        """
        with self.lock:
            return Names((self._on_drive.keys(folder),))

    def present(self, folder: str, names: Collection[str]) -> frozenset[str]:
        """Those of the names that are in the folder now, as the drive spells them.

        For a drive that may change the spelling, this is every name in the folder.

        Raises:
            DriveError: the folder cannot be listed.
        """
        if not self._traits.preserves_names:
            return self.list_folder(folder)
        return frozenset(name for name in names if self._calls.exists(self._root / folder / name))

    def list_folder(self, folder: str) -> frozenset[str]:
        """The names in a folder now; empty if the folder does not exist.

        Raises:
            DriveError: the folder cannot be listed.
        """
        try:
            return frozenset(self._calls.list_names(self._root / folder))
        except FileNotFoundError:
            return frozenset()
        except OSError as error:
            raise drive_error(error, self._root / folder, doing="listing") from error

    def sizes(self, folder: str) -> dict[str, int]:
        """The files in a folder now and their bytes; empty if the folder does not exist.

        Raises:
            DriveError: the folder cannot be listed.
        """
        try:
            entries = self._calls.list_entries(self._root / folder)
            return {entry.name: entry.size for entry in entries if entry.is_file}
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise drive_error(error, self._root / folder, doing="listing") from error

    def reserve(self, folder: str, names: Iterable[str]) -> None:
        """Reserve names for a writer."""
        with self.lock:
            self._reserved.setdefault(folder, set()).update(keys_of(names))

    def release(self, folder: str, names: Iterable[str]) -> None:
        """Release the names that a writer had reserved."""
        with self.lock:
            self._reserved.get(folder, set()).difference_update(keys_of(names))

    def add_recorded(self, folder: str, name: str) -> None:
        """Note that a file was recorded."""
        with self.lock:
            keys = keys_of((name,))
            self._recorded.add(folder, keys)
            self._on_drive.add(folder, keys)

    def add_reserved(self, folder: str, name: str) -> None:
        """Note that a name was reserved in the record."""
        with self.lock:
            self._recorded.add(folder, keys_of((name,)))

    def forget_listing(self, folder: str) -> None:
        """List the folder again at its next use, because it holds something unexpected."""
        with self.lock:
            self._on_drive.forget(folder)
