"""Read the files of one asset from the phone and write them, or find them on the drive by their content."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from ambertime_tui.drive.writing.asset_writer import AssetWriter, SourceFacts
from ambertime_tui.drive.writing.file_writer import FileWriter
from ambertime_tui.engine.job.copy_queue import CopyQueue
from ambertime_tui.engine.job.drive_threads import Threads
from ambertime_tui.engine.job.progress import Progress
from ambertime_tui.engine.plan.plan import PlannedAsset
from ambertime_tui.engine.timing import Timing
from ambertime_tui.library.fingerprint import Fingerprint
from ambertime_tui.library.model import Resource
from ambertime_tui.phone.afc import MediaFolder, MediaStat
from ambertime_tui.phone.errors import MediaChanged, MediaNotFound

SMALL = 4 << 20
"""Bytes: a file up to this size is read completely, then written by one thread in one call."""
KEPT = 256 << 10
"""Bytes: a file up to this size is kept in memory while the drive is searched for it, and not read again."""


READS = 8
"""How often a file is read while its bytes fit neither Apple's fingerprint nor an earlier read."""
SETTLED_AFTER = 1.0
"""Seconds since a file was last written after which it counts as complete, by the clocks of both."""


class Incomplete(Exception):
    """A file has not arrived completely: it has another fingerprint than the original."""

    def __init__(self, resource: Resource) -> None:
        super().__init__(resource.path)
        self.resource = resource


@dataclass(slots=True)
class PartialAsset:
    """An asset that is being written. It is kept when the phone disconnects, so that copying can resume."""

    sources: dict[Resource, MediaStat]
    writer: AssetWriter
    to_hash: frozenset[Resource]
    """Files that may be on the drive already, judging by size: hashed before they are written."""
    open: dict[Resource, FileWriter] = field(default_factory=dict)
    """Large files that are partly written."""
    finished: set[Resource] = field(default_factory=set)
    differing: dict[Resource, list[str]] = field(default_factory=dict)
    """SHA-256 of earlier reads that did not fit Apple's fingerprint."""
    may_wait: frozenset[Resource] = frozenset()
    """Files that iOS may still be downloading: without the right fingerprint they are not complete."""

    @property
    def bytes_copied(self) -> int:
        """Bytes that need not be read again."""
        done = sum(self.sources[resource].size for resource in self.finished)
        return done + sum(file.written for file in self.open.values())

    def is_settled(self, resource: Resource, sha256: str, fingerprint: str | None) -> bool:
        """True if the bytes that were read count as those on the phone.

        They do if they fit Apple's fingerprint, or if the library has none. Else the file is read again: the
        same bytes twice are what the phone has, different ones are a fault between phone and computer.

        Raises:
            Incomplete: the bytes are those on the phone, but iOS has not downloaded all of the file.
        """
        if resource.fingerprint is None or fingerprint in (None, resource.fingerprint):
            return True
        reads = self.differing.setdefault(resource, [])
        if sha256 in reads or len(reads) + 1 >= READS:
            if resource in self.may_wait:
                raise Incomplete(resource)
            return True
        reads.append(sha256)
        return False


class Transfer:
    """Copies the files of assets. Raises the errors of phone and drive unchanged."""

    def __init__(self, threads: Threads, queue: CopyQueue, progress: Progress, timing: Timing) -> None:
        self._threads = threads
        self._queue = queue
        self._progress = progress
        self._timing = timing

    async def run(
        self,
        asset: PartialAsset,
        planned: PlannedAsset,
        media: MediaFolder,
        on_file: Callable[[Resource], None],
    ) -> None:
        """Finish every file of an asset that is not finished yet.

        Args:
            asset: what is written already.
            planned: the same asset in the plan.
            media: the phone's media folder.
            on_file: called with each file before it is read.

        Raises:
            MediaChanged: a file was written to while it was read.
            Incomplete: iOS has not downloaded all of a file.
        """
        kept: dict[Resource, list[bytearray]] = {}
        if asset.to_hash:
            await self._find_existing(asset, planned, media, kept, on_file)
        for resource in asset.sources:
            if resource not in asset.finished:
                on_file(resource)
                await self._write(asset, planned, resource, media, kept.pop(resource, None))

    async def _find_existing(
        self,
        asset: PartialAsset,
        planned: PlannedAsset,
        media: MediaFolder,
        kept: dict[Resource, list[bytearray]],
        on_file: Callable[[Resource], None],
    ) -> None:
        """Hash the files that the drive may have, and use the drive's copy where the hash is the same."""
        read: dict[Resource, SourceFacts] = {}
        for resource, stat in asset.sources.items():
            while resource in asset.to_hash and resource not in read:
                on_file(resource)
                hashed = await self._hashed(resource, stat, media)
                if not asset.is_settled(resource, hashed.sha256, hashed.fingerprint):
                    continue
                if hashed.pieces is not None:
                    kept[resource] = hashed.pieces
                read[resource] = SourceFacts(
                    stat.size,
                    hashed.sha256,
                    _modified_at(planned, stat),
                    stat.modified_at,
                    hashed.fingerprint,
                )
        asset.finished |= await self._threads.run(asset.writer.use_existing, read)
        asset.to_hash = frozenset()

    async def sha256(self, resource: Resource, stat: MediaStat, media: MediaFolder) -> str:
        """Read a file from the phone without writing it; return its SHA-256 in hex."""
        return (await self._hashed(resource, stat, media)).sha256

    async def _hashed(self, resource: Resource, stat: MediaStat, media: MediaFolder) -> _Hashed:
        digest, pieces = hashlib.sha256(), list[bytearray]()
        fingerprint = Fingerprint() if resource.role.is_original else None

        def update(piece: bytearray) -> None:
            digest.update(piece)
            if fingerprint is not None:
                fingerprint.update(piece)

        async with self._pieces(resource, stat.size, 0, media) as incoming:
            async for piece in incoming:
                await self._threads.run(update, piece)
                if stat.size <= KEPT:
                    pieces.append(piece)
        found = None if fingerprint is None else fingerprint.value()
        await self._look_again(resource, stat, media, found)
        return _Hashed(digest.hexdigest(), found, pieces if stat.size <= KEPT else None)

    async def _write(
        self,
        asset: PartialAsset,
        planned: PlannedAsset,
        resource: Resource,
        media: MediaFolder,
        kept: list[bytearray] | None,
    ) -> None:
        stat = asset.sources[resource]
        begin = partial(
            asset.writer.begin,
            resource,
            stat.size,
            _modified_at(planned, stat),
            source_modified_at=stat.modified_at,
        )
        settled = partial(asset.is_settled, resource)
        if kept is not None:
            await self._threads.run(_write_small, begin, kept, None)
        elif stat.size <= SMALL:
            done = False
            while not done:
                async with self._pieces(resource, stat.size, 0, media) as incoming:
                    pieces = [piece async for piece in incoming]
                if resource.fingerprint is None or resource in asset.differing:
                    await self._look_again(resource, stat, media, None)
                done = await self._threads.run(_write_small, begin, pieces, settled)
        else:
            await self._write_large(asset, resource, stat, begin, media)
        asset.finished.add(resource)

    async def _write_large(
        self,
        asset: PartialAsset,
        resource: Resource,
        stat: MediaStat,
        begin: Callable[[], FileWriter],
        media: MediaFolder,
    ) -> None:
        while True:
            if resource not in asset.open:
                asset.open[resource] = await self._threads.run(begin)
            file = asset.open[resource]
            async with self._pieces(resource, stat.size, file.written, media) as incoming:
                async for piece in incoming:
                    await self._threads.run(file.write, piece)
                await self._look_again(resource, stat, media, file.fingerprint)
                if asset.is_settled(resource, file.sha256, file.fingerprint):
                    await self._threads.run(file.finish)
                    break
            await self._threads.run(file.discard)
            del asset.open[resource]
        del asset.open[resource]

    async def _look_again(
        self, resource: Resource, stat: MediaStat, media: MediaFolder, fingerprint: str | None
    ) -> None:
        """Check that a file was not written to while it was read.

        A file written to a moment ago may still be changing, so it is looked at again later.

        Args:
            fingerprint: of the bytes; if it is that of the library, nothing else has to be checked.

        Raises:
            MediaChanged: its size or time has changed since `stat`.
        """
        if fingerprint is not None and fingerprint == resource.fingerprint:
            return
        age = None if stat.modified_at is None else self._timing.wall() - stat.modified_at
        if age is not None and 0 <= age < SETTLED_AFTER:
            await self._timing.pause(SETTLED_AFTER - age)
        try:
            now = await media.stat(resource.path)
        except MediaNotFound:
            return  # iOS removed it after the last byte
        if (now.size, now.modified_ns, now.modified_at) != (stat.size, stat.modified_ns, stat.modified_at):
            raise MediaChanged(resource.path, stat.size, now.size)

    @asynccontextmanager
    async def _pieces(
        self, resource: Resource, size: int, offset: int, media: MediaFolder
    ) -> AsyncIterator[AsyncIterator[bytearray]]:
        """A file's bytes from an offset on; the status shows the file until the block is left."""
        file = self._progress.start_file(resource.name, size, offset)

        async def counted() -> AsyncGenerator[bytearray, None]:
            async with aclosing(media.read(resource.path, offset=offset, size=size)) as pieces:
                async for piece in pieces:
                    await self._queue.running()
                    yield piece
                    self._progress.count_bytes(file, len(piece))

        try:
            async with aclosing(counted()) as incoming:
                yield incoming
        finally:
            self._progress.end_file(file)


def _modified_at(planned: PlannedAsset, stat: MediaStat) -> float | None:
    """The modification time to give the file on the drive."""
    created = planned.asset.created
    return stat.modified_at if created is None else created


def _write_small(
    begin: Callable[[], FileWriter],
    pieces: Iterable[bytearray],
    is_settled: Callable[[str, str | None], bool] | None,
) -> bool:
    """Write a file. False: read and write it again from its start."""
    file = begin()
    for piece in pieces:
        file.write(piece)
    if is_settled is not None and not is_settled(file.sha256, file.fingerprint):
        return False
    file.finish()
    return True


@dataclass(frozen=True, slots=True)
class _Hashed:
    """A file that was read and not written."""

    sha256: str
    fingerprint: str | None
    pieces: list[bytearray] | None
    """Its bytes, if it is small."""
