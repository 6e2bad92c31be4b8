"""Reading files back from the drive itself, and reporting when that is not possible.

Measured (write, sync, change the image underneath, read again): after posix_fadvise(DONTNEED), the drivers in
the kernel (ext4, XFS, vfat) return what is on the drive. A FUSE driver does so only after the cache of its
device node is dropped as well. The cache inside the drive cannot be bypassed.
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
from typing import Protocol

from ambertime_tui.drive.record.record_model import ReadBack
from ambertime_tui.drive.volume.file_system import CacheDropping, FileSystemTraits
from ambertime_tui.drive.volume.system_calls import SystemCalls, closing

_BLOCK = 512 << 10
"""Bytes. Small enough to be still in the processor cache when they are hashed."""


class Digest(Protocol):
    """A hash that is updated while bytes arrive."""

    def update(self, data: memoryview, /) -> None:
        """Add bytes."""

    def hexdigest(self) -> str:
        """The hash of all bytes so far, in hex."""


@dataclass(frozen=True, slots=True)
class FileDigest:
    """Size and hash of a file that was read."""

    size: int
    sha256: str
    read_back: ReadBack


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads files of one file system, bypassing the page cache if possible."""

    traits: FileSystemTraits
    device: str
    """Device node of the file system; empty if there is none."""
    calls: SystemCalls
    on_block: Callable[[], None] = lambda: None
    """Called after each block read from the drive."""
    _blocks: queue.SimpleQueue[memoryview] = field(
        default_factory=queue.SimpleQueue, init=False, repr=False, compare=False
    )

    def digest(self, path: Path, on_bytes: Callable[[int], None] | None = None) -> FileDigest:
        """Read a synced file from the drive. Returns size and SHA-256.

        Raises:
            OSError: from the drive.
        """
        reading = IncrementalReader(self, path, hashlib.sha256(), on_bytes)
        reading.read_rest()
        return FileDigest(reading.size, reading.hexdigest, reading.read_back)

    def drop_cached_pages(self, fd: int) -> bool | None:
        """Drop the cached pages of a file. False if some stayed, None if not supported here.

        After True, the next read comes from the drive.
        """
        if self.traits.cache_dropping is CacheDropping.NO:
            return None
        self.calls.drop_cache(fd)
        if self.traits.cache_dropping is CacheDropping.BY_DEVICE:
            try:
                with closing(self.calls, self.calls.open_device(self.device)) as device:
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
        """A buffer for one reader, aligned for O_DIRECT. Buffers are reused, because new pages cost time."""
        try:
            block = self._blocks.get_nowait()
        except queue.Empty:
            block = memoryview(mmap.mmap(-1, _BLOCK))
        try:
            yield block
        finally:
            self._blocks.put(block)


class IncrementalReader:
    """Reads a file back while it grows, so that little is left to read at the end of a long file.

    Each step reads what was synced before.
    """

    def __init__(
        self, reader: Reader, path: Path, digest: Digest, on_bytes: Callable[[int], None] | None = None
    ) -> None:
        """
        Args:
            reader: of the file system.
            path: the file.
            digest: updated with all bytes, in order.
            on_bytes: called with the number of bytes of each block.
        """
        self._reader = reader
        self._path = path
        self._on_bytes = on_bytes
        self._digest = digest
        self._size = 0
        self._from_drive = True

    def read_rest(self, on_data: Callable[[memoryview], object] | None = None) -> None:
        """Read from the last position to the current end of the file.

        Args:
            on_data: called with each block that is read, in order.

        Raises:
            OSError: from the drive.
        """
        calls = self._reader.calls
        with closing(calls, calls.open_read(self._path)) as fd:
            dropped = self._reader.drop_cached_pages(fd)
            direct = dropped is False and self._read_directly(on_data)
            self._read(fd, on_data)
            calls.drop_cache(fd)
        self._from_drive = self._from_drive and bool(dropped or direct)

    @property
    def size(self) -> int:
        """Bytes read so far."""
        return self._size

    @property
    def hexdigest(self) -> str:
        """Digest of what was read so far, in hex."""
        return self._digest.hexdigest()

    @property
    def read_back(self) -> ReadBack:
        """Whether all bytes so far came from the drive itself."""
        return ReadBack.FROM_DRIVE if self._from_drive else ReadBack.THROUGH_CACHE

    def _read_directly(self, on_data: Callable[[memoryview], object] | None) -> bool:
        """Read with O_DIRECT. False if the file system does not support it."""
        calls = self._reader.calls
        try:
            with closing(calls, calls.open_read(self._path, direct=True)) as fd:
                self._read(fd, on_data)
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOTSUP):
                return False
            raise
        return True

    def _read(self, fd: int, on_data: Callable[[memoryview], object] | None) -> None:
        end = os.fstat(fd).st_size
        with self._reader.block() as block:
            while self._size < end:
                # O_DIRECT must start at a block boundary, and must not read after an unaligned end.
                known = self._size % _BLOCK
                count = os.preadv(fd, [block], self._size - known) - known
                if count <= 0:
                    return
                self._digest.update(block[known : known + count])
                if on_data is not None:
                    on_data(block[known : known + count])
                self._size += count
                self._reader.on_block()
                if self._on_bytes is not None:
                    self._on_bytes(count)
