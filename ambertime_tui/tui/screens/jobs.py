"""Chooses one of several running jobs."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from ambertime_tui.engine.api.client import RunningJob
from ambertime_tui.engine.api.status import Condition
from ambertime_tui.tui.panes.totals import PHASE_WORDS
from ambertime_tui.tui.screens.base import AmberScreen, title
from ambertime_tui.tui.widgets.key_line import KeyLine
from ambertime_tui.tui.widgets.lines import LinesView
from ambertime_tui.tui.widgets.pick_list import Drawn, PickList
from ambertime_tui.tui.widgets.spans import Line, Span, fit, line, shorten_path
from ambertime_tui.units import elapsed, plural

CONDITION_WORDS = {
    Condition.PAUSED: "Paused",
    Condition.WAITING: "Waiting",
    Condition.STOPPING: "Stopping",
}


class JobsScreen(AmberScreen):
    """The running jobs, one row each."""

    CSS_PATH = "jobs.tcss"
    HELP_TITLE = "Running backups"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "show", "Show", id="jobs.show", key_display="enter"),
        Binding("n", "new", "New backup", id="jobs.new"),
    ]

    def __init__(self, jobs: tuple[RunningJob, ...]) -> None:
        super().__init__()
        self.jobs = jobs
        self.chosen = 0

    def compose(self) -> ComposeResult:
        """Title, list, keys."""
        heading = f"{plural(len(self.jobs), 'backup')} running"
        yield Drawn(lambda w, _h: title(heading, (), w), id="title")
        yield PickList(self._draw, lambda: self.chosen, id="jobs")
        yield LinesView(id="notice")
        yield KeyLine(self.glyphs, id="keys")

    def on_mount(self) -> None:
        """Focus the list."""
        self.query_one(PickList).focus()

    def _draw(self, width: int, height: int) -> tuple[Line, ...]:
        first = max(0, self.chosen - height + 1)
        rows = list(enumerate(self.jobs))[first : first + height]
        return tuple(self._row(job, n == self.chosen, width) for n, job in rows)

    def _row(self, job: RunningJob, chosen: bool, width: int) -> Line:
        running = elapsed(self.context.clock() - job.started_at)
        state = CONDITION_WORDS.get(job.condition, PHASE_WORDS[job.phase])
        return line(
            Span(f" {self.glyphs.cursor} " if chosen else "   ", "accent"),
            Span(fit(job.phone or job.udid[-8:], 20, self.glyphs.ellipsis), "strong" if chosen else "text"),
            Span(f"{self.glyphs.arrow} ", "muted"),
            fit(shorten_path(job.target, max(8, width - 54), self.glyphs.ellipsis), max(8, width - 54)),
            Span(f" {state:<18}", "accent"),
            Span(f"{running:>8}", "muted"),
        )

    @on(PickList.Stepped)
    def step(self, event: PickList.Stepped) -> None:
        """Move the cursor."""
        self.chosen = min(max(0, self.chosen + event.by), len(self.jobs) - 1)
        self.query_one(PickList).show_again()

    def action_show(self) -> None:
        """Open the chosen job."""
        self.shell.attach(Path(self.jobs[self.chosen].socket))

    def action_new(self) -> None:
        """Set up another backup."""
        self.shell.set_up_again()
