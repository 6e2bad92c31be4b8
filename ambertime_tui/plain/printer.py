"""What a command can report. There are two implementations: text for people and JSON Lines for programs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from ambertime_tui.engine.api.doctor import Ask, Finding
from ambertime_tui.engine.api.doctor_rows import RowVerdict
from ambertime_tui.engine.api.ejecting import Ejected
from ambertime_tui.engine.api.exporting import ExportedFile, ExportResult
from ambertime_tui.engine.api.finding import Found
from ambertime_tui.engine.api.forgetting import ForgettableItem
from ambertime_tui.engine.api.history import PastRun, TaskHistory
from ambertime_tui.engine.api.overview import Overview
from ambertime_tui.engine.api.planned_run import PlannedItem, PlannedRun
from ambertime_tui.engine.api.protocol import Report, RunningJob
from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.api.status import DriveSummary, JobStatus, PhoneSummary
from ambertime_tui.engine.api.verification import Verification, VerifiedFile
from ambertime_tui.engine.api.watch_event import WatchEvent
from ambertime_tui.exit_codes import ExitCode
from ambertime_tui.library.model import Asset
from ambertime_tui.plain.narrator import Narrator, progress_line
from ambertime_tui.plain.streams import Streams
from ambertime_tui.qr import half_blocks

REMINDER = 60.0
"""Seconds between two lines of progress where no progress line is drawn, so that a log stays readable."""


class Printer(ABC):
    """Prints what a command reports. Narration for people goes to stderr in both implementations.

    Every method raises BrokenPipeError if the reader of the data has closed the pipe.
    """

    lists_assets: bool
    """Whether `asset` prints anything. If not, callers do not need to read the assets."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._narrator = self._new_narrator()

    def _new_narrator(self) -> Narrator:
        return Narrator(reminder=None if self._streams.redraws else REMINDER)

    def say(self, sentence: str) -> None:
        """Write a line of narration."""
        self._streams.say(sentence)

    def progress(self, text: str) -> None:
        """Draw the progress line, where there is one."""
        self._streams.progress(text)

    @abstractmethod
    def phones(self, phones: Sequence[PhoneSummary]) -> None:
        """List the connected phones."""

    @abstractmethod
    def drives(self, drives: Sequence[DriveSummary]) -> None:
        """List the drives that an archive could be on."""

    @abstractmethod
    def jobs(self, jobs: Sequence[RunningJob]) -> None:
        """List the running jobs."""

    @abstractmethod
    def job_started(self, job_id: str, target: str) -> None:
        """Name a job that was started in the background."""

    def job_status(self, status: JobStatus) -> None:
        """Report what is new in a status of a job. Call it with every status, in order."""
        for line in self._narrator.lines(status):
            self.say(line)
        self.progress(progress_line(status))

    @abstractmethod
    def job_ended(self, status: JobStatus, report: Report) -> None:
        """Report how a job ended, and what is not on the drive."""

    @abstractmethod
    def planned(self, run: PlannedRun) -> None:
        """Report what a job would do, by reason."""

    @abstractmethod
    def planned_item(self, item: PlannedItem) -> None:
        """List an item that is not on the drive yet."""

    @abstractmethod
    def history(self, runs: Sequence[PastRun], tasks: Mapping[str, TaskHistory], now: float) -> None:
        """List past runs, oldest first, and what is known of each task."""

    @abstractmethod
    def watch_event(self, event: WatchEvent) -> None:
        """Report something that happened while watching."""

    @abstractmethod
    def service(self, file: str, sentences: Sequence[str], *, installed: bool) -> None:
        """Report that a service was installed or removed."""

    @abstractmethod
    def ejected(self, drive: Ejected) -> None:
        """Report a drive that can be unplugged."""

    @abstractmethod
    def task_begins(self, spec: JobSpec) -> None:
        """Name the next of several tasks. Resets what is known of the previous job."""

    @abstractmethod
    def task_failed(self, spec: JobSpec, kind: str, sentence: str) -> None:
        """Report a task that could not be started."""

    @abstractmethod
    def tasks_ended(self, codes: Mapping[str, ExitCode], code: ExitCode) -> None:
        """Report how each of several tasks ended, and the exit code of all."""

    @abstractmethod
    def library(self, overview: Overview, title: str, udid: str | None) -> None:
        """Report what a library holds.

        Args:
            overview: its counts for the selection.
            title: a heading that says which library it is.
            udid: the phone that it is on; None for a file on this computer.
        """

    @abstractmethod
    def asset(self, asset: Asset) -> None:
        """List one asset of the library."""

    @abstractmethod
    def largest(self, assets: Sequence[Asset]) -> None:
        """List the largest assets of the library, largest first."""

    @abstractmethod
    def library_listed(self, overview: Overview) -> None:
        """End the list of assets."""

    @abstractmethod
    def found(self, items: Sequence[Found]) -> None:
        """List items that were found in an archive."""

    @abstractmethod
    def exported_file(self, file: ExportedFile) -> None:
        """Report the result for one file of an export."""

    @abstractmethod
    def exported(self, result: ExportResult, folder: str) -> None:
        """Report the result of an export."""

    @abstractmethod
    def forgettable(self, items: Sequence[ForgettableItem], *, forgotten: bool) -> None:
        """List items that can be forgotten, or were `forgotten`."""

    @abstractmethod
    def forgotten(self, listed: int, done: int, *, undo: bool, only_list: bool) -> None:
        """Report how many of the listed items were forgotten or, with `undo`, are no longer."""

    @abstractmethod
    def verified_file(self, file: VerifiedFile) -> None:
        """Report the result for one file, as soon as it is known."""

    @abstractmethod
    def verified(self, result: Verification) -> None:
        """Report the result for the whole archive."""

    @abstractmethod
    def finding(self, finding: Finding) -> None:
        """Report the result of one check, as soon as it is known."""

    def asked(self, ask: Ask) -> None:
        """Say what the person has to do on the phone, with a code for its camera."""
        self.say(ask.sentence)
        if ask.code:
            for row in half_blocks(ask.code, dark_is_drawn=False):
                self.say(row)
            self.say(ask.code)

    @abstractmethod
    def examined(self, findings: Sequence[Finding]) -> None:
        """Sum up the results of all checks."""

    @abstractmethod
    def compared(self, verdicts: Sequence[RowVerdict]) -> None:
        """List which rows of what is unconfirmed a report settles."""
