"""A widget that repaints only the cells that changed, so that a live screen sends little over SSH."""

from __future__ import annotations

from typing import Literal

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from ambertime_tui.tui.glyphs import IN_ASCII
from ambertime_tui.tui.widgets.spans import STYLES, Line, Span, Style, plain

PAINTS = {f"lines--{style}" for style in STYLES} | {"lines--cursor"}
"""The component classes of the styles. The screen has them for all its views: if each view had its own, every
change of focus would resolve all of them for every view."""


def paint(widget: Widget, style: Style | Literal["cursor"]) -> RichStyle:
    """The theme's colours for a style. The widget's screen must have `PAINTS` as component classes."""
    return widget.screen.get_component_rich_style(f"lines--{style}", partial=True)


class LinesView(Widget):
    """Shows lines of spans, cut to its size.

    Subclasses override `lines_for`; `show_again` calls it and repaints what differs.
    """

    def __init__(
        self, lines: tuple[Line, ...] = (), *, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._given = lines
        self._shown: tuple[Line, ...] = ()
        self._cursor: int | None = None

    def lines_for(self, width: int, height: int) -> tuple[Line, ...]:
        """The lines for a size in cells."""
        return self._given

    def cursor_row(self) -> int | None:
        """The row to highlight, if any."""
        return None

    def show(self, lines: tuple[Line, ...]) -> None:
        """Replace the lines of a view without its own `lines_for`."""
        self._given = lines
        self.show_again()

    def show_again(self) -> None:
        """Compute the lines again and repaint the parts of rows that differ."""
        width, height = self.content_size
        if not width or not height:
            return
        new = self._drawn(width, height)
        cursor = self.cursor_row()
        changed = _changed_regions(self._shown, new, width)
        if cursor != self._cursor:
            changed += [Region(0, y, width, 1) for y in (cursor, self._cursor) if y is not None]
        self._shown, self._cursor = new, cursor
        if changed:
            self.refresh(*changed)

    def _drawn(self, width: int, height: int) -> tuple[Line, ...]:
        """The lines in characters that the terminal can show."""
        lines = self.lines_for(width, height)[:height]
        if not self.app.has_class("-ascii"):
            return lines
        return tuple(
            tuple(Span(span.text.translate(IN_ASCII), span.style) for span in line) for line in lines
        )

    @property
    def text(self) -> str:
        """What the view shows, as plain text."""
        return "\n".join(plain(line) for line in self._shown)

    def on_resize(self) -> None:
        """Compute the lines for the new size."""
        width, height = self.content_size
        self._shown = self._drawn(width, height)
        self._cursor = self.cursor_row()
        self.refresh()

    def on_focus(self) -> None:
        """Update a view that draws the focus."""
        self.show_again()

    def on_blur(self) -> None:
        """Update a view that draws the focus."""
        self.show_again()

    def render_line(self, y: int) -> Strip:
        """One row in the colours of its spans."""
        width = self.content_size.width
        base = self.rich_style
        if not 0 <= y < len(self._shown):
            return Strip.blank(width, base)
        highlight = paint(self, "cursor") if y == self._cursor else None
        segments = [
            Segment(span.text, _on(base + paint(self, span.style), highlight)) for span in self._shown[y]
        ]
        return Strip(segments).adjust_cell_length(width, _on(base, highlight))


def _on(style: RichStyle, highlight: RichStyle | None) -> RichStyle:
    return style if highlight is None else style + highlight


def _changed_regions(old: tuple[Line, ...], new: tuple[Line, ...], width: int) -> list[Region]:
    regions = []
    for y in range(max(len(old), len(new))):
        before = old[y] if y < len(old) else ()
        after = new[y] if y < len(new) else ()
        if before != after:
            left, right = changed_cells(before, after, width)
            if left < right:
                regions.append(Region(left, y, right - left, 1))
    return regions


def changed_cells(before: Line, after: Line, width: int) -> tuple[int, int]:
    """The first cell of a row that differs, and the cell after the last one; equal if none differs within the
    width."""
    old, new = cells_of(before, width), cells_of(after, width)
    left = 0
    while left < width and old[left] == new[left]:
        left += 1
    if left == width:
        return width, width
    right = width
    while right > left and old[right - 1] == new[right - 1]:
        right -= 1
    # A wide character must be repainted completely.
    while left > 0 and (old[left][0] == "" or new[left][0] == ""):
        left -= 1
    while right < width and (old[right][0] == "" or new[right][0] == ""):
        right += 1
    return left, right


def cells_of(of: Line, width: int) -> list[tuple[str, str]]:
    """Character and style of each cell of a row; a wide character leaves its second cell empty."""
    cells: list[tuple[str, str]] = []
    for span in of:
        for character in span.text:
            taken = cell_len(character)
            if taken == 0 and cells:
                cells[-1] = (cells[-1][0] + character, span.style)
            else:
                cells.append((character, span.style))
                cells += [("", span.style)] * (taken - 1)
    cells = cells[:width]
    return cells + [(" ", "text")] * (width - len(cells))
