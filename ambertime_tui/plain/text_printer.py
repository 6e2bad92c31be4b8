"""Prints for people: lines, tables and a histogram."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from ambertime_tui.engine.api.doctor import Area, Finding
from ambertime_tui.engine.api.doctor_rows import RowVerdict
from ambertime_tui.engine.api.ejecting import Ejected
from ambertime_tui.engine.api.exporting import ExportedFile, ExportResult
from ambertime_tui.engine.api.finding import Found
from ambertime_tui.engine.api.forgetting import ForgettableItem
from ambertime_tui.engine.api.history import PastRun, TaskHistory
from ambertime_tui.engine.api.overview import Overview
from ambertime_tui.engine.api.planned_run import Action, PlannedItem, PlannedRun
from ambertime_tui.engine.api.protocol import Report, RunningJob
from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.api.status import DriveSummary, JobStatus, PhoneSummary
from ambertime_tui.engine.api.verification import Verification, VerifiedFile
from ambertime_tui.engine.api.watch_event import WatchEvent
from ambertime_tui.exit_codes import ExitCode
from ambertime_tui.library.model import Asset
from ambertime_tui.plain.doctor_text import HEADINGS, comparison_lines, finding_lines, summary_line
from ambertime_tui.plain.export_text import export_lines
from ambertime_tui.plain.find_text import found_lines
from ambertime_tui.plain.forget_text import forgotten_line, item_lines
from ambertime_tui.plain.histogram import Glyphs
from ambertime_tui.plain.history_text import history_lines
from ambertime_tui.plain.job_text import ending_lines
from ambertime_tui.plain.listings import drive_lines, job_lines, phone_lines
from ambertime_tui.plain.plan_text import HEADINGS as HEADINGS_OF_PLAN
from ambertime_tui.plain.plan_text import plan_lines, planned_item_line
from ambertime_tui.plain.printer import Printer
from ambertime_tui.plain.scan_text import largest_lines, scan_lines
from ambertime_tui.plain.streams import Streams
from ambertime_tui.plain.table import table
from ambertime_tui.plain.terminal_text import harmless
from ambertime_tui.plain.verify_text import verification_lines

CODE_WORDS = {
    ExitCode.COMPLETE: "complete",
    ExitCode.LEFT: "incomplete: see the list above",
    ExitCode.FAILED: "failed",
    ExitCode.USAGE: "failed",
    ExitCode.INTERRUPTED: "interrupted",
}
"""How a task ended."""


class TextPrinter(Printer):
    """The implementation for people."""

    lists_assets = False

    def __init__(self, streams: Streams, *, width: int, glyphs: Glyphs) -> None:
        """
        Args:
            streams: where to print.
            width: cells in a line, for the histogram.
            glyphs: what to draw it with.
        """
        super().__init__(streams)
        self._width = width
        self._glyphs = glyphs
        self._area: Area | None = None
        self._action: Action | None = None

    def phones(self, phones: Sequence[PhoneSummary]) -> None:
        self._print(phone_lines(phones))

    def drives(self, drives: Sequence[DriveSummary]) -> None:
        self._print(drive_lines(drives))

    def jobs(self, jobs: Sequence[RunningJob]) -> None:
        self._print(job_lines(jobs))

    def job_started(self, job_id: str, target: str) -> None:
        self._print([job_id])

    def job_ended(self, status: JobStatus, report: Report) -> None:
        self._print(ending_lines(status, report))

    def planned(self, run: PlannedRun) -> None:
        self._print(plan_lines(run))

    def planned_item(self, item: PlannedItem) -> None:
        if item.action is not self._action:
            self._action = item.action
            self._print(["", HEADINGS_OF_PLAN[item.action]])
        self._print([planned_item_line(item)])

    def history(self, runs: Sequence[PastRun], tasks: Mapping[str, TaskHistory], now: float) -> None:
        self._print(history_lines(runs, tasks, now))

    def watch_event(self, event: WatchEvent) -> None:
        at = f"{datetime.fromtimestamp(event.at).astimezone():%Y-%m-%d %H:%M:%S}"
        self._print([f"{at} {event.task + ': ' if event.task else ''}{event.sentence}"])

    def service(self, file: str, sentences: Sequence[str], *, installed: bool) -> None:
        self._print(sentences)

    def ejected(self, drive: Ejected) -> None:
        self._print([f"{drive.name} is unmounted and can be unplugged now."])

    def task_begins(self, spec: JobSpec) -> None:
        self._narrator, self._action = self._new_narrator(), None
        self._print([f"== {spec.task}: to {spec.target}"])

    def task_failed(self, spec: JobSpec, kind: str, sentence: str) -> None:
        self.say(f"{spec.task}: {sentence}")

    def tasks_ended(self, codes: Mapping[str, ExitCode], code: ExitCode) -> None:
        rows = [(name, CODE_WORDS[one]) for name, one in codes.items()]
        self._print(["", *table(rows, "<<")])

    def library(self, overview: Overview, title: str, udid: str | None) -> None:
        self._print(scan_lines(overview, heading=title, width=self._width, glyphs=self._glyphs))

    def asset(self, asset: Asset) -> None:
        """Print nothing: the totals are enough for a person."""

    def largest(self, assets: Sequence[Asset]) -> None:
        self._print(largest_lines(assets))

    def library_listed(self, overview: Overview) -> None:
        """Print nothing: there is no list to end."""

    def found(self, items: Sequence[Found]) -> None:
        self._print(found_lines(items))

    def exported_file(self, file: ExportedFile) -> None:
        """Print nothing: `exported` names the files that need attention."""

    def exported(self, result: ExportResult, folder: str) -> None:
        self._print(export_lines(result, folder))

    def forgettable(self, items: Sequence[ForgettableItem], *, forgotten: bool) -> None:
        self._print(item_lines(items, forgotten=forgotten))

    def forgotten(self, listed: int, done: int, *, undo: bool, only_list: bool) -> None:
        self._print([forgotten_line(listed, done, undo=undo, only_list=only_list)])

    def verified_file(self, file: VerifiedFile) -> None:
        """Print nothing: `verified` names the files that need attention."""

    def verified(self, result: Verification) -> None:
        self._print(verification_lines(result))

    def finding(self, finding: Finding) -> None:
        if finding.area is not self._area:
            self._area = finding.area
            self._print([HEADINGS[finding.area]])
        self._print(finding_lines(finding, self._width))

    def examined(self, findings: Sequence[Finding]) -> None:
        self._print(["", summary_line(findings)])

    def compared(self, verdicts: Sequence[RowVerdict]) -> None:
        self._print(comparison_lines(verdicts))

    def _print(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._streams.write(harmless(line))
        self._streams.flush()
