"""The histogram of the library with the two handles of the range picker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from ambertime_tui.tui.glyphs import FULL, Glyphs
from ambertime_tui.tui.range_picker import Axis, Bucket, End, RangePicker, axis_for, labels
from ambertime_tui.tui.widgets.bars import stacked
from ambertime_tui.tui.widgets.lines import LinesView
from ambertime_tui.tui.widgets.spans import Line, Span, Style, line


@dataclass(frozen=True, slots=True)
class Column:
    """What one column shows: assets on the phone, and assets only in iCloud."""

    local: int
    icloud: int


CountsOf = Callable[[Bucket], Column]
"""The number of assets in a bucket."""


def histogram_lines(
    picker: RangePicker, counts: CountsOf, width: int, height: int, glyphs: Glyphs
) -> tuple[Line, ...]:
    """The histogram, its labels and its handles, in `height` rows of at most `width` cells."""
    axis = axis_for(picker, width)
    bars = max(1, height - 2)
    columns = [counts(bucket) for bucket in axis.buckets]
    top = max((column.local + column.icloud for column in columns), default=0)
    rows = stacked([c.local for c in columns], [c.icloud for c in columns], bars, top, glyphs)
    inside = [bucket.end >= picker.start and bucket.start <= picker.end for bucket in axis.buckets]
    lines = [_bar_row(row, inside, axis) for row in rows]
    lines.append(line(Span(labels(axis, picker.unit), "muted")))
    lines.append(_handles(picker, axis, glyphs))
    return tuple(lines)


def _bar_row(row: list[tuple[str, bool]], inside: list[bool], axis: Axis) -> Line:
    spans: list[Span] = []
    for (character, icloud), chosen in zip(row, inside, strict=True):
        style: Style = "rail" if not chosen else "icloud" if icloud else "local"
        text = character * (axis.column - axis.gap) + " " * axis.gap
        if spans and (spans[-1].style == style or not text.strip()):
            spans[-1] = Span(spans[-1].text + text, spans[-1].style)
        else:
            spans.append(Span(text, style))
    return tuple(spans)


def _handles(picker: RangePicker, axis: Axis, glyphs: Glyphs) -> Line:
    left = axis.cell_of(picker.start)
    right = axis.cell_of(picker.end) + axis.column - axis.gap - 1
    at_start = picker.active is End.START
    start = Span(glyphs.start_active if at_start else glyphs.start_handle, "accent" if at_start else "bar")
    end = Span(glyphs.end_handle if at_start else glyphs.end_active, "bar" if at_start else "accent")
    if left >= right:
        return line(" " * left, start if at_start else end)
    return line(" " * left, start, Span(glyphs.between * (right - left - 1), "bar"), end)


def _binding(key: str, action: str, words: str, name: str, tooltip: str, display: str = "") -> Binding:
    """A key of the range picker that is not in the footer."""
    return Binding(
        key,
        action,
        words,
        id=f"range.{name}",
        show=False,
        tooltip=tooltip,
        key_display=display or None,
    )


class Histogram(LinesView, can_focus=True):
    """Posts a message when a key moves a handle; the screen keeps the range."""

    HELP_TITLE = "Range"
    BINDINGS: ClassVar[list[BindingType]] = [
        _binding("left", "move(-1)", "Earlier", "earlier", "move the active end of the range back"),
        _binding("right", "move(1)", "Later", "later", "move the active end of the range forward"),
        _binding("H", "far(-1)", "A year earlier", "year-earlier", "move it back by a year"),
        _binding("L", "far(1)", "A year later", "year-later", "move it forward by a year"),
        Binding(
            "space",
            "swap",
            "Switch ends",
            id="range.swap",
            key_display="space",
            tooltip="switch between the two ends of the range",
        ),
        _binding("home", "edge(False)", "To the start", "home", "move the active end to the first photo"),
        _binding("end", "edge(True)", "To the end", "end", "move the active end to the last photo"),
        _binding("plus,equals_sign", "zoom(1)", "Zoom in", "finer", "finer steps: months, then days", "+"),
        _binding("minus", "zoom(-1)", "Zoom out", "coarser", "coarser steps: months, then years", "-"),
    ]

    @dataclass
    class Moved(Message):
        """A handle was moved; `picker` is the new state."""

        picker: RangePicker

    def __init__(self, glyphs: Glyphs = FULL, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self._picker: RangePicker | None = None
        self._counts: CountsOf | None = None
        self._waiting = ""

    def show_library(self, picker: RangePicker, counts: CountsOf) -> None:
        """Draw a library with the handles where the picker has them."""
        self._picker, self._counts = picker, counts
        self.show_again()

    def show_sentence(self, sentence: str) -> None:
        """Show a sentence while there is no library to draw."""
        self._picker, self._counts, self._waiting = None, None, sentence
        self.show_again()

    def lines_for(self, width: int, height: int) -> tuple[Line, ...]:
        """The histogram, or the sentence that replaces it."""
        if self._picker is None or self._counts is None:
            above = max(0, (height - 1) // 2)
            return ((),) * above + (line(Span(self._waiting.center(width).rstrip(), "muted")),)
        return histogram_lines(self._picker, self._counts, width, height, self._glyphs)

    def action_move(self, steps: int) -> None:
        """Move the active handle by the unit shown."""
        self._post_move(lambda picker: picker.moved(steps))

    def action_far(self, steps: int) -> None:
        """Move the active handle by the next larger unit."""
        self._post_move(lambda picker: picker.moved(steps, far=True))

    def action_swap(self) -> None:
        """Make the other handle the active one."""
        self._post_move(RangePicker.swapped)

    def action_edge(self, forward: bool) -> None:
        """Move the active handle to the start or the end of the library."""
        self._post_move(lambda picker: picker.to_edge(forward=forward))

    def action_zoom(self, steps: int) -> None:
        """Show days, months or years."""
        self._post_move(lambda picker: picker.zoomed(steps))

    def _post_move(self, move: Callable[[RangePicker], RangePicker]) -> None:
        if self._picker is not None:
            self.post_message(self.Moved(move(self._picker)))
