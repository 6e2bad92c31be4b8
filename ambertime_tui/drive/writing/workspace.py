"""What the writers of a job share: names given out, folders made sure of, and files that were there
before."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path

from ambertime_tui.drive.errors import NotOurFolder, drive_error
from ambertime_tui.drive.record.record import Record
from ambertime_tui.drive.volume.file_system import FileSystemTraits
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.drive.writing.existing_files import ExistingFiles
from ambertime_tui.drive.writing.naming import keys_of
from ambertime_tui.drive.writing.part_journal import PartJournal
from ambertime_tui.drive.writing.read_back import Reader


@dataclass(frozen=True, slots=True)
class Names:
    """Keys of names, to be asked for one by one: a folder may hold a whole library and is not copied."""

    sets: tuple[AbstractSet[str], ...]

    def __contains__(self, key: object) -> bool:
        return any(key in keys for keys in self.sets)


FOLDERS_KEPT = 16
"""Folders whose names are kept: a job that goes through a library by time is in few at a time."""


class _RecentFolders:
    """The keys of the names in the folders that were asked for last."""

    def __init__(self, read: Callable[[str], Iterable[str]]) -> None:
        self._read = read
        self._keys: dict[str, set[str]] = {}

    def keys(self, folder: str) -> set[str]:
        """Those of a folder, read where they are not kept."""
        keys = self._keys.pop(folder, None)
        if keys is None:
            keys = keys_of(self._read(folder))
        self._keys[folder] = keys
        if len(self._keys) > FOLDERS_KEPT:
            del self._keys[next(iter(self._keys))]
        return keys

    def add(self, folder: str, keys: set[str]) -> None:
        """More, where they are kept."""
        if folder in self._keys:
            self._keys[folder] |= keys

    def forget(self, folder: str) -> None:
        """They are to be read again."""
        self._keys.pop(folder, None)


class NameBook:
    """Which names of a folder are given: by the record, to writers at work, and to files on the drive."""

    def __init__(self, root: Path, record: Record, traits: FileSystemTraits) -> None:
        self._root = root
        self._traits = traits
        self._recorded = _RecentFolders(record.names_taken)
        self._reserved: dict[str, set[str]] = {}
        self._on_drive = _RecentFolders(self.listed)
        self.lock = threading.RLock()
        """Held while a place is chosen and reserved, so that no two writers get the same names."""

    def given(self, folder: str) -> Names:
        """Keys of the names and stems that the record or a writer at work has."""
        with self.lock:
            return Names((self._recorded.keys(folder), self._reserved.setdefault(folder, set())))

    def on_drive(self, folder: str) -> Names:
        """Keys of all names and stems that lie in the folder, as it was listed last.

        Raises:
            DriveError: the folder cannot be listed.
        """
        with self.lock:
            return Names((self._on_drive.keys(folder),))

    def kept(self, folder: str, names: Collection[str]) -> frozenset[str]:
        """Those of the names that lie in the folder now, as the drive spells them. A drive that may spell a
        name in its own way is asked for all it has.

        Raises:
            DriveError: the folder cannot be listed.
        """
        if not self._traits.keeps_names:
            return self.listed(folder)
        return frozenset(name for name in names if os.path.lexists(self._root / folder / name))

    def listed(self, folder: str) -> frozenset[str]:
        """The names in a folder now; empty where there is no such folder.

        Raises:
            DriveError: the folder cannot be listed.
        """
        try:
            return frozenset(os.listdir(self._root / folder))  # noqa: PTH208 - names, not paths
        except FileNotFoundError:
            return frozenset()
        except OSError as error:
            raise drive_error(error, self._root / folder, doing="listing") from error

    def sizes(self, folder: str) -> dict[str, int]:
        """The files in a folder now, with their bytes; nothing where there is no such folder.

        Raises:
            DriveError: the folder cannot be listed.
        """
        try:
            with os.scandir(self._root / folder) as entries:
                return {
                    entry.name: entry.stat(follow_symlinks=False).st_size
                    for entry in entries
                    if entry.is_file(follow_symlinks=False)
                }
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise drive_error(error, self._root / folder, doing="listing") from error

    def reserve(self, folder: str, names: Iterable[str]) -> None:
        """Gives names to a writer."""
        with self.lock:
            self._reserved.setdefault(folder, set()).update(keys_of(names))

    def release(self, folder: str, names: Iterable[str]) -> None:
        """Takes names back from a writer."""
        with self.lock:
            self._reserved.get(folder, set()).difference_update(keys_of(names))

    def recorded(self, folder: str, name: str) -> None:
        """A file was recorded."""
        with self.lock:
            keys = keys_of((name,))
            self._recorded.add(folder, keys)
            self._on_drive.add(folder, keys)

    def look_again(self, folder: str) -> None:
        """The folder holds something that was not expected: forget how it was listed."""
        with self.lock:
            self._on_drive.forget(folder)


class FolderKeeper:
    """Makes folders, and sees to it that a power cut cannot take away one that a file was promised in."""

    def __init__(self, root: Path, calls: SystemCalls) -> None:
        self._root = root
        self._calls = calls
        self._lock = threading.Lock()
        self._durable: set[str] = set()

    def ensure(self, folder: str) -> Path:
        """Makes a folder and its parents, each synced into its own parent; once in a job for each.

        A folder that is there already may be a dead job's, and never have reached the drive: it is synced,
        too.

        Raises:
            NotOurFolder: a link or a file is in its place.
            DriveError: it cannot be made.
        """
        path = self._root
        with self._lock:
            if folder in self._durable:
                return path / folder
            for name in folder.split("/") if folder else ():
                parent, path = path, path / name
                key = path.relative_to(self._root).as_posix()
                if key in self._durable:
                    continue
                try:
                    try:
                        self._calls.mkdir(path)
                    except FileExistsError as error:
                        if path.is_symlink() or not path.is_dir():
                            raise NotOurFolder(path) from error
                    self._calls.fsync_folder(parent)
                except OSError as error:
                    raise drive_error(error, path, doing="making the folder") from error
                self._durable.add(key)
        return path


@dataclass(frozen=True, slots=True)
class Workspace:
    """What the writers and the commit step of one job work with."""

    root: Path
    traits: FileSystemTraits
    calls: SystemCalls
    clock: Callable[[], float]
    parts: PartJournal
    names: NameBook
    folders: FolderKeeper
    existing: ExistingFiles
    reader: Reader
    commit_lock: threading.Lock = field(default_factory=threading.Lock)
