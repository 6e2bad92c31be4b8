"""Copy assets from the phone to the drive, several at a time. Drive access runs in threads."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ambertime_tui.drive.errors import (
    DriveError,
    FileTooLarge,
    NameNotKept,
    NameTooLong,
    ReadBackDiffers,
    SizeDiffers,
    WriteFailed,
)
from ambertime_tui.drive.record.record_model import ReadBack, RecordedAsset, RecordedFile
from ambertime_tui.drive.writing.asset_writer import AssetWriter, StagedAsset
from ambertime_tui.engine.job.concurrency_limit import ConcurrencyLimit
from ambertime_tui.engine.job.context import JobContext
from ambertime_tui.engine.job.outcomes import Copied, Failed, NotThere, Outcome, Results
from ambertime_tui.engine.job.planning import Broken
from ambertime_tui.engine.job.repairs import sentences_about
from ambertime_tui.engine.job.transfer import PartialAsset, Transfer
from ambertime_tui.engine.plan.plan import PlannedAsset
from ambertime_tui.library.model import Resource
from ambertime_tui.phone.afc import MediaFolder, MediaStat
from ambertime_tui.phone.errors import (
    MediaBusy,
    MediaChanged,
    MediaError,
    MediaForbidden,
    MediaNotFound,
    PhoneError,
    PhoneStalled,
)

ASSETS_AT_ONCE = 16
"""Enough to keep a USB link busy with small files while others are synced and read back. The phone allows as
many open files. Each asset holds at most two replies of 4 MiB in memory."""
COMMIT_AT_ONCE = 64
"""The most assets that share one record transaction and one sync of each folder."""
TRIES = 5
"""Tries per asset for errors that may be temporary."""
PAUSE_BETWEEN_TRIES = 1.0
"""Seconds; the second pause is twice as long."""
DISCONNECTS = 10
"""How often the phone may disconnect while one asset is copied alone without progress, before the asset
counts as unreadable."""
DRIVE_FAILURES = 5
"""Assets in a row that the drive fails to write before it counts as broken."""


class _Committed(NamedTuple):
    staged: StagedAsset
    recorded: RecordedAsset


@dataclass(slots=True)
class _ToCommit:
    """An asset of which every file is written, ready to be committed or discarded."""

    planned: PlannedAsset
    writer: AssetWriter
    outcome: asyncio.Future[_Committed | DriveError] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Copier:
    """Copies the assets of the copy queue, and reports each outcome to `results`."""

    def __init__(self, context: JobContext, broken: Broken, results: Results) -> None:
        """
        Args:
            context: the job's.
            broken: recorded files to replace.
            results: where outcomes are reported.
        """
        self._target = context.target
        self._udid = context.udid
        self._broken = broken
        self._link = context.link
        self._queue = context.copy_queue
        self._threads = context.threads
        self._progress = context.progress
        self._timing = context.timing
        self._results = results
        self._transfer = Transfer(context.threads, context.copy_queue, context.progress, context.timing)
        self._to_commit: asyncio.Queue[_ToCommit] = asyncio.Queue()
        self._limit = ConcurrencyLimit(ASSETS_AT_ONCE)
        self._partial: dict[str, PartialAsset] = {}
        """Assets that the phone disconnected in the middle of."""
        self._tried: Counter[str] = Counter()
        self._disconnects: Counter[str] = Counter()
        self._drive_failures = 0
        self._unreported: dict[str, tuple[PlannedAsset, Copied]] = {}
        """Committed, and not reported yet: a stop may come between the two."""

    async def run(self) -> None:
        """Copy until the queue is closed and the assets being copied are finished.

        Raises:
            DriveError: the drive is disconnected, full, or fails repeatedly; no partial file is left behind.
        """
        committing = asyncio.create_task(self._commit_groups(), name="committing")
        workers = [asyncio.create_task(self._work(), name="copying") for _ in range(ASSETS_AT_ONCE)]
        working = asyncio.gather(*workers)
        both: set[asyncio.Future[Any]] = {working, committing}
        try:
            done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for ended in done:
                ended.result()
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            committing.cancel()
            await asyncio.gather(working, committing, return_exceptions=True)
            for planned, copied in self._unreported.values():
                self._results.add(planned, copied)
            for uuid in tuple(self._partial):
                await self._discard_partial(uuid)
            while not self._to_commit.empty():
                await self._threads.run(self._to_commit.get_nowait().writer.discard)

    async def _work(self) -> None:
        # An idle worker holds no slot: it would block the others while the limit is low.
        while await self._queue.available():
            async with self._limit.slot():
                planned = self._queue.take()
                if planned is not None:
                    await self._copy_or_put_back(planned)

    async def _copy_or_put_back(self, planned: PlannedAsset) -> None:
        media = await self._link.media()
        outcome = await self._try_once(planned, media)
        if outcome is None:
            self._queue.put_back(planned)
            return
        uuid = planned.asset.uuid
        del self._tried[uuid], self._disconnects[uuid]
        await self._discard_partial(uuid)
        if isinstance(outcome, Copied):
            self._limit.succeeded()
        self._results.add(planned, outcome)
        self._queue.done(planned)

    async def _try_once(self, planned: PlannedAsset, media: MediaFolder) -> Outcome | None:
        """The outcome of one try; None: try again."""
        alone = self._limit.alone
        before = self._bytes_copied(planned)
        try:
            return await self._copy(planned, media)
        except MediaBusy as error:
            # Too many files are open on the phone: copy fewer at once. One alone must succeed.
            self._limit.reduce(error)
            if alone:
                return await self._retry_or(planned, Failed("unreadable", str(error)))
            await self._timing.pause(PAUSE_BETWEEN_TRIES)
            return None
        except MediaForbidden as error:
            if await self._link.denied(media, error):
                return None
            return await self._retry_or(planned, Failed("forbidden", str(error)))
        except (MediaChanged, SizeDiffers) as error:
            return await self._retry_or(planned, Failed("changed", str(error)))
        except MediaError as error:
            return await self._retry_or(planned, Failed("unreadable", str(error)))
        except PhoneStalled as error:
            self._link.lost(media, error)
            return await self._retry_or(planned, Failed("unreadable", str(error)))
        except PhoneError as error:
            self._link.lost(media, error)
            self._limit.reduce(media)
            # With several files in flight, a disconnect cannot be blamed on one of them.
            self._disconnects[planned.asset.uuid] += alone and self._bytes_copied(planned) <= before
            too_many = self._disconnects[planned.asset.uuid] >= DISCONNECTS
            return Failed("unreadable", str(error)) if too_many else None
        except FileTooLarge as error:
            return Failed("too_large_for_drive", str(error))
        except NameTooLong as error:
            return Failed("name_too_long", str(error))
        except (WriteFailed, ReadBackDiffers, NameNotKept) as error:
            await self._threads.run(self._target.check)
            outcome = await self._retry_or(planned, Failed("drive_failed", str(error)))
            if outcome is not None:
                self._drive_failures += 1
                if self._drive_failures >= DRIVE_FAILURES:
                    raise
            return outcome

    async def _retry_or(self, planned: PlannedAsset, failed: Failed) -> Failed | None:
        """None, after a pause, while the asset has tries left."""
        self._tried[planned.asset.uuid] += 1
        times = self._tried[planned.asset.uuid]
        if times >= TRIES:
            return failed
        await self._timing.pause(PAUSE_BETWEEN_TRIES * times)
        return None

    async def _copy(self, planned: PlannedAsset, media: MediaFolder) -> Outcome:
        stats = await self._stats(planned, media)
        gone = tuple(r for r in planned.resources if r.role.is_original and r not in stats)
        in_part = tuple(r for r, stat in stats.items() if _is_partial(r, stat))
        if gone or in_part:
            return NotThere(planned, gone, in_part)
        stats = self._without_edits_too_large(planned, stats)
        partial = await self._partial_of(planned, stats)
        if partial is None:
            prepared = await self._threads.run(self._prepared, planned, stats)
            if isinstance(prepared, Copied):
                self._progress.count_written(0, (), 0, 0)
                return prepared
            partial = prepared
        written = kept = False
        try:
            await self._transfer.run(partial, planned, media)
            written = True
        except (MediaChanged, MediaNotFound):
            raise
        except PhoneError:
            self._partial[planned.asset.uuid], kept = partial, True
            raise
        finally:
            if not written and not kept:
                await self._threads.run(partial.writer.discard)
        staged, recorded = await self._committed(planned, partial.writer)
        self._drive_failures = 0
        self._count(staged, recorded)
        return Copied(recorded, staged.bytes)

    def _without_edits_too_large(
        self, planned: PlannedAsset, stats: dict[Resource, MediaStat]
    ) -> dict[Resource, MediaStat]:
        """Drop edits that the drive cannot store; the original is copied anyway."""
        can_hold = self._target.traits.can_hold
        kept = {r: s for r, s in stats.items() if r.role.is_original or can_hold(s.size)}
        for resource in stats.keys() - kept.keys():
            self._progress.add_event("warning", f"{resource.name}, an edit, is too large for this drive.")
        return kept

    async def _partial_of(
        self, planned: PlannedAsset, stats: Mapping[Resource, MediaStat]
    ) -> PartialAsset | None:
        """The part copied before the phone disconnected, if no file has changed since."""
        partial = self._partial.pop(planned.asset.uuid, None)
        if partial is not None and any(stats.get(one) != stat for one, stat in partial.sources.items()):
            await self._threads.run(partial.writer.discard)
            return None
        return partial

    async def _discard_partial(self, uuid: str) -> None:
        partial = self._partial.pop(uuid, None)
        if partial is not None:
            await self._threads.run(partial.writer.discard)

    def _bytes_copied(self, planned: PlannedAsset) -> int:
        partial = self._partial.get(planned.asset.uuid)
        return 0 if partial is None else partial.bytes_copied

    def _prepared(self, planned: PlannedAsset, stats: Mapping[Resource, MediaStat]) -> Copied | PartialAsset:
        """Prepare to write an asset, or find that the drive already has all of it. Blocks."""
        self._target.check()
        uuid = planned.asset.uuid
        already = self._target.record.find_asset(self._udid, uuid)
        broken = self._broken.get(uuid, ())
        sources = {r: s for r, s in stats.items() if not _is_on_drive(already, broken, r, s)}
        if not sources and already is not None:
            return Copied(already, 0)
        writer = self._target.writer(
            self._udid,
            planned.asset,
            resources=tuple(sources),
            repairs=broken,
            namesake=planned.namesake,
        )
        with ExitStack() as undo:
            undo.callback(writer.discard)
            partial = PartialAsset(sources, writer, writer.may_exist({r: s.size for r, s in sources.items()}))
            undo.pop_all()
        return partial

    async def _stats(self, planned: PlannedAsset, media: MediaFolder) -> dict[Resource, MediaStat]:
        """What the phone reports of each file; missing files are left out."""
        found = await asyncio.gather(
            *(media.stat(resource.path) for resource in planned.resources), return_exceptions=True
        )
        stats: dict[Resource, MediaStat] = {}
        for resource, stat in zip(planned.resources, found, strict=True):
            if isinstance(stat, MediaStat):
                stats[resource] = stat
            elif not isinstance(stat, MediaNotFound):
                raise stat
        return stats

    async def _committed(self, planned: PlannedAsset, writer: AssetWriter) -> _Committed:
        waiting = _ToCommit(planned, writer)
        self._to_commit.put_nowait(waiting)
        outcome = await asyncio.shield(waiting.outcome)
        self._unreported.pop(planned.asset.uuid, None)
        if isinstance(outcome, DriveError):
            raise outcome
        return outcome

    async def _commit_groups(self) -> None:
        """Commit in one transaction what was written during the previous one."""
        while True:
            group = [await self._to_commit.get()]
            while len(group) < COMMIT_AT_ONCE and not self._to_commit.empty():
                group.append(self._to_commit.get_nowait())
            committing = asyncio.create_task(self._commit(group))
            try:
                await asyncio.shield(committing)
            except asyncio.CancelledError:
                await committing
                raise

    async def _commit(self, group: list[_ToCommit]) -> None:
        outcomes = await self._threads.run(self._staged_and_committed, [one.writer for one in group])
        for one, outcome in zip(group, outcomes, strict=True):
            if isinstance(outcome, _Committed):
                self._unreported[one.planned.asset.uuid] = (
                    one.planned,
                    Copied(outcome.recorded, outcome.staged.bytes),
                )
            one.outcome.set_result(outcome)

    def _staged_and_committed(self, writers: Sequence[AssetWriter]) -> list[_Committed | DriveError]:
        """The outcome of each, in order; files that are not committed are discarded. Blocks."""
        all_staged = [_staged(writer) for writer in writers]
        recorded = iter(self._target.commit([one for one in all_staged if isinstance(one, StagedAsset)]))
        outcomes: list[_Committed | DriveError] = []
        for staged in all_staged:
            if isinstance(staged, DriveError):
                outcomes.append(staged)
                continue
            outcome = next(recorded)
            outcomes.append(outcome if isinstance(outcome, DriveError) else _Committed(staged, outcome))
        return outcomes

    def _count(self, staged: StagedAsset, recorded: RecordedAsset) -> None:
        from_drive = sum(file.read_back is ReadBack.FROM_DRIVE for file in staged.files)
        roles = {file.placed.resource.role for file in staged.files}
        for sentence in sentences_about(staged, recorded):
            self._progress.add_event("warning", sentence)
        paths = [file.path for file in recorded.files if file.role in roles]
        self._progress.count_written(staged.bytes, paths, from_drive, len(staged.files) - from_drive)


def _staged(writer: AssetWriter) -> StagedAsset | DriveError:
    try:
        return writer.stage()
    except DriveError as error:
        writer.discard()
        return error


def _is_on_drive(
    recorded: RecordedAsset | None, broken: Iterable[RecordedFile], resource: Resource, stat: MediaStat
) -> bool:
    """True if the drive has exactly this file, undamaged. (The library may have a wrong size for an edit.)"""
    file = recorded.current(resource.role) if recorded is not None else None
    if file is None or file in broken:
        return False
    return (file.size, file.source_modified_at) == (stat.size, stat.modified_at)


def _is_partial(resource: Resource, stat: MediaStat) -> bool:
    """True for an original in iCloud that has fewer bytes than the library says."""
    known = resource.role.is_original and resource.in_icloud and resource.size is not None
    return known and stat.size < (resource.size or 0)
