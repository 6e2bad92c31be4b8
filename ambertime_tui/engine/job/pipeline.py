"""The course of a job: from the phone's scan over the plan to the last file that is copied."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ambertime_tui.drive.record.record_model import RecordedFile
from ambertime_tui.drive.target import Target
from ambertime_tui.engine.api.spec import JobSpec, OriginalsChoice
from ambertime_tui.engine.api.status import Phase, Tally
from ambertime_tui.engine.job.arrivals import ArrivalWatch
from ambertime_tui.engine.job.conditions import Conditions
from ambertime_tui.engine.job.copier import Copier
from ambertime_tui.engine.job.copy_phase import Copying
from ambertime_tui.engine.job.copy_queue import CopyQueue
from ambertime_tui.engine.job.drive_threads import Threads
from ambertime_tui.engine.job.fetch_memory import FetchMemory
from ambertime_tui.engine.job.fetch_queue import FetchQueue
from ambertime_tui.engine.job.fetch_requests import FetchRequests
from ambertime_tui.engine.job.head_start import EarlyBooks, first_assets, in_plan
from ambertime_tui.engine.job.ledger import Ledger
from ambertime_tui.engine.job.outcomes import Outcome, ending_of
from ambertime_tui.engine.job.planning import check_room, plan_for
from ambertime_tui.engine.job.progress import Progress
from ambertime_tui.engine.plan.drive_advice import drive_advice
from ambertime_tui.engine.plan.plan import Decision, PlannedAsset
from ambertime_tui.engine.scan.phone_link import PhoneLink
from ambertime_tui.engine.scan.survey import Scan, scan_phone
from ambertime_tui.engine.scan.surveyor import Surveyor
from ambertime_tui.engine.timing import Timing
from ambertime_tui.library.errors import LibraryUnreadable
from ambertime_tui.library.folder_names import Listing
from ambertime_tui.library.model import Library
from ambertime_tui.library.photos_db import LibraryReader
from ambertime_tui.paths import PathsError
from ambertime_tui.phone.errors import DatabaseNeverRests, NoRoomForDatabase, PhoneError

log = logging.getLogger(__name__)

SCAN_TRIES = 12
"""How often a phone may break off while its library is read."""


@dataclass(frozen=True, slots=True)
class JobContext:
    """What a job works with."""

    spec: JobSpec
    udid: str
    target: Target
    threads: Threads
    link: PhoneLink
    line: CopyQueue
    surveyor: Surveyor
    memory: FetchMemory
    progress: Progress
    conditions: Conditions
    timing: Timing


class Pipeline:
    """Runs once. What it finds out stays readable when it has ended, however it did."""

    def __init__(self, means: JobContext) -> None:
        self._means = means
        self._included = means.spec.originals is OriginalsChoice.ICLOUD
        self._early = EarlyBooks()
        self._copier: asyncio.Task[None] | None = None
        self._awaited_before: frozenset[str] = frozenset()
        self.library: Library | None = None
        """What was scanned; None: not yet."""
        self.broken: Mapping[str, tuple[RecordedFile, ...]] = {}
        """Recorded files that were not whole when the job began, by uuid."""
        self.ledger: Ledger | None = None
        """The books; None as long as there is no plan."""
        self.copying: Copying | None = None
        self.asking: FetchRequests | None = None
        """How iOS is asked for originals; None: it is not."""

    @property
    def copied_early(self) -> int:
        """Assets that were begun before there was a plan, as long as there is none."""
        return 0 if self.ledger is not None else len(self._early.outcomes)

    async def run(self) -> None:
        """Until everything is copied that can be.

        Raises:
            PhoneError, DriveError, PathsError: the job cannot go on.
            BaseExceptionGroup: of such.
        """
        try:
            scan = await self._beside_the_copier(self._scan())
            self.library = scan.library
            await self._plan_and_copy(scan)
        finally:
            if self._copier is not None:
                self._copier.cancel()
                await asyncio.gather(self._copier, return_exceptions=True)
            if self.ledger is not None and self.copying is None:
                for planned, outcome in self._early.outcomes:
                    booked = in_plan(planned, self.ledger.plan)
                    self.ledger.record(booked, ending_of(booked, outcome))

    async def _beside_the_copier(self, work: Coroutine[Any, Any, Scan]) -> Scan:
        """The result of `work`; a copier that has begun meanwhile and fails ends it."""
        doing = asyncio.create_task(work, name="scan")
        try:
            while not doing.done():
                both: set[asyncio.Task[Any]] = {doing}
                if self._copier is not None:
                    both.add(self._copier)
                # Not for long: the copier may begin meanwhile.
                await asyncio.wait(both, timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
                if self._copier is not None and self._copier.done():
                    self._copier.result()
            return doing.result()
        finally:
            doing.cancel()
            await asyncio.gather(doing, return_exceptions=True)

    async def _scan(self) -> Scan:
        means = self._means
        for tries_left in reversed(range(SCAN_TRIES)):
            media = await means.link.media()
            try:
                kept = await means.surveyor.take(means.udid, media)
                if kept is not None:
                    return kept
                means.progress.set_phase(Phase.SCANNING)
                return await scan_phone(
                    means.udid,
                    media,
                    means.surveyor.scratch,
                    means.timing,
                    means.progress.set_scan,
                    partial(means.link.is_locked, media),
                    self._head_start,
                )
            except (NoRoomForDatabase, DatabaseNeverRests):
                raise
            except PhoneError as error:
                if not tries_left:
                    raise
                means.link.lost(media, error)
        raise AssertionError("the last try raises")

    async def _head_start(self, reader: LibraryReader, listing: Listing) -> None:
        """Begins to copy while all of the library is still to be read."""
        means = self._means
        if self._copier is not None or means.conditions.stopped:
            return
        if await asyncio.to_thread(means.memory.recall, means.udid):
            return  # what iOS was asked for is taken before anything else
        try:
            begun = await means.threads.run(
                first_assets, reader, listing, means.spec.selection, means.target, means.udid
            )
        except LibraryUnreadable:
            return  # whoever reads all of it says so
        if begun:
            self._early.begun = begun
            means.progress.planned = Tally(len(begun), sum(planned.bytes for planned in begun))
            means.line.add(begun)
            self._copier = self._new_copier()

    def _new_copier(self) -> asyncio.Task[None]:
        means = self._means
        copier = Copier(
            target=means.target,
            udid=means.udid,
            broken=self.broken,
            link=means.link,
            line=means.line,
            threads=means.threads,
            progress=means.progress,
            timing=means.timing,
            on_outcome=self._on_outcome,
        )
        return asyncio.create_task(copier.run(), name="copier")

    def _on_outcome(self, planned: PlannedAsset, outcome: Outcome) -> None:
        if self.copying is None or self.ledger is None:
            self._early.outcomes.append((planned, outcome))
        else:
            self.copying.on_outcome(in_plan(planned, self.ledger.plan), outcome)

    async def _plan_and_copy(self, scan: Scan) -> None:
        means, progress = self._means, self._means.progress
        progress.set_scan(scan.status)
        progress.set_phase(Phase.PLANNING)
        for notice in scan.library.notices:
            progress.tell("warning", notice)
        anew = self._copier is not None
        if not anew:
            self.broken = await means.threads.run(means.target.needs_repair, means.udid)
        plan, counted = await means.threads.run(
            plan_for, scan, means.spec.selection, means.target, means.udid, self.broken, anew=anew
        )
        for sentence in await asyncio.to_thread(lambda: tuple(drive_advice(plan, means.target.traits))):
            progress.tell("warning", sentence)
        ledger = await asyncio.to_thread(Ledger, plan)
        progress.set_scan(counted)
        self._awaited_before = await asyncio.to_thread(means.memory.recall, means.udid)
        queue = await asyncio.to_thread(FetchQueue, plan, means.spec.order)
        self.ledger = ledger
        if anew:  # there was room for everything before the first byte
            progress.free_bytes = await means.threads.run(means.target.free_bytes)
        else:
            progress.free_bytes = await means.threads.run(
                check_room, plan, means.target, means.udid, icloud=self._included
            )
        await asyncio.to_thread(self.remember)
        copying = Copying(
            means.spec,
            ledger,
            queue,
            means.line,
            progress,
            means.timing,
            self._awaited_before,
            self._early.uuids,
        )
        self.copying = copying
        for planned, outcome in self._early.outcomes:
            self._on_outcome(planned, outcome)
        self._copier = self._copier or self._new_copier()
        await copying.run(self._copier, self._arrival_watch(copying) if self._included else None)

    def _arrival_watch(self, copying: Copying) -> ArrivalWatch:
        means = self._means
        self.asking = FetchRequests(
            queue=copying.queue,
            way=means.spec.way,
            progress=means.progress,
            timing=means.timing,
            patience=means.spec.patience,
            paused=lambda: means.conditions.paused,
        )
        return ArrivalWatch(
            queue=copying.queue,
            asking=self.asking,
            link=means.link,
            progress=means.progress,
            timing=means.timing,
            patience=means.spec.patience,
            main_names=self.library.main_names if self.library is not None else {},
            may_give_up=lambda: means.line.is_empty and not means.conditions.paused,
            on_arrived=copying.on_arrived,
        )

    def remember(self) -> None:
        """Notes for the next run what iOS was asked for and is not on the drive. Blocks."""
        if self.ledger is None:
            return
        try:
            self._means.memory.remember(self._means.udid, self._waited_for(self.ledger))
        except (OSError, PathsError) as error:
            log.warning("what iOS was asked for is not remembered: %s", error)

    def _waited_for(self, ledger: Ledger) -> Iterator[str]:
        """The uuids of what iOS was asked for, now or earlier, and is not on the drive."""
        plan, asked = ledger.plan, set[int]()
        for uuid in self._awaited_before:
            number = plan.number_of(uuid)
            if number is None:
                yield uuid
            else:
                asked.add(number)
        if self._included:
            asked.update(plan.numbers(Decision.FETCH))
        yield from (plan[number].asset.uuid for number in sorted(asked) if not ledger.is_on_drive(number))
