"""Copies assets from the phone to the drive, several at a time: bytes on the loop, the drive in threads."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ParamSpec, TypeVar

from ambertime_tui.drive.errors import (
    DriveError,
    FileTooLarge,
    NameNotKept,
    NameTooLong,
    ReadBackDiffers,
    SizeDiffers,
    WriteFailed,
)
from ambertime_tui.drive.recorded import ReadBack, RecordedAsset, RecordedFile
from ambertime_tui.drive.target import Target
from ambertime_tui.drive.writer import AssetWriter, FileWriter, StagedAsset
from ambertime_tui.engine.census import Bucket, Ending
from ambertime_tui.engine.copy_line import CopyLine
from ambertime_tui.engine.phone_link import PhoneLink
from ambertime_tui.engine.plan import PlannedAsset, missing_originals
from ambertime_tui.engine.planner import missing_sentence
from ambertime_tui.engine.progress import Progress
from ambertime_tui.engine.timing import Timing
from ambertime_tui.library.model import Resource
from ambertime_tui.phone.afc import MediaFolder, MediaStat
from ambertime_tui.phone.errors import (
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
SMALL = 4 << 20
"""Bytes: a file up to this size is taken from the phone whole, and written in one go by one thread."""
COMMIT_AT_ONCE = 64
"""Assets that share one record transaction and the syncs of their folders, at most."""
TRIES = 3
"""How often one asset is tried where the trouble may be passing."""
PAUSE_BETWEEN_TRIES = 1.0
"""Seconds; a second pause is twice as long."""
CUT_OFF_TIMES = 10
"""How often the phone may vanish under one asset before that counts as the asset's own trouble."""
DRIVE_FAILURES = 5
"""Assets in a row that the drive refuses with an error before it counts as broken."""

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Copied:
    """An asset is on the drive, whole and recorded."""

    recorded: RecordedAsset
    bytes: int
    """Of the files that were written for it now."""


@dataclass(frozen=True, slots=True)
class NotThere:
    """An original is not on the phone any more, or not wholly."""

    planned: PlannedAsset
    gone: tuple[Resource, ...]
    in_part: tuple[Resource, ...] = ()
    """Those of which the phone has a beginning: iOS has not brought down the rest yet."""


@dataclass(frozen=True, slots=True)
class Failed:
    """An asset could not be copied; `reason` is a stable word, `sentence` for people."""

    reason: str
    sentence: str


Outcome = Copied | NotThere | Failed


class Threads:
    """Runs what blocks on the drive. A cancelled caller still waits for the call that is under way."""

    def __init__(self, count: int) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="drive")

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `work`, called in a thread."""
        call = asyncio.get_running_loop().run_in_executor(self._pool, partial(work, *args, **kwargs))
        try:
            return await asyncio.shield(call)
        except asyncio.CancelledError:
            await asyncio.wait([call])
            raise

    def close(self) -> None:
        """Lets idle threads go."""
        self._pool.shutdown(wait=False)


@dataclass(slots=True)
class _ToCommit:
    planned: PlannedAsset
    staged: StagedAsset
    outcome: asyncio.Future[RecordedAsset | DriveError] = field(
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
        line: CopyLine,
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
        self._to_commit: asyncio.Queue[_ToCommit] = asyncio.Queue()
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
            while not self._to_commit.empty():
                await self._threads.run(self._target.discard, self._to_commit.get_nowait().staged)

    async def _work(self) -> None:
        while (planned := await self._line.next()) is not None:
            media = await self._link.media()
            outcome = await self._tried_once(planned, media)
            if outcome is None:
                self._line.put_back(planned)
                continue
            del self._tried[planned.asset.uuid], self._cut_off[planned.asset.uuid]
            self._on_outcome(planned, outcome)
            self._line.done(planned)

    async def _tried_once(self, planned: PlannedAsset, media: MediaFolder) -> Outcome | None:
        """The outcome of one try; None: to be tried again."""
        try:
            return await self._copy(planned, media)
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
            self._cut_off[planned.asset.uuid] += 1
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
        prepared = await self._threads.run(self._prepared, planned, stats)
        if isinstance(prepared, Copied):
            self._progress.wrote(0, (), 0, 0)
            return prepared
        to_take, writer = prepared
        staged: StagedAsset | None = None
        try:
            for resource, stat in to_take.items():
                await self._write(writer, planned, resource, stat, media)
            staged = await self._staged(writer)
        finally:
            if staged is None:
                await self._threads.run(writer.discard)
        recorded = await self._committed(planned, staged)
        self._drive_failures = 0
        self._count(staged, recorded)
        return Copied(recorded, staged.bytes)

    def _prepared(
        self, planned: PlannedAsset, stats: Mapping[Resource, MediaStat]
    ) -> Copied | tuple[dict[Resource, MediaStat], AssetWriter]:
        """What of an asset is to be taken, and its writer; or that the drive has all of it. Blocks."""
        self._target.check()
        uuid = planned.asset.uuid
        already = self._target.record.asset_files(self._udid, uuid)
        broken = self._broken.get(uuid, ())
        to_take = {r: s for r, s in stats.items() if not _is_the_same(already, broken, r, s)}
        if not to_take and already is not None:
            return Copied(already, 0)
        return to_take, self._target.writer(
            self._udid, planned.asset, resources=tuple(to_take), repairs=broken
        )

    async def _staged(self, writer: AssetWriter) -> StagedAsset:
        """The asset, staged; a caller cancelled meanwhile leaves no parts behind."""
        staging = asyncio.create_task(self._threads.run(writer.stage))
        try:
            return await asyncio.shield(staging)
        except asyncio.CancelledError:
            await asyncio.wait([staging])
            if staging.exception() is None:
                await self._threads.run(self._target.discard, staging.result())
            raise

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

    async def _write(
        self,
        writer: AssetWriter,
        planned: PlannedAsset,
        resource: Resource,
        stat: MediaStat,
        media: MediaFolder,
    ) -> None:
        created = planned.asset.created
        begin = partial(
            writer.begin,
            resource,
            stat.size,
            stat.modified_at if created is None else created,
            source_modified_at=stat.modified_at,
        )
        file = await self._threads.run(begin) if stat.size > SMALL else None
        kept: list[bytes] = []
        in_hand = self._progress.take_in_hand(resource.name, stat.size)
        try:
            async with aclosing(media.read(resource.path, size=stat.size)) as pieces:
                async for piece in pieces:
                    await self._line.gate()
                    if file is None:
                        kept.append(piece)
                    else:
                        await self._threads.run(file.write, piece)
                    self._progress.moved(in_hand, len(piece))
            if file is None:
                await self._threads.run(_write_whole, begin, kept)
            else:
                await self._threads.run(file.finish)
        finally:
            self._progress.put_down(in_hand)

    async def _committed(self, planned: PlannedAsset, staged: StagedAsset) -> RecordedAsset:
        waiting = _ToCommit(planned, staged)
        self._to_commit.put_nowait(waiting)
        outcome = await asyncio.shield(waiting.outcome)
        self._unheard.pop(planned.asset.uuid, None)
        if isinstance(outcome, DriveError):
            raise outcome
        return outcome

    async def _commit_groups(self) -> None:
        """One transaction for all that was staged while the one before was under way."""
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
        outcomes = await self._threads.run(self._target.commit, [one.staged for one in group])
        for one, outcome in zip(group, outcomes, strict=True):
            if isinstance(outcome, RecordedAsset):
                self._unheard[one.planned.asset.uuid] = one.planned, Copied(outcome, one.staged.bytes)
            one.outcome.set_result(outcome)

    def _count(self, staged: StagedAsset, recorded: RecordedAsset) -> None:
        from_drive = sum(file.read_back is ReadBack.FROM_DRIVE for file in staged.files)
        roles = {file.placed.resource.role for file in staged.files}
        paths = [file.path for file in recorded.files if file.role in roles]
        self._progress.wrote(staged.bytes, paths, from_drive, len(staged.files) - from_drive)


def _write_whole(begin: Callable[[], FileWriter], pieces: Iterable[bytes]) -> None:
    file = begin()
    for piece in pieces:
        file.write(piece)
    file.finish()


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


def ending_of(planned: PlannedAsset, outcome: Outcome) -> Ending:
    """How the census counts an outcome."""
    match outcome:
        case Copied():
            gone = missing_originals(planned.asset)
            if gone:
                sentence = f"{missing_sentence(gone)} The rest of it is on the drive."
                return Ending(Bucket.FAILED, "missing", sentence)
            return Ending(Bucket.COPIED)
        case Failed(reason, sentence):
            return Ending(Bucket.FAILED, reason, sentence)
        case NotThere(_, gone, in_part) if in_part and not gone:
            names = ", ".join(resource.name for resource in in_part)
            return Ending(
                Bucket.ICLOUD,
                "arriving",
                f"{names} has fewer bytes on the iPhone than the library says: iOS has not brought down the "
                "rest yet. Run again with iCloud originals included.",
            )
        case NotThere(_, gone, _):
            names = ", ".join(resource.name for resource in gone)
            if all(resource.in_icloud for resource in gone):
                return Ending(
                    Bucket.ICLOUD,
                    "offloaded",
                    f"{names} was on the iPhone when the job began and is only in iCloud now. Run again with "
                    "iCloud originals included.",
                )
            return Ending(
                Bucket.FAILED,
                "missing",
                f"{names} is not on the iPhone any more: it was deleted or offloaded while the job ran. Run "
                "again to see which.",
            )
