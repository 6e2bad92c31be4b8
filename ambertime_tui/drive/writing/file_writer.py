"""Writing one file to a hidden part: synced, and read back from the drive. The commit step makes it
visible."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ambertime_tui.drive.errors import DriveError, FileTooLarge, ReadBackDiffers, SizeDiffers, drive_error
from ambertime_tui.drive.record.record_model import ReadBack, RecordedFile
from ambertime_tui.drive.writing.context import WriteContext
from ambertime_tui.drive.writing.naming import PlacedFile
from ambertime_tui.drive.writing.part_journal import Checkpoint
from ambertime_tui.drive.writing.read_back import FileDigest, IncrementalReader

CHECKPOINT_EVERY = 256 << 20
"""Bytes of a file after which it is synced, read back, and noted how far it is on the drive: what a crash may
cost."""


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A file that is whole on the drive, hidden yet (`part`), or there from before (`adopted`)."""

    placed: PlacedFile
    part: str | None
    existing: str | None
    size: int
    sha256: str
    modified_at: float | None
    source_modified_at: float | None
    read_back: ReadBack
    repairs: RecordedFile | None = None
    """The recorded file that this one takes the place of, because it is damaged or missing."""


class FileWriter:
    """Writes one resource to its part."""

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
            placed: the resource, and the name it gets.
            part: where it is written.
            preferred: where it should go.
            expected_size: bytes; None: not known.
            modified_at: for the file.
            source_modified_at: on the phone.
            source: what it is a copy of, in the state it is in: to go on with it in another run.
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
        self._reading = IncrementalReader(context.reader, context.root / part)
        self._size = 0
        self._fd: int | None = None
        self._made = False
        self._match: tuple[str, FileDigest] | None = None
        self._read_back: ReadBack | None = None

    @property
    def path(self) -> Path:
        """Where the part lies."""
        return self._context.root / self._part

    @property
    def written(self) -> int:
        """Bytes taken so far."""
        return self._size

    def open(self) -> None:
        """Makes the part (announced before)."""
        try:
            self._fd = self._context.calls.create(self.path)
        except OSError as error:
            raise drive_error(error, self.path) from error
        self._made = True

    def resume(self, checkpoint: Checkpoint) -> bool:
        """Opens a part that a dead job left; False, and the part is thrown away, where the drive does not
        give the bytes that were noted then."""
        self._made = True
        calls = self._context.calls
        try:
            self._fd = calls.open_existing(self.path)
            calls.truncate(self._fd, checkpoint.size)
            self._reading.read_rest()
        except OSError:
            self.discard()
            return False
        if self._reading.digest.sha256 != checkpoint.sha256:
            self.discard()
            return False
        self._hash = self._reading.hash_so_far()
        self._size = self._checked = checkpoint.size
        return True

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Appends bytes.

        Raises:
            SizeDiffers: more came than was announced.
            DriveError: the drive failed; the part is thrown away.
        """
        fd = self._descriptor()
        rest = memoryview(chunk)
        self._hash.update(rest)
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
        """The last byte was written: finds a file of the same bytes to adopt, or syncs the part and reads it
        back.

        Raises:
            SizeDiffers: fewer bytes came than were announced.
            ReadBackDiffers: the drive gave other bytes than it was given.
            DriveError: the drive failed. In all cases the part is thrown away.
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
        """Path of the file found to have the same bytes; None: there is none."""
        return None if self._match is None else self._match[0]

    def reject_match(self) -> None:
        """The part is needed after all: the file that was found would tear the asset apart."""
        if self._match is not None:
            self._context.existing.release(self._match[0], self._size)
            self._match = None
            self.sync_and_read_back()

    def sync_and_read_back(self) -> None:
        """Capture time, fsync, close, and the read-back from the drive; never a second fsync."""
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
        self._read_back = self._reading.digest.read_back

    def _read_back_rest(self) -> None:
        """Everything so far is synced: reads back what was not read yet.

        Raises:
            ReadBackDiffers: the drive gave other bytes than it was given.
            OSError: as the drive says.
        """
        self._reading.read_rest()
        found = self._reading.digest
        if (found.size, found.sha256) != (self._size, self._hash.hexdigest()):
            raise ReadBackDiffers(self.path)

    def staged(self, repairs: RecordedFile | None) -> StagedFile:
        """The finished file; the part of an adopted one is removed."""
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
            repairs=repairs,
        )

    @property
    def finished(self) -> bool:
        """True once finish() has succeeded."""
        return self._match is not None or self._read_back is not None

    def discard(self) -> None:
        """Throws the part away, and lets go of a file that was found."""
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
            discard_part(self._context, self._part)

    def _descriptor(self) -> int:
        if self._fd is None:
            raise ValueError(f"{self._part} is not open for writing")
        return self._fd


def discard_part(context: WriteContext, part: str) -> None:
    """Removes a part; one that cannot be removed now stays announced, for the next start."""
    try:
        context.calls.unlink(context.root / part)
    except FileNotFoundError:
        pass
    except OSError:
        return
    context.parts.forget((part,))
