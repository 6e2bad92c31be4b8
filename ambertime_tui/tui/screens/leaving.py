"""Quit while a job runs: keep going, stop, or stay."""

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
    """What becomes of the job."""

    KEEP_GOING = "keep-going"
    STOP = "stop"
    STOP_NOW = "stop-now"
    STAY = "stay"


LINES: tuple[Line, ...] = (
    line(Span("A backup is running. It needs no screen.", "strong")),
    (),
    line(Span("   k  ", "key"), Span("Leave", "strong"), ", the backup keeps going"),
    line("      ", Span("ambertime shows it again, from here or elsewhere", "muted")),
    line(Span("   s  ", "key"), Span("Stop the backup", "strong"), " after the files in hand"),
    line("      ", Span("everything written is whole; a new run goes on", "muted")),
    line(Span("   x  ", "key"), Span("Stop the backup now", "strong")),
    line("      ", Span("the same, but the files in hand are thrown away", "muted")),
    line(Span(" esc  ", "key"), Span("Stay", "strong"), " and look on"),
)


class LeavingScreen(ModalScreen[Leaving]):
    """Asks once, answers at one key."""

    COMPONENT_CLASSES: ClassVar[set[str]] = PAINTS
    CSS_PATH = "leaving.tcss"
    HELP_TITLE = "Leave"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k,enter", "answer('keep-going')", "Keep going", id="leave.keep-going"),
        Binding("s", "answer('stop')", "Stop after file", id="leave.stop"),
        Binding("x", "answer('stop-now')", "Stop now", id="leave.stop-now"),
        Binding("escape,q", "answer('stay')", "Stay", id="leave.stay"),
    ]

    def compose(self) -> ComposeResult:
        """A small box."""
        with Vertical(id="leaving"):
            yield LinesView(LINES, id="leaving-text")

    def action_answer(self, answer: str) -> None:
        """Hands the answer back."""
        self.dismiss(Leaving(answer))
