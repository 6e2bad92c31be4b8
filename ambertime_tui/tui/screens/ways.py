"""iCloud options: how iOS is asked for originals, patience and order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from ambertime_tui.tui.panes.ways import WayChoice, row_of, ways_lines
from ambertime_tui.tui.screens.base import AmberScreen, title
from ambertime_tui.tui.widgets.key_line import KeyLine
from ambertime_tui.tui.widgets.pick_list import Drawn, PickList
from ambertime_tui.tui.widgets.spans import Line


class WaysScreen(AmberScreen):
    """Enter accepts the choice and includes the iCloud originals."""

    CSS_PATH = "ways.tcss"
    HELP_TITLE = "iCloud options"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "choose",
            "Choose",
            id="ways.choose",
            key_display="enter",
            tooltip="and include iCloud originals",
        ),
        Binding(
            "p", "patience", "Patience", id="ways.patience", tooltip="how long to wait for the next original"
        ),
        Binding("o", "order", "Order", id="ways.order", tooltip="which originals come first"),
        Binding("space,pagedown", "more", "More", id="ways.more", key_display="space"),
        Binding("escape,w", "back", "Back", id="ways.back", key_display="esc"),
    ]

    def __init__(self, choice: WayChoice, advice: Sequence[str], choose: Callable[[WayChoice], None]) -> None:
        super().__init__()
        self.choice = choice
        self._advice = advice
        self._choose = choose
        self._first = 0

    def compose(self) -> ComposeResult:
        """Title, list, keys."""
        yield Drawn(lambda w, _h: title("iCloud options", (), w), id="title")
        yield PickList(self._draw, self._chosen_row, id="ways")
        yield KeyLine(self.glyphs, id="keys")

    def on_mount(self) -> None:
        """Focus the list."""
        self.query_one(PickList).focus()

    def _lines(self, width: int, height: int) -> tuple[Line, ...]:
        return ways_lines(self.choice, self._advice, width, height, self.glyphs)

    def _draw(self, width: int, height: int) -> tuple[Line, ...]:
        return self._lines(width, height)[self._first :]

    def _chosen_row(self) -> int | None:
        row = row_of(self._lines(*self.query_one(PickList).content_size), self.choice)
        return row - self._first if row is not None and row >= self._first else None

    def why_not(self, action: str) -> str:
        """Why there is no next page; empty if the text is longer than the screen."""
        width, height = self.query_one(PickList).content_size
        fits = self._first == 0 and len(self._lines(width, height)) <= height
        return "Everything is shown." if action == "more" and fits else ""

    def action_more(self) -> None:
        """Show the next page; after the last, the first."""
        width, height = self.query_one(PickList).content_size
        below = self._first + max(1, height - 1)
        self._first = below if below < len(self._lines(width, height)) else 0
        self.query_one(PickList).show_again()

    def _take(self, choice: WayChoice) -> None:
        self.choice, self._first = choice, 0
        self.query_one(PickList).show_again()

    @on(PickList.Stepped)
    def step(self, event: PickList.Stepped) -> None:
        """Move the cursor."""
        self._take(self.choice.stepped(event.by))

    def action_patience(self) -> None:
        """Select the next patience."""
        self._take(self.choice.with_next_patience())

    def action_order(self) -> None:
        """Select the next order."""
        self._take(self.choice.with_next_order())

    def action_choose(self) -> None:
        """Accept the choice."""
        self.app.pop_screen()
        self._choose(self.choice)

    def action_back(self) -> None:
        """Return to Setup without changes."""
        self.app.pop_screen()
