"""One job, from the phone's scan to the census."""

from __future__ import annotations

import asyncio
import logging
import secrets
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from ambertime_tui.drive.errors import DriveFull
from ambertime_tui.drive.recorded import RecordedAsset
from ambertime_tui.drive.target import Target, open_target
from ambertime_tui.engine.arrivals import ArrivalWatch
from ambertime_tui.engine.census import Bucket, Ending
from ambertime_tui.engine.closing import Accounts, close_accounts
from ambertime_tui.engine.copier import (
    ASSETS_AT_ONCE,
    Copied,
    Copier,
    Failed,
    NotThere,
    Outcome,
    Threads,
    ending_of,
)
from ambertime_tui.engine.copy_line import CopyLine
from ambertime_tui.engine.errors import ROOM_ERRORS
from ambertime_tui.engine.fetch_queue import FetchQueue
from ambertime_tui.engine.ledger import Ledger
from ambertime_tui.engine.phone_link import PhoneLink
from ambertime_tui.engine.plan import (
    Fate,
    Plan,
    PlannedAsset,
    make_plan,
    missing_originals,
    missing_sentence,
    room_needed,
)
from ambertime_tui.engine.progress import Progress
from ambertime_tui.engine.protocol import Command, CommandName, EngineError, Pane, ReportPage, Rows
from ambertime_tui.engine.report import write_report
from ambertime_tui.engine.spec import FetchOrder, JobSpec, OriginalsChoice
from ambertime_tui.engine.status import Condition, FetchState, Left, Phase, PhoneSummary, Tally
from ambertime_tui.engine.survey import Scan, counted, scan_phone
from ambertime_tui.engine.surveyor import Surveyor
from ambertime_tui.engine.timing import Timing
from ambertime_tui.library.model import Library
from ambertime_tui.phone.discovery import find_phone
from ambertime_tui.phone.errors import DatabaseNeverRests, MediaForbidden, NoRoomForDatabase, PhoneError

log = logging.getLogger(__name__)

FAULT = "AmberTime itself has a fault: {error!r}. The job ended; what is on the drive is whole. See the log."


async def open_job(
    spec: JobSpec, *, surveyor: Surveyor, pair_records: Path, reports: Path, timing: Timing
) -> Job:
    """Finds the phone and locks the target; only then is there a job.

    Raises:
        PhoneError: there is no such phone.
        DriveError: the target cannot be used.
    """
    phone = await find_phone(spec.udid)
    resources = ExitStack()
    opening = open_target(Path(spec.target), clock=timing.wall)
    target = await asyncio.to_thread(resources.enter_context, opening)
    return Job(
        replace(spec, udid=phone.udid), phone.udid, target, resources, surveyor, pair_records, reports, timing
    )


class Job:
    """Made by `open_job`; `run` does it all, `progress` shows it, `command` steers it."""

    def __init__(
        self,
        spec: JobSpec,
        udid: str,
        target: Target,
        resources: ExitStack,
        surveyor: Surveyor,
        pair_records: Path,
        reports: Path,
        timing: Timing,
    ) -> None:
        self.job_id = secrets.token_hex(4)
        self.progress = Progress(self.job_id, spec, timing)
        self._spec = spec
        self._udid = udid
        self._target = target
        self._resources = resources
        self._surveyor = surveyor
        self._reports = reports
        self._timing = timing
        self._threads = Threads(ASSETS_AT_ONCE + 2)
        self._moved = asyncio.Event()
        self._stop_now = asyncio.Event()
        self._line = CopyLine(self._moved.set)
        self._link = PhoneLink(
            udid,
            pair_records,
            timing,
            patience=spec.patience,
            on_trouble=self._phone_trouble,
            on_facts=self._phone_facts,
        )
        self._queue = FetchQueue((), spec.order)
        self._ledger: Ledger | None = None
        self._library: Library | None = None
        self._recorded: dict[str, RecordedAsset] = {}
        self._trouble = ""
        self._paused = False
        self._stopped = False
        self._finish = False
        self._accounts: Accounts | None = None
        for notice in target.notices:
            self.progress.tell("warning", notice)

    async def run(self) -> None:
        """The whole job. Never raises: how it ended is the status's outcome."""
        work = asyncio.create_task(self._work(), name="work")
        link = asyncio.create_task(self._link.run(), name="phone link")
        stop = asyncio.create_task(self._stop_now.wait(), name="stop")
        try:
            await asyncio.wait({work, link, stop}, return_when=asyncio.FIRST_COMPLETED)
            failure = next(filter(None, (_failure(task) for task in (work, link))), "")
        finally:
            for task in (work, link, stop):
                task.cancel()
            await asyncio.gather(work, link, stop, return_exceptions=True)
        closing = asyncio.create_task(self._close(failure))
        await asyncio.wait([closing])
        self._threads.close()
        error = closing.exception()
        if error is not None:
            log.error("closing the job failed", exc_info=error)
            self._accounts = Accounts.failed(FAULT.format(error=error))
        assert self._accounts is not None
        self.progress.end(self._accounts.outcome, self._accounts.sentence, self._accounts.census)

    # Orders

    def command(self, command: Command) -> None:
        """Carries out an order.

        Raises:
            EngineError: `NotNow`; the sentence says why.
        """
        if self.progress.outcome is not None:
            raise EngineError("NotNow", "The job has ended. Start another one.")
        match command.name:
            case CommandName.PAUSE:
                self._pause()
            case CommandName.RESUME:
                self._paused = False
                self._line.resume()
                self._show_condition()
            case CommandName.STOP:
                self.stop()
            case CommandName.STOP_NOW:
                self._stopped = True
                self._stop_now.set()
                self._show_condition()
            case CommandName.FINISH:
                self._finish_with_what_is_here()
            case CommandName.RETRY_FAILED:
                self._retry(command.argument)
            case CommandName.SKIP:
                self._skip(command.argument)
            case CommandName.ORDER:
                self._reorder(command.argument)
            case CommandName.SHOW_CODE:
                raise EngineError("NotNow", "This job does not ask iOS with a Shortcut, so there is no code.")

    def stop(self) -> None:
        """Ends the job after the files in hand; at once where nothing is being copied."""
        self._stopped = True
        self.progress.stop_after_file = True
        copying = self.progress.phase in (Phase.COPYING, Phase.FETCHING)
        if copying and not self._trouble:
            self._line.close()
            self._moved.set()
        else:
            self._stop_now.set()
        self._show_condition()

    def rows(self, pane: Pane, offset: int, limit: int) -> Rows:
        """A page of a list; empty as long as there is no plan."""
        if self._ledger is None:
            return Rows(0, offset, ())
        return self._ledger.rows(pane, offset, limit, self._queue, self._line)

    def report(self, offset: int, limit: int) -> ReportPage:
        """A page of what is left; the census once the job has ended."""
        if self._accounts is not None:
            left = self._accounts.left
            return ReportPage(self._accounts.census, len(left), left[offset : offset + limit])
        if self._ledger is None:
            return ReportPage(None, 0, ())
        return ReportPage(None, self._ledger.left_count, self._ledger.left(offset, limit))

    def _pause(self) -> None:
        if self._stopped:
            raise EngineError("NotNow", "The job is stopping already.")
        self._paused = True
        self._line.pause()
        self._show_condition()

    def _finish_with_what_is_here(self) -> None:
        if self._spec.originals is not OriginalsChoice.ICLOUD:
            raise EngineError("NotNow", "This job waits for nothing from iCloud; it ends by itself.")
        self._finish = True
        self._moved.set()

    def _retry(self, uuid: str) -> None:
        ledger = self._copying()
        again = [p for p in ledger.failed() if uuid in ("", p.asset.uuid)]
        given_up = [u for u in self._queue.given_up() if uuid in ("", u)]
        if not again and not given_up:
            raise EngineError("NotNow", "There is nothing to try again.")
        for planned in again:
            ledger.reopen(planned.asset.uuid)
            self.progress.failed -= 1
        for one in given_up:
            ledger.reopen(one)
            self._queue.move(one, FetchState.WAITING)
        self._line.add(p for p in again if p.asset.uuid not in self._queue)
        self.progress.touch()

    def _skip(self, uuid: str) -> None:
        ledger = self._copying()
        planned = ledger.planned(uuid)
        if planned is None or planned.fate not in (Fate.COPY, Fate.FETCH) or uuid in ledger.endings:
            raise EngineError("NotNow", "That item is not waiting for anything.")
        if self._line.is_in_hand(uuid):
            raise EngineError("NotNow", f"{planned.asset.original_filename} is being copied right now.")
        waits_for_icloud = self._queue.is_pending(uuid)
        bucket = Bucket.ICLOUD if waits_for_icloud else Bucket.FAILED
        self._line.skip(uuid)
        if uuid in self._queue:
            self._queue.move(uuid, FetchState.SKIPPED, "skipped by you")
        ledger.record(planned, Ending(bucket, "skipped", "You skipped it. Run again to take it."))
        if not waits_for_icloud:
            self.progress.planned = self.progress.planned.less(Tally(1, planned.bytes))
        self.progress.touch()
        self._moved.set()

    def _reorder(self, order: str) -> None:
        try:
            self._queue.reorder(FetchOrder(order))
        except ValueError as error:
            raise EngineError("NotUnderstood", f"There is no order called {order!r}.") from error
        self.progress.touch()

    def _copying(self) -> Ledger:
        if self._ledger is None or self._stopped:
            raise EngineError("NotNow", "Nothing is being copied now.")
        return self._ledger

    # The phone

    def _phone_trouble(self, sentence: str) -> None:
        if sentence != self._trouble:
            if sentence and self._ledger is not None:
                self.progress.tell("warning", sentence)
            elif self._trouble and self._ledger is not None:
                self.progress.tell("info", "The iPhone is there again; the job goes on.")
        self._trouble = sentence
        if sentence and self._stopped:
            self._stop_now.set()
        self._show_condition()

    def _phone_facts(self, phone: PhoneSummary) -> None:
        self.progress.phone = phone
        self.progress.touch()

    def _show_condition(self) -> None:
        if self._stopped:
            self.progress.set_condition(Condition.STOPPING, "Ending after the files in hand.")
        elif self._trouble:
            self.progress.set_condition(Condition.WAITING, self._trouble)
        elif self._paused:
            self.progress.set_condition(Condition.PAUSED, "Paused.")
        else:
            self.progress.set_condition(Condition.RUNNING)

    # The way from scan to census

    async def _work(self) -> None:
        scan = await self._scan()
        await self._plan(scan)
        await self._copy()

    async def _scan(self) -> Scan:
        kept = self._surveyor.take(self._udid)
        while True:
            media = await self._link.media()
            if kept is not None:
                return kept
            self.progress.set_phase(Phase.SCANNING)
            try:
                return await scan_phone(
                    self._udid, media, self._surveyor.scratch, self._timing, self.progress.set_scan
                )
            except (NoRoomForDatabase, DatabaseNeverRests):
                raise
            except MediaForbidden as error:
                if not await self._link.denied(media, error):
                    raise
            except PhoneError as error:
                self._link.lost(media, error)

    async def _plan(self, scan: Scan) -> None:
        self.progress.set_scan(scan.status)
        self.progress.set_phase(Phase.PLANNING)
        self._library = scan.library
        selection = self._spec.selection
        self._recorded = dict(await self._threads.run(self._target.record.known, self._udid))
        largest = self._target.traits.max_file_bytes
        plan = await asyncio.to_thread(make_plan, scan.library, selection, self._recorded, largest)
        ledger = await asyncio.to_thread(Ledger, plan)
        self.progress.set_scan(await asyncio.to_thread(counted, scan.status, scan.library, selection))
        self.progress.already = plan.tally(Fate.ALREADY)
        for notice in scan.library.notices:
            self.progress.tell("warning", notice)
        await self._check_room(plan)
        self._ledger = ledger

    async def _check_room(self, plan: Plan) -> None:
        included = self._spec.originals is OriginalsChoice.ICLOUD
        wanted = [p for p in plan.assets if p.fate is Fate.COPY or (included and p.fate is Fate.FETCH)]
        needed, free = room_needed(wanted), await self._threads.run(self._target.free_bytes)
        self.progress.free_bytes = free
        if needed > free:
            raise DriveFull(self._target.path, needed, free)

    async def _copy(self) -> None:
        assert self._ledger is not None
        plan = self._ledger.plan
        included = self._spec.originals is OriginalsChoice.ICLOUD
        to_copy = plan.with_fate(Fate.COPY)
        self._queue = self.progress.queue = FetchQueue(plan.with_fate(Fate.FETCH), self._queue.order)
        self.progress.planned = plan.tally(Fate.COPY)
        self.progress.fetching = included
        self.progress.fetch_began_at = self._timing.wall() if included else None
        if self._queue.pending and not included:
            self.progress.set_fetch_sentence(
                "Left in iCloud, as you chose: this job takes what is on the iPhone."
            )
        copier = Copier(
            target=self._target,
            udid=self._udid,
            recorded=self._recorded,
            link=self._link,
            line=self._line,
            threads=self._threads,
            progress=self.progress,
            timing=self._timing,
            on_outcome=self._on_outcome,
        )
        watch = ArrivalWatch(
            queue=self._queue,
            link=self._link,
            progress=self.progress,
            timing=self._timing,
            patience=self._spec.patience,
            may_give_up=lambda: self._line.is_empty and not self._paused,
            on_arrived=self._on_arrived,
        )
        self._line.add(to_copy)
        async with asyncio.TaskGroup() as group:
            copying = group.create_task(copier.run(), name="copier")
            watching = group.create_task(watch.run(), name="arrivals") if included else None
            ending = group.create_task(self._steer(watching), name="steering")
            await asyncio.wait([copying, ending], return_when=asyncio.FIRST_COMPLETED)
            if watching is not None:
                watching.cancel()

    async def _steer(self, watching: asyncio.Task[None] | None) -> None:
        """Closes the line when nothing more is to come; names the phase meanwhile."""
        if watching is not None:
            watching.add_done_callback(lambda _: self._moved.set())
        while not self._line.closed:
            self._moved.clear()
            waits = watching is not None and not self._finish and self._queue.pending > 0
            if waits and watching is not None and watching.done():
                self._give_up_waiting()
                waits = False
            if self._line.is_empty and not waits:
                self._line.close()
                return
            self.progress.set_phase(Phase.FETCHING if self._line.is_empty else Phase.COPYING)
            await self._moved.wait()

    def _give_up_waiting(self) -> None:
        assert self._ledger is not None
        minutes = (self._spec.patience or 0.0) / 60
        sentence = (
            f"It did not come from iCloud: nothing arrived for {minutes:.0f} min. Check Wi-Fi, power and "
            "free storage on the iPhone, and run again."
        )
        for planned in tuple(self._queue.in_order()):
            self._queue.move(planned.asset.uuid, FetchState.GAVE_UP, "nothing arrived for too long")
            self._ledger.record(planned, Ending(Bucket.ICLOUD, "gave_up", sentence))
        self.progress.tell(
            "warning", f"Nothing arrived from iCloud for {minutes:.0f} min; the rest is listed."
        )

    def _on_arrived(self, planned: PlannedAsset) -> None:
        assert self._ledger is not None
        self._ledger.joins_the_line(planned)
        self.progress.planned += Tally(1, planned.bytes)
        self._line.add([planned], first=True)

    def _on_outcome(self, planned: PlannedAsset, outcome: Outcome) -> None:
        assert self._ledger is not None
        uuid, ending = planned.asset.uuid, ending_of(planned, outcome)
        name = planned.asset.original_filename
        match outcome:
            case Copied():
                if gone := missing_originals(planned.asset):
                    sentence = f"{missing_sentence(gone)} The rest of it is on the drive."
                    ending = Ending(Bucket.FAILED, "missing", sentence)
                if uuid in self._queue:
                    self._queue.move(uuid, FetchState.WRITTEN)
            case NotThere():
                self.progress.planned = self.progress.planned.less(Tally(1, planned.bytes))
                if ending.bucket is Bucket.ICLOUD and self._spec.originals is OriginalsChoice.ICLOUD:
                    self._queue.add(planned, "offloaded again before it was copied")
                    self.progress.tell(
                        "info", f"{name} was offloaded to iCloud before it was copied; it waits again."
                    )
                    return
                self.progress.tell("warning", f"{name}: {ending.sentence}")
            case Failed():
                self.progress.failed += 1
                self.progress.tell("error", f"{name}: {ending.sentence}")
                if uuid in self._queue:
                    self._queue.move(uuid, FetchState.GAVE_UP, ending.sentence)
        self._ledger.record(planned, ending)

    # The end

    async def _close(self, failure: str) -> None:
        self.progress.set_phase(Phase.FINISHING)
        try:
            self._accounts = await close_accounts(
                ledger=self._ledger,
                library=self._library,
                target=self._target,
                udid=self._udid,
                threads=self._threads,
                failure=failure,
                stopped=self._stopped,
                on_trouble=lambda sentence: self.progress.tell("error", sentence),
            )
        finally:
            await self._threads.run(self._resources.close)
        status = replace(
            self.progress.snapshot(),
            phase=Phase.ENDED,
            outcome=self._accounts.outcome,
            sentence=self._accounts.sentence,
            census=self._accounts.census,
            ended_at=self._timing.wall(),
        )
        left: tuple[Left, ...] = self._accounts.left
        try:
            await asyncio.to_thread(write_report, self._reports, status, left)
        except ROOM_ERRORS as error:
            log.warning("no report was written: %s", error)
        except OSError as error:
            log.warning("no report was written: %s", error)


def _failure(task: asyncio.Task[None]) -> str:
    """Why a part of the job ended before its time; empty where it did not."""
    if not task.done() or task.cancelled() or task.exception() is None:
        return ""
    error = task.exception()
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, ROOM_ERRORS):
        return str(error)
    log.error("%s failed", task.get_name(), exc_info=error)
    return FAULT.format(error=error)
