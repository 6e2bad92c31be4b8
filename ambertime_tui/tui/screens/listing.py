"""One of the job's lists in full: 100,000 rows scroll at once, because only those on the screen are asked
for."""

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
    Pane.SCAN: "What the scan found",
    Pane.FETCH: "iCloud fetch queue",
    Pane.WRITE: "Copied to the drive",
    Pane.LEFT: "Not on the drive",
}
NO_PREVIEW = "Pictures are off over SSH: each costs 20 kB. preview = true in config.toml turns them on."
LOOKS_AGAIN = 2.0
"""Seconds after which a list of a running job is asked for again."""


class ListingScreen(AmberScreen):
    """A list; in that of a running job an item can be skipped or tried again."""

    CSS_PATH = "listing.tcss"
    HELP_TITLE = "List"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="list.back", key_display="esc"),
        Binding("x", "skip", "Skip", id="list.skip", tooltip="leave the item out of this job"),
        Binding("v", "preview", "Preview", id="list.preview", tooltip="a small picture from the phone"),
        Binding("r", "retry", "Retry", id="list.retry", tooltip="try the item again"),
    ]

    def __init__(self, engine: Engine, pane: Pane, *, orders: bool) -> None:
        super().__init__()
        self.engine = engine
        self.pane = pane
        self.orders = orders

    def compose(self) -> ComposeResult:
        """The list, and what the selected row's note says in full."""
        yield Drawn(self._draw_title, id="title")
        yield RowList(lambda row, width: row_line(row, width, self.glyphs), id="rows")
        yield Drawn(self._draw_note, id="note")
        yield LinesView(id="notice")
        yield KeyLine(self.glyphs, id="keys")

    def on_mount(self) -> None:
        """Looks again from time to time while the job runs."""
        self.query_one(RowList).focus()
        if self.orders:
            self.set_interval(LOOKS_AGAIN, self.look_again)

    def look_again(self) -> None:
        """Asks for the visible rows again."""
        if not terminal_is_behind(self.app):
            self.query_one(RowList).forget()

    @on(RowList.PageWanted)
    def page_wanted(self, event: RowList.PageWanted) -> None:
        """The list scrolled to rows that it has not got."""
        self.fetch_page(event.offset, event.limit)

    @work(group="rows")
    async def fetch_page(self, offset: int, limit: int) -> None:
        """Asks the engine for a page."""
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

    def why_not(self, action: str) -> str:
        """Only a running job takes orders, and only some rows."""
        if action not in ("skip", "retry", "preview"):
            return ""
        row = self._row()
        if action == "preview":
            return "" if self.context.preview else NO_PREVIEW
        if not self.orders:
            return "The job has ended; start a new one to try again."
        if row is None:
            return "The list is empty."
        if action == "skip" and row.state in ("written", "skipped", "failed", "gave_up"):
            return f"{row.name} is done with; there is nothing to skip."
        if action == "retry" and row.state not in ("failed", "gave_up", "skipped"):
            return f"{row.name} has not failed."
        return ""

    @work(group="orders")
    async def order(self, command: Command, done: str) -> None:
        """Gives an order, and says what came of it."""
        try:
            await self.engine.command(command)
        except EngineError as error:
            self.say(error.sentence)
        else:
            self.say(done, "good")
            self.query_one(RowList).forget()

    def action_skip(self) -> None:
        """Leaves the selected item out."""
        row = self._row()
        if not self.refuse("skip") and row is not None:
            self.order(Command(CommandName.SKIP, row.uuid), f"{row.name} is left out of this job.")

    def action_retry(self) -> None:
        """Tries the selected item again."""
        row = self._row()
        if not self.refuse("retry") and row is not None:
            self.order(Command(CommandName.RETRY_FAILED, row.uuid), f"{row.name} is tried again.")

    @work(group="preview", exclusive=True)
    async def action_preview(self) -> None:
        """Shows the selected item, as small as the phone keeps it."""
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
        """Back to where the list was opened."""
        self.app.pop_screen()
