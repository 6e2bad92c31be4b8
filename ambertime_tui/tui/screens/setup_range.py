"""Setup: the range pane. Text field, presets and histogram are three ways to choose one range of days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Label

from ambertime_tui.library.date_range import DateRange, DateRangeError, parse_date_range
from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.panes.range import LibraryView, figures_lines, handle_hint, presets_line, range_heading
from ambertime_tui.tui.range_picker import Preset, RangePicker
from ambertime_tui.tui.setup_state import SetupState
from ambertime_tui.tui.widgets.histogram import Histogram
from ambertime_tui.tui.widgets.pick_list import Drawn
from ambertime_tui.tui.widgets.spans import Line
from ambertime_tui.tui.widgets.text_field import TextField

PRESET_KEYS: tuple[Binding, ...] = (
    Binding("a", "preset('1')", "All", id="range.all", show=False, tooltip="choose the whole library"),
    *(
        Binding(str(n), f"preset('{n}')", words, id=f"range.preset-{n}", show=False)
        for n, words in enumerate(
            (
                "Everything",
                "This year",
                "Last year",
                "Last 12 months",
                "Older than 2 years",
                "Since last backup",
            ),
            1,
        )
    ),
)
"""Keys of the presets; they work wherever the focus is, except in a text field."""


class RangePane(Vertical):
    """Shows the range of the screen's state, and changes it on the user's behalf."""

    def __init__(
        self,
        state: Callable[[], SetupState],
        choose: Callable[[SetupState], None],
        presets: Callable[[], tuple[Preset, ...]],
        today: Callable[[], date],
        glyphs: Glyphs,
    ) -> None:
        """
        Args:
            state: returns the state of the screen.
            choose: called with each new state that the user chooses.
            presets: returns the ranges with a key.
            today: the day that relative ranges count from.
            glyphs: what to draw with.
        """
        super().__init__(id="range", classes="pane")
        self._state, self._choose = state, choose
        self._presets, self._today = presets, today
        self._glyphs = glyphs
        self._picker: RangePicker | None = None
        self.view: LibraryView | None = None
        """The library that the histogram shows; None until it has been read."""

    def compose(self) -> ComposeResult:
        """The text field with the presets beside it, the histogram, the figures."""
        with Horizontal(classes="field"):
            yield Label("Days ")
            yield TextField(placeholder="all", leads_to="#histogram", replace_on_focus=True, id="range-text")
            yield Drawn(lambda w, _h: presets_line(self._presets(), self._state(), w), id="presets")
        yield Histogram(self._glyphs, id="histogram")
        yield Drawn(self._draw_figures, id="figures")

    def _draw_figures(self, width: int, height: int) -> tuple[Line, ...]:
        return figures_lines(self._state(), self.view, width, height, self._glyphs)

    @property
    def typed(self) -> str:
        """The text of the field, which may be a relative range."""
        return self.query_one("#range-text", TextField).value.strip()

    def show_library(self) -> None:
        """Draw the library of the state, or a sentence while there is none."""
        histogram, state = self.query_one(Histogram), self._state()
        self.view = LibraryView(state.library.by_day) if state.library is not None else None
        span = self.view.span if self.view is not None else None
        if self.view is None or span is None:
            self._picker = None
            words = "The months appear here once the library has been read."
            histogram.show_sentence(words if state.library is None else "No item in the library has a date.")
        else:
            self._picker = RangePicker(*span, range=state.range)
            histogram.show_library(self._picker, self.view.column)

    def show_range(self, text: str) -> None:
        """Draw the range of the state, and write it as `text` into the field."""
        if self._picker is not None and self.view is not None:
            self._picker = self._picker.of(self._state().range)
            self.query_one(Histogram).show_library(self._picker, self.view.column)
        self.query_one("#range-text", TextField).show_text(text)

    def show_frame(self) -> None:
        """Update the heading, and the hint about the keys."""
        heading = range_heading(self._state().options, self._glyphs)
        hint = handle_hint(self._picker, self._glyphs)
        if (self.border_title, self.border_subtitle) != (heading, hint):
            self.border_title, self.border_subtitle = heading, hint

    @on(Histogram.Moved)
    def handle_moved(self, event: Histogram.Moved) -> None:
        """Choose the range between the handles."""
        self._set_picker(event.picker)

    def choose_preset(self, key: str) -> None:
        """Choose the range of a preset."""
        for preset in self._presets():
            if preset.key == key:
                self._set_range(preset.range)
                self.query_one("#range-text", TextField).show_text(preset.words)

    @on(Input.Changed, "#range-text")
    def range_typed(self, event: Input.Changed) -> None:
        """Choose the range as it is typed; an invalid one is reported and changes nothing."""
        try:
            range = parse_date_range(event.value or "all", self._today())
        except DateRangeError as error:
            self._choose(replace(self._state(), range_problem=str(error)))
        else:
            self._set_range(range)

    def _set_range(self, range: DateRange) -> None:
        if self._picker is not None:
            self._set_picker(self._picker.of(range))
        else:
            self._choose(replace(self._state(), range=range, range_problem=""))

    def _set_picker(self, picker: RangePicker) -> None:
        self._picker = picker
        self._choose(replace(self._state(), range=picker.range, range_problem=""))
        self.query_one("#range-text", TextField).show_text(str(picker.range))
        if self.view is not None:
            self.query_one(Histogram).show_library(picker, self.view.column)
