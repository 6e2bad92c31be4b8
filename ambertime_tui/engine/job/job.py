"""One job, from the phone's scan to the census."""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from ambertime_tui.drive.errors import DriveSilent
from ambertime_tui.drive.target import Target, open_target
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.engine.api.protocol import Command, CommandName, EngineError, Pane, ReportPage, Rows
from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.api.status import Condition, Phase, PhoneSummary
from ambertime_tui.engine.job.closing import Accounts, close_accounts
from ambertime_tui.engine.job.conditions import Conditions
from ambertime_tui.engine.job.copier import ASSETS_AT_ONCE
from ambertime_tui.engine.job.copy_phase import Copying
from ambertime_tui.engine.job.copy_queue import CopyQueue
from ambertime_tui.engine.job.drive_threads import Threads, in_time
from ambertime_tui.engine.job.errors import ROOM_ERRORS
from ambertime_tui.engine.job.fetch_memory import FOLDER, FetchMemory
from ambertime_tui.engine.job.fetch_queue import thumbnail_of
from ambertime_tui.engine.job.fetch_requests import NO_LONGER
from ambertime_tui.engine.job.pipeline import JobContext, Pipeline
from ambertime_tui.engine.job.progress import Progress
from ambertime_tui.engine.job.report import write_report
from ambertime_tui.engine.job.target_memory import TargetMemory
from ambertime_tui.engine.scan.phone_link import PhoneLink
from ambertime_tui.engine.scan.surveyor import Surveyor
from ambertime_tui.engine.timing import Timing
from ambertime_tui.phone.discovery import find_phone
from ambertime_tui.phone.errors import (
    MediaError,
)

log = logging.getLogger(__name__)

THUMBNAIL_WITHIN = 5.0
"""Seconds that the phone gets for a small picture; it is only looked at."""
LARGEST_THUMBNAIL = 1 << 20
DRIVE_ANSWERS_WITHIN = 15.0
"""Seconds that the target gets for a first look; a drive may have to spin up."""
DRIVE_WATCHED_EVERY = 1.0
"""Seconds."""

FAULT = "AmberTime itself has a fault: {error!r}. The job ended; what is on the drive is whole. See the log."


async def open_job(
    spec: JobSpec,
    *,
    surveyor: Surveyor,
    pair_records: Path,
    reports: Path,
    timing: Timing,
    calls: SystemCalls | None = None,
) -> Job:
    """Finds the phone and locks the target; only then is there a job.

    Args:
        spec: what is to be done.
        surveyor: has the phone's scan, or makes it.
        pair_records: the folder of the keys for phones.
        reports: the folder for what a job leaves on this computer; the app's memory lies beside it.
        timing: clocks and pauses.
        calls: the operating system as the drive needs it; another one only in tests.

    Raises:
        PhoneError: there is no such phone.
        DriveError: the target cannot be used.
    """
    phone = await find_phone(spec.udid)
    opened, memory = ExitStack(), TargetMemory(reports.parent)
    path, threads = Path(spec.target), Threads(ASSETS_AT_ONCE + 2, Path(spec.target))
    another = await in_time(DRIVE_ANSWERS_WITHIN, path, memory.check, path, new_archive=spec.new_archive)
    opening = open_target(path, clock=timing.wall, calls=calls, on_block=threads.alive)
    target = await asyncio.to_thread(opened.enter_context, opening)
    await asyncio.to_thread(memory.remember, target.path, target.id, target.drive.path)
    spec = replace(spec, udid=phone.udid)
    job = Job(spec, phone.udid, target, opened, threads, surveyor, pair_records, reports, timing)
    if another:
        job.progress.tell("warning", another)
    return job


class Job:
    """Made by `open_job`; `run` does it all, `progress` shows it, `command` steers it."""

    def __init__(
        self,
        spec: JobSpec,
        udid: str,
        target: Target,
        opened: ExitStack,
        threads: Threads,
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
        self._opened = opened
        self._reports = reports
        self._timing = timing
        self._threads = threads
        self._stop_now = asyncio.Event()
        self._line = CopyQueue()
        self._link = PhoneLink(
            udid,
            pair_records,
            timing,
            patience=spec.patience,
            on_trouble=self._phone_trouble,
            on_facts=self._phone_facts,
        )
        self._accounts: Accounts | None = None
        self._conditions = Conditions(self.progress, timing)
        self._course = Pipeline(
            JobContext(
                spec=spec,
                udid=udid,
                target=target,
                threads=threads,
                link=self._link,
                line=self._line,
                surveyor=surveyor,
                memory=FetchMemory(reports.parent / FOLDER),
                progress=self.progress,
                conditions=self._conditions,
                timing=timing,
            )
        )
        for notice in target.notices:
            self.progress.tell("warning", notice)

    async def run(self) -> None:
        """The whole job. Never raises: how it ended is the status's outcome."""
        work = asyncio.create_task(self._course.run(), name="work")
        link = asyncio.create_task(self._link.run(), name="phone link")
        stop = asyncio.create_task(self._stop_now.wait(), name="stop")
        drive = asyncio.create_task(self._watch_drive(), name="drive watch")
        await asyncio.wait({work, link, stop}, return_when=asyncio.FIRST_COMPLETED)
        failure = next(filter(None, map(_failure, (work, link))), "")
        for task in (work, link, stop):
            task.cancel()
        await asyncio.gather(work, link, stop, return_exceptions=True)
        closing = asyncio.create_task(self._close(failure), name="closing")
        await asyncio.wait([closing])
        drive.cancel()
        await asyncio.gather(drive, return_exceptions=True)
        self._threads.close()
        fault = _failure(closing)
        accounts = self._accounts
        if accounts is None or fault:
            accounts = self._accounts = Accounts.failed(fault)
        self.progress.end(accounts.outcome, accounts.sentence, accounts.census, accounts.proof)

    # Orders and questions

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
                self._conditions.paused = False
                self._line.resume()
                self._conditions.show()
            case CommandName.STOP:
                self.stop()
            case CommandName.STOP_NOW:
                self._conditions.stop()
                self._stop_now.set()
                self._conditions.show()
            case CommandName.FINISH:
                self._while_copying().finish()
                if self._course.asking is not None:
                    self._course.asking.end(NO_LONGER)
            case CommandName.RETRY_FAILED:
                self._while_copying().retry(command.argument)
            case CommandName.SKIP:
                self._while_copying().skip(command.argument)
            case CommandName.ORDER:
                self._while_copying().reorder(command.argument)
            case CommandName.SHOW_CODE:
                if self._course.asking is None:
                    raise EngineError("NotNow", "This job waits for nothing from iCloud; there is no code.")
                self._course.asking.show_code()

    def stop(self) -> None:
        """Ends the job after the files in hand; at once where nothing is being copied."""
        self._conditions.stop()
        self.progress.stop_after_file = True
        if self._course.copying is not None and not self._conditions.phone_trouble:
            self._line.close()
        else:
            self._stop_now.set()
        self._conditions.show()

    def rows(self, pane: Pane, offset: int, limit: int) -> Rows:
        """A page of a list; empty as long as there is no plan."""
        if self._course.copying is None:
            return Rows(0, offset, ())
        return self._course.copying.rows(pane, offset, limit)

    async def thumbnail(self, uuid: str) -> bytes:
        """The phone's small picture of an asset: a JPEG.

        Raises:
            EngineError: `NoThumbnail`, or `NotNow`: the phone is not there.
        """
        if self.progress.outcome is not None:
            raise EngineError("NotNow", "The job has ended; the phone is no longer asked for pictures.")
        ledger = self._course.ledger
        planned = ledger.planned(uuid) if ledger is not None else None
        try:
            async with asyncio.timeout(THUMBNAIL_WITHIN):
                media = await self._link.media()
                jpeg = b""
                if planned is not None:
                    jpeg = await media.read_head(thumbnail_of(planned.asset), LARGEST_THUMBNAIL)
        except TimeoutError:
            raise EngineError("NotNow", "The phone does not answer now; try again when it does.") from None
        except MediaError as error:
            raise EngineError("NoThumbnail", "The phone has no small picture of it.") from error
        if not jpeg:
            raise EngineError("NoThumbnail", "The phone has no small picture of it.")
        return jpeg

    def report(self, offset: int, limit: int) -> ReportPage:
        """A page of what is left; the census once the job has ended."""
        if self._accounts is not None:
            left = self._accounts.left
            return ReportPage(self._accounts.census, len(left), tuple(left[offset : offset + limit]))
        ledger = self._course.ledger
        if ledger is None:
            return ReportPage(None, 0, ())
        return ReportPage(None, ledger.left_count, ledger.left(offset, limit))

    def _pause(self) -> None:
        if self._conditions.stopped:
            raise EngineError("NotNow", "The job is stopping already.")
        self._conditions.paused = True
        self._line.pause()
        self._conditions.show()

    def _while_copying(self) -> Copying:
        copying = self._course.copying
        if copying is None or self._conditions.stopped or self._line.closed:
            raise EngineError("NotNow", "Nothing is being copied now.")
        return copying

    # The phone

    def _phone_trouble(self, sentence: str) -> None:
        if sentence != self._conditions.phone_trouble and self._course.copying is not None:
            if sentence:
                self.progress.tell("warning", sentence)
            else:
                self.progress.tell("info", "The iPhone is there again; the job goes on.")
        self._conditions.phone_trouble = sentence
        if sentence and self._conditions.stopped:
            self._stop_now.set()
        self._conditions.show()

    async def _watch_drive(self) -> None:
        """Says where the drive is silent, and gives it up where a person does not want to wait for it."""
        while True:
            await self._timing.pause(DRIVE_WATCHED_EVERY)
            if not self._conditions.look_at(self._threads):
                self._threads.give_up()
                self._stop_now.set()

    def _phone_facts(self, phone: PhoneSummary) -> None:
        self.progress.phone = phone
        self.progress.touch()

    # The end

    async def _close(self, failure: str) -> None:
        self.progress.set_phase(Phase.FINISHING)
        if self._course.copying is not None:
            self._course.copying.book_the_rest()
        try:
            self._accounts = await close_accounts(
                ledger=self._course.ledger,
                library=self._course.library,
                target=self._target,
                udid=self._udid,
                threads=self._threads,
                failure=failure,
                stopped=self._conditions.stopped,
                broken_before=self._course.broken,
                copied_early=self._course.copied_early,
                on_trouble=lambda sentence: self.progress.tell("error", sentence),
            )
        finally:
            await self._let_go()
        accounts = self._accounts
        await asyncio.to_thread(self._course.remember)
        self._remind()
        status = replace(
            self.progress.snapshot(),
            phase=Phase.ENDED,
            condition=Condition.RUNNING,
            outcome=accounts.outcome,
            sentence=accounts.sentence,
            census=accounts.census,
            proof=accounts.proof,
            ended_at=self._timing.wall(),
        )
        try:
            await asyncio.to_thread(write_report, self._reports, status, accounts.left)
        except (OSError, *ROOM_ERRORS) as error:
            log.warning("no report was written: %s", error)

    async def _let_go(self) -> None:
        """Closes the target; one that was given up by a thread of its own, should it ever answer."""
        try:
            await self._threads.run(self._opened.close)
        except DriveSilent:
            threading.Thread(target=self._opened.close, name="close the target", daemon=True).start()

    def _remind(self) -> None:
        """Nothing is fetched any more; what was changed on the phone for it can be changed back."""
        asking = self._course.asking
        if asking is not None:
            asking.end()
            if asking.afterwards and self.progress.last_arrival_at is not None:
                self.progress.afterwards = asking.afterwards
                self.progress.tell("info", asking.afterwards)


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
