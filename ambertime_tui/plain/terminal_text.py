"""Text for a terminal: without control characters, and measured in cells, not characters. Pure.

Chinese and Japanese characters and emoji take two cells; combining marks take none.
"""

from __future__ import annotations

from wcwidth import clip, wcswidth

from ambertime_tui.safe_text import escaped


def harmless(text: str) -> str:
    """The text with control characters escaped, so that no file name can move the cursor or set the title."""
    return escaped(text)


def cells(text: str) -> int:
    """The number of cells that harmless text takes."""
    return max(0, wcswidth(text))


def cut(text: str, most: int) -> str:
    """Harmless text in at most `most` cells, with an ellipsis where it is cut."""
    if cells(text) <= most:
        return text
    return clip(text, 0, most - 1) + "…" if most > 0 else ""


def pad(text: str, width: int, side: str) -> str:
    """Harmless text filled with spaces to `width` cells, aligned left (`<`) or right (`>`)."""
    space = " " * (width - cells(text))
    return space + text if side == ">" else text + space
