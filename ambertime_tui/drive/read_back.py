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

from ambertime_tui.drive.file_system import CacheDropping, FileSystemTraits
from ambertime_tui.drive.recorded import ReadBack
from ambertime_tui.drive.system_calls import SystemCalls, closing

_BLOCK = 1 << 20


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
    """Called for each MiB that the drive gives."""
    _blocks: queue.SimpleQueue[memoryview] = field(
        default_factory=queue.SimpleQueue, init=False, repr=False, compare=False
    )

    def digest(self, path: Path, on_bytes: Callable[[int], None] | None = None) -> FileDigest:
        """Size and SHA-256 of what the drive gives for a file that is synced.

        Raises:
            OSError: as the drive says.
        """
        with closing(self.calls, self.calls.open_read(path)) as fd:
            dropped = self._drop(fd)
            if dropped is False:
                around = self._digest_direct(path, on_bytes)
                if around is not None:
                    return around
            size, digest = self._hash(fd, on_bytes)
            self.calls.drop_cache(fd)
        return FileDigest(size, digest, ReadBack.FROM_DRIVE if dropped else ReadBack.THROUGH_CACHE)

    def hash_of(self, path: Path) -> hashlib._Hash:
        """SHA-256 of what the drive gives for a file, ready to be fed with what follows.

        Raises:
            OSError: as the drive says.
        """
        digest = hashlib.sha256()
        with closing(self.calls, self.calls.open_read(path)) as fd, self._block() as block:
            self._drop(fd)
            while count := os.readv(fd, [block]):
                digest.update(block[:count])
                self.on_block()
        return digest

    def _drop(self, fd: int) -> bool | None:
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

    def _hash(
        self, fd: int, on_bytes: Callable[[int], None] | None, until: int | None = None
    ) -> tuple[int, str]:
        digest, size = hashlib.sha256(), 0
        with self._block() as block:
            while size != until and (count := os.readv(fd, [block])):
                digest.update(block[:count])
                size += count
                self.on_block()
                if on_bytes is not None:
                    on_bytes(count)
        return size, digest.hexdigest()

    @contextmanager
    def _block(self) -> Iterator[memoryview]:
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

    def _digest_direct(self, path: Path, on_bytes: Callable[[int], None] | None) -> FileDigest | None:
        """By O_DIRECT; None where the file system has no such thing."""
        try:
            with closing(self.calls, self.calls.open_read(path, direct=True)) as fd:
                # A read at the unaligned end of the file may be refused: it is not asked for.
                size, digest = self._hash(fd, on_bytes, until=os.fstat(fd).st_size)
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOTSUP):
                return None
            raise
        return FileDigest(size, digest, ReadBack.FROM_DRIVE)
