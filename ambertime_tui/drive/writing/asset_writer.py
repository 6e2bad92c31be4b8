"""Writing one asset: each file goes to a hidden part, or an existing file with the same bytes is used.

The commit step makes the asset visible. Several threads may each write an asset; they share a WriteContext.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from ambertime_tui.drive.errors import (
    FileTooLarge,
)
from ambertime_tui.drive.os_errors import drive_error
from ambertime_tui.drive.record.record_model import RecordedAsset, RecordedFile
from ambertime_tui.drive.writing.context import WriteContext
from ambertime_tui.drive.writing.file_writer import FileWriter, StagedFile
from ambertime_tui.drive.writing.naming import PlacedFile, Placement, keys_of, part_name, place
from ambertime_tui.drive.writing.read_back import FileDigest
from ambertime_tui.library.model import Asset, Resource


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What is known of a file on the phone after reading it without writing it."""

    size: int
    """In bytes."""
    sha256: str
    """In hex."""
    modified_at: float | None
    """The capture time, seconds since 1970."""
    source_modified_at: float | None
    """The modification time on the phone."""
    fingerprint: str | None = None
    """Apple's fingerprint; None for a file that is not an original."""


@dataclass(frozen=True, slots=True)
class StagedAsset:
    """An asset whose files are complete on the drive, ready for `Target.commit`."""

    udid: str
    asset: Asset
    place: Placement
    files: tuple[StagedFile, ...]
    recorded: RecordedAsset | None
    """What is already recorded of the asset."""
    namesake: bool
    """True if another asset of the library has the plain stem."""

    @property
    def bytes(self) -> int:
        """Total size of its files."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class OtherNames:
    """Keys of taken names without those that are reserved for the asset itself."""

    taken: Container[str]
    own: Container[str]

    def __contains__(self, key: object) -> bool:
        return key in self.taken and key not in self.own


class AssetWriter:
    """Writes the files of one asset. A context manager that removes everything unless `stage` succeeded."""

    def __init__(
        self,
        context: WriteContext,
        udid: str,
        asset: Asset,
        resources: Sequence[Resource],
        recorded: RecordedAsset | None,
        repairs: Sequence[RecordedFile] = (),
        namesake: bool = False,
    ) -> None:
        self._context = context
        self._udid = udid
        self._asset = asset
        self._recorded = recorded
        self._namesake = namesake
        self._repairs = {file.role: file for file in repairs}
        self._writers: dict[Resource, FileWriter] = {}
        self._parts: dict[Resource, str] = {}
        self._existing: dict[Resource, StagedFile] = {}
        self._done = False
        self._lock = threading.Lock()
        names = context.names
        own = () if recorded is None else [(name.folder, name.name) for name in recorded.reserved]

        def taken(folder: str) -> Container[str]:
            return OtherNames(names.taken(folder), keys_of(name for there, name in own if there == folder))

        with names.lock:
            self._place = place(
                asset,
                context.traits,
                taken,
                resources=resources,
                recorded=recorded,
                namesake=namesake,
            )
            names.reserve(self._place.folder, (file.name for file in self._place.files))

    @property
    def place(self) -> Placement:
        """Planned folder and names. Existing files may still change the names at the commit."""
        return self._place

    def begin(
        self,
        resource: Resource,
        expected_size: int | None,
        modified_at: float | None,
        *,
        source_modified_at: float | None = None,
    ) -> FileWriter:
        """Open the part of a resource.

        Args:
            resource: one of those of this writer. A second call for it starts again.
            expected_size: bytes, according to the phone; None if not known, and then not checked.
            modified_at: modification time for the file, seconds since 1970: the capture time.
            source_modified_at: modification time on the phone, to be recorded.

        Raises:
            FileTooLarge: the file system cannot store it.
            DriveError: the part cannot be created.
        """
        placed = next(file for file in self._place.files if file.resource == resource)
        traits = self._context.traits
        preferred = self._own_path(placed)
        if expected_size is not None and not traits.can_hold(expected_size):
            raise FileTooLarge(Path(preferred), expected_size, traits.max_file_bytes)
        self._context.folders.ensure(self._place.folder)
        earlier = self._writers.pop(resource, None)
        if earlier is not None:
            earlier.discard()
            self._parts.pop(resource, None)
        source = self._source_of(resource, expected_size, source_modified_at)
        writer = self._resumed_writer(placed, expected_size, modified_at, source_modified_at, source)
        if writer is None:
            if resource not in self._parts:
                self._register_parts()
            part = self._parts[resource]
            writer = FileWriter(
                self._context,
                self._udid,
                placed,
                part,
                preferred,
                expected_size,
                modified_at,
                source_modified_at,
                source,
            )
            writer.open()
        with self._lock:
            self._writers[resource] = writer
            discarded = self._done
        if discarded:  # by another thread, while the part was made
            writer.discard()
            raise ValueError("the asset was discarded")
        return writer

    def _source_of(self, resource: Resource, size: int | None, modified_at: float | None) -> str:
        """An identifier of a file on a phone and its state; empty if too little is known."""
        if size is None or modified_at is None:
            return ""
        return "\n".join((self._udid, self._asset.uuid, resource.path, str(size), repr(modified_at)))

    def _resumed_writer(
        self,
        placed: PlacedFile,
        size: int | None,
        modified_at: float | None,
        source_modified_at: float | None,
        source: str,
    ) -> FileWriter | None:
        """A writer that resumes the part of an interrupted job; None if there is none."""
        checkpoint = self._context.parts.resume(source) if source else None
        if checkpoint is None:
            return None
        writer = FileWriter(
            self._context,
            self._udid,
            placed,
            checkpoint.part,
            self._own_path(placed),
            size,
            modified_at,
            source_modified_at,
            source,
        )
        return writer if writer.resume(checkpoint) else None

    def may_exist(self, sizes: Mapping[Resource, int]) -> frozenset[Resource]:
        """The resources that may already be on the target, judging by their sizes.

        They are worth hashing before they are written. Empty unless all originals may be there.

        Raises:
            DriveError: the target cannot be listed.
        """
        existing = self._context.existing
        found = {resource for resource, size in sizes.items() if existing.has_size(self._udid, size)}
        lacking = [resource for resource in sizes if resource.role.is_original and resource not in found]
        return frozenset() if lacking else frozenset(found)

    def use_existing(self, read: Mapping[Resource, SourceFacts]) -> frozenset[Resource]:
        """Use existing files with the bytes of some resources. Returns those resources; do not begin them.

        Raises:
            DriveError: the target cannot be listed.
        """
        found: dict[Resource, tuple[str, FileDigest] | None] = {}
        for placed in self._place.files:
            if placed.resource in read:
                facts = read[placed.resource]
                found[placed.resource] = self._context.existing.take(
                    self._udid, facts.size, facts.sha256, self._own_path(placed)
                )
            else:
                found[placed.resource] = None
        whole = self._keeps_together({resource: one and one[0] for resource, one in found.items()})
        for placed in self._place.files:
            one = found[placed.resource]
            if one is None:
                continue
            path, digest = one
            facts = read[placed.resource]
            if not whole and path != self._own_path(placed):
                self._context.existing.release(path, facts.size)
                continue
            self._existing[placed.resource] = StagedFile(
                placed=placed,
                part=None,
                existing=path,
                size=facts.size,
                sha256=facts.sha256,
                modified_at=facts.modified_at,
                source_modified_at=facts.source_modified_at,
                read_back=digest.read_back,
                fingerprint=facts.fingerprint,
                repairs=self._repairs.get(placed.resource.role),
            )
        return frozenset(self._existing)

    def stage(self) -> StagedAsset:
        """Complete the asset for `Target.commit`. Call after all resources are finished or exist.

        Raises:
            DriveError: a part that is needed after all could not be synced.
            ValueError: a resource is not finished.
        """
        if {*self._writers, *self._existing} != {file.resource for file in self._place.files} or not all(
            writer.finished for writer in self._writers.values()
        ):
            raise ValueError("finish every resource before staging the asset")
        found = {resource: file.existing for resource, file in self._existing.items()}
        found |= {resource: writer.match for resource, writer in self._writers.items()}
        if not self._keeps_together(found):
            for placed in self._place.files:
                writer = self._writers.get(placed.resource)
                if writer is not None and writer.match != self._own_path(placed):
                    writer.reject_match()
        files = tuple(
            self._existing.get(placed.resource)
            or self._writers[placed.resource].staged(self._repairs.get(placed.resource.role))
            for placed in self._place.files
        )
        self._done = True
        self._forget_unused_parts()
        return StagedAsset(self._udid, self._asset, self._place, files, self._recorded, self._namesake)

    def discard(self) -> None:
        """Discard everything that was not staged."""
        with self._lock:
            if self._done:
                return
            self._done = True
            writers = tuple(self._writers.values())
        for writer in writers:
            writer.discard()
        for file in self._existing.values():
            self._context.existing.release(file.existing or "", file.size)
        self._forget_unused_parts()
        self._context.names.release(self._place.folder, (file.name for file in self._place.files))

    def __enter__(self) -> AssetWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.discard()

    def _register_parts(self) -> None:
        """Choose and register the paths of all parts that are not open yet, with one sync."""
        chosen: dict[Resource, str] = {}
        folder = self._place.folder
        root = self._context.root
        for placed in self._place.files:
            if placed.resource in self._writers:
                continue
            for attempt in itertools.count(1):
                name = part_name(placed.name, self._context.traits, attempt)
                path = f"{folder}/{name}" if folder else name
                try:
                    taken = self._context.calls.exists(root / path)
                except OSError as error:
                    raise drive_error(error, root / path, doing="reading") from error
                if not taken and self._context.parts.reserve(path):
                    chosen[placed.resource] = path
                    break
        self._context.parts.register(list(chosen.values()))
        self._parts.update(chosen)

    def _forget_unused_parts(self) -> None:
        unused = [part for resource, part in self._parts.items() if resource not in self._writers]
        self._context.parts.forget(unused)

    def _own_path(self, placed: PlacedFile) -> str:
        folder = self._place.folder
        return f"{folder}/{placed.name}" if folder else placed.name

    def _keeps_together(self, found: Mapping[Resource, str | None]) -> bool:
        """Whether using these files keeps the asset together.

        True if each is at its planned path, or if they include all originals. Half of a Live Photo in another
        folder would split the pair.
        """
        own = {placed.resource: self._own_path(placed) for placed in self._place.files}
        if all(path in (None, own[resource]) for resource, path in found.items()):
            return True
        originals = [path for resource, path in found.items() if resource.role.is_original]
        return self._recorded is None and None not in originals
