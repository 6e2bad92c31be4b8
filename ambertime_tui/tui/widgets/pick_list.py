"""A list with one chosen row. Arrow keys change the choice, so that Enter is free to start the backup."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from ambertime_tui.tui.widgets.lines import LinesView
from ambertime_tui.tui.widgets.spans import Line

Draw = Callable[[int, int], tuple[Line, ...]]
"""Lines for a width and a height."""


class PickList(LinesView, can_focus=True):
    """A list drawn by a function. It posts a message for another row; the screen makes the choice."""

    HELP_TITLE = "List"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "step(-1)", "Up", show=False, id="list.up"),
        Binding("down,j", "step(1)", "Down", show=False, id="list.down"),
    ]

    @dataclass
    class Stepped(Message):
        """The user wants the row `by` rows further down (negative: up)."""

        pick_list: PickList
        by: int

        @property
        def control(self) -> PickList:
            """The list, for selectors."""
            return self.pick_list

    def __init__(self, draw: Draw, chosen_row: Callable[[], int | None], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._draw = draw
        self._chosen_row = chosen_row

    def lines_for(self, width: int, height: int) -> tuple[Line, ...]:
        """The lines from the function."""
        return self._draw(width, height)

    def cursor_row(self) -> int | None:
        """The chosen row, if the list has the focus."""
        return self._chosen_row() if self.has_focus else None

    def action_step(self, by: int) -> None:
        """Ask for another row."""
        self.post_message(self.Stepped(self, by))


class Drawn(LinesView):
    """Lines drawn by a function of width and height."""

    def __init__(self, draw: Draw, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._draw = draw

    def lines_for(self, width: int, height: int) -> tuple[Line, ...]:
        """The lines from the function."""
        return self._draw(width, height)


class FocusPane(Drawn, can_focus=True):
    """A drawn pane that can be opened."""


class FullHeight(Drawn):
    """As tall as its lines; for use in a scrolling container."""

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """The number of lines."""
        return len(self._draw(width, 10_000))
