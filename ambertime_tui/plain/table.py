"""Columns of text, aligned by cells. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ambertime_tui.plain.terminal_text import cells, harmless, pad


def table(rows: Sequence[Sequence[str]], align: str) -> list[str]:
    """Align rows as lines, with two spaces between columns.

    Args:
        rows: the texts; all rows have the same length.
        align: one `<` or `>` for each column.
    """
    shown = [[harmless(text) for text in row] for row in rows]
    widths = [max((cells(row[i]) for row in shown), default=0) for i in range(len(align))]
    return [
        "  ".join(
            pad(text, width, side) for text, side, width in zip(row, align, widths, strict=True)
        ).rstrip()
        for row in shown
    ]
