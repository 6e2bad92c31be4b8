"""Copies assets from the phone to the drive, several at a time: bytes on the loop, the drive in threads."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
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
from ambertime_tui.drive.target import Target
from ambertime_tui.drive.writing.asset_writer import AssetWriter, StagedAsset
from ambertime_tui.engine.job.copy_queue import CopyQueue
from ambertime_tui.engine.job.drive_threads import Threads
from ambertime_tui.engine.job.outcomes import Copied, Failed, NotThere, Outcome
from ambertime_tui.engine.job.pace import Pace
from ambertime_tui.engine.job.progress import Progress
from ambertime_tui.engine.job.transfer import Begun, Transfer
from ambertime_tui.engine.plan.plan import PlannedAsset
from ambertime_tui.engine.scan.phone_link import PhoneLink
from ambertime_tui.engine.timing import Timing
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
"""Enough to keep a USB link full with small files while others are synced and read back: as many as the phone
has files open for us. Each holds at most two replies of 4 MiB in memory."""
COMMIT_AT_ONCE = 64
"""Assets that share one record transaction and the syncs of their folders, at most."""
TRIES = 3
"""How often one asset is tried where the trouble may be passing."""
PAUSE_BETWEEN_TRIES = 1.0
"""Seconds; a second pause is twice as long."""
CUT_OFF_TIMES = 10
"""How often the phone may vanish under one asset, alone in hand and without a byte gained, before that counts
as the asset's own trouble."""
DRIVE_FAILURES = 5
"""Assets in a row that the drive refuses with an error before it counts as broken."""


class _Committed(NamedTuple):
    staged: StagedAsset
    recorded: RecordedAsset


@dataclass(slots=True)
class _ToCommit:
    """An asset of which every file is written. Whoever takes it out of the queue has it committed, or thrown
    away."""

    planned: PlannedAsset
    writer: AssetWriter
    outcome: asyncio.Future[_Committed | DriveError] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Copier:
    """Works off a line. `run` ends when the line is closed and what was in hand is done."""

    def __init__(
        self,
        *,
        target: Target,
        udid: str,
        broken: Mapping[str, tuple[RecordedFile, ...]],
        link: PhoneLink,
        line: CopyQueue,
        threads: Threads,
        progress: Progress,
        timing: Timing,
        on_outcome: Callable[[PlannedAsset, Outcome], None],
    ) -> None:
        self._target = target
        self._udid = udid
        self._broken = broken
        self._link = link
        self._line = line
        self._threads = threads
        self._progress = progress
        self._timing = timing
        self._on_outcome = on_outcome
        self._transfer = Transfer(threads, line, progress)
        self._to_commit: asyncio.Queue[_ToCommit] = asyncio.Queue()
        self._pace = Pace(ASSETS_AT_ONCE)
        self._begun: dict[str, Begun] = {}
        self._tried: Counter[str] = Counter()
        self._cut_off: Counter[str] = Counter()
        self._drive_failures = 0
        self._unheard: dict[str, tuple[PlannedAsset, Copied]] = {}
        """What was committed, and not reported yet: a stop may come between the two."""

    async def run(self) -> None:
        """Copies until the line is closed.

        Raises:
            DriveError: the drive is gone, full, or fails again and again; nothing half is left behind.
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
            for planned, copied in self._unheard.values():
                self._on_outcome(planned, copied)
            for uuid in tuple(self._begun):
                await self._forget_begun(uuid)
            while not self._to_commit.empty():
                await self._threads.run(self._to_commit.get_nowait().writer.discard)

    async def _work(self) -> None:
        while True:
            async with self._pace.turn():
                planned = await self._line.next()
                if planned is None:
                    return
                media = await self._link.media()
                outcome = await self._tried_once(planned, media)
                if outcome is None:
                    self._line.put_back(planned)
                    continue
                uuid = planned.asset.uuid
                del self._tried[uuid], self._cut_off[uuid]
                await self._forget_begun(uuid)
                if isinstance(outcome, Copied):
                    self._pace.held()
                self._on_outcome(planned, outcome)
                self._line.done(planned)

    async def _tried_once(self, planned: PlannedAsset, media: MediaFolder) -> Outcome | None:
        """The outcome of one try; None: to be tried again."""
        alone = self._pace.limit == 1
        gained = self._gained(planned)
        try:
            return await self._copy(planned, media)
        except MediaBusy as error:
            # Too many files are open on the phone, by whomever: fewer at once, and a file alone has to go.
            self._pace.ease(error)
            if alone:
                return await self._again_or(planned, Failed("unreadable", str(error)))
            await self._timing.pause(PAUSE_BETWEEN_TRIES)
            return None
        except MediaForbidden as error:
            if await self._link.denied(media, error):
                return None
            return await self._again_or(planned, Failed("forbidden", str(error)))
        except (MediaChanged, SizeDiffers) as error:
            return await self._again_or(planned, Failed("changed", str(error)))
        except MediaError as error:
            return await self._again_or(planned, Failed("unreadable", str(error)))
        except PhoneStalled as error:
            self._link.lost(media, error)
            return await self._again_or(planned, Failed("unreadable", str(error)))
        except PhoneError as error:
            self._link.lost(media, error)
            self._pace.ease(media)
            # Of many in hand nobody knows which one the phone broke off for, if for any.
            self._cut_off[planned.asset.uuid] += alone and self._gained(planned) <= gained
            cut_off_too_often = self._cut_off[planned.asset.uuid] >= CUT_OFF_TIMES
            return Failed("unreadable", str(error)) if cut_off_too_often else None
        except FileTooLarge as error:
            return Failed("too_large_for_drive", str(error))
        except NameTooLong as error:
            return Failed("name_too_long", str(error))
        except (WriteFailed, ReadBackDiffers, NameNotKept) as error:
            await self._threads.run(self._target.check)
            outcome = await self._again_or(planned, Failed("drive_failed", str(error)))
            if outcome is not None:
                self._drive_failures += 1
                if self._drive_failures >= DRIVE_FAILURES:
                    raise
            return outcome

    async def _again_or(self, planned: PlannedAsset, failed: Failed) -> Failed | None:
        """None, after a pause, as long as the asset has tries left."""
        self._tried[planned.asset.uuid] += 1
        times = self._tried[planned.asset.uuid]
        if times >= TRIES:
            return failed
        await self._timing.pause(PAUSE_BETWEEN_TRIES * times)
        return None

    async def _copy(self, planned: PlannedAsset, media: MediaFolder) -> Outcome:
        stats = await self._stats(planned, media)
        gone = tuple(r for r in planned.resources if r.role.is_original and r not in stats)
        in_part = tuple(r for r, stat in stats.items() if _is_a_beginning(r, stat))
        if gone or in_part:
            return NotThere(planned, gone, in_part)
        stats = self._without_edits_too_large(planned, stats)
        begun = await self._begun_again(planned, stats)
        if begun is None:
            prepared = await self._threads.run(self._prepared, planned, stats)
            if isinstance(prepared, Copied):
                self._progress.wrote(0, (), 0, 0)
                return prepared
            begun = prepared
        written = kept = False
        try:
            await self._transfer.take(begun, planned, media)
            written = True
        except (MediaChanged, MediaNotFound):
            raise
        except PhoneError:
            self._begun[planned.asset.uuid], kept = begun, True
            raise
        finally:
            if not written and not kept:
                await self._threads.run(begun.writer.discard)
        staged, recorded = await self._committed(planned, begun.writer)
        self._drive_failures = 0
        self._count(staged, recorded)
        return Copied(recorded, staged.bytes)

    def _without_edits_too_large(
        self, planned: PlannedAsset, stats: dict[Resource, MediaStat]
    ) -> dict[Resource, MediaStat]:
        """An edit that the drive cannot hold does not cost the original."""
        can_hold = self._target.traits.can_hold
        kept = {r: s for r, s in stats.items() if r.role.is_original or can_hold(s.size)}
        for resource in stats.keys() - kept.keys():
            self._progress.tell("warning", f"{resource.name}, an edit, is too large for this drive.")
        return kept

    async def _begun_again(self, planned: PlannedAsset, stats: Mapping[Resource, MediaStat]) -> Begun | None:
        """What was begun of an asset before the phone broke off, if all its files are as they were then."""
        begun = self._begun.pop(planned.asset.uuid, None)
        if begun is not None and any(stats.get(resource) != stat for resource, stat in begun.to_take.items()):
            await self._threads.run(begun.writer.discard)
            return None
        return begun

    async def _forget_begun(self, uuid: str) -> None:
        begun = self._begun.pop(uuid, None)
        if begun is not None:
            await self._threads.run(begun.writer.discard)

    def _gained(self, planned: PlannedAsset) -> int:
        begun = self._begun.get(planned.asset.uuid)
        return 0 if begun is None else begun.gained

    def _prepared(self, planned: PlannedAsset, stats: Mapping[Resource, MediaStat]) -> Copied | Begun:
        """An asset that is about to be written; or that the drive has all of it. Blocks."""
        self._target.check()
        uuid = planned.asset.uuid
        already = self._target.record.find_asset(self._udid, uuid)
        broken = self._broken.get(uuid, ())
        to_take = {r: s for r, s in stats.items() if not _is_the_same(already, broken, r, s)}
        if not to_take and already is not None:
            return Copied(already, 0)
        writer = self._target.writer(
            self._udid,
            planned.asset,
            resources=tuple(to_take),
            repairs=broken,
            namesake=planned.namesake,
        )
        with ExitStack() as undo:
            undo.callback(writer.discard)
            begun = Begun(to_take, writer, writer.may_exist({r: s.size for r, s in to_take.items()}))
            undo.pop_all()
        return begun

    async def _stats(self, planned: PlannedAsset, media: MediaFolder) -> dict[Resource, MediaStat]:
        """What the phone says of each file; those that are not there are left out."""
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
        self._unheard.pop(planned.asset.uuid, None)
        if isinstance(outcome, DriveError):
            raise outcome
        return outcome

    async def _commit_groups(self) -> None:
        """One transaction for all that was written while the one before was under way."""
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
                self._unheard[one.planned.asset.uuid] = (
                    one.planned,
                    Copied(outcome.recorded, outcome.staged.bytes),
                )
            one.outcome.set_result(outcome)

    def _staged_and_committed(self, writers: Sequence[AssetWriter]) -> list[_Committed | DriveError]:
        """The outcome of each, in their order; what is not committed leaves nothing behind. Blocks."""
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
        paths = [file.path for file in recorded.files if file.role in roles]
        self._progress.wrote(staged.bytes, paths, from_drive, len(staged.files) - from_drive)


def _staged(writer: AssetWriter) -> StagedAsset | DriveError:
    try:
        return writer.stage()
    except DriveError as error:
        writer.discard()
        return error


def _is_the_same(
    recorded: RecordedAsset | None, broken: Iterable[RecordedFile], resource: Resource, stat: MediaStat
) -> bool:
    """True where the drive has this very file, whole: an edit whose size the library had wrong, say."""
    file = recorded.current(resource.role) if recorded is not None else None
    if file is None or file in broken:
        return False
    return (file.size, file.source_modified_at) == (stat.size, stat.modified_at)


def _is_a_beginning(resource: Resource, stat: MediaStat) -> bool:
    """True for an original from iCloud that has fewer bytes than the library says."""
    known = resource.role.is_original and resource.in_icloud and resource.size is not None
    return known and stat.size < (resource.size or 0)
