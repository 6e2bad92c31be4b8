"""The files of one asset, from the phone to parts on the drive, or found on the drive by their bytes."""

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
"""Bytes: a file up to this size is taken from the phone whole, and written in one go by one thread."""
KEPT = 256 << 10
"""Bytes: a file up to this size is not read again where the drive turned out not to have it."""


@dataclass(slots=True)
class Begun:
    """An asset that is being written: kept where the phone broke off, to go on with what is there."""

    to_take: dict[Resource, MediaStat]
    writer: AssetWriter
    to_hash: frozenset[Resource]
    """What the drive may have already, by its size: hashed before it is written."""
    open: dict[Resource, FileWriter] = field(default_factory=dict)
    """Large files that have a part."""
    finished: set[Resource] = field(default_factory=set)

    @property
    def gained(self) -> int:
        """Bytes that need not be read again."""
        done = sum(self.to_take[resource].size for resource in self.finished)
        return done + sum(file.written for file in self.open.values())


class Transfer:
    """Takes the files of assets. The phone's errors and the drive's pass through."""

    def __init__(self, threads: Threads, line: CopyQueue, progress: Progress) -> None:
        self._threads = threads
        self._line = line
        self._progress = progress

    async def take(self, begun: Begun, planned: PlannedAsset, media: MediaFolder) -> None:
        """Finishes every file of an asset that is not finished yet."""
        kept: dict[Resource, list[bytearray]] = {}
        if begun.to_hash:
            await self._adopt(begun, planned, media, kept)
        for resource in begun.to_take:
            if resource not in begun.finished:
                await self._write(begun, planned, resource, media, kept.pop(resource, None))

    async def _adopt(
        self, begun: Begun, planned: PlannedAsset, media: MediaFolder, kept: dict[Resource, list[bytearray]]
    ) -> None:
        read: dict[Resource, SourceFacts] = {}
        for resource, stat in begun.to_take.items():
            if resource in begun.to_hash:
                digest, pieces = hashlib.sha256(), list[bytearray]()
                async with self._pieces(resource, stat.size, 0, media) as coming:
                    async for piece in coming:
                        await self._threads.run(digest.update, piece)
                        if stat.size <= KEPT:
                            pieces.append(piece)
                if stat.size <= KEPT:
                    kept[resource] = pieces
                read[resource] = SourceFacts(
                    stat.size, digest.hexdigest(), _taken_at(planned, stat), stat.modified_at
                )
        begun.finished |= await self._threads.run(begun.writer.use_existing, read)
        begun.to_hash = frozenset()

    async def _write(
        self,
        begun: Begun,
        planned: PlannedAsset,
        resource: Resource,
        media: MediaFolder,
        kept: list[bytearray] | None,
    ) -> None:
        stat = begun.to_take[resource]
        begin = partial(
            begun.writer.begin,
            resource,
            stat.size,
            _taken_at(planned, stat),
            source_modified_at=stat.modified_at,
        )
        if kept is not None:
            await self._threads.run(_write_whole, begin, kept)
        elif stat.size <= SMALL:
            async with self._pieces(resource, stat.size, 0, media) as coming:
                pieces = [piece async for piece in coming]
                await self._threads.run(_write_whole, begin, pieces)
        else:
            if resource not in begun.open:
                begun.open[resource] = await self._threads.run(begin)
            file = begun.open[resource]
            async with self._pieces(resource, stat.size, file.written, media) as coming:
                async for piece in coming:
                    await self._threads.run(file.write, piece)
                await self._threads.run(file.finish)
            del begun.open[resource]
        begun.finished.add(resource)

    @asynccontextmanager
    async def _pieces(
        self, resource: Resource, size: int, offset: int, media: MediaFolder
    ) -> AsyncIterator[AsyncIterator[bytearray]]:
        """A file's bytes from an offset on, shown as in hand until the block is left."""
        in_hand = self._progress.take_in_hand(resource.name, size, offset)

        async def told() -> AsyncGenerator[bytearray, None]:
            async with aclosing(media.read(resource.path, offset=offset, size=size)) as pieces:
                async for piece in pieces:
                    await self._line.gate()
                    yield piece
                    self._progress.moved(in_hand, len(piece))

        try:
            async with aclosing(told()) as coming:
                yield coming
        finally:
            self._progress.put_down(in_hand)


def _taken_at(planned: PlannedAsset, stat: MediaStat) -> float | None:
    """The modification time that a file gets on the drive."""
    created = planned.asset.created
    return stat.modified_at if created is None else created


def _write_whole(begin: Callable[[], FileWriter], pieces: Iterable[bytearray]) -> None:
    file = begin()
    for piece in pieces:
        file.write(piece)
    file.finish()
