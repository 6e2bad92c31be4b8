"""Quitting while a job runs: leave it running, stop it, or stay."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from ambertime_tui.tui.widgets.lines import PAINTS, LinesView
from ambertime_tui.tui.widgets.spans import Line, Span, line


class Leaving(StrEnum):
    """The answer: what to do with the job."""

    KEEP_GOING = "keep-going"
    STOP = "stop"
    STOP_NOW = "stop-now"
    STAY = "stay"


LINES: tuple[Line, ...] = (
    line(Span("A backup is running. It does not need this screen.", "strong")),
    (),
    line(Span("   k  ", "key"), Span("Leave", "strong"), "; the backup keeps running"),
    line("      ", Span("run ambertime to see it again, here or over SSH", "muted")),
    line(Span("   s  ", "key"), Span("Stop the backup", "strong"), " after the current files"),
    line("      ", Span("written files are complete; a new run resumes", "muted")),
    line(Span("   x  ", "key"), Span("Stop the backup now", "strong")),
    line("      ", Span("the same, but unfinished files are discarded", "muted")),
    line(Span(" esc  ", "key"), Span("Stay", "strong"), ""),
)


class LeavingScreen(ModalScreen[Leaving]):
    """Asks what to do; one key answers."""

    COMPONENT_CLASSES: ClassVar[set[str]] = PAINTS
    CSS_PATH = "leaving.tcss"
    HELP_TITLE = "Leave"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k,enter", "answer('keep-going')", "Leave running", id="leave.keep-going"),
        Binding("s", "answer('stop')", "Stop after files", id="leave.stop"),
        Binding("x", "answer('stop-now')", "Stop now", id="leave.stop-now"),
        Binding("escape,q", "answer('stay')", "Stay", id="leave.stay"),
    ]

    def compose(self) -> ComposeResult:
        """A small box."""
        with Vertical(id="leaving"):
            yield LinesView(LINES, id="leaving-text")

    def action_answer(self, answer: str) -> None:
        """Return the answer."""
        self.dismiss(Leaving(answer))
