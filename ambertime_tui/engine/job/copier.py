"""Copy assets from the phone to the drive, several at a time. Drive access runs in threads."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from ambertime_tui.drive.errors import (
    FileTooLarge,
    NameNotKept,
    NameTooLong,
    ReadBackDiffers,
    SizeDiffers,
    TooFewOpenFiles,
    WriteFailed,
)
from ambertime_tui.drive.record.record_model import ReadBack, RecordedAsset
from ambertime_tui.engine.job.concurrency_limit import ConcurrencyLimit
from ambertime_tui.engine.job.context import JobContext
from ambertime_tui.engine.job.files_to_copy import FilesToCopy
from ambertime_tui.engine.job.group_commit import Committed, GroupCommit
from ambertime_tui.engine.job.outcomes import Copied, Failed, LeftOut, NotThere, Outcome, Results
from ambertime_tui.engine.job.planning import Broken
from ambertime_tui.engine.job.repairs import sentences_about
from ambertime_tui.engine.job.smaller_files import SmallerFiles, has_smaller
from ambertime_tui.engine.job.transfer import Incomplete, PartialAsset, Transfer
from ambertime_tui.engine.job.unanswered import UnansweredReads
from ambertime_tui.engine.plan.plan import PlannedAsset
from ambertime_tui.engine.plan.recorded_state import is_partial_download
from ambertime_tui.library.model import Resource, Role
from ambertime_tui.open_files import assets_at_once
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
TRIES = 3
"""Tries per file for errors that may be temporary."""
CHANGED_TRIES = 5
"""Tries per file if it changes while it is read."""
PAUSE_BETWEEN_TRIES = 1.0
"""Seconds; the second pause is twice as long."""
DISCONNECTS = 10
"""How often the phone may disconnect while one asset is copied alone without progress, before the asset
counts as unreadable."""
DRIVE_FAILURES = 5
"""Assets in a row that the drive fails to write before it counts as broken."""


class Copier:
    """Copies the assets of the copy queue, and reports each outcome to `results`."""

    def __init__(self, context: JobContext, broken: Broken, results: Results, smaller: SmallerFiles) -> None:
        """
        Args:
            context: the job's.
            broken: recorded files to replace.
            results: where outcomes are reported.
            smaller: judges originals with fewer bytes than the library says.
        """
        self._smaller = smaller
        self._includes_icloud = context.includes_icloud
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
        self._files = FilesToCopy(context, broken, self._transfer)
        self._commits = GroupCommit(context.target, context.threads)
        self._limit = ConcurrencyLimit(assets_at_once(ASSETS_AT_ONCE))
        self._partial: dict[str, PartialAsset] = {}
        """Assets that the phone disconnected in the middle of."""
        self._left_out: dict[str, dict[Resource, Failed | None]] = {}
        """Files that are not copied with the rest of their asset, and why; None: not complete yet."""
        self._reading: dict[str, Resource] = {}
        """The file of each asset that is being read: an error is about this one."""
        self._tried: Counter[str] = Counter()
        self._disconnects: Counter[str] = Counter()
        self._drive_failures = 0
        self._unanswered = UnansweredReads(context.timing, context.spec.patience)

    async def run(self) -> None:
        """Copy until the queue is closed and the assets being copied are finished.

        Raises:
            DriveError: the drive is disconnected, full, or fails repeatedly; no partial file is left behind.
            PhoneStalled: the phone has sent no file for longer than the patience.
        """
        committing = asyncio.create_task(self._commits.run(), name="committing")
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
            for planned, committed in self._commits.unreported.values():
                self._results.add(planned, committed.outcome)
            for uuid in tuple(self._partial):
                await self._discard_partial(uuid)
            await self._commits.discard_waiting()

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
        self._left_out.pop(uuid, None)
        self._reading.pop(uuid, None)
        await self._discard_partial(uuid)
        if isinstance(outcome, Copied):
            self._limit.succeeded()
            self._unanswered.succeeded()
            self._link.worked()
        elif await self._threads.run(self._files.has_others, planned):
            outcome = replace(outcome, in_part=True)
        self._commits.unreported.pop(uuid, None)
        self._results.add(planned, outcome)
        self._queue.done(planned)

    async def _try_once(self, planned: PlannedAsset, media: MediaFolder) -> Outcome | None:
        """The outcome of one try; None: try again."""
        alone = self._limit.alone
        before = self._bytes_copied(planned)
        uuid = planned.asset.uuid
        self._reading.pop(uuid, None)
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
            return await self._retry_or(planned, Failed("changed", str(error)), CHANGED_TRIES)
        except MediaError as error:
            return await self._retry_or(planned, Failed("unreadable", str(error)))
        except Incomplete as error:
            self._left_out.setdefault(uuid, {})[error.resource] = None
            return None
        except PhoneStalled as error:
            self._link.lost(media, error, in_one_file=True)
            self._limit.reduce(media, after_stall=True)
            # Several readers can freeze a phone, so only a file that is read alone is to blame.
            to_blame = alone and self._bytes_copied(planned) <= before
            self._unanswered.stalled(uuid if to_blame else None, error)
            return await self._retry_or(planned, Failed("unreadable", str(error))) if to_blame else None
        except PhoneError as error:
            self._link.lost(media, error)
            self._limit.reduce(media)
            # With several files in flight, a disconnect cannot be blamed on one of them.
            self._disconnects[uuid] += alone and self._bytes_copied(planned) <= before
            too_many = self._disconnects[uuid] >= DISCONNECTS
            return self._without_this_file(planned, Failed("unreadable", str(error))) if too_many else None
        except FileTooLarge as error:
            return self._without_this_file(planned, Failed("too_large_for_drive", str(error)))
        except NameTooLong as error:
            return Failed("name_too_long", str(error))
        except TooFewOpenFiles as error:
            self._limit.reduce(error)
            self._tried[uuid] += alone
            if self._tried[uuid] >= TRIES:
                raise
            await self._timing.pause(PAUSE_BETWEEN_TRIES)
            return None
        except (WriteFailed, ReadBackDiffers, NameNotKept) as error:
            await self._threads.run(self._target.check)
            self._tried[uuid] += 1
            if self._tried[uuid] < TRIES:
                await self._timing.pause(PAUSE_BETWEEN_TRIES * self._tried[uuid])
                return None
            self._drive_failures += 1
            if self._drive_failures >= DRIVE_FAILURES:
                raise
            return Failed("drive_failed", str(error))

    async def _retry_or(self, planned: PlannedAsset, failed: Failed, tries: int = TRIES) -> Failed | None:
        """None, after a pause, while there are tries left."""
        self._tried[planned.asset.uuid] += 1
        times = self._tried[planned.asset.uuid]
        if times >= tries:
            return self._without_this_file(planned, failed)
        await self._timing.pause(PAUSE_BETWEEN_TRIES * times)
        return None

    def _without_this_file(self, planned: PlannedAsset, failed: Failed) -> Failed | None:
        """Leave out the file that was being read, so that it does not hold back the others of its asset.

        Returns the failure if there are no others.
        """
        uuid = planned.asset.uuid
        file, left_out = self._reading.get(uuid), self._left_out.setdefault(uuid, {})
        if file is None or all(r is file or r in left_out for r in planned.resources):
            return failed
        left_out[file] = failed
        del self._tried[uuid], self._disconnects[uuid]
        return None

    async def _copy(self, planned: PlannedAsset, media: MediaFolder) -> Outcome:
        uuid = planned.asset.uuid
        failed = self._left_out.get(uuid, {})
        wanted = [resource for resource in planned.resources if resource not in failed]
        stats = await self._stats(planned, wanted, media)
        gone = tuple(r for r in wanted if r.role.is_original and r not in stats)
        incomplete = (r for r, why in failed.items() if why is None)
        arriving = (*incomplete, *(r for r, stat in stats.items() if self._is_arriving(r, stat)))
        stats = {resource: stat for resource, stat in stats.items() if resource not in arriving}
        stats = self._files.storable(stats)
        if not stats:
            why = next((one for one in failed.values() if one is not None), None)
            if why is not None and not gone and not arriving:
                return why
            return NotThere(planned, gone or (() if arriving else tuple(wanted)), arriving)
        left_out = (
            *(LeftOut(resource) for resource in (*gone, *arriving)),
            *(LeftOut(resource, why) for resource, why in failed.items() if why is not None),
        )
        partial, on_file = await self._partial_of(planned, stats), _noted_in(self._reading, uuid)
        if partial is None:
            already, sources = await self._threads.run(self._files.lacking, planned, stats)
            if already is not None:
                sources = await self._files.changed(already, sources, stats, media, on_file)
                if not sources:
                    complete = await self._complete_roles(planned, already)
                    return Copied(already, 0, left_out, complete, changed=False)
            partial = await self._threads.run(self._prepared, planned, sources)
        written = kept = False
        try:
            await self._transfer.run(partial, planned, media, on_file)
            written = True
        except (MediaChanged, MediaNotFound):
            raise
        except PhoneError:
            self._partial[uuid], kept = partial, True
            raise
        finally:
            if not written and not kept:
                await self._threads.run(partial.writer.discard)
        committed = await self._commits.commit(planned, partial.writer)
        self._drive_failures = 0
        self._count(planned, committed)
        complete = await self._complete_roles(planned, committed.recorded)
        return replace(committed.outcome, left_out=left_out, complete=complete)

    async def _complete_roles(self, planned: PlannedAsset, recorded: RecordedAsset) -> frozenset[Role]:
        """The originals of an asset that are complete although they are smaller than the library says."""
        if not has_smaller(planned.asset, recorded):
            return frozenset()
        return await self._threads.run(self._smaller.complete_roles, planned.asset, recorded)

    def _is_arriving(self, resource: Resource, stat: MediaStat) -> bool:
        """True for an original that iOS seems to be downloading and no fingerprint can prove complete."""
        return resource.fingerprint is None and is_partial_download(stat.size, resource)

    def _may_wait(self, planned: PlannedAsset, resource: Resource, stat: MediaStat) -> bool:
        """True for an original that is left for later if its bytes differ from the library's fingerprint."""
        if is_partial_download(stat.size, resource):
            return True
        waits = self._includes_icloud and not planned.as_is
        return waits and resource.role.is_original and resource.in_icloud and not resource.flagged_local

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

    def _prepared(self, planned: PlannedAsset, sources: dict[Resource, MediaStat]) -> PartialAsset:
        """Prepare to write files of an asset. Blocks."""
        writer = self._target.writer(
            self._udid,
            planned.asset,
            resources=tuple(sources),
            repairs=self._broken.get(planned.asset.uuid, ()),
            namesake=planned.namesake,
        )
        with ExitStack() as undo:
            undo.callback(writer.discard)
            partial = PartialAsset(
                sources,
                writer,
                writer.may_exist({r: s.size for r, s in sources.items()}),
                may_wait=frozenset(r for r, stat in sources.items() if self._may_wait(planned, r, stat)),
            )
            undo.pop_all()
        return partial

    async def _stats(
        self, planned: PlannedAsset, resources: Sequence[Resource], media: MediaFolder
    ) -> dict[Resource, MediaStat]:
        """What the phone reports of each file; missing files are left out."""
        found = await asyncio.gather(*(media.stat(r.path) for r in resources), return_exceptions=True)
        stats: dict[Resource, MediaStat] = {}
        for resource, stat in zip(resources, found, strict=True):
            if isinstance(stat, MediaStat):
                stats[resource] = stat
            elif not isinstance(stat, MediaNotFound):
                self._reading[planned.asset.uuid] = resource
                raise stat
        return stats

    def _count(self, planned: PlannedAsset, committed: Committed) -> None:
        staged, written = committed.staged, committed.written
        from_drive = sum(file.read_back is ReadBack.FROM_DRIVE for file in staged.files)
        for sentence in sentences_about(staged, committed.recorded):
            self._progress.add_event("warning", sentence)
        self._progress.count_written(
            staged.bytes,
            [file.path for file in written],
            from_drive,
            len(staged.files) - from_drive,
            Counter(file.proof for file in written if file.role.is_original),
            items=0 if planned.joins else 1,
        )


def _noted_in(reading: dict[str, Resource], uuid: str) -> Callable[[Resource], None]:
    """A callback that notes which file of an asset is being read."""
    return lambda resource: reading.__setitem__(uuid, resource)
