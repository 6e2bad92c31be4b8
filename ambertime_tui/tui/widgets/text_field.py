"""A one-row text field without a blinking cursor, which would send 2 KiB/s."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.keys import REPLACED_KEYS
from textual.widgets import Input


class TextField(Input):
    """A one-row Input; Escape leaves it."""

    HELP_TITLE = "Text field"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Done", id="field.done", key_display="enter"),
        Binding("escape", "leave", "Leave the field", id="field.leave", key_display="esc"),
    ]

    def __init__(
        self,
        *,
        placeholder: str = "",
        leads_to: str = "",
        replace_on_focus: bool = False,
        id: str | None = None,
    ) -> None:
        """
        Args:
            placeholder: shown in an empty field.
            leads_to: selector of the widget to focus after Escape; empty for the next one.
            replace_on_focus: whether typing replaces the present text.
            id: of the widget.
        """
        super().__init__(placeholder=placeholder, id=id, compact=True, select_on_focus=replace_on_focus)
        self.cursor_blink = False
        self._leads_to = leads_to

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Whether a key types a character, including those that Textual has its own names for."""
        return key in REPLACED_KEYS or super().check_consume_key(key, character)

    def show_text(self, text: str) -> None:
        """Show another text without posting `Changed`. While the field has the focus, do nothing."""
        if self.value != text and not self.has_focus:
            with self.prevent(Input.Changed):
                self.value = text
                self.cursor_position = len(text)

    def action_leave(self) -> None:
        """Leave the field."""
        if self._leads_to:
            self.screen.query_one(self._leads_to).focus()
        else:
            self.screen.focus_next()
