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
from ambertime_tui.library.model import Resource
from ambertime_tui.phone.afc import MediaFolder, MediaStat

SMALL = 4 << 20
"""Bytes: a file up to this size is read completely, then written by one thread in one call."""
KEPT = 256 << 10
"""Bytes: a file up to this size is kept in memory while the drive is searched for it, and not read again."""


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

    @property
    def bytes_copied(self) -> int:
        """Bytes that need not be read again."""
        done = sum(self.sources[resource].size for resource in self.finished)
        return done + sum(file.written for file in self.open.values())


class Transfer:
    """Copies the files of assets. Raises the errors of phone and drive unchanged."""

    def __init__(self, threads: Threads, queue: CopyQueue, progress: Progress) -> None:
        self._threads = threads
        self._queue = queue
        self._progress = progress

    async def run(self, asset: PartialAsset, planned: PlannedAsset, media: MediaFolder) -> None:
        """Finish every file of an asset that is not finished yet."""
        kept: dict[Resource, list[bytearray]] = {}
        if asset.to_hash:
            await self._find_existing(asset, planned, media, kept)
        for resource in asset.sources:
            if resource not in asset.finished:
                await self._write(asset, planned, resource, media, kept.pop(resource, None))

    async def _find_existing(
        self,
        asset: PartialAsset,
        planned: PlannedAsset,
        media: MediaFolder,
        kept: dict[Resource, list[bytearray]],
    ) -> None:
        """Hash the files that the drive may have, and use the drive's copy where the hash is the same."""
        read: dict[Resource, SourceFacts] = {}
        for resource, stat in asset.sources.items():
            if resource in asset.to_hash:
                digest, pieces = hashlib.sha256(), list[bytearray]()
                async with self._pieces(resource, stat.size, 0, media) as incoming:
                    async for piece in incoming:
                        await self._threads.run(digest.update, piece)
                        if stat.size <= KEPT:
                            pieces.append(piece)
                if stat.size <= KEPT:
                    kept[resource] = pieces
                read[resource] = SourceFacts(
                    stat.size, digest.hexdigest(), _modified_at(planned, stat), stat.modified_at
                )
        asset.finished |= await self._threads.run(asset.writer.use_existing, read)
        asset.to_hash = frozenset()

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
        if kept is not None:
            await self._threads.run(_write_small, begin, kept)
        elif stat.size <= SMALL:
            async with self._pieces(resource, stat.size, 0, media) as incoming:
                pieces = [piece async for piece in incoming]
                await self._threads.run(_write_small, begin, pieces)
        else:
            if resource not in asset.open:
                asset.open[resource] = await self._threads.run(begin)
            file = asset.open[resource]
            async with self._pieces(resource, stat.size, file.written, media) as incoming:
                async for piece in incoming:
                    await self._threads.run(file.write, piece)
                await self._threads.run(file.finish)
            del asset.open[resource]
        asset.finished.add(resource)

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


def _write_small(begin: Callable[[], FileWriter], pieces: Iterable[bytearray]) -> None:
    file = begin()
    for piece in pieces:
        file.write(piece)
    file.finish()
