"""A one-row text field: no blinking cursor (2 KiB/s on the line), plain keys only."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input


class TextField(Input):
    """An Input of one row whose Escape gives the focus back."""

    HELP_TITLE = "Text field"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave the field", id="field.leave", key_display="esc"),
    ]

    def __init__(self, *, placeholder: str = "", id: str | None = None) -> None:
        super().__init__(placeholder=placeholder, id=id, compact=True, select_on_focus=False)
        self.cursor_blink = False

    def action_leave(self) -> None:
        """Moves on to the next part of the screen."""
        self.screen.focus_next()
