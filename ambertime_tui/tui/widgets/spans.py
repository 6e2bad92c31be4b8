"""Lines of styled text as plain values: panes return them, `LinesView` paints them, tests read them.

A style names the meaning of a text, not a colour; themes decide how each looks. All widths are in cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from rich.cells import cell_len, set_cell_size

Style: TypeAlias = Literal[
    "text",
    "muted",
    "strong",
    "accent",
    "local",
    "icloud",
    "good",
    "warn",
    "bad",
    "bar",
    "rail",
    "key",
    "code",
]
STYLES: tuple[Style, ...] = (
    "text",
    "muted",
    "strong",
    "accent",
    "local",
    "icloud",
    "good",
    "warn",
    "bad",
    "bar",
    "rail",
    "key",
    "code",
)


_CONTROL_PICTURES = {n: chr(0x2400 + n) for n in range(0x20)} | {0x7F: "\N{SYMBOL FOR DELETE}"}
_JOINERS = ("\N{ZERO WIDTH JOINER}", "\N{VARIATION SELECTOR-15}", "\N{VARIATION SELECTOR-16}")
"""Characters that join emoji or change their look. Terminals disagree about the width of the result."""
_SHOWN_AS: dict[int, str | None] = {**_CONTROL_PICTURES, **{ord(joiner): None for joiner in _JOINERS}}


def visible(text: str) -> str:
    """The text as it is drawn: safe to print, and as wide in every terminal as `cell_len` says.

    Control characters become symbols, so that no file, phone or drive name can control the terminal. Joined
    emoji are drawn as their parts.
    """
    if is_visible(text):
        return text
    shown = text.translate(_SHOWN_AS)
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in shown)


def is_visible(text: str) -> bool:
    """Whether a text can be drawn as it is."""
    return text.isprintable() and (text.isascii() or not any(joiner in text for joiner in _JOINERS))


@dataclass(frozen=True, slots=True)
class Span:
    """Text of one style; control characters are replaced, so it is safe to print."""

    text: str
    style: Style = "text"

    def __post_init__(self) -> None:
        if not is_visible(self.text):
            object.__setattr__(self, "text", visible(self.text))


Line: TypeAlias = tuple[Span, ...]
"""One row of the screen."""


def line(*parts: str | Span) -> Line:
    """A line from texts and spans, without empty ones."""
    spans = (Span(part) if isinstance(part, str) else part for part in parts)
    return tuple(span for span in spans if span.text)


def plain(of: Line) -> str:
    """The text of a line."""
    return "".join(span.text for span in of)


def width(of: Line) -> int:
    """The width of a line."""
    return sum(cell_len(span.text) for span in of)


def fit(text: str, cells: int, ellipsis: str = "…") -> str:
    """The text in exactly `cells` cells: padded, or cut with an ellipsis."""
    clean = visible(text)
    if cells <= 0:
        return ""
    if cell_len(clean) <= cells:
        return set_cell_size(clean, cells)
    return set_cell_size(clean, cells - 1) + ellipsis


def shorten(text: str, cells: int, ellipsis: str = "…") -> str:
    """The text in at most `cells` cells."""
    return fit(text, min(cells, cell_len(visible(text))), ellipsis)


def shorten_path(path: str, cells: int, ellipsis: str = "…") -> str:
    """A path in at most `cells` cells; the start is cut, because the end is more specific."""
    tail = path = visible(path)
    if cells <= 0:
        return ""
    if cell_len(path) <= cells:
        return path
    while tail and (cell_len(tail) > cells - 1 or cell_len(tail[0]) == 0):
        tail = tail[1:]
    return ellipsis + tail


def clip(of: Line, cells: int) -> Line:
    """The line in at most `cells` cells."""
    out: list[Span] = []
    room = cells
    for span in of:
        if room <= 0:
            break
        length = cell_len(span.text)
        out.append(span if length <= room else Span(set_cell_size(span.text, room), span.style))
        room -= length
    return tuple(out)


def spread(left: Line, right: Line, cells: int) -> Line:
    """Left and right at the two edges of a row; the left one is cut if needed."""
    room = cells - width(right)
    if room <= 0:
        return clip(right, cells)
    left = clip(left, room - 1)
    return (*left, Span(" " * (room - width(left))), *right)


def joined(parts: Sequence[Span], cells: int, separator: str, rows: int = 1) -> list[Line]:
    """Parts side by side, on at most `rows` rows; a part that does not fit completely is left out."""
    lines: list[list[Span]] = [[]]
    for part in parts:
        taken = width(tuple(lines[-1]))
        if lines[-1] and taken + cell_len(separator) + cell_len(part.text) > cells and len(lines) < rows:
            lines.append([])
            taken = 0
        gap = [Span(separator, "muted")] if lines[-1] else []
        if taken + width((*gap, part)) <= cells:
            lines[-1] += [*gap, part]
    return [tuple(row) for row in lines if row]


def wrap(text: str, cells: int, style: Style = "text", rows: int = 99, ellipsis: str = "…") -> list[Line]:
    """A sentence wrapped at spaces; if it needs more than `rows` rows, the last ends in an ellipsis."""
    lines: list[str] = []
    for word in _pieces(text, cells):
        if lines and cell_len(lines[-1]) + 1 + cell_len(word) <= cells:
            lines[-1] += " " + word
        else:
            lines.append(word)
    if len(lines) > rows:
        lines = [*lines[: rows - 1], " ".join(lines[rows - 1 :])]
    return [(Span(shorten(row, cells, ellipsis), style),) for row in lines]


def _pieces(text: str, cells: int) -> list[str]:
    """The words of a text; words longer than a row are split."""
    pieces: list[str] = []
    for word in text.split():
        while cell_len(word) > cells > 0:
            piece = set_cell_size(word, cells).rstrip() or word[0]
            pieces.append(piece)
            word = word[len(piece) :]
        pieces.append(word)
    return pieces
