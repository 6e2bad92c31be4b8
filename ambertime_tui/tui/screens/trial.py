"""The question after the trial of a way of asking: continue, choose another way, or finish."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from ambertime_tui.engine.api.client import Command, CommandName
from ambertime_tui.engine.api.trial import TrialStatus
from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.panes.trial import trial_lines
from ambertime_tui.tui.widgets.lines import PAINTS, LinesView
from ambertime_tui.tui.widgets.pick_list import Drawn
from ambertime_tui.tui.widgets.spans import Line


@dataclass(frozen=True, slots=True)
class Decision:
    """What to send to the job, and what to say."""

    command: Command
    sentence: str


class TrialScreen(ModalScreen[Decision | None]):
    """Returns the decision, or None: later. The job keeps copying what is on the phone."""

    COMPONENT_CLASSES: ClassVar[set[str]] = PAINTS
    CSS_PATH = "trial.tcss"
    HELP_TITLE = "Trial"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,c", "continue", "Continue", id="trial.continue"),
        Binding("1", "other(0)", "Another way", id="trial.first-way"),
        Binding("2", "other(1)", "Another way", id="trial.second-way"),
        Binding("f", "finish", "Finish", id="trial.finish"),
        Binding("escape,q,t", "later", "Later", id="trial.later"),
    ]

    def __init__(self, trial: TrialStatus, clock: Callable[[], float], glyphs: Glyphs) -> None:
        """
        Args:
            trial: it is over.
            clock: seconds since 1970.
            glyphs: what to draw with.
        """
        super().__init__()
        self._trial = trial
        self._clock = clock
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        """A box as high as its text."""
        with Vertical(id="trial"):
            yield Drawn(self._draw, id="trial-text")

    def on_mount(self) -> None:
        """Count down."""
        self.set_interval(10.0, lambda: self.query_one("#trial-text", LinesView).show_again())

    def on_resize(self) -> None:
        """Set the height that the text needs."""
        view = self.query_one("#trial-text", LinesView)
        view.styles.height = len(self._draw(min(self.size.width - 6, 70), 0))

    def _draw(self, columns: int, _height: int) -> tuple[Line, ...]:
        return trial_lines(self._trial, self._clock(), columns, self._glyphs)

    def action_continue(self) -> None:
        """Ask for everything in this way."""
        self.dismiss(Decision(Command(CommandName.TRIAL), "Continuing with the whole queue."))

    def action_other(self, place: int) -> None:
        """Ask in another way."""
        if place < len(self._trial.others):
            way = self._trial.others[place]
            self.dismiss(Decision(Command(CommandName.WAY, way.value), "Continuing in another way."))

    def action_finish(self) -> None:
        """Stop waiting for iCloud."""
        self.dismiss(
            Decision(Command(CommandName.FINISH), "The backup will end once what has arrived is written.")
        )

    def action_later(self) -> None:
        """Return to the job without a decision."""
        self.dismiss(None)
