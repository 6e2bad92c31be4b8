"""Files that are already on the target and may have the bytes of an asset.

They may come from an earlier archive or another tool, or be recorded for another phone with the same photos.
Such a file is recorded where it is instead of being written a second time. Only size and SHA-256 decide,
read from the drive after the file was synced.
"""

from __future__ import annotations

import stat
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from contextlib import closing as closing_iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ambertime_tui.drive.layout import CHECKSUMS
from ambertime_tui.drive.os_errors import drive_error
from ambertime_tui.drive.record.record import Record
from ambertime_tui.drive.volume.name_keys import is_text, name_key
from ambertime_tui.drive.volume.service_folders import service_of
from ambertime_tui.drive.volume.system_calls import SystemCalls, closing
from ambertime_tui.drive.writing.read_back import FileDigest, Reader
from ambertime_tui.drive.writing.same_size import SameSizeFiles

InLibrary = Callable[[str], bool]
"""Whether a phone's library has an asset of this uuid."""


@dataclass(frozen=True, slots=True)
class _Hashed:
    """The digest of a file, valid until its size, time or inode changes."""

    digest: FileDigest
    modified_ns: int
    inode: int


class ExistingFiles:
    """An index, by size, of files that may match an asset. Its methods are safe to call from any thread."""

    def __init__(self, root: Path, record: Record, reader: Reader, calls: SystemCalls) -> None:
        self._root = root
        self._record = record
        self._reader = reader
        self._calls = calls
        self._lock = threading.Lock()
        self._by_size: dict[int, SameSizeFiles] | None = None
        self._hashed: dict[str, _Hashed] = {}
        self._shared: set[str] = set()
        """Recorded files that an asset of this job shares."""
        self._in_library: dict[str, InLibrary] = {}
        self._not_shareable: set[tuple[str, int, str]] = set()
        """Phone, size and hash (empty: any) of recorded files that this phone has already."""

    def set_library(self, udid: str, in_library: InLibrary) -> None:
        """Set which assets a phone's library has now.

        Recorded files of assets no longer in the library may match other assets: after a phone is set up
        again, the same photos have new uuids.
        """
        with self._lock:
            self._in_library[udid] = in_library
            self._not_shareable.clear()

    def note_recorded(self, udid: str, sizes: Iterable[int]) -> None:
        """Note that files of a phone were recorded, because another phone may share them."""
        with self._lock:
            recorded = set(sizes)
            if any(other != udid and size in recorded for other, size, _ in self._not_shareable):
                self._not_shareable.clear()

    def has_size(self, udid: str, size: int) -> bool:
        """Whether any existing file has `size` bytes and could match an asset of this phone.

        Raises:
            DriveError: the target cannot be listed.
        """
        if not self._may_have(size):
            return False
        with self._lock:
            return bool(self._index().get(size)) or self._next_shareable(udid, size) is not None

    def count_of_sizes(self, udid: str, sizes: Iterable[int]) -> tuple[int, int]:
        """How many files of these sizes may already be on the target, at most, and their total bytes.

        Raises:
            DriveError: the target cannot be listed.
        """
        with self._lock:
            index, files, total = self._index(), 0, 0
            # Count only sizes that occur on the drive: usually few, even for a whole library.
            found = Counter(size for size in sizes if size in index or self._record.may_have_size(size))
            for size, count in found.items():
                available = len(index.get(size, ()))
                if available < count and size:
                    available += len({path for path, shareable in self._owners(udid, size) if shareable})
                files += min(count, available)
                total += size * min(count, available)
            return files, total

    def take(self, udid: str, size: int, sha256: str, preferred: str) -> tuple[str, FileDigest] | None:
        """Find a file with exactly these bytes and reserve it for the caller. None if there is none.

        Args:
            udid: the caller's phone.
            size: in bytes; an empty file never matches.
            sha256: in hex.
            preferred: the planned path (relative to the target); a match there comes first.

        Raises:
            DriveError: the target cannot be listed.
        """
        if not self._may_have(size):
            return None
        with self._lock:
            found = self._unrecorded(size, sha256, preferred)
            if found is not None:
                return found
            while (path := self._next_shareable(udid, size, sha256)) is not None:
                digest = self._digest(path)
                self._shared.add(path)  # a file that was changed is not offered again
                if digest is not None and (digest.size, digest.sha256) == (size, sha256):
                    return path, digest
        return None

    def find_unrecorded(self, size: int, sha256: str, preferred: str) -> tuple[str, FileDigest] | None:
        """Find and reserve a file with exactly these bytes that is not recorded.

        Args: see `take`.

        Raises:
            DriveError: the target cannot be listed.
        """
        with self._lock:
            return self._unrecorded(size, sha256, preferred) if size else None

    def has_recorded(self, size: int, sha256: str) -> bool:
        """Whether these bytes (SHA-256 in hex) are those of a recorded file."""
        with closing_iterator(self._record.files_of_size(size, sha256)) as owners:
            return next(owners, None) is not None

    def _unrecorded(self, size: int, sha256: str, preferred: str) -> tuple[str, FileDigest] | None:
        same_size = self._index().get(size)
        if not same_size:
            return None
        for path in same_size.candidates(sha256, preferred):
            digest = self._digest(path)
            fits = digest is not None and digest.size == size
            same_size.note(path, digest.sha256 if digest is not None and fits else None)
            if digest is not None and fits and digest.sha256 == sha256:
                same_size.discard(path)
                return path, digest
        return None

    def release(self, path: str, size: int) -> None:
        """Make a file available again that the caller does not use after all."""
        with self._lock:
            if path in self._shared:
                self._shared.discard(path)
                self._not_shareable.clear()
            elif self._by_size is not None:
                self._by_size.setdefault(size, SameSizeFiles()).add(path)

    def _may_have(self, size: int) -> bool:
        """False if no file can match. Usually answered without taking a lock."""
        listed = self._by_size
        return size > 0 and (listed is None or bool(listed.get(size)) or self._record.may_have_size(size))

    def _next_shareable(self, udid: str, size: int, sha256: str = "") -> str | None:
        """Path of a recorded file that an asset of a phone may share; None if there is none.

        Remembers where there is none. Otherwise each of many files of one size would look at all others.
        """
        key = (udid, size, sha256)
        if key in self._not_shareable or (udid, size, "") in self._not_shareable:
            return None
        with closing_iterator(self._owners(udid, size, sha256)) as owners:
            for path, shareable in owners:
                if shareable:
                    self._not_shareable.discard(key)
                    return path
                self._not_shareable.add(key)
        return None

    def _owners(self, udid: str, size: int, sha256: str = "") -> Generator[tuple[str, bool], None, None]:
        """Recorded files, and whether an asset of a phone may share them.

        It may share those that no other asset of its library has. Locks the record until it is closed.
        """
        in_library = self._in_library.get(udid, _may_have_any)
        with closing_iterator(self._record.files_of_size(size, sha256)) as owners:
            for owner in owners:
                taken = owner.path in self._shared or (owner.udid == udid and in_library(owner.uuid))
                yield owner.path, not (taken or self._is_owned(udid, owner.path))

    def _is_owned(self, udid: str, path: str) -> bool:
        """Whether an asset in a phone's library has a recorded file."""
        in_library = self._in_library.get(udid, _may_have_any)
        return any(of == udid and in_library(uuid) for of, uuid in self._record.owners_at(path))

    def _index(self) -> dict[int, SameSizeFiles]:
        if self._by_size is None:
            found: dict[int, SameSizeFiles] = {}
            try:
                self._walk("", found)
            except OSError as error:
                raise drive_error(error, self._root, doing="listing") from error
            self._by_size = found  # set last, because _may_have reads it without the lock
        return self._by_size

    def _walk(self, folder: str, found: dict[int, SameSizeFiles]) -> None:
        recorded = self._record.name_keys_in(folder)
        for entry in self._calls.list_entries(self._root / folder):
            name = entry.name
            path = f"{folder}/{name}" if folder else name
            if name.startswith(".") or name == CHECKSUMS or not is_text(name):
                continue
            if entry.is_folder:
                if service_of(name) is not None:
                    continue
                # Other programs may change or protect it. An unreadable folder must not stop the backup.
                with suppress(OSError):
                    self._walk(path, found)
            elif name_key(name) not in recorded and entry.is_file:
                found.setdefault(entry.size, SameSizeFiles()).add(path)

    def _digest(self, path: str) -> FileDigest | None:
        """Sync the file and its name, then hash it as read from the drive. None if it cannot be read."""
        full = self._root / path
        try:
            facts = self._calls.stat(full)
            if not stat.S_ISREG(facts.st_mode):
                return None
            known = self._hashed.get(path)
            as_it_was = (facts.st_size, facts.st_mtime_ns, facts.st_ino)
            if known is not None and as_it_was == (known.digest.size, known.modified_ns, known.inode):
                return known.digest
            with closing(self._calls, self._calls.open_read(full)) as fd:
                self._calls.fsync(fd)
            for folder in (full.parent, *full.parent.parents):
                self._calls.fsync_folder(folder)
                if folder == self._root:
                    break
            digest = self._reader.digest(full)
        except OSError:
            return None
        self._hashed[path] = _Hashed(digest, facts.st_mtime_ns, facts.st_ino)
        return digest


def _may_have_any(uuid: str) -> bool:
    """The default until `set_library` is called: any asset may still be in the library."""
    return True
