"""Writing one asset to hidden parts: synced, and read back from the drive. The commit step makes it visible.

Several assets may be staged at once, each by a thread of its own; what they share is in the Workspace.
"""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from ambertime_tui.drive.errors import (
    DriveError,
    FileTooLarge,
    ReadBackDiffers,
    SizeDiffers,
    drive_error,
)
from ambertime_tui.drive.naming import Place, PlacedFile, part_name, place
from ambertime_tui.drive.read_back import FileDigest
from ambertime_tui.drive.recorded import ReadBack, RecordedAsset, RecordedFile
from ambertime_tui.drive.workspace import Workspace
from ambertime_tui.library.model import Asset, Resource


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A file that is whole on the drive, hidden yet (`part`), or there from before (`adopted`)."""

    placed: PlacedFile
    part: str | None
    adopted: str | None
    size: int
    sha256: str
    modified_at: float | None
    source_modified_at: float | None
    read_back: ReadBack
    repairs: RecordedFile | None = None
    """The recorded file that this one takes the place of, because it is damaged or missing."""


@dataclass(frozen=True, slots=True)
class StagedAsset:
    """An asset whose files are whole on the drive, ready for `Target.commit`."""

    udid: str
    asset: Asset
    place: Place
    files: tuple[StagedFile, ...]
    recorded: RecordedAsset | None
    """What the record holds of the asset already."""

    @property
    def bytes(self) -> int:
        """Size of its files together."""
        return sum(file.size for file in self.files)


class FileWriter:
    """Writes one resource to its part."""

    def __init__(
        self,
        workspace: Workspace,
        placed: PlacedFile,
        part: str,
        preferred: str,
        expected_size: int | None,
        modified_at: float | None,
        source_modified_at: float | None,
    ) -> None:
        self._workspace = workspace
        self._placed = placed
        self._part = part
        self._preferred = preferred
        self._expected_size = expected_size
        self._modified_at = modified_at
        self._source_modified_at = source_modified_at
        self._hash = hashlib.sha256()
        self._size = 0
        self._fd: int | None = None
        self._made = False
        self._adopted: tuple[str, FileDigest] | None = None
        self._read_back: ReadBack | None = None

    @property
    def path(self) -> Path:
        """Where the part lies."""
        return self._workspace.root / self._part

    @property
    def written(self) -> int:
        """Bytes taken so far."""
        return self._size

    def open(self) -> None:
        """Makes the part (announced before)."""
        try:
            self._fd = self._workspace.calls.create(self.path)
        except OSError as error:
            raise drive_error(error, self.path) from error
        self._made = True

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
        limit = self._workspace.traits.max_file_bytes
        if limit is not None and self._size > limit:
            self.discard()
            raise FileTooLarge(Path(self._preferred), self._expected_size, limit)
        try:
            while rest:
                rest = rest[self._workspace.calls.write(fd, rest) :]
        except OSError as error:
            self.discard()
            raise drive_error(error, self.path, size=self._expected_size) from error

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
            self._adopted = self._workspace.existing.claim(
                self._size, self._hash.hexdigest(), self._preferred
            )
        except DriveError:
            self.discard()
            raise
        if self._adopted is None:
            self.settle()

    @property
    def adopted(self) -> str | None:
        """Path of the file found to have the same bytes; None: there is none."""
        return None if self._adopted is None else self._adopted[0]

    def reject_adoption(self) -> None:
        """The part is needed after all: the file that was found would tear the asset apart."""
        if self._adopted is not None:
            self._workspace.existing.give_back(self._adopted[0], self._size)
            self._adopted = None
            self.settle()

    def settle(self) -> None:
        """Capture time, fsync, close, and the read-back from the drive; never a second fsync."""
        calls = self._workspace.calls
        fd = self._descriptor()
        try:
            if self._modified_at is not None:
                calls.set_modified(fd, self._modified_at)
            calls.fsync(fd)
            self._fd = None
            calls.close(fd)
            found = self._workspace.reader.digest(self.path)
        except OSError as error:
            self.discard()
            raise drive_error(error, self.path, size=self._size) from error
        if (found.size, found.sha256) != (self._size, self._hash.hexdigest()):
            self.discard()
            raise ReadBackDiffers(self.path)
        self._read_back = found.read_back

    def staged(self, repairs: RecordedFile | None) -> StagedFile:
        """The finished file; the part of an adopted one is removed."""
        if self._adopted is not None:
            path, digest = self._adopted
            self._adopted = None
            self.discard()
            return self._described(None, path, digest.read_back, repairs)
        assert self._read_back is not None, "finish() comes first"
        return self._described(self._part, None, self._read_back, repairs)

    @property
    def finished(self) -> bool:
        """True once finish() has succeeded."""
        return self._adopted is not None or self._read_back is not None

    def discard(self) -> None:
        """Throws the part away, and lets go of a file that was found."""
        calls = self._workspace.calls
        if self._adopted is not None:
            self._workspace.existing.give_back(self._adopted[0], self._size)
            self._adopted = None
        self._read_back = None
        fd, self._fd = self._fd, None
        if fd is not None:
            with suppress(OSError):
                calls.close(fd)
        if self._made:
            self._made = False
            discard_part(self._workspace, self._part)

    def _descriptor(self) -> int:
        if self._fd is None:
            raise ValueError(f"{self._part} is not open for writing")
        return self._fd

    def _described(
        self, part: str | None, adopted: str | None, read_back: ReadBack, repairs: RecordedFile | None
    ) -> StagedFile:
        return StagedFile(
            placed=self._placed,
            part=part,
            adopted=adopted,
            size=self._size,
            sha256=self._hash.hexdigest(),
            modified_at=self._modified_at,
            source_modified_at=self._source_modified_at,
            read_back=read_back,
            repairs=repairs,
        )


class AssetWriter:
    """Writes the files of one asset; a context manager that leaves nothing behind unless `stage` was
    reached."""

    def __init__(
        self,
        workspace: Workspace,
        udid: str,
        asset: Asset,
        resources: Sequence[Resource],
        recorded: RecordedAsset | None,
        repairs: Sequence[RecordedFile] = (),
    ) -> None:
        self._workspace = workspace
        self._udid = udid
        self._asset = asset
        self._recorded = recorded
        self._repairs = {file.role: file for file in repairs}
        self._writers: dict[Resource, FileWriter] = {}
        self._announced: dict[Resource, str] = {}
        self._done = False
        names = workspace.names
        with names.lock:
            self._place = place(asset, workspace.traits, names.given, resources=resources, recorded=recorded)
            names.reserve(self._place.folder, (file.name for file in self._place.files))

    @property
    def place(self) -> Place:
        """Where the files are meant to go; a file that lies there already may yet change the names."""
        return self._place

    def begin(
        self,
        resource: Resource,
        expected_size: int | None,
        modified_at: float | None,
        *,
        source_modified_at: float | None = None,
    ) -> FileWriter:
        """Opens the part of a resource.

        Args:
            resource: one of those the writer was made for; begun again, it starts anew.
            expected_size: bytes, as the phone says; None: not known, and not checked.
            modified_at: modification time for the file, seconds since 1970: the capture time.
            source_modified_at: modification time on the phone, for the record.

        Raises:
            FileTooLarge: the file system cannot hold it.
            DriveError: the part cannot be made.
        """
        placed = next(file for file in self._place.files if file.resource == resource)
        traits = self._workspace.traits
        preferred = f"{self._place.folder}/{placed.name}"
        if expected_size is not None and not traits.can_hold(expected_size):
            raise FileTooLarge(Path(preferred), expected_size, traits.max_file_bytes)
        self._workspace.folders.ensure(self._place.folder)
        earlier = self._writers.pop(resource, None)
        if earlier is not None:
            earlier.discard()
            self._announced.pop(resource, None)
        if resource not in self._announced:
            self._announce()
        writer = FileWriter(
            self._workspace,
            placed,
            self._announced[resource],
            preferred,
            expected_size,
            modified_at,
            source_modified_at,
        )
        writer.open()
        self._writers[resource] = writer
        return writer

    def stage(self) -> StagedAsset:
        """All resources are finished: the asset is ready for `Target.commit`.

        Raises:
            DriveError: a file that was to be adopted has to be synced after all, and the drive failed.
            ValueError: a resource was not finished.
        """
        if set(self._writers) != {file.resource for file in self._place.files} or not all(
            writer.finished for writer in self._writers.values()
        ):
            raise ValueError("every resource has to be written and finished before the asset is staged")
        if not self._adoption_keeps_the_asset_together():
            for placed in self._place.files:
                writer = self._writers[placed.resource]
                if writer.adopted != f"{self._place.folder}/{placed.name}":
                    writer.reject_adoption()
        files = tuple(
            self._writers[placed.resource].staged(self._repairs.get(placed.resource.role))
            for placed in self._place.files
        )
        self._done = True
        self._forget_unused_parts()
        return StagedAsset(self._udid, self._asset, self._place, files, self._recorded)

    def discard(self) -> None:
        """Throws everything away that was not staged."""
        if self._done:
            return
        self._done = True
        for writer in self._writers.values():
            writer.discard()
        self._forget_unused_parts()
        self._workspace.names.release(self._place.folder, (file.name for file in self._place.files))

    def __enter__(self) -> AssetWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.discard()

    def _announce(self) -> None:
        """Chooses the names of all parts of the asset that are not open yet, with one sync for all."""
        chosen: dict[Resource, str] = {}
        folder = self._place.folder
        root = self._workspace.root
        for placed in self._place.files:
            if placed.resource in self._writers:
                continue
            for attempt in itertools.count(1):
                name = part_name(placed.name, self._workspace.traits, attempt)
                path = f"{folder}/{name}"
                if not os.path.lexists(root / path) and self._workspace.parts.take(path):
                    chosen[placed.resource] = path
                    break
        self._workspace.parts.announce(list(chosen.values()))
        self._announced.update(chosen)

    def _forget_unused_parts(self) -> None:
        unused = [part for resource, part in self._announced.items() if resource not in self._writers]
        self._workspace.parts.forget(unused)

    def _adoption_keeps_the_asset_together(self) -> bool:
        """Whether the files found are where the asset would put them, or hold all its originals in one
        place."""
        found = {placed: self._writers[placed.resource].adopted for placed in self._place.files}
        if all(path in (None, f"{self._place.folder}/{placed.name}") for placed, path in found.items()):
            return True
        originals = [path for placed, path in found.items() if placed.resource.role.is_original]
        if self._recorded is not None or None in originals:
            return False
        return len({path.rpartition(".")[0].casefold() for path in originals if path is not None}) == 1


def discard_part(workspace: Workspace, part: str) -> None:
    """Removes a part; one that cannot be removed now stays announced, for the next start."""
    try:
        workspace.calls.unlink(workspace.root / part)
    except FileNotFoundError:
        pass
    except OSError:
        return
    workspace.parts.forget((part,))
