"""The question before a backup stops waiting for iCloud."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from ambertime_tui.engine.api.status import Tally
from ambertime_tui.tui.widgets.lines import PAINTS, LinesView
from ambertime_tui.tui.widgets.spans import Line, Span, line
from ambertime_tui.units import plural, size


def question_lines(awaited: Tally) -> tuple[Line, ...]:
    """What stays in iCloud, and the two answers."""
    left = plural(awaited.count, "item has", "items have")
    return (
        line(Span("Stop waiting for iCloud?", "strong")),
        (),
        line(f"{left} not arrived yet ({size(awaited.bytes)})."),
        line("They are listed as left in iCloud; a later run can copy them."),
        (),
        line(Span("   y  ", "key"), Span("Stop waiting", "strong"), "; what has arrived is still written"),
        line(Span(" esc  ", "key"), Span("Keep waiting", "strong")),
    )


class FinishingScreen(ModalScreen[bool]):
    """Asks once; true if the user wants to stop waiting."""

    COMPONENT_CLASSES: ClassVar[set[str]] = PAINTS
    CSS_PATH = "finishing.tcss"
    HELP_TITLE = "Stop waiting for iCloud"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Stop waiting", id="finish.yes"),
        Binding("escape,n,q", "answer(False)", "Keep waiting", id="finish.no", key_display="esc"),
    ]

    def __init__(self, awaited: Tally) -> None:
        super().__init__()
        self._awaited = awaited

    def compose(self) -> ComposeResult:
        """A small box."""
        with Vertical(id="finishing"):
            yield LinesView(question_lines(self._awaited), id="finishing-text")

    def action_answer(self, answer: bool) -> None:
        """Return the answer."""
        self.dismiss(answer)
