"""Columns of text, aligned. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def table(rows: Sequence[Sequence[str]], align: str) -> list[str]:
    """The rows as lines, two spaces between columns.

    Args:
        rows: cells; all rows of the same length.
        align: one `<` or `>` for each column.
    """
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(len(align))]
    return [
        "  ".join(
            f"{cell:{side}{width}}" for cell, side, width in zip(row, align, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
