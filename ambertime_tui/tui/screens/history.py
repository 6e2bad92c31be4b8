"""Past backups, newest first, and the report of each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from ambertime_tui.engine.api.client import (
    Command,
    DevicesChanged,
    EngineError,
    Pane,
    Preview,
    Report,
    Row,
    Rows,
    SurveyedLibrary,
)
from ambertime_tui.engine.api.history import PastRun
from ambertime_tui.engine.api.spec import Hooks, JobSpec
from ambertime_tui.engine.api.status import DriveSummary, JobStatus, ScanStatus
from ambertime_tui.tui.panes.history import run_rows
from ambertime_tui.tui.screens.base import AmberScreen, title
from ambertime_tui.tui.screens.end import EndScreen
from ambertime_tui.tui.widgets.key_line import KeyLine
from ambertime_tui.tui.widgets.lines import LinesView
from ambertime_tui.tui.widgets.pick_list import Drawn, PickList
from ambertime_tui.tui.widgets.spans import Line, Span, line, wrap
from ambertime_tui.units import plural

ENDED = EngineError("NotNow", "This backup has ended. Start a new one to try again.")


class HistoryScreen(AmberScreen):
    """One row for each past backup."""

    CSS_PATH = "history.tcss"
    HELP_TITLE = "Past backups"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "show", "Report", id="history.show", key_display="enter"),
        Binding("escape", "back", "Back", id="history.back", key_display="esc"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.runs: tuple[PastRun, ...] | None = None
        """Newest first; None until they are read."""
        self.chosen = 0

    def compose(self) -> ComposeResult:
        """The list, and how the chosen backup ended."""
        yield Drawn(self._draw_title, id="title")
        yield PickList(self._draw, lambda: self.chosen, id="runs")
        yield Drawn(self._draw_note, id="note")
        yield LinesView(id="notice")
        yield KeyLine(self.glyphs, id="keys")

    def on_mount(self) -> None:
        """Read the history."""
        self.query_one(PickList).focus()
        self.read()

    @work(group="history", exclusive=True)
    async def read(self) -> None:
        """Read the history from the disk."""
        self.runs = tuple(reversed(await asyncio.to_thread(self.context.history)))
        self._show_again()

    def _show_again(self) -> None:
        for view in self.query(Drawn):
            view.show_again()
        self.query_one(PickList).show_again()
        self.query_one(KeyLine).show_again()

    @property
    def _run(self) -> PastRun | None:
        return self.runs[self.chosen] if self.runs and self.chosen < len(self.runs) else None

    def _draw_title(self, width: int, _height: int) -> tuple[Line, ...]:
        number = "" if self.runs is None else plural(len(self.runs), "backup")
        return title("Past backups", line(Span(number, "muted")), width)

    def _draw(self, width: int, height: int) -> tuple[Line, ...]:
        if self.runs is None:
            return (line(Span("Reading the history.", "muted")),)
        return run_rows(self.runs, self.chosen, width, height, self.context.day_of, self.glyphs)

    def _draw_note(self, width: int, height: int) -> tuple[Line, ...]:
        run = self._run
        if run is None:
            return ()
        words = " ".join(filter(None, (f"{run.target}.", run.sentence, run.proof)))
        return tuple(wrap(words, width, "muted", height, self.glyphs.ellipsis))

    def why_not(self, action: str) -> str:
        """There must be a backup to show."""
        return "No backup has run on this computer yet." if action == "show" and self._run is None else ""

    @on(PickList.Stepped)
    def step(self, event: PickList.Stepped) -> None:
        """Move the cursor."""
        self.chosen = min(max(0, self.chosen + event.by), max(0, len(self.runs or ()) - 1))
        self._show_again()

    def action_show(self) -> None:
        """Open the report."""
        if not self.refuse("show"):
            self.open_report()

    @work(group="report", exclusive=True)
    async def open_report(self) -> None:
        """Read the report of the chosen backup and show it."""
        run, read = self._run, self.context.past_report
        if run is None or read is None:
            return
        try:
            status, report = await asyncio.to_thread(read, run)
        except EngineError as error:
            self.say(error.sentence)
        else:
            self.app.push_screen(PastReportScreen(StoredReport(report), status))

    def action_back(self) -> None:
        """Return to the screen that opened this one."""
        self.app.pop_screen()


class PastReportScreen(EndScreen):
    """The report of a past backup."""

    HELP_TITLE = "Report"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="report.back", key_display="esc"),
    ]

    def action_back(self) -> None:
        """Return to the list."""
        self.app.pop_screen()


class StoredReport:
    """The engine of a job that ended long ago: it answers from the report."""

    def __init__(self, report: Report) -> None:
        self._report = report

    async def report(self) -> Report:
        """Return the report."""
        return self._report

    async def rows(self, pane: Pane, offset: int, limit: int) -> Rows:
        """Return a page of what was left."""
        left = self._report.left
        page = left[offset : offset + limit]
        rows = (Row(e.uuid, e.original_filename, e.day, e.bytes, e.reason, e.sentence) for e in page)
        return Rows(len(left), offset, tuple(rows))

    async def thumbnail(self, uuid: str) -> bytes:
        """Refuse: the phone may not be connected."""
        raise ENDED

    async def command(self, command: Command) -> None:
        """Refuse: nothing runs."""
        raise ENDED

    async def start(self, spec: JobSpec, hooks: Hooks) -> str:
        """Refuse: this is no process."""
        raise ENDED

    async def drive(self, path: str) -> DriveSummary:
        """Refuse: this is no process."""
        raise ENDED

    async def locate(self, path: str) -> str:
        """Refuse: this is no process."""
        raise ENDED

    async def preview(self, spec: JobSpec) -> Preview:
        """Refuse: this is no process."""
        raise ENDED

    async def survey(
        self,
        udid: str | None = None,
        on_scan: Callable[[ScanStatus], None] | None = None,
        *,
        refresh: bool = False,
    ) -> SurveyedLibrary:
        """Refuse: this is no process."""
        raise ENDED

    async def devices(self) -> AsyncIterator[DevicesChanged]:
        """Yield nothing."""
        return
        yield

    async def statuses(self) -> AsyncIterator[JobStatus]:
        """Yield nothing."""
        return
        yield

    async def aclose(self) -> None:
        """Do nothing."""
