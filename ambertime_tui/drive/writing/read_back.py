"""Reading a file back from the drive itself, and saying honestly where that cannot be done.

Measured (write, sync, change the image underneath, read again): after posix_fadvise(DONTNEED) the kernel's
drivers (ext4, XFS, vfat) give what is on the drive; a FUSE driver gives it only once the cache of its device
node is dropped, too. The drive's own cache is beyond any of this.
"""

from __future__ import annotations

import errno
import hashlib
import mmap
import os
import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ambertime_tui.drive.record.record_model import ReadBack
from ambertime_tui.drive.volume.file_system import CacheDropping, FileSystemTraits
from ambertime_tui.drive.volume.system_calls import SystemCalls, closing

_BLOCK = 512 << 10
"""Bytes: what a processor still has at hand when it comes to hash them."""


@dataclass(frozen=True, slots=True)
class FileDigest:
    """What reading a file gave."""

    size: int
    sha256: str
    read_back: ReadBack


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads files of one file system past the page cache, as far as it allows."""

    traits: FileSystemTraits
    device: str
    """Device node under the file system; empty where there is none."""
    calls: SystemCalls
    on_block: Callable[[], None] = lambda: None
    """Called for each block that the drive gives."""
    _blocks: queue.SimpleQueue[memoryview] = field(
        default_factory=queue.SimpleQueue, init=False, repr=False, compare=False
    )

    def digest(self, path: Path, on_bytes: Callable[[int], None] | None = None) -> FileDigest:
        """Size and SHA-256 of what the drive gives for a file that is synced.

        Raises:
            OSError: as the drive says.
        """
        reading = IncrementalReader(self, path, on_bytes)
        reading.read_rest()
        return reading.digest

    def drop_cached_pages(self, fd: int) -> bool | None:
        """True: the next read comes from the drive. False: pages stayed. None: cannot be had here."""
        if self.traits.cache_dropping is CacheDropping.NO:
            return None
        self.calls.drop_cache(fd)
        if self.traits.cache_dropping is CacheDropping.BY_DEVICE:
            try:
                with closing(self.calls, self.calls.open_read(Path(self.device))) as device:
                    self.calls.drop_cache(device)
            except OSError as error:
                if error.errno in (errno.EACCES, errno.EPERM, errno.ENOENT, errno.ELOOP):
                    return None
                raise
            return True
        size = os.fstat(fd).st_size
        offsets = {0, size // 2, max(0, size - 1)} if size else set()
        return not any(self.calls.is_cached(fd, offset) for offset in offsets)

    @contextmanager
    def block(self) -> Iterator[memoryview]:
        """Memory for one reader at a time, aligned as O_DIRECT wants it; used again, since the kernel clears
        each new page."""
        try:
            block = self._blocks.get_nowait()
        except queue.Empty:
            block = memoryview(mmap.mmap(-1, _BLOCK))
        try:
            yield block
        finally:
            self._blocks.put(block)


class IncrementalReader:
    """A file that is read back while it grows: each step takes what was synced before it. So little is left
    to read at the end of a long file."""

    def __init__(self, reader: Reader, path: Path, on_bytes: Callable[[int], None] | None = None) -> None:
        self._reader = reader
        self._path = path
        self._on_bytes = on_bytes
        self._hash = hashlib.sha256()
        self._size = 0
        self._from_drive = True

    def read_rest(self) -> None:
        """Reads from where it stopped to where the file ends now.

        Raises:
            OSError: as the drive says.
        """
        calls = self._reader.calls
        with closing(calls, calls.open_read(self._path)) as fd:
            dropped = self._reader.drop_cached_pages(fd)
            around = dropped is False and self._read_directly()
            self._read(fd)
            calls.drop_cache(fd)
        self._from_drive = self._from_drive and bool(dropped or around)

    @property
    def digest(self) -> FileDigest:
        """What was read so far."""
        how = ReadBack.FROM_DRIVE if self._from_drive else ReadBack.THROUGH_CACHE
        return FileDigest(self._size, self._hash.hexdigest(), how)

    def hash_so_far(self) -> hashlib._Hash:
        """SHA-256 of what was read so far, to be fed with what follows."""
        return self._hash.copy()

    def _read_directly(self) -> bool:
        """By O_DIRECT; False where the file system has no such thing."""
        calls = self._reader.calls
        try:
            with closing(calls, calls.open_read(self._path, direct=True)) as fd:
                self._read(fd)
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOTSUP):
                return False
            raise
        return True

    def _read(self, fd: int) -> None:
        end = os.fstat(fd).st_size
        with self._reader.block() as block:
            while self._size < end:
                # O_DIRECT wants to begin at a block; and nothing is asked for behind an unaligned end.
                known = self._size % _BLOCK
                count = os.preadv(fd, [block], self._size - known) - known
                if count <= 0:
                    return
                self._hash.update(block[known : known + count])
                self._size += count
                self._reader.on_block()
                if self._on_bytes is not None:
                    self._on_bytes(count)
