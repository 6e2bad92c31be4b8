"""The long part of a job: what is copied, what still waits for iCloud, and the user's commands meanwhile."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Container, Mapping, Set

from ambertime_tui import units
from ambertime_tui.engine.api.protocol import Pane, Rows
from ambertime_tui.engine.api.spec import FetchWay
from ambertime_tui.engine.api.status import FetchState, Phase, Tally
from ambertime_tui.engine.job.arrivals import ArrivalWatch
from ambertime_tui.engine.job.census import NOT_REACHED, Bucket, Ending
from ambertime_tui.engine.job.context import JobContext
from ambertime_tui.engine.job.copy_commands import CopyCommands
from ambertime_tui.engine.job.fetch_queue import FetchQueue
from ambertime_tui.engine.job.fetch_requests import FetchRequests, methods
from ambertime_tui.engine.job.ledger import Ledger
from ambertime_tui.engine.job.outcomes import Copied, Failed, NotThere, Outcome, ending_of
from ambertime_tui.engine.job.smaller_files import SmallerFiles
from ambertime_tui.engine.job.trial import Trials
from ambertime_tui.engine.plan.hands import Reach
from ambertime_tui.engine.plan.plan import Decision, PlannedAsset
from ambertime_tui.engine.plan.rules import ONLY_IN_ICLOUD, with_names_of
from ambertime_tui.engine.plan.way_sentences import not_by_this_way, other_way
from ambertime_tui.library.model import Resource

NIGHTS_SAVED_EVERY = 60.0
"""Seconds."""
MOST_TIMES_OFFLOADED = 8
"""How often iOS may offload an original before it is copied, until the job gives it up."""
OFFLOADED_TOO_OFTEN = (
    f"iOS removed it from the iPhone {MOST_TIMES_OFFLOADED} times before it was copied. Free some storage on "
    "the iPhone, then run again."
)
BY_CHOICE = "Left in iCloud, as you chose: this job copies only what is on the iPhone."

_RUN_AGAIN = "Run again with iCloud originals included; originals that have arrived since are copied first."
NOT_WAITED_FOR = f"iOS had not downloaded its original when you stopped waiting for iCloud. {_RUN_AGAIN}"
ENDED_BEFORE = f"The job ended before iOS had downloaded its original. {_RUN_AGAIN}"


class CopyPhase:
    """Connects copier, arrival watch and ledger. Belongs to the event loop."""

    def __init__(
        self,
        context: JobContext,
        ledger: Ledger,
        fetch_queue: FetchQueue,
        main_names: Mapping[str, Container[str]],
        smaller: SmallerFiles,
        reach: Reach,
    ) -> None:
        """
        Args:
            context: the job's.
            ledger: the plan and the outcome of each asset.
            fetch_queue: what waits for iCloud.
            main_names: the library's, see `presence.checked_against_files`.
            smaller: originals with fewer bytes than the library says, to be looked at again.
            reach: of the library.
        """
        progress, timing = context.progress, context.timing
        self._context = context
        self._progress = progress
        self._copy_queue = context.copy_queue
        self._ledger = ledger
        self._fetch_queue = fetch_queue
        self._main_names = main_names
        self._included = context.includes_icloud
        self._came_between: set[int] = set()
        """Assets that came from iCloud since an earlier run asked for them, by position in the plan."""
        self._offloaded: Counter[int] = Counter()
        """How often iOS offloaded an asset before it was copied, by its position in the plan."""
        self._smaller = smaller
        self._reach = reach
        self._requests: FetchRequests | None = None
        self._watch: ArrivalWatch | None = None
        if self._included:
            self._requests = FetchRequests(
                queue=fetch_queue,
                methods=methods(reach),
                progress=progress,
                timing=timing,
                patience=context.spec.patience,
                paused=lambda: context.conditions.paused,
                trials=Trials(context.trials, context.udid, context.spec.trial, timing),
                reach=reach,
            )
            self._watch = self._new_watch(self._requests)
        self.commands = CopyCommands(
            copy_queue=self._copy_queue,
            ledger=ledger,
            fetch_queue=fetch_queue,
            progress=progress,
            requests=self._requests,
            watch=self._watch,
            offloaded=self._offloaded,
        )
        progress.queue = fetch_queue
        progress.planned = ledger.plan.tally(Decision.COPY)
        progress.already = ledger.plan.tally(Decision.ALREADY)
        progress.fetching = self._included
        progress.fetch_began_at = timing.wall() if self._included else None
        if fetch_queue.pending and self._included:
            progress.nights.begin()
        if fetch_queue.pending and not self._included:
            progress.set_fetch_sentence(BY_CHOICE)

    def fill_queue(self, requested_before: Set[str], started: Set[str]) -> None:
        """Queue what the plan wants copied.

        Args:
            requested_before: uuids an earlier run asked iOS for: those now on the phone are copied first,
                before iOS offloads them again.
            started: uuids that were queued before there was a plan.
        """
        plan = self._ledger.plan
        skip = {number for uuid in started if (number := plan.number_of(uuid)) is not None}
        requested = {number for uuid in requested_before if (number := plan.number_of(uuid)) is not None}
        first = {number for number in requested - skip if plan.decision_of(number) is Decision.COPY}
        self._came_between = set(first)
        self._copy_queue.add(plan[number] for number in sorted(first, key=plan.rank_of))
        self._copy_queue.add(plan[n] for n in plan.numbers(Decision.COPY) if n not in first | skip)

    async def run(self) -> None:
        """Watch for arrivals until nothing more can come, or the copy queue is closed.

        Raises:
            BaseExceptionGroup: of what ended the arrival watch.
        """
        async with asyncio.TaskGroup() as group:
            watching = saving = None
            if self._watch is not None:
                watching = group.create_task(self._watch.run(), name="arrivals")
                saving = group.create_task(self._save_nights(), name="nights")
            await self._close_when_done(watching)
            for task in (watching, saving):
                if task is not None:
                    task.cancel()

    async def _save_nights(self) -> None:
        """Save regularly what has come, so that a killed job loses little of it."""
        nights = self._progress.nights
        while True:
            await self._context.timing.pause(NIGHTS_SAVED_EVERY)
            if nights.changed:
                nights.changed = False
                await asyncio.to_thread(self._context.night_log.write, nights.logged)

    def record(self, planned: PlannedAsset, outcome: Outcome) -> None:
        """Record the outcome of an asset, or let it wait for iCloud if iOS has offloaded it."""
        uuid, ending = planned.asset.uuid, ending_of(planned, outcome)
        name = planned.asset.original_filename
        items = 0 if planned.joins else 1
        match outcome:
            case Copied():
                self._record_copied(planned, outcome, ending)
                return
            case NotThere(_, gone, arriving):
                self._progress.planned = self._progress.planned.less(Tally(items, planned.bytes))
                if ending.bucket is Bucket.ICLOUD and self._included:
                    self._wait_for(planned, gone, arriving)
                    if ending.reason == "in_part":
                        self._ledger.record(planned, ending)
                    return
                self._progress.add_event("warning", f"{name}: {ending.sentence}")
            case Failed():
                self._progress.failed += 1
                self._progress.add_event("error", f"{name}: {ending.sentence}")
                if uuid in self._fetch_queue:
                    self._fetch_queue.move(uuid, FetchState.GAVE_UP, ending.sentence)
        self._ledger.record(planned, ending)

    def _record_copied(self, planned: PlannedAsset, copied: Copied, ending: Ending) -> None:
        uuid, progress = planned.asset.uuid, self._progress
        if copied.changed:
            # The library may not know all sizes; in the end, what was written is what was planned.
            progress.planned = progress.planned.less(Tally(0, planned.bytes - copied.bytes))
        else:
            progress.planned = progress.planned.less(Tally(0 if planned.joins else 1, planned.bytes))
            progress.already += Tally(0 if planned.joins else 1, planned.bytes)
        if planned.number in self._came_between:
            self._came_between.discard(planned.number)
            progress.nights.came(Tally(1, planned.bytes))
        if uuid in self._fetch_queue and self._fetch_queue.state_of(uuid) is FetchState.ARRIVED:
            self._fetch_queue.move(uuid, FetchState.WRITTEN)
            progress.nights.came(Tally(1, planned.bytes))
            if self._fetch_queue.way is FetchWay.BY_HAND:
                progress.nights.hand()
        if self._requests is not None:
            roles = {r.role for r in planned.resources if r.role.is_original}
            self._requests.trial.copied(uuid, [f.proof for f in copied.recorded.files if f.role in roles])
        not_there = [one.resource for one in copied.left_out if one.failed is None]
        if not_there and self._included and all(resource.in_icloud for resource in not_there):
            self._wait_for(planned, (), tuple(not_there))
        for one in copied.left_out:
            if one.failed is not None:
                progress.failed += 1
                progress.add_event("error", f"{one.resource.name}: {one.failed.sentence}")
        before = self._ledger.ending_of(planned)
        if copied.changed or before is None or before.bucket is not Bucket.COPIED:
            self._ledger.record(planned, ending)
        if copied.repaired:
            self._ledger.repaired.add(planned.number)
        if copied.differing:
            self._ledger.differing[planned.number] = copied.differing
            names = ", ".join(copied.differing)
            progress.add_event("warning", f"{names}: differs from Apple's fingerprint, also when read again.")
        self._copy_queue.notify()

    def _wait_for(
        self, planned: PlannedAsset, gone: tuple[Resource, ...], arriving: tuple[Resource, ...]
    ) -> None:
        """Let an asset wait for iCloud again: iOS offloaded files of it, or has not finished them."""
        uuid = planned.asset.uuid
        reason = "was offloaded before it was copied" if gone else "is only partly on the iPhone"
        self._fetch_queue.add(planned, reason, (*gone, *arriving))
        if gone:
            self._offloaded[planned.number] += 1
            if self._requests is not None:
                self._requests.was_offloaded()
            if self._offloaded[planned.number] >= MOST_TIMES_OFFLOADED:
                self._fetch_queue.move(uuid, FetchState.GAVE_UP, OFFLOADED_TOO_OFTEN)
                self._leave_in_icloud(planned, "gave_up", OFFLOADED_TOO_OFTEN)
        if self._watch is not None:
            self._watch.reject(planned, arriving)
        self._progress.add_event("info", f"{planned.asset.original_filename} {reason}; it waits for iCloud.")

    def rows(self, pane: Pane, offset: int, limit: int) -> Rows:
        """A page of a list."""
        return self._ledger.rows(pane, offset, limit, self._fetch_queue, self._copy_queue)

    def save_trials(self) -> None:
        """Save what trials have shown and is not saved yet. Blocks."""
        if self._requests is not None:
            self._requests.trial.save()

    # The end

    def end(self) -> None:
        """Record what is still waiting, and remind the user of what to change back on the phone."""
        requests, progress = self._requests, self._progress
        if requests is None:
            return
        sentence = NOT_WAITED_FOR if self._progress.stops_waiting else ENDED_BEFORE
        for planned in tuple(self._fetch_queue.in_order()):
            if self._ledger.ending_of(planned) is None:
                self._leave_in_icloud(planned, "icloud", sentence)
        self._leave_for_another_way()
        for planned in self._fetch_queue.arrived():
            if self._ledger.ending_of(planned) is None:
                self._ledger.record(planned, NOT_REACHED)
        requests.end()
        if requests.afterwards and progress.last_arrival_at is not None:
            progress.afterwards = requests.afterwards
            progress.add_event("info", requests.afterwards)

    def _leave_in_icloud(self, planned: PlannedAsset, reason: str, sentence: str) -> None:
        """Record that files of an asset stay in iCloud; if others are on the drive, it is there in part."""
        plan, ending = self._ledger.plan, self._ledger.ending_of(planned)
        if ending is not None and ending.reason in ("in_part", "smaller"):
            return
        before, _ = plan.reason_of(planned.number)
        if before in ("in_part", "smaller") and plan.decision_of(planned.number) is Decision.FETCH:
            self._ledger.record(planned, Ending(Bucket.ICLOUD, *plan.reason_of(planned.number)))
        elif not planned.joins:
            self._ledger.record(planned, Ending(Bucket.ICLOUD, reason, sentence))

    def _leave_for_another_way(self) -> None:
        """Record what the way of asking cannot bring, with the way that can."""
        plan, way, phone = self._ledger.plan, self._fetch_queue.way, self._progress.phone
        left = tuple(self._fetch_queue.not_by_this_way())
        size = self._reach.icloud_bytes - self._fetch_queue.tally(FetchState.WRITTEN).bytes
        instead = other_way(len(left), size, None if phone is None else phone.free_bytes)
        for planned in left:
            ending = self._ledger.ending_of(planned)
            reason = plan.reason_of(planned.number)[0] if ending is None else ending.reason
            missing = self._fetch_queue.missing(planned.asset.uuid)
            sentence = not_by_this_way(way, planned.asset, missing)
            if reason == "in_part" and (ending is None or ending.bucket is Bucket.ICLOUD):
                words = f"{with_names_of(ONLY_IN_ICLOUD, missing)} {sentence} {instead}"
                self._ledger.record(planned, Ending(Bucket.ICLOUD, reason, words))
            elif ending is None and reason != "smaller" and not planned.joins:
                self._ledger.record(
                    planned, Ending(Bucket.ICLOUD, "not_by_this_way", f"{sentence} {instead}")
                )

    def _new_watch(self, requests: FetchRequests) -> ArrivalWatch:
        context = self._context
        return ArrivalWatch(
            queue=self._fetch_queue,
            requests=requests,
            link=context.link,
            progress=self._progress,
            timing=context.timing,
            patience=context.spec.patience,
            main_names=self._main_names,
            may_give_up=lambda: (
                self._copy_queue.is_empty and not context.conditions.paused and not requests.trial.asking
            ),
            on_arrived=self._arrived,
        )

    def _arrived(self, planned: PlannedAsset) -> None:
        """Originals of an asset have come from iCloud: copy them before the others."""
        self._ledger.add_arrived(planned)
        self._progress.planned += Tally(0 if planned.joins else 1, planned.bytes)
        self._copy_queue.add_first(planned)

    async def _close_when_done(self, watching: asyncio.Task[None] | None) -> None:
        """Close the copy queue when nothing more can come; set the phase meanwhile."""
        queue = self._copy_queue
        if watching is not None:
            watching.add_done_callback(lambda _: queue.notify())
        while not queue.closed:
            stops = self._progress.stops_waiting
            waits = watching is not None and not stops and self._fetch_queue.pending > 0
            if waits and watching is not None and watching.done():
                self._give_up_waiting()
                continue
            looks = bool(self._smaller.pending) and not stops
            if queue.is_empty and not waits and looks:
                await self._look_again()
                continue
            if queue.is_empty and not waits:
                queue.close()
                return
            self._progress.set_phase(Phase.FETCHING if queue.is_empty else Phase.COPYING)
            await queue.changed()

    async def _look_again(self) -> None:
        """Wait for the second look at originals that are smaller than the library says, or until the queue is
        closed or has something to copy."""
        count = units.plural(len(self._smaller.pending), "original is", "originals are")
        self._progress.add_event(
            "info", f"{count} smaller than the library says; looking again after a minute."
        )
        looking = asyncio.create_task(self._smaller.look_again(self._context.link), name="second look")
        looking.add_done_callback(lambda _: self._copy_queue.notify())
        while not looking.done() and not self._copy_queue.closed and not self._progress.stops_waiting:
            await self._copy_queue.changed()
        if not looking.done():
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            return
        for uuid in looking.result():
            planned = self._ledger.planned(uuid)
            ending = None if planned is None else self._ledger.ending_of(planned)
            if planned is not None and "smaller" in (planned.reason, ending and ending.reason):
                self._ledger.record(planned, Ending(Bucket.ALREADY if ending is None else Bucket.COPIED))

    def _give_up_waiting(self) -> None:
        patience = units.duration(self._context.spec.patience or 0.0)
        sentence = (
            f"It did not come from iCloud: nothing arrived for {patience}. Check Wi-Fi, power and free "
            "storage on the iPhone, then run again."
        )
        in_part = "iOS has downloaded only part of it: a file, or the rest of one, is in iCloud. Run again."
        if self._watch is not None:
            self._watch.take_as_is()
        for planned in tuple(self._fetch_queue.in_order()):
            uuid = planned.asset.uuid
            arriving = self._fetch_queue.state_of(uuid) is FetchState.ARRIVING
            reason = "came only in part" if arriving else "did not come"
            self._fetch_queue.move(uuid, FetchState.GAVE_UP, reason)
            self._leave_in_icloud(planned, "gave_up", in_part if arriving else sentence)
        self._progress.add_event(
            "warning", f"Nothing arrived from iCloud for {patience}; the missing items are listed."
        )
