"""The throughput graph: one column a second, one colour, a scale that does not jump."""

from __future__ import annotations

from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.widgets.bars import columns, nice_top
from ambertime_tui.tui.widgets.spans import Line, Span, line
from ambertime_tui.units import RATE_WIDTH, rate

LABEL_WIDTH = RATE_WIDTH + 1


def graph_lines(
    rates: tuple[float, ...], width: int, height: int, glyphs: Glyphs, top_before: float = 0.0
) -> tuple[tuple[Line, ...], float]:
    """The graph with its scale at the right, newest second at the right edge.

    Args:
        rates: bytes a second, oldest first.
        width: cells, the scale included.
        height: rows.
        glyphs: what to draw with.
        top_before: the scale that was shown last; kept as long as it serves.

    Returns:
        The lines, and the scale to hand in next time.
    """
    room = max(1, width - LABEL_WIDTH)
    shown = rates[-room:]
    top = nice_top(max(shown, default=0.0), top_before)
    rows = columns((0.0,) * (room - len(shown)) + shown, height, top, glyphs)
    marks = {0: rate(top), height - 1: "0"} if height > 1 else {0: rate(top)}
    if not any(shown):
        marks = {height - 1: "0"}
    lines = tuple(
        line(Span(row, "bar"), Span(f" {marks.get(y, ''):<{RATE_WIDTH}}", "muted"))
        for y, row in enumerate(rows)
    )
    return lines, top
