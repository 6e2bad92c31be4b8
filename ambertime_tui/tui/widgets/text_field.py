"""A one-row text field: no blinking cursor (2 KiB/s on the line), plain keys only."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.keys import REPLACED_KEYS
from textual.widgets import Input


class TextField(Input):
    """An Input of one row whose Escape gives the focus back."""

    HELP_TITLE = "Text field"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Done", id="field.done", key_display="enter"),
        Binding("escape", "leave", "Leave the field", id="field.leave", key_display="esc"),
    ]

    def __init__(
        self, *, placeholder: str = "", leads_to: str = "", typed_anew: bool = False, id: str | None = None
    ) -> None:
        """
        Args:
            placeholder: what an empty field shows.
            leads_to: selector of what has the focus after Escape; empty: what comes next.
            typed_anew: whether what is typed takes the place of what stands there.
            id: of the widget.
        """
        super().__init__(placeholder=placeholder, id=id, compact=True, select_on_focus=typed_anew)
        self.cursor_blink = False
        self._leads_to = leads_to

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Whether a key types a character; Textual forgets those that it calls by a friendly name."""
        return key in REPLACED_KEYS or super().check_consume_key(key, character)

    def action_leave(self) -> None:
        """Moves on."""
        if self._leads_to:
            self.screen.query_one(self._leads_to).focus()
        else:
            self.screen.focus_next()
