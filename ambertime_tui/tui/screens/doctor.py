"""Checks computer, drive and phone, and shows each result with what to do."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from ambertime_tui.engine.api.client import EngineError
from ambertime_tui.engine.api.doctor import DoctorRequest, Finding, Scratch, Screen, Step
from ambertime_tui.engine.api.doctor_report import report_text
from ambertime_tui.paths import PathsError, write_private
from ambertime_tui.tui.panes.doctor import finding_lines, headline
from ambertime_tui.tui.screens.base import AmberScreen, title
from ambertime_tui.tui.widgets.key_line import KeyLine
from ambertime_tui.tui.widgets.lines import LinesView
from ambertime_tui.tui.widgets.pick_list import Drawn, FullHeight
from ambertime_tui.tui.widgets.spans import Line, Span, line

LONG_SECONDS = 600.0
"""How long a long check observes the phone."""
REPORT = "doctor-report.json"


class DoctorScreen(AmberScreen):
    """The results, problems first, while the checks run and afterwards."""

    CSS_PATH = "doctor.tcss"
    HELP_TITLE = "Check the set-up"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="doctor.back", key_display="esc"),
        Binding("r", "again", "Check again", id="doctor.again"),
        Binding(
            "l",
            "long",
            "Long check",
            id="doctor.long",
            tooltip="also test the limits of the iPhone and observe it for 10 minutes",
        ),
        Binding("w", "save", "Save report", id="doctor.save", tooltip="save a report without personal data"),
    ]

    def __init__(self, request: DoctorRequest) -> None:
        super().__init__()
        self.request = request
        self.findings: tuple[Finding, ...] = ()
        self.step = "Starting"
        """What is being checked; empty: the checks are complete."""

    def compose(self) -> ComposeResult:
        """One column that scrolls."""
        yield Drawn(self._draw_title, id="title")
        with VerticalScroll(id="findings"):
            yield FullHeight(self._draw, id="findings-text")
        yield LinesView(id="notice")
        yield KeyLine(self.glyphs, id="keys")

    def on_mount(self) -> None:
        """Start the checks."""
        self.query_one("#findings").focus()
        self.examine(None)

    @work(group="doctor", exclusive=True)
    async def examine(self, seconds: float | None) -> None:
        """Run the checks, and show each result as it arrives."""
        self.findings, self.step = (), "Starting"
        self.say("")
        screen = Screen(self.size.width, self.size.height, is_terminal=True, encoding="utf-8")
        request = replace(self.request, long_seconds=seconds, screen=screen)
        try:
            async with aclosing(self.context.examine(request)) as messages:
                async for message in messages:
                    match message:
                        case Finding():
                            self.findings = (*self.findings, message)
                        case Step():
                            self.step = message.sentence
                        case Scratch():
                            self.say(
                                f"Testing the drive in {message.path}, which is removed at the end.", "good"
                            )
                    self._show_again()
        except EngineError as error:
            self.say(error.sentence, "bad")
        else:
            self.say("")
        self.step = ""
        self._show_again()

    def _show_again(self) -> None:
        for view in self.query(FullHeight):
            view.refresh(layout=True)
        for drawn in self.query(LinesView):
            drawn.show_again()

    def _draw_title(self, width: int, _height: int) -> tuple[Line, ...]:
        result = headline(self.findings, complete=not self.step)
        running = Span(f"{self.step} {self.glyphs.ellipsis}  " if self.step else "", "muted")
        return title("Check the set-up", line(running, result), width)

    def _draw(self, width: int, _height: int) -> tuple[Line, ...]:
        return finding_lines(self.findings, width, self.glyphs)

    def why_not(self, action: str) -> str:
        """Everything but leaving needs the end of the running checks."""
        if action in ("again", "long") and self.step:
            return "The checks are still running. Press esc to stop them."
        if action == "save" and self.step:
            return "The report can be saved when the checks are complete."
        return ""

    def action_again(self) -> None:
        """Run the quick checks again."""
        if not self.refuse("again"):
            self.examine(None)

    def action_long(self) -> None:
        """Run the checks with an observation of the phone."""
        if not self.refuse("long"):
            self.examine(LONG_SECONDS)

    def action_save(self) -> None:
        """Save the report."""
        if self.refuse("save"):
            return
        file = self.context.reports / REPORT
        try:
            write_private(file, report_text(self.findings))
        except PathsError as error:
            self.say(str(error), "bad")
        else:
            self.say(f"Saved: {file}", "good")

    def action_back(self) -> None:
        """Stop the checks and return."""
        self.app.pop_screen()
