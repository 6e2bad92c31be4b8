"""One of the job's lists in full. 100,000 rows scroll smoothly, because only visible rows are requested."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from ambertime_tui.engine.api.client import Command, CommandName, EngineError, Pane, Row
from ambertime_tui.tui.engine import Engine
from ambertime_tui.tui.panes.rows import row_line
from ambertime_tui.tui.screens.base import AmberScreen, title
from ambertime_tui.tui.screens.preview import PreviewScreen
from ambertime_tui.tui.textual_internals import terminal_is_behind
from ambertime_tui.tui.widgets.key_line import KeyLine
from ambertime_tui.tui.widgets.lines import LinesView
from ambertime_tui.tui.widgets.pick_list import Drawn
from ambertime_tui.tui.widgets.picture import PictureError, cells_of_jpeg
from ambertime_tui.tui.widgets.row_list import RowList
from ambertime_tui.tui.widgets.spans import Line, Span, line, wrap
from ambertime_tui.units import count

HEADINGS = {
    Pane.SCAN: "Scan results",
    Pane.FETCH: "iCloud fetch queue",
    Pane.WRITE: "Copied to the drive",
    Pane.LEFT: "Not on the drive",
}
NO_PREVIEW = (
    "Previews are off over SSH (about 20 kB each). Set preview = true in config.toml to turn them on."
)
REFRESH = 2.0
"""Seconds between requests for the rows of a running job."""


class ListingScreen(AmberScreen):
    """A list. While the job runs, items can be skipped or retried."""

    CSS_PATH = "listing.tcss"
    HELP_TITLE = "List"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="list.back", key_display="esc"),
        Binding("x", "skip", "Skip", id="list.skip", tooltip="leave this item out of the job"),
        Binding("v", "preview", "Preview", id="list.preview", tooltip="show its thumbnail"),
        Binding("r", "retry", "Retry", id="list.retry", tooltip="try this item again"),
    ]

    def __init__(self, engine: Engine, pane: Pane, *, orders: bool) -> None:
        super().__init__()
        self.engine = engine
        self.pane = pane
        self.orders = orders

    def compose(self) -> ComposeResult:
        """The list, and the full note of the selected row."""
        yield Drawn(self._draw_title, id="title")
        yield RowList(lambda row, width: row_line(row, width, self.glyphs), id="rows")
        yield Drawn(self._draw_note, id="note")
        yield LinesView(id="notice")
        yield KeyLine(self.glyphs, id="keys")

    def on_mount(self) -> None:
        """Refresh the list regularly while the job runs."""
        self.query_one(RowList).focus()
        if self.orders:
            self.set_interval(REFRESH, self.look_again)

    def look_again(self) -> None:
        """Request the visible rows again."""
        if not terminal_is_behind(self.app):
            self.query_one(RowList).forget()

    @on(RowList.PageWanted)
    def page_wanted(self, event: RowList.PageWanted) -> None:
        """The list scrolled to rows that are not loaded."""
        self.fetch_page(event.offset, event.limit)

    @work(group="rows")
    async def fetch_page(self, offset: int, limit: int) -> None:
        """Request a page from the engine."""
        try:
            rows = await self.engine.rows(self.pane, offset, limit)
        except EngineError as error:
            self.say(error.sentence)
            return
        self.query_one(RowList).take(rows)
        for view in self.query(Drawn):
            view.show_again()

    @on(RowList.Moved)
    def row_moved(self) -> None:
        """Another row is selected."""
        for view in self.query(Drawn):
            view.show_again()

    def _draw_title(self, width: int, _height: int) -> tuple[Line, ...]:
        found = self.query(RowList)
        total = found.first().total if found else 0
        position = f"{count(found.first().cursor + 1)} of {count(total)}" if found and total else "empty"
        return title(HEADINGS[self.pane], line(Span(position, "muted")), width)

    def _draw_note(self, width: int, height: int) -> tuple[Line, ...]:
        row = self._row()
        return tuple(wrap(row.note or row.name, width, "muted", height, self.glyphs.ellipsis)) if row else ()

    def _row(self) -> Row | None:
        found = self.query(RowList)
        return found.first().row if found else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer orders and previews only while the job runs; its phone is needed for both."""
        return self.orders or action not in ("skip", "retry", "preview")

    def why_not(self, action: str) -> str:
        """Why the selected row cannot be skipped, retried or previewed now; empty if it can."""
        if action not in ("skip", "retry", "preview"):
            return ""
        row = self._row()
        if action == "preview":
            return "" if self.context.preview else NO_PREVIEW
        if row is None:
            return "The list is empty."
        if action == "skip" and row.state in ("written", "skipped", "failed", "gave_up"):
            return f"{row.name} is already finished and cannot be skipped."
        if action == "retry" and row.state not in ("failed", "gave_up", "skipped"):
            return f"{row.name} has not failed."
        return ""

    @work(group="orders")
    async def order(self, command: Command, done: str) -> None:
        """Send a command and show the result."""
        try:
            await self.engine.command(command)
        except EngineError as error:
            self.say(error.sentence)
        else:
            self.say(done, "good")
            self.query_one(RowList).forget()

    def action_skip(self) -> None:
        """Skip the selected item."""
        row = self._row()
        if not self.refuse("skip") and row is not None:
            self.order(Command(CommandName.SKIP, row.uuid), f"{row.name} will be skipped.")

    def action_retry(self) -> None:
        """Retry the selected item."""
        row = self._row()
        if not self.refuse("retry") and row is not None:
            self.order(Command(CommandName.RETRY_FAILED, row.uuid), f"{row.name} will be retried.")

    @work(group="preview", exclusive=True)
    async def action_preview(self) -> None:
        """Show the phone's thumbnail of the selected item."""
        row = self._row()
        if self.refuse("preview") or row is None:
            return
        try:
            jpeg = await self.engine.thumbnail(row.uuid)
            picture = await asyncio.to_thread(cells_of_jpeg, jpeg)
        except (EngineError, PictureError) as error:
            self.say(f"{row.name}: {error}")
        else:
            terminal = self.shell.terminal
            shades = terminal.ascii or terminal.native_palette
            self.app.push_screen(PreviewScreen(row.name, picture, self.glyphs, shades=shades))

    def action_back(self) -> None:
        """Return to the screen that opened the list."""
        self.app.pop_screen()
