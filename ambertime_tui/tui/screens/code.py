"""A QR code for the phone's camera, black on white in every theme so that any camera can read it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from ambertime_tui.qr import ascii_blocks, half_blocks
from ambertime_tui.tui.glyphs import ASCII, Glyphs
from ambertime_tui.tui.widgets.lines import PAINTS, LinesView
from ambertime_tui.tui.widgets.pick_list import Drawn
from ambertime_tui.tui.widgets.spans import Line, Span, line, width, wrap

CLOSES: Line = line(Span("esc", "key"), " Close")
TOO_SMALL = (
    "The code needs {columns} columns and {rows} rows. Enlarge the terminal, or open this address in Safari "
    "on the iPhone:"
)


def code_lines(code: str, *, ascii_only: bool) -> tuple[Line, ...]:
    """The code as lines of text; dark modules are drawn."""
    blocks = ascii_blocks if ascii_only else half_blocks
    return tuple(line(Span(row, "code")) for row in blocks(code, dark_is_drawn=True))


def code_page(code: str, sentence: str, columns: int, rows: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """The code with instructions; if it does not fit, its address as text."""
    blocks = code_lines(code, ascii_only=glyphs is ASCII)
    room = rows - len(blocks) - 1
    if room >= 1 and width(blocks[0]) <= columns:
        words = wrap(sentence, columns - 2, "strong", room, glyphs.ellipsis)
        return tuple(_centred(row, columns) for row in (*words, *blocks, CLOSES))
    too_small = TOO_SMALL.format(columns=width(blocks[0]), rows=len(blocks) + 2)
    lines = [*wrap(sentence, columns - 2, "strong"), (), *wrap(too_small, columns - 2), ()]
    lines += [*wrap(code, columns - 2, "accent"), (), CLOSES]
    return tuple(line(" ", *row) for row in lines)


def _centred(row: Line, columns: int) -> Line:
    return line(" " * ((columns - width(row)) // 2), *row)


class CodeScreen(ModalScreen[None]):
    """Shows the code until it is closed; the job keeps running."""

    COMPONENT_CLASSES: ClassVar[set[str]] = PAINTS
    CSS_PATH = "code.tcss"
    HELP_TITLE = "Code"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,c,q,enter", "close", "Close", id="code.close"),
    ]

    def __init__(self, code: str, sentence: str, glyphs: Glyphs, *, kept: bool = False) -> None:
        """
        Args:
            code: the address.
            sentence: instructions.
            glyphs: what to draw with.
            kept: opened by the user, so only the user closes it.
        """
        super().__init__()
        self.code = code
        self.kept = kept
        self._sentence = sentence
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        """The code and its instructions."""
        yield Drawn(self._draw, id="code")

    def on_resize(self) -> None:
        """Set the height that the code needs."""
        self.query_one("#code", LinesView).styles.height = len(self._draw(*self.size))

    def _draw(self, columns: int, _height: int) -> tuple[Line, ...]:
        return code_page(self.code, self._sentence, columns, self.size.height, self._glyphs)

    def action_close(self) -> None:
        """Return to the job."""
        self.dismiss(None)
