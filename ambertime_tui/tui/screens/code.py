"""A QR code for the phone's camera, black on white in every theme: a camera reads nothing else for sure."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from ambertime_tui.qr import ascii_blocks, half_blocks
from ambertime_tui.tui.widgets.lines import PAINTS, LinesView
from ambertime_tui.tui.widgets.spans import Line, Span, line


def code_lines(code: str, *, ascii_only: bool) -> tuple[Line, ...]:
    """The code as lines of text, dark modules drawn."""
    blocks = ascii_blocks if ascii_only else half_blocks
    return tuple(line(Span(row, "code")) for row in blocks(code, dark_is_drawn=True))


class CodeScreen(ModalScreen[None]):
    """Shows the code until it is closed; the job goes on behind it."""

    COMPONENT_CLASSES: ClassVar[set[str]] = PAINTS
    CSS_PATH = "code.tcss"
    HELP_TITLE = "Code"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,c,q,enter", "close", "Close", id="code.close"),
    ]

    def __init__(self, code: str, sentence: str, *, ascii_only: bool) -> None:
        super().__init__()
        self.code = code
        self._sentence = sentence
        self._lines = code_lines(code, ascii_only=ascii_only)

    def compose(self) -> ComposeResult:
        """The code, and what to do with it."""
        width = max(len(row[0].text) for row in self._lines)
        with Vertical(id="code"):
            words = LinesView((line(Span(self._sentence, "strong")),), id="code-words")
            yield words
            view = LinesView(self._lines, id="code-blocks")
            view.styles.width, view.styles.height = width, len(self._lines)
            yield view
            yield LinesView((line(Span("esc", "key"), " closes it"),), id="code-keys")

    def action_close(self) -> None:
        """Back to the job."""
        self.dismiss(None)
