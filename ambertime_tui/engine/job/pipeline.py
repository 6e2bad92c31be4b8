"""The stages of a job: scan the phone, plan, copy. Copying may start while the scan is still running."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from ambertime_tui.drive.forgetting import remember_returned
from ambertime_tui.engine.api.status import Phase, Tally
from ambertime_tui.engine.job.context import JobContext
from ambertime_tui.engine.job.copier import Copier
from ambertime_tui.engine.job.copy_phase import CopyPhase
from ambertime_tui.engine.job.fetch_queue import FetchQueue
from ambertime_tui.engine.job.head_start import first_assets
from ambertime_tui.engine.job.ledger import Ledger
from ambertime_tui.engine.job.night_log import NightCount
from ambertime_tui.engine.job.outcomes import Results
from ambertime_tui.engine.job.planned_job import PlannedJob
from ambertime_tui.engine.job.planning import Broken, Planner, check_room
from ambertime_tui.engine.job.repairs import sentence_about_moved
from ambertime_tui.engine.job.smaller_files import SmallerFiles
from ambertime_tui.engine.plan.drive_advice import drive_advice
from ambertime_tui.engine.plan.fetch_advice import advice_for
from ambertime_tui.engine.plan.hands import NOTHING, Reach, hands_needed, reach_of
from ambertime_tui.engine.plan.plan import Plan, PlannedAsset
from ambertime_tui.engine.scan.survey import Scan, scan_phone
from ambertime_tui.library.errors import LibraryUnreadable
from ambertime_tui.library.folder_names import Listing
from ambertime_tui.library.photos_db import LibraryReader
from ambertime_tui.paths import PathsError
from ambertime_tui.phone.errors import (
    DatabaseNeverRests,
    MediaForbidden,
    NoRoomForDatabase,
    PhoneError,
    PhoneStalled,
)

log = logging.getLogger(__name__)

SCAN_TRIES = 12
"""How often the connection to the phone may fail while its library is read. Unplugging and locking the phone
do not count, and the job's patience limits how long it may be silent."""


class Pipeline:
    """Runs once. `planned` stays readable after the end, whatever the outcome."""

    def __init__(self, context: JobContext) -> None:
        self._context = context
        self._results = Results()
        self._smaller = SmallerFiles(context.target, context.udid, context.timing)
        self._head_start: tuple[PlannedAsset, ...] = ()
        self._copier: asyncio.Task[None] | None = None
        self.planned: PlannedJob | None = None
        """None until the plan is ready."""

    @property
    def copied_early(self) -> int:
        """Assets that were copied, as long as there is no plan to count them."""
        return self._results.copied_early

    def stop_early(self, on_stopped: Callable[[], None]) -> bool:
        """Finish the files of the head start, then call back. False: nothing is being copied yet."""
        if self._copier is None or self._copier.done():
            return False
        self._context.copy_queue.close()
        self._copier.add_done_callback(lambda _: on_stopped())
        return True

    async def run(self) -> None:
        """Copy everything that can be copied.

        Raises:
            BaseExceptionGroup: of the PhoneError, DriveError or PathsError that ended the job.
        """
        async with asyncio.TaskGroup() as group:  # a copier that fails during the scan ends the scan
            scan = await self._scan(group)
            await self._plan_and_copy(scan, group)

    async def _scan(self, group: asyncio.TaskGroup) -> Scan:
        context = self._context
        tries_left, attachment = SCAN_TRIES, context.link.attachment
        while True:
            media = await context.link.media()
            if context.link.attachment != attachment:
                tries_left, attachment = SCAN_TRIES, context.link.attachment
            try:
                kept = await context.surveyor.take(context.udid, media)
                if kept is not None:
                    return kept
                context.progress.set_phase(Phase.SCANNING)
                scan = await scan_phone(
                    context.udid,
                    media,
                    context.surveyor.scratch,
                    context.timing,
                    context.progress.set_scan,
                    partial(context.link.is_locked, media),
                    partial(self._start_early, group),
                )
                context.link.worked()
                return scan
            except (NoRoomForDatabase, DatabaseNeverRests):
                raise
            except PhoneError as error:
                tries_left -= not isinstance(error, PhoneStalled | MediaForbidden)
                if not tries_left:
                    raise
                context.link.lost(media, error)

    async def _start_early(self, group: asyncio.TaskGroup, reader: LibraryReader, listing: Listing) -> None:
        """Start copying while the rest of the library is still to be read."""
        context = self._context
        if self._copier is not None or context.conditions.stopped:
            return
        if await asyncio.to_thread(context.memory.recall, context.udid):
            return  # originals that iOS was asked for earlier come first
        try:
            assets = await context.threads.run(
                first_assets, reader, listing, context.spec.selection, context.target, context.udid
            )
        except LibraryUnreadable:
            return  # reading the whole library reports it
        if assets:
            self._head_start = assets
            context.progress.planned = Tally(len(assets), sum(planned.bytes for planned in assets))
            context.copy_queue.add(assets)
            self._start_copier(group, {})

    def _start_copier(self, group: asyncio.TaskGroup, broken: Broken) -> None:
        copier = Copier(self._context, broken, self._results, self._smaller)
        self._copier = group.create_task(copier.run(), name="copier")

    async def _plan_and_copy(self, scan: Scan, group: asyncio.TaskGroup) -> None:
        context, progress = self._context, self._context.progress
        progress.set_scan(scan.status)
        progress.set_phase(Phase.PLANNING)
        for notice in scan.library.notices:
            progress.add_event("warning", notice)
        is_first = self._copier is not None
        broken: Broken = {}
        if not is_first:
            await context.threads.run(remember_returned, context.target, context.udid, scan.library.assets)
            inspection = await context.threads.run(context.target.inspect, context.udid)
            broken = inspection.broken
            if inspection.moved:
                progress.add_event("info", sentence_about_moved(inspection.moved))
        planner = Planner(
            scan,
            context.spec.selection,
            context.target,
            context.udid,
            broken,
            self._smaller,
            is_first=is_first,
        )
        found = await planner.plan(context.threads, context.link)
        plan, counted = found.plan, found.counted
        for sentence in await asyncio.to_thread(lambda: tuple(drive_advice(plan, context.target.traits))):
            progress.add_event("warning", sentence)
        ledger = await asyncio.to_thread(Ledger, plan)
        ledger.differing |= dict.fromkeys(found.differing, ())
        progress.set_scan(counted)
        requested_before = await asyncio.to_thread(context.memory.recall, context.udid)
        fetch_queue = await asyncio.to_thread(FetchQueue, plan, context.spec.order, context.spec.way)
        reach = NOTHING
        if context.includes_icloud:
            logged = await asyncio.to_thread(context.night_log.read)
            progress.nights = NightCount(logged, context.spec.way, context.timing.wall)
            reach = await asyncio.to_thread(reach_of, scan.library.assets)
            progress.hands_planned = await asyncio.to_thread(self._hands, plan, reach)
        copy_phase = CopyPhase(context, ledger, fetch_queue, scan.library.main_names, self._smaller, reach)
        await self._advise(plan, reach)
        self.planned = PlannedJob(scan.library, broken, ledger, copy_phase, requested_before)
        self._results.connect(plan, copy_phase.record)
        if is_first:  # the head start has checked that the whole library fits
            progress.free_bytes = await context.threads.run(context.target.free_bytes)
        else:
            progress.free_bytes = await context.threads.run(
                check_room, plan, context.target, context.udid, icloud=context.includes_icloud
            )
        await asyncio.to_thread(self.remember)
        copy_phase.fill_queue(requested_before, {planned.asset.uuid for planned in self._head_start})
        if self._copier is None:
            self._start_copier(group, broken)
        await copy_phase.run()

    async def _advise(self, plan: Plan, reach: Reach) -> None:
        """Tell what Setup tells before the start: a job without the app has no other place for it."""
        context = self._context
        phone = context.progress.phone
        if phone is not None and context.includes_icloud:
            for sentence in await asyncio.to_thread(advice_for, plan, context.spec, phone, reach):
                context.progress.add_event("info", sentence)

    def _hands(self, plan: Plan, reach: Reach) -> int | None:
        """About how often a person will be needed at the phone. Blocks."""
        phone = self._context.progress.phone
        free = None if phone is None else phone.free_bytes
        return hands_needed(self._context.spec.way, plan.to_fetch(), free, reach).times

    def remember(self) -> None:
        """Save for the next run what iOS was asked for and is not on the drive yet. Blocks."""
        if self.planned is None:
            return
        context = self._context
        self.planned.copy_phase.save_trials()
        requested = self.planned.still_requested(includes_icloud=context.includes_icloud)
        try:
            context.memory.remember(context.udid, requested)
        except (OSError, PathsError) as error:
            log.warning("cannot save what iOS was asked for: %s", error)
        if context.progress.nights.changed:
            context.night_log.write(context.progress.nights.logged)
