"""The end of a job: the census, what is not on the drive and what to do about it."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from ambertime_tui.engine.api.client import EngineError, Pane, Report
from ambertime_tui.engine.api.status import Census, JobStatus
from ambertime_tui.paths import PathsError
from ambertime_tui.tui.engine import Engine
from ambertime_tui.tui.panes.census import afterwards_lines, census_lines, group_lines, groups_of, headline
from ambertime_tui.tui.panes.totals import title_line
from ambertime_tui.tui.report_files import save_report
from ambertime_tui.tui.screens.base import AmberScreen
from ambertime_tui.tui.screens.listing import ListingScreen
from ambertime_tui.tui.widgets.key_line import KeyLine
from ambertime_tui.tui.widgets.lines import LinesView
from ambertime_tui.tui.widgets.pick_list import Drawn, FullHeight
from ambertime_tui.tui.widgets.spans import Line, Span, line

NO_REPORT = "The engine ended before it sent its report, which is in {}. Press n for a new backup."


class EndScreen(AmberScreen):
    """The result of a job."""

    CSS_PATH = "end.tcss"
    HELP_TITLE = "Result"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "left", "Not copied", id="end.left", tooltip="list items that are not on the drive"),
        Binding("e", "export('txt')", "Save report", id="end.text", tooltip="save the report as a text file"),
        Binding("j", "export('json')", "Save JSON", id="end.json", tooltip="save it for other programs"),
        Binding("n", "new", "New backup", id="end.new", tooltip="set up another backup"),
    ]

    def __init__(self, engine: Engine, status: JobStatus) -> None:
        super().__init__()
        self.engine = engine
        self.status = status
        self.report: Report | None = None
        self._no_report = "The report is not ready yet."

    @property
    def census(self) -> Census | None:
        """The census, from the status or from the report."""
        return self.status.census or (self.report.census if self.report else None)

    def compose(self) -> ComposeResult:
        """One column that scrolls if it is longer than the screen."""
        yield Drawn(self._draw_title, id="title")
        with VerticalScroll(id="result"):
            yield FullHeight(lambda w, _h: headline(self.status, w, self.glyphs), id="headline")
            yield FullHeight(self._draw_groups, id="groups")
            yield FullHeight(self._draw_census, id="census")
        yield LinesView(id="notice")
        yield KeyLine(self.glyphs, id="keys")

    def on_mount(self) -> None:
        """Request the report."""
        self.query_one("#result").focus()
        self.fetch_report()

    @work(group="report", exclusive=True)
    async def fetch_report(self) -> None:
        """Get the report from the engine."""
        try:
            self.report = await self.engine.report()
        except EngineError as error:
            gone = error.kind == "HostGone"
            self._no_report = NO_REPORT.format(self.context.reports) if gone else error.sentence
            self.say(self._no_report)
            return
        for view in self.query(FullHeight):
            view.refresh(layout=True)
            view.show_again()
        self.refresh_bindings()
        self.query_one(KeyLine).show_again()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the list of what was not copied only if there is something in it."""
        return action != "left" or (self.report is not None and bool(self.report.left))

    def _draw_title(self, width: int, _height: int) -> tuple[Line, ...]:
        return (title_line(self.status, self.status.now, width, self.glyphs),)

    def _draw_census(self, width: int, _height: int) -> tuple[Line, ...]:
        if self.census is None:
            return ()
        return ((), line(Span("Whole library", "accent")), *census_lines(self.census, width, self.glyphs))

    def _draw_groups(self, width: int, _height: int) -> tuple[Line, ...]:
        groups = groups_of(self.report.left) if self.report else ()
        lines: list[Line] = []
        if groups:
            lines += [(), line(Span("Not on the drive", "accent")), *group_lines(groups, width, self.glyphs)]
        if self.status.afterwards:
            lines += [(), *afterwards_lines(self.status, width, self.glyphs)]
        return tuple(lines)

    def why_not(self, action: str) -> str:
        """Why there is no report to save now; empty for all other actions."""
        return self._no_report if action.startswith("export") and self.report is None else ""

    def action_left(self) -> None:
        """List the items that are not on the drive."""
        self.app.push_screen(ListingScreen(self.engine, Pane.LEFT, orders=False))

    def action_export(self, kind: str) -> None:
        """Save the report."""
        if self.refuse("export") or self.report is None:
            return
        try:
            file = save_report(self.context.reports, self.status, self.report, kind)
        except PathsError as error:
            self.say(str(error), "bad")
        else:
            self.say(f"Saved: {file}", "good")

    def action_new(self) -> None:
        """Return to Setup."""
        self.shell.set_up_again()
