"""Writing one file to a hidden part: write, sync, read back. The commit step makes it visible."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from xxhash import xxh3_128

from ambertime_tui.drive.errors import (
    DriveError,
    FileTooLarge,
    ReadBackDiffers,
    SizeDiffers,
)
from ambertime_tui.drive.os_errors import drive_error
from ambertime_tui.drive.record.record_model import ReadBack, RecordedFile
from ambertime_tui.drive.writing.context import WriteContext
from ambertime_tui.drive.writing.naming import PlacedFile
from ambertime_tui.drive.writing.part_journal import Checkpoint
from ambertime_tui.drive.writing.read_back import FileDigest, IncrementalReader
from ambertime_tui.library.fingerprint import Fingerprint

CHECKPOINT_EVERY = 256 << 20
"""Bytes between two checkpoints of a file. A crash costs at most this much."""


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A file that is complete on the drive: a hidden part, or an existing file with the same bytes."""

    placed: PlacedFile
    part: str | None
    existing: str | None
    size: int
    sha256: str
    modified_at: float | None
    source_modified_at: float | None
    read_back: ReadBack
    fingerprint: str | None = None
    """Apple's fingerprint of the bytes that were received; None for a file that is not an original."""
    repairs: RecordedFile | None = None
    """The damaged or missing file that this one replaces."""


class FileWriter:
    """Writes one resource to its part file."""

    def __init__(
        self,
        context: WriteContext,
        udid: str,
        placed: PlacedFile,
        part: str,
        preferred: str,
        expected_size: int | None,
        modified_at: float | None,
        source_modified_at: float | None,
        source: str = "",
    ) -> None:
        """
        Args:
            context: what the writers share.
            udid: the phone.
            placed: the resource and its name.
            part: path of the part.
            preferred: path where the file should go.
            expected_size: bytes; None if not known.
            modified_at: modification time for the file.
            source_modified_at: modification time on the phone.
            source: identifies the file on the phone and its state, for a resume in a later run.
        """
        self._source = source
        self._checked = 0
        self._context = context
        self._udid = udid
        self._placed = placed
        self._part = part
        self._preferred = preferred
        self._expected_size = expected_size
        self._modified_at = modified_at
        self._source_modified_at = source_modified_at
        self._hash = hashlib.sha256()
        self._fingerprint = Fingerprint() if placed.resource.role.is_original else None
        self._received = xxh3_128()
        self._reading = IncrementalReader(context.reader, context.root / part, xxh3_128())
        self._size = 0
        self._fd: int | None = None
        self._made = False
        self._match: tuple[str, FileDigest] | None = None
        self._read_back: ReadBack | None = None

    @property
    def path(self) -> Path:
        """Path of the part."""
        return self._context.root / self._part

    @property
    def written(self) -> int:
        """Bytes written so far."""
        return self._size

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes written so far, in hex."""
        return self._hash.hexdigest()

    @property
    def fingerprint(self) -> str | None:
        """Apple's fingerprint of the bytes written so far; None for a file that is not an original."""
        return None if self._fingerprint is None else self._fingerprint.value()

    def open(self) -> None:
        """Create the part, which must be registered in the journal."""
        try:
            self._fd = self._context.calls.create(self.path)
        except FileExistsError as error:  # another program's
            raise drive_error(error, self.path) from error
        except OSError as error:
            self._made = True  # the drive may have made it before it failed
            self.discard()
            raise drive_error(error, self.path) from error
        self._made = True

    def resume(self, checkpoint: Checkpoint) -> bool:
        """Open the part of an interrupted job and verify it up to its checkpoint.

        False, with the part discarded, if the bytes on the drive are not those of the checkpoint.
        """
        self._made = True
        calls = self._context.calls
        try:
            self._fd = calls.open_existing(self.path)
            calls.truncate(self._fd, checkpoint.size)
            self._reading.read_rest(self._update)
        except OSError:
            self.discard()
            return False
        if self.sha256 != checkpoint.sha256:
            self.discard()
            return False
        self._size = self._checked = checkpoint.size
        return True

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Append bytes.

        Raises:
            SizeDiffers: more bytes came than expected.
            DriveError: the drive failed. In all cases the part is discarded.
        """
        fd = self._descriptor()
        rest = memoryview(chunk)
        self._update(rest)
        self._size += len(rest)
        if self._expected_size is not None and self._size > self._expected_size:
            self.discard()
            raise SizeDiffers(Path(self._preferred), self._expected_size, self._size)
        limit = self._context.traits.max_file_bytes
        if limit is not None and self._size > limit:
            self.discard()
            raise FileTooLarge(Path(self._preferred), self._expected_size, limit)
        try:
            while rest:
                rest = rest[self._context.calls.write(fd, rest) :]
            if self._source and self._size - self._checked >= CHECKPOINT_EVERY:
                self._context.calls.fsync(fd)
                self._checked = self._size
                self._read_back_rest()
                so_far = Checkpoint(self._part, self._source, self._size, self._hash.hexdigest())
                self._context.parts.add_checkpoint(so_far)
        except OSError as error:
            self.discard()
            raise drive_error(error, self.path, size=self._expected_size) from error
        except DriveError:
            self.discard()
            raise

    def finish(self) -> None:
        """Finish the file: find an existing file with the same bytes, or sync the part and read it back.

        Raises:
            SizeDiffers: fewer bytes came than expected.
            ReadBackDiffers: the drive returned different bytes than were written.
            DriveError: the drive failed. In all cases the part is discarded.
        """
        self._descriptor()
        if self._expected_size is not None and self._size != self._expected_size:
            self.discard()
            raise SizeDiffers(Path(self._preferred), self._expected_size, self._size)
        try:
            self._match = self._context.existing.take(
                self._udid, self._size, self._hash.hexdigest(), self._preferred
            )
        except DriveError:
            self.discard()
            raise
        if self._match is None:
            self.sync_and_read_back()

    @property
    def match(self) -> str | None:
        """Path of an existing file with the same bytes; None if there is none."""
        return None if self._match is None else self._match[0]

    def reject_match(self) -> None:
        """Use the part instead of the matching file, which would split the asset between folders."""
        if self._match is not None:
            self._context.existing.release(self._match[0], self._size)
            self._match = None
            self.sync_and_read_back()

    def sync_and_read_back(self) -> None:
        """Set the capture time, sync, close and read back. Never syncs twice."""
        calls = self._context.calls
        fd = self._descriptor()
        try:
            if self._modified_at is not None:
                calls.set_modified(fd, self._modified_at)
            calls.fsync(fd)
            self._fd = None
            calls.close(fd)
            self._read_back_rest()
        except OSError as error:
            self.discard()
            raise drive_error(error, self.path, size=self._size) from error
        except DriveError:
            self.discard()
            raise
        self._read_back = self._reading.read_back

    def _update(self, data: memoryview) -> None:
        """Add bytes that were received."""
        self._hash.update(data)
        self._received.update(data)
        if self._fingerprint is not None:
            self._fingerprint.update(data)

    def _read_back_rest(self) -> None:
        """Read back what was synced since the last time, and compare it with what was received.

        A fast 128-bit hash is enough here: it is to notice what a drive loses, not what somebody forges. The
        SHA-256 that is recorded was computed from the bytes as they arrived.

        Raises:
            ReadBackDiffers: the drive returned different bytes than were written.
            OSError: from the drive.
        """
        self._reading.read_rest()
        if (self._reading.size, self._reading.hexdigest) != (self._size, self._received.hexdigest()):
            raise ReadBackDiffers(self.path)

    def staged(self, repairs: RecordedFile | None) -> StagedFile:
        """The finished file. If an existing file matches, its part is removed."""
        if self._match is not None:
            path, digest = self._match
            self._match = None
            self.discard()
            part, existing, read_back = None, path, digest.read_back
        else:
            assert self._read_back is not None, "finish() comes first"
            part, existing, read_back = self._part, None, self._read_back
        return StagedFile(
            placed=self._placed,
            part=part,
            existing=existing,
            size=self._size,
            sha256=self._hash.hexdigest(),
            modified_at=self._modified_at,
            source_modified_at=self._source_modified_at,
            read_back=read_back,
            fingerprint=self.fingerprint,
            repairs=repairs,
        )

    @property
    def finished(self) -> bool:
        """True after finish() succeeded."""
        return self._match is not None or self._read_back is not None

    def discard(self) -> None:
        """Discard the part and release a matching file."""
        calls = self._context.calls
        if self._match is not None:
            self._context.existing.release(self._match[0], self._size)
            self._match = None
        self._read_back = None
        fd, self._fd = self._fd, None
        if fd is not None:
            with suppress(OSError):
                calls.close(fd)
        if self._made:
            self._made = False
            self._context.parts.discard(self._part)

    def _descriptor(self) -> int:
        if self._fd is None:
            raise ValueError(f"{self._part} is not open for writing")
        return self._fd
