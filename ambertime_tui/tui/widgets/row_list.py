"""A list of any length; only the visible rows are requested and drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ambertime_tui.engine.api.client import Row, Rows
from ambertime_tui.tui.widgets.lines import paint
from ambertime_tui.tui.widgets.spans import Line, line

PAGE = 200
"""Rows per request: a few screens."""


class RowList(ScrollView, can_focus=True):
    """Draws rows with a function and requests missing pages."""

    HELP_TITLE = "List"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor(-1)", "Up", show=False, id="list.up"),
        Binding("down,j", "cursor(1)", "Down", show=False, id="list.down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="list.page-up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="list.page-down"),
        Binding("home,g", "edge(False)", "First", show=False, id="list.first"),
        Binding("end,G", "edge(True)", "Last", show=False, id="list.last"),
    ]

    @dataclass
    class PageWanted(Message):
        """Rows from `offset` on are visible but not loaded."""

        offset: int
        limit: int

    @dataclass
    class Moved(Message):
        """The cursor is on another row."""

    def __init__(self, draw: Callable[[Row, int], Line], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._draw = draw
        self._pages: dict[int, tuple[Row, ...]] = {}
        self._wanted: set[int] = set()
        self.total = 0
        self.cursor = 0

    @property
    def row(self) -> Row | None:
        """The row at the cursor, if it is loaded."""
        page = self._pages.get(self.cursor // PAGE, ())
        at = self.cursor % PAGE
        return page[at] if at < len(page) else None

    def on_mount(self) -> None:
        """Request the first page."""
        self._want(0)

    def take(self, rows: Rows) -> None:
        """Store a page that was requested."""
        self._wanted.discard(rows.offset // PAGE)
        self._pages[rows.offset // PAGE] = rows.rows
        if rows.total != self.total:
            self.total = rows.total
            self.virtual_size = Size(self.size.width, self.total)
            self.cursor = min(self.cursor, max(0, self.total - 1))
        self.refresh()

    def forget(self) -> None:
        """Request the visible rows again, because the list has changed."""
        first = int(self.scroll_offset.y) // PAGE
        last = (int(self.scroll_offset.y) + self.size.height) // PAGE
        self._pages = {n: page for n, page in self._pages.items() if first <= n <= last}
        for page in range(first, last + 1):
            self._want(page)

    def _want(self, page: int) -> None:
        if page not in self._wanted and (page == 0 or page * PAGE < self.total):
            self._wanted.add(page)
            self.post_message(self.PageWanted(page * PAGE, PAGE))

    def action_cursor(self, steps: int) -> None:
        """Move the cursor by rows."""
        before = self.cursor
        self.cursor = min(max(0, self.cursor + steps), max(0, self.total - 1))
        offset = int(self.scroll_offset.y)
        if self.cursor < offset:
            self.scroll_to(y=self.cursor, animate=False, immediate=True)
        elif self.cursor >= offset + self.size.height:
            self.scroll_to(y=self.cursor - self.size.height + 1, animate=False, immediate=True)
        if self.cursor != before:
            self.post_message(self.Moved())
        for row in (before, self.cursor):
            y = row - int(self.scroll_offset.y)
            if 0 <= y < self.size.height:
                self.refresh(Region(0, y, self.size.width, 1))

    def action_page(self, steps: int) -> None:
        """Move the cursor by screens."""
        self.action_cursor(steps * max(1, self.size.height - 1))

    def action_edge(self, last: bool) -> None:
        """Move the cursor to the first or the last row."""
        self.action_cursor(self.total if last else -self.total)

    def on_resize(self) -> None:
        """Rows are as wide as the list."""
        self.virtual_size = Size(self.size.width, self.total)

    def line_at(self, index: int) -> Line:
        """The row at an index; a placeholder until its page is loaded."""
        page = self._pages.get(index // PAGE)
        if page is None:
            self._want(index // PAGE)
            return line(" ...")
        at = index % PAGE
        return self._draw(page[at], self.size.width) if at < len(page) else ()

    def render_line(self, y: int) -> Strip:
        """One row of the visible part."""
        width = self.size.width
        base = self.rich_style
        index = int(self.scroll_offset.y) + y
        if index >= self.total:
            return Strip.blank(width, base)
        cursor = paint(self, "cursor")
        if index == self.cursor:
            base += cursor
        segments = []
        for span in self.line_at(index):
            style = base + paint(self, span.style)
            segments.append(Segment(span.text, style + cursor if index == self.cursor else style))
        return Strip(segments).adjust_cell_length(width, base)
