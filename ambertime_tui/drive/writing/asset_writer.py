"""Writing one asset: its files to hidden parts, or found on the drive. The commit step makes it visible.

Several assets may be staged at once, each by a thread of its own; what they share is in the WriteContext.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from ambertime_tui.drive.errors import FileTooLarge
from ambertime_tui.drive.record.record_model import RecordedAsset, RecordedFile
from ambertime_tui.drive.writing.context import WriteContext
from ambertime_tui.drive.writing.file_writer import FileWriter, StagedFile
from ambertime_tui.drive.writing.naming import PlacedFile, Placement, part_name, place
from ambertime_tui.drive.writing.read_back import FileDigest
from ambertime_tui.library.model import Asset, Resource


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What was read of a file on the phone, without writing it."""

    size: int
    """In bytes."""
    sha256: str
    """In hex."""
    modified_at: float | None
    """The capture time, seconds since 1970."""
    source_modified_at: float | None
    """The modification time on the phone."""


@dataclass(frozen=True, slots=True)
class StagedAsset:
    """An asset whose files are whole on the drive, ready for `Target.commit`."""

    udid: str
    asset: Asset
    place: Placement
    files: tuple[StagedFile, ...]
    recorded: RecordedAsset | None
    """What the record holds of the asset already."""
    namesake: bool
    """The plain stem is another asset's, by the library."""

    @property
    def bytes(self) -> int:
        """Size of its files together."""
        return sum(file.size for file in self.files)


class AssetWriter:
    """Writes the files of one asset; a context manager that leaves nothing behind unless `stage` was
    reached."""

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
        names = context.names
        with names.lock:
            self._place = place(
                asset,
                context.traits,
                names.taken,
                resources=resources,
                recorded=recorded,
                namesake=namesake,
            )
            names.reserve(self._place.folder, (file.name for file in self._place.files))

    @property
    def place(self) -> Placement:
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
        self._writers[resource] = writer
        return writer

    def _source_of(self, resource: Resource, size: int | None, modified_at: float | None) -> str:
        """What tells a file on a phone in one state from all others; empty where too little is known."""
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
        """A writer that goes on where a dead job stopped; None where there is nothing to go on with."""
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
        """The resources whose bytes may lie on the target already, going by their sizes: they are worth
        hashing before they are written. None, unless all originals of the asset may be there.

        Raises:
            DriveError: the target cannot be listed.
        """
        existing = self._context.existing
        found = {resource for resource, size in sizes.items() if existing.has_size(self._udid, size)}
        lacking = [resource for resource in sizes if resource.role.is_original and resource not in found]
        return frozenset() if lacking else frozenset(found)

    def use_existing(self, read: Mapping[Resource, SourceFacts]) -> frozenset[Resource]:
        """Takes files of the very bytes of some resources, which then need not be begun; says for which.

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
                repairs=self._repairs.get(placed.resource.role),
            )
        return frozenset(self._existing)

    def stage(self) -> StagedAsset:
        """All resources are finished or adopted: the asset is ready for `Target.commit`.

        Raises:
            DriveError: a file that was to be adopted has to be synced after all, and the drive failed.
            ValueError: a resource was not finished.
        """
        if {*self._writers, *self._existing} != {file.resource for file in self._place.files} or not all(
            writer.finished for writer in self._writers.values()
        ):
            raise ValueError("every resource has to be written and finished before the asset is staged")
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
        """Throws everything away that was not staged."""
        if self._done:
            return
        self._done = True
        for writer in self._writers.values():
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
        """Chooses the names of all parts of the asset that are not open yet, with one sync for all."""
        chosen: dict[Resource, str] = {}
        folder = self._place.folder
        root = self._context.root
        for placed in self._place.files:
            if placed.resource in self._writers:
                continue
            for attempt in itertools.count(1):
                name = part_name(placed.name, self._context.traits, attempt)
                path = f"{folder}/{name}"
                if not os.path.lexists(root / path) and self._context.parts.reserve(path):
                    chosen[placed.resource] = path
                    break
        self._context.parts.register(list(chosen.values()))
        self._parts.update(chosen)

    def _forget_unused_parts(self) -> None:
        unused = [part for resource, part in self._parts.items() if resource not in self._writers]
        self._context.parts.forget(unused)

    def _own_path(self, placed: PlacedFile) -> str:
        return f"{self._place.folder}/{placed.name}"

    def _keeps_together(self, found: Mapping[Resource, str | None]) -> bool:
        """Whether the files found are where the asset would put them, or are all its originals: half of a
        Live Photo elsewhere would tear the pair apart."""
        own = {placed.resource: self._own_path(placed) for placed in self._place.files}
        if all(path in (None, own[resource]) for resource, path in found.items()):
            return True
        originals = [path for resource, path in found.items() if resource.role.is_original]
        return self._recorded is None and None not in originals
