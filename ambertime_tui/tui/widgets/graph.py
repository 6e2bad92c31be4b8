"""The throughput graph: one column per second, one colour, a stable scale."""

from __future__ import annotations

from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.widgets.bars import columns, nice_top
from ambertime_tui.tui.widgets.spans import Line, Span, line
from ambertime_tui.units import RATE_WIDTH, rate

LABEL_WIDTH = RATE_WIDTH + 1


def graph_lines(
    rates: tuple[float, ...], width: int, height: int, glyphs: Glyphs, top_before: float = 0.0
) -> tuple[tuple[Line, ...], float]:
    """The graph with its scale on the right and the newest second at the right edge.

    Args:
        rates: bytes per second, oldest first.
        width: cells, including the scale.
        height: rows.
        glyphs: what to draw with.
        top_before: the last scale; kept while it is suitable.

    Returns:
        The lines, and the scale to pass next time.
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
