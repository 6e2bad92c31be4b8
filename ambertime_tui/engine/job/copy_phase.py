"""The long part of a job: what is copied, what waits for iCloud, and what a person orders meanwhile."""

from __future__ import annotations

import asyncio

from ambertime_tui.engine.api.protocol import EngineError, Pane, Rows
from ambertime_tui.engine.api.spec import FetchOrder, JobSpec, OriginalsChoice
from ambertime_tui.engine.api.status import FetchState, Phase, Tally
from ambertime_tui.engine.job.arrivals import ArrivalWatch
from ambertime_tui.engine.job.census import NOT_REACHED, Bucket, Ending
from ambertime_tui.engine.job.copy_queue import CopyQueue
from ambertime_tui.engine.job.fetch_queue import FetchQueue
from ambertime_tui.engine.job.ledger import Ledger
from ambertime_tui.engine.job.outcomes import Copied, Failed, NotThere, Outcome, ending_of
from ambertime_tui.engine.job.progress import Progress
from ambertime_tui.engine.plan.plan import Decision, PlannedAsset
from ambertime_tui.engine.timing import Timing

BY_CHOICE = "Left in iCloud, as you chose: this job takes what is on the iPhone."

NOT_WAITED_FOR = (
    "iOS had not brought its original down when you ended the wait. Run again with iCloud originals "
    "included: what has come since is taken first."
)
ENDED_BEFORE = (
    "The job ended before iOS had brought its original down. Run again with iCloud originals included: what "
    "has come since is taken first."
)


class Copying:
    """Brings copier and arrival watch together over one set of books. Belongs to the event loop."""

    def __init__(
        self,
        spec: JobSpec,
        ledger: Ledger,
        queue: FetchQueue,
        line: CopyQueue,
        progress: Progress,
        timing: Timing,
        awaited_before: frozenset[str] = frozenset(),
        begun_before: frozenset[str] = frozenset(),
    ) -> None:
        """
        Args:
            spec: what is to be done.
            ledger: the books.
            queue: what waits for iCloud.
            line: what is to be copied; filled here.
            progress: what is shown of it.
            timing: the engine's time.
            awaited_before: uuids for which iOS was asked in an earlier run: what of it is on the phone now is
                taken first, before iOS offloads it again.
            begun_before: uuids that are in the line, or were, already.
        """
        plan = ledger.plan
        self._spec = spec
        self._ledger = ledger
        self._line = line
        self._progress = progress
        self._included = spec.originals is OriginalsChoice.ICLOUD
        self._finish = False
        self._queue = queue
        progress.queue = queue
        progress.planned = plan.tally(Decision.COPY)
        progress.already = plan.tally(Decision.ALREADY)
        progress.fetching = self._included
        progress.fetch_began_at = timing.wall() if self._included else None
        if self._queue.pending and not self._included:
            progress.set_fetch_sentence(BY_CHOICE)
        begun = {number for uuid in begun_before if (number := plan.number_of(uuid)) is not None}
        awaited = {number for uuid in awaited_before if (number := plan.number_of(uuid)) is not None}
        first = {number for number in awaited - begun if plan.decision_of(number) is Decision.COPY}
        line.add(plan[number] for number in sorted(first, key=plan.rank_of))
        line.add(plan[number] for number in plan.numbers(Decision.COPY) if number not in first | begun)

    @property
    def queue(self) -> FetchQueue:
        """What waits for iCloud."""
        return self._queue

    async def run(self, copier: asyncio.Task[None], watch: ArrivalWatch | None) -> None:
        """Until everything is copied that can be, or the line is closed.

        Args:
            copier: works off the line; may have begun before.
            watch: looks for what arrives from iCloud.

        Raises:
            BaseExceptionGroup: the drive failed for good.
        """
        async with asyncio.TaskGroup() as group:
            copying = group.create_task(_the_end_of(copier), name="copying")
            watching = group.create_task(watch.run(), name="arrivals") if watch else None
            steering = group.create_task(self._steer(watching), name="steering")
            await asyncio.wait([copying, steering], return_when=asyncio.FIRST_COMPLETED)
            if watching is not None:
                watching.cancel()

    def on_arrived(self, planned: PlannedAsset) -> None:
        """All originals of an asset are on the phone now: it is copied before the others."""
        self._ledger.joins_the_line(planned)
        self._progress.planned += Tally(1, planned.bytes)
        self._line.add_first(planned)

    def on_outcome(self, planned: PlannedAsset, outcome: Outcome) -> None:
        """Books what became of an asset."""
        uuid, ending = planned.asset.uuid, ending_of(planned, outcome)
        name = planned.asset.original_filename
        match outcome:
            case Copied(_, size):
                # The library may not know all sizes; what was planned is what was written in the end.
                self._progress.planned = self._progress.planned.less(Tally(0, planned.bytes - size))
                if uuid in self._queue:
                    self._queue.move(uuid, FetchState.WRITTEN)
            case NotThere():
                self._progress.planned = self._progress.planned.less(Tally(1, planned.bytes))
                if ending.bucket is Bucket.ICLOUD and self._included:
                    if outcome.gone:
                        reason = "was offloaded before it was copied"
                    else:
                        reason = "is on the iPhone only in part"
                    self._queue.add(planned, reason)
                    self._progress.tell("info", f"{name} {reason}; it waits for iCloud.")
                    return
                self._progress.tell("warning", f"{name}: {ending.sentence}")
            case Failed():
                self._progress.failed += 1
                self._progress.tell("error", f"{name}: {ending.sentence}")
                if uuid in self._queue:
                    self._queue.move(uuid, FetchState.GAVE_UP, ending.sentence)
        self._ledger.record(planned, ending)

    # Orders

    def finish(self) -> None:
        """Waits for iCloud no longer.

        Raises:
            EngineError: `NotNow`: it does not wait.
        """
        if not self._included:
            raise EngineError("NotNow", "This job waits for nothing from iCloud; it ends by itself.")
        self._finish = self._progress.waits_no_longer = True
        self._progress.touch()
        self._line.stir()

    def retry(self, uuid: str) -> None:
        """Tries again what failed, was skipped or given up.

        Args:
            uuid: which; empty: all.

        Raises:
            EngineError: `NotNow`: there is no such thing.
        """
        given_up = [one for one in self._queue.given_up() if uuid in ("", one)]
        again = [p for p in self._ledger.failed() if uuid in ("", p.asset.uuid)]
        again = [p for p in again if p.asset.uuid not in self._queue]
        if not again and not given_up:
            raise EngineError("NotNow", "There is nothing to try again.")
        for planned in again:
            ending = self._ledger.ending_of(planned)
            if ending is not None and ending.reason == "skipped":
                self._progress.planned += Tally(1, planned.bytes)
            else:
                self._progress.failed -= 1
            self._ledger.reopen(planned)
        for one in given_up:
            planned = self._queue.planned(one)
            ending = self._ledger.ending_of(planned)
            if ending is not None and ending.bucket is Bucket.FAILED:
                self._progress.failed -= 1
                self._progress.planned = self._progress.planned.less(Tally(1, planned.bytes))
            self._ledger.reopen(planned)
            self._queue.move(one, FetchState.WAITING)
        self._line.add_again(again)
        self._progress.touch()

    def skip(self, uuid: str) -> None:
        """Leaves an asset out of this job.

        Raises:
            EngineError: `NotNow`: it is being copied, or done with.
        """
        planned = self._ledger.planned(uuid)
        done = planned is None or self._ledger.ending_of(planned) is not None
        if planned is None or done or planned.decision not in (Decision.COPY, Decision.FETCH):
            raise EngineError("NotNow", "That item is not waiting for anything.")
        if self._line.is_in_hand(uuid):
            raise EngineError("NotNow", f"{planned.asset.original_filename} is being copied right now.")
        waits_for_icloud = self._queue.is_pending(uuid)
        self._line.skip(uuid)
        if uuid in self._queue:
            self._queue.move(uuid, FetchState.SKIPPED, "skipped by you")
        bucket = Bucket.ICLOUD if waits_for_icloud else Bucket.FAILED
        self._ledger.record(planned, Ending(bucket, "skipped", "You skipped it. Run again to take it."))
        if not waits_for_icloud:
            self._progress.planned = self._progress.planned.less(Tally(1, planned.bytes))
        self._progress.touch()
        self._line.stir()

    def reorder(self, order: str) -> None:
        """Puts the queue into another order.

        Raises:
            EngineError: `NotUnderstood`: there is no such order.
        """
        try:
            self._queue.reorder(FetchOrder(order))
        except ValueError as error:
            raise EngineError("NotUnderstood", f"There is no order called {order!r}.") from error
        self._progress.touch()

    def rows(self, pane: Pane, offset: int, limit: int) -> Rows:
        """A page of a list."""
        return self._ledger.rows(pane, offset, limit, self._queue, self._line)

    def book_the_rest(self) -> None:
        """The job ends: what was waited for and did not come is booked as such."""
        if self._included:
            ending = Ending(Bucket.ICLOUD, "icloud", NOT_WAITED_FOR if self._finish else ENDED_BEFORE)
            for planned in tuple(self._queue.in_order()):
                if self._ledger.ending_of(planned) is None:
                    self._ledger.record(planned, ending)
            for planned in self._queue.arrived():
                if self._ledger.ending_of(planned) is None:
                    self._ledger.record(planned, NOT_REACHED)

    # The end of the line

    async def _steer(self, watching: asyncio.Task[None] | None) -> None:
        """Closes the line when nothing more is to come; names the phase meanwhile."""
        if watching is not None:
            watching.add_done_callback(lambda _: self._line.stir())
        while not self._line.closed:
            waits = watching is not None and not self._finish and self._queue.pending > 0
            if waits and watching is not None and watching.done():
                self._give_up_waiting()
                waits = False
            if self._line.is_empty and not waits:
                self._line.close()
                return
            self._progress.set_phase(Phase.FETCHING if self._line.is_empty else Phase.COPYING)
            await self._line.changed()

    def _give_up_waiting(self) -> None:
        patience = _words_for(self._spec.patience or 0.0)
        sentence = (
            f"It did not come from iCloud: nothing arrived for {patience}. Check Wi-Fi, power and free "
            "storage on the iPhone, and run again."
        )
        in_part = (
            "iOS has not brought it down wholly: a part of it, or one of its files, is still in iCloud. "
            "Run again."
        )
        for planned in tuple(self._queue.in_order()):
            uuid = planned.asset.uuid
            arriving = self._queue.state_of(uuid) is FetchState.ARRIVING
            self._queue.move(uuid, FetchState.GAVE_UP, "came only in part" if arriving else "did not come")
            self._ledger.record(planned, Ending(Bucket.ICLOUD, "gave_up", in_part if arriving else sentence))
        self._progress.tell("warning", f"Nothing arrived from iCloud for {patience}; the rest is listed.")


async def _the_end_of(task: asyncio.Task[None]) -> None:
    """Ends when the task does; cancelled, it cancels it and waits for its end."""
    await task


def _words_for(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"
