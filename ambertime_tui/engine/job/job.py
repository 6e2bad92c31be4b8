"""One job, from the scan of the phone to the census."""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ambertime_tui.drive.errors import DriveSilent
from ambertime_tui.drive.target import Target, open_target
from ambertime_tui.drive.volume.block_devices import uuid_of
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.engine.api.history import append_run, run_of
from ambertime_tui.engine.api.protocol import Command, CommandName, EngineError, Pane, ReportPage, Rows
from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.api.status import Condition, Phase, PhoneSummary
from ambertime_tui.engine.api.trial_memory import TrialMemory
from ambertime_tui.engine.api.unfinished import UnfinishedJob, forget_unfinished, note_started
from ambertime_tui.engine.job.closing import JobResult, close_job
from ambertime_tui.engine.job.conditions import Conditions
from ambertime_tui.engine.job.context import JobContext
from ambertime_tui.engine.job.copier import ASSETS_AT_ONCE
from ambertime_tui.engine.job.copy_phase import CopyPhase
from ambertime_tui.engine.job.copy_queue import CopyQueue
from ambertime_tui.engine.job.drive_threads import Threads, in_time, while_active
from ambertime_tui.engine.job.errors import ROOM_ERRORS, fault_sentence
from ambertime_tui.engine.job.fetch_memory import FOLDER, FetchMemory
from ambertime_tui.engine.job.fetch_queue import thumbnail_of
from ambertime_tui.engine.job.ledger import left_row
from ambertime_tui.engine.job.night_log import NightLog
from ambertime_tui.engine.job.pipeline import Pipeline
from ambertime_tui.engine.job.progress import Progress
from ambertime_tui.engine.job.report import write_report
from ambertime_tui.engine.job.target_memory import TargetMemory
from ambertime_tui.engine.scan.phone_link import PhoneLink
from ambertime_tui.engine.scan.surveyor import Surveyor
from ambertime_tui.engine.timing import Timing
from ambertime_tui.phone.discovery import find_phone
from ambertime_tui.phone.errors import MediaError

log = logging.getLogger(__name__)

THUMBNAIL_WITHIN = 5.0
"""Seconds that the phone gets to send a thumbnail; it is only a preview."""
LARGEST_THUMBNAIL = 1 << 20
DRIVE_ANSWERS_WITHIN = 15.0
"""Seconds that the target gets for the first access; a drive may have to spin up."""
OPENING_SILENT = 60.0
"""Seconds without activity after which the opening of the target is abandoned. Its total time has no limit,
because checking or rebuilding a large record can take minutes."""
DRIVE_WATCHED_EVERY = 1.0
"""Seconds."""

ENDED = "The job has ended."
NO_THUMBNAIL = "The iPhone has no thumbnail of this item."


async def open_job(
    spec: JobSpec,
    *,
    surveyor: Surveyor,
    pair_records: Path,
    reports: Path,
    timing: Timing,
    calls: SystemCalls | None = None,
) -> Job:
    """Find the phone and lock the target; a job exists only if both succeed.

    Args:
        spec: what to do.
        surveyor: has the phone's scan, or makes it.
        pair_records: the folder with the keys of trusted phones.
        reports: the folder for job reports; the app's memory is beside it.
        timing: clocks and pauses.
        calls: the operating system as the drive needs it; replaced only in tests.

    Raises:
        PhoneError: there is no such phone.
        DriveError: the target cannot be used.
    """
    phone = await find_phone(spec.udid)
    opened, memory = ExitStack(), TargetMemory(reports.parent)
    path, threads = Path(spec.target), Threads(ASSETS_AT_ONCE + 2, Path(spec.target))
    another = await in_time(DRIVE_ANSWERS_WITHIN, path, memory.check, path, new_archive=spec.new_archive)
    opening = open_target(path, clock=timing.wall, calls=calls, on_block=threads.alive)
    target = await while_active(
        OPENING_SILENT, path, partial(opened.enter_context, opening), too_late=opened.close
    )
    try:
        volume = await asyncio.to_thread(uuid_of, target.drive.device)
        await asyncio.to_thread(memory.remember, target.path, target.id, target.drive.path, volume)
        spec = replace(spec, udid=phone.udid)
        job = Job(spec, phone.udid, target, opened, threads, surveyor, pair_records, reports, timing)
    except BaseException:
        await threads.run(opened.close)
        raise
    if another:
        job.progress.add_event("warning", another)
    return job


class Job:
    """Made by `open_job`. `run` does the work, `progress` has the status, `command` controls it."""

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
        self._note = UnfinishedJob(self.job_id, timing.wall(), spec)
        self._resume_later = False
        self._opened = opened
        self._reports = reports
        self._stop_now = asyncio.Event()
        self._conditions = Conditions(self.progress, timing)
        self._context = JobContext(
            udid=udid,
            target=target,
            threads=threads,
            link=PhoneLink(
                udid,
                pair_records,
                timing,
                patience=spec.patience,
                on_trouble=self._phone_trouble,
                on_facts=self._phone_facts,
            ),
            copy_queue=CopyQueue(),
            surveyor=surveyor,
            memory=FetchMemory(reports.parent / FOLDER),
            trials=TrialMemory(reports.parent),
            night_log=NightLog(reports.parent, udid, target.id),
            progress=self.progress,
            conditions=self._conditions,
            timing=timing,
        )
        self._pipeline = Pipeline(self._context)
        self._result: JobResult | None = None
        for notice in target.notices:
            self.progress.add_event("warning", notice)

    async def run(self) -> None:
        """Do the whole job. Never raises: the status's outcome says how it ended."""
        parts: list[asyncio.Task[Any]] = []
        await asyncio.to_thread(note_started, self._reports.parent, self._note)
        try:
            await self._run(parts)
        except Exception as error:
            log.exception("the job failed")
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)
            await asyncio.gather(self._close_target(), return_exceptions=True)
            self._result = self._result or JobResult.failed(fault_sentence(error))
        result = self._result or JobResult.failed(fault_sentence("no result"))
        if not self._resume_later:
            await asyncio.to_thread(forget_unfinished, self._reports.parent, self.job_id)
        self.progress.end(result.outcome, result.sentence, result.census, result.proof)

    async def _run(self, parts: list[asyncio.Task[Any]]) -> None:
        """Do the work in tasks, which are added to `parts`."""
        work = asyncio.create_task(self._pipeline.run(), name="pipeline")
        link = asyncio.create_task(self._context.link.run(), name="phone link")
        stop = asyncio.create_task(self._stop_now.wait(), name="stop")
        parts += work, link, stop
        drive = asyncio.create_task(self._watch_drive(), name="drive watch")
        parts.append(drive)
        await asyncio.wait({work, link, stop}, return_when=asyncio.FIRST_COMPLETED)
        failure = next(filter(None, map(_failure, (work, link))), "")
        for task in (work, link, stop):
            task.cancel()
        await asyncio.gather(work, link, stop, return_exceptions=True)
        closing = asyncio.create_task(self._close(failure), name="closing")
        await asyncio.wait([closing])
        drive.cancel()
        await asyncio.gather(drive, return_exceptions=True)
        self._context.threads.close()
        fault = _failure(closing)
        if self._result is None or fault:
            self._result = JobResult.failed(fault)

    @property
    def drive_name(self) -> str:
        """The name of the drive that is written to."""
        return self._context.target.drive.name

    # Commands and requests

    def command(self, command: Command) -> None:
        """Carry out a command.

        Raises:
            EngineError: `NotNow`; the sentence says why.
        """
        if self.progress.outcome is not None:
            raise EngineError("NotNow", f"{ENDED} Start another one.")
        match command.name:
            case CommandName.PAUSE:
                self._pause()
            case CommandName.RESUME:
                self._conditions.paused = False
                self._context.copy_queue.resume()
                self._conditions.publish()
            case CommandName.STOP:
                self.stop()
            case CommandName.STOP_NOW:
                self._conditions.stop()
                self._stop_now.set()
                self._conditions.publish()
            case CommandName.FINISH:
                self._while_copying().commands.finish()
            case CommandName.RETRY_FAILED:
                self._while_copying().commands.retry(command.argument)
            case CommandName.SKIP:
                self._while_copying().commands.skip(command.argument)
            case CommandName.ORDER:
                self._while_copying().commands.reorder(command.argument)
            case CommandName.TRIAL:
                self._while_copying().commands.end_trial()
            case CommandName.WAY:
                self._while_copying().commands.change_way(command.argument)
            case CommandName.SHOW_CODE:
                if self._pipeline.planned is None:
                    raise EngineError("NotNow", "There is no code yet.")
                self._pipeline.planned.copy_phase.commands.show_code()

    def stop(self, *, resume_later: bool = False) -> None:
        """End the job after the files in progress, or immediately if nothing is being copied.

        Args:
            resume_later: the computer shuts down: keep the note by which `watch` resumes the job.
        """
        self._resume_later |= resume_later
        self._conditions.stop()
        self.progress.stop_after_file = True
        if self._conditions.phone_trouble:
            self._stop_now.set()
        elif self._pipeline.planned is not None:
            self._context.copy_queue.close()
        elif not self._pipeline.stop_early(self._stop_now.set):
            self._stop_now.set()
        self._conditions.publish()

    def rows(self, pane: Pane, offset: int, limit: int) -> Rows:
        """A page of a list; empty until there is a plan. At the end, LEFT has all that the report has."""
        if pane is Pane.LEFT and self._result is not None:
            left, order = self._result.left, self._result.by_reason
            page = tuple(left_row(left[place]) for place in order[offset : offset + limit])
            return Rows(len(order), offset, page)
        planned = self._pipeline.planned
        return Rows(0, offset, ()) if planned is None else planned.copy_phase.rows(pane, offset, limit)

    async def thumbnail(self, uuid: str) -> bytes:
        """The phone's thumbnail of an asset: a JPEG.

        Raises:
            EngineError: `NoThumbnail`, or `NotNow`: the phone is not connected.
        """
        if self.progress.outcome is not None:
            raise EngineError("NotNow", f"{ENDED} Thumbnails are read only while a job runs.")
        planned = self._pipeline.planned
        found = planned.ledger.planned(uuid) if planned is not None else None
        try:
            async with asyncio.timeout(THUMBNAIL_WITHIN):
                media = await self._context.link.media()
                jpeg = b""
                if found is not None:
                    jpeg = await media.read_head(thumbnail_of(found.asset), LARGEST_THUMBNAIL)
        except TimeoutError:
            raise EngineError("NotNow", "The iPhone is not responding. Try again when it does.") from None
        except MediaError as error:
            raise EngineError("NoThumbnail", NO_THUMBNAIL) from error
        if not jpeg:
            raise EngineError("NoThumbnail", NO_THUMBNAIL)
        return jpeg

    def report(self, offset: int, limit: int) -> ReportPage:
        """A page of what is not on the drive; with the census once the job has ended."""
        if self._result is not None:
            left = self._result.left
            return ReportPage(self._result.census, len(left), tuple(left[offset : offset + limit]))
        if self._pipeline.planned is None:
            return ReportPage(None, 0, ())
        ledger = self._pipeline.planned.ledger
        return ReportPage(None, ledger.left_count, ledger.left(offset, limit))

    def _pause(self) -> None:
        if self._conditions.stopped:
            raise EngineError("NotNow", "The job is already stopping.")
        self._conditions.paused = True
        self._context.copy_queue.pause()
        self._conditions.publish()

    def _while_copying(self) -> CopyPhase:
        planned = self._pipeline.planned
        if planned is None or self._conditions.stopped or self._context.copy_queue.closed:
            raise EngineError("NotNow", "Nothing is being copied now.")
        return planned.copy_phase

    # Phone and drive

    def _phone_trouble(self, sentence: str) -> None:
        if sentence != self._conditions.phone_trouble and self._pipeline.planned is not None:
            if sentence:
                self.progress.add_event("warning", sentence)
            else:
                self.progress.add_event("info", "The iPhone is back; the job continues.")
        self._conditions.phone_trouble = sentence
        if sentence and self._conditions.stopped:
            self._stop_now.set()
        self._conditions.publish()

    def _phone_facts(self, phone: PhoneSummary) -> None:
        self.progress.phone = phone
        self.progress.touch()

    async def _watch_drive(self) -> None:
        """Report a drive that is not responding, and give it up if the user wants to stop."""
        while True:
            await self._context.timing.pause(DRIVE_WATCHED_EVERY)
            if not self._conditions.check_drive(self._context.threads):
                self._context.threads.give_up()
                self._stop_now.set()

    # The end

    async def _close(self, failure: str) -> None:
        self.progress.set_phase(Phase.FINISHING)
        planned = self._pipeline.planned
        if planned is not None:
            planned.copy_phase.end()
        try:
            self._result = await close_job(
                planned,
                target=self._context.target,
                udid=self._context.udid,
                spec=self._context.spec,
                threads=self._context.threads,
                failure=failure,
                stopped=self._conditions.stopped,
                copied_early=self._pipeline.copied_early,
                read_now=self.progress.files_written,
                on_trouble=lambda sentence: self.progress.add_event("error", sentence),
            )
        finally:
            await self._close_target()
        result = self._result
        await asyncio.to_thread(self._pipeline.remember)
        status = replace(
            self.progress.snapshot(),
            phase=Phase.ENDED,
            condition=Condition.RUNNING,
            outcome=result.outcome,
            sentence=result.sentence,
            census=result.census,
            proof=result.proof,
            ended_at=self._context.timing.wall(),
        )
        try:
            await asyncio.to_thread(write_report, self._reports, status, result.left)
            run = run_of(status, len(result.left), self.drive_name)
            await asyncio.to_thread(append_run, self._reports.parent, run)
        except (OSError, *ROOM_ERRORS) as error:
            log.warning("cannot write the report: %s", error)

    async def _close_target(self) -> None:
        """Close the target; if its drive was given up, in a separate thread, in case it ever responds."""
        try:
            await self._context.threads.run(self._opened.close)
        except DriveSilent:
            threading.Thread(target=self._opened.close, name="close the target", daemon=True).start()


def _failure(task: asyncio.Task[None]) -> str:
    """Why a part of the job failed; empty if it did not."""
    if not task.done() or task.cancelled() or task.exception() is None:
        return ""
    error = task.exception()
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, ROOM_ERRORS):
        return str(error)
    log.error("%s failed", task.get_name(), exc_info=error)
    return fault_sentence(error)
