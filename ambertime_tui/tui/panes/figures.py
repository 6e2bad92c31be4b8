"""Counts with their sizes, in fixed columns."""

from __future__ import annotations

from dataclasses import dataclass

from ambertime_tui.engine.api.status import Tally
from ambertime_tui.tui.widgets.spans import Line, Span, Style, fit, line, width
from ambertime_tui.units import SIZE_WIDTH, count, size

COUNT_WIDTH = 9


@dataclass(frozen=True, slots=True)
class Figure:
    """One count and its size."""

    label: str
    tally: Tally
    style: Style
    mark: str


def figure_lines(figures: tuple[Figure, ...], cells: int, rows: int, *, heading: str) -> list[Line]:
    """One figure per row if there are enough rows, else as many side by side as fit.

    The heading says what is counted. It is shown if nothing is left out for it.
    """
    if rows <= 0:
        return []
    above = line(Span(heading, "muted"))
    if rows > len(figures):
        return [above, *(_row(figure, cells) for figure in figures)]
    if rows == len(figures):
        return [_row(figure, cells) for figure in figures]
    parts = [
        line(
            Span(f"{figure.mark} ", figure.style),
            f"{count(figure.tally.count)} {figure.label} ",
            Span(size(figure.tally.bytes), "muted"),
        )
        for figure in figures
    ]
    if width(above) + sum(3 + width(part) for part in parts) <= cells:
        parts.insert(0, above)
    spans: list[Span] = []
    for part in parts:
        if width(tuple(spans)) + width(part) + 3 <= cells:
            spans += [Span("   "), *part] if spans else part
    return [tuple(spans)]


def _row(figure: Figure, cells: int) -> Line:
    figures = f"{count(figure.tally.count):>{COUNT_WIDTH}} {size(figure.tally.bytes):>{SIZE_WIDTH + 1}}"
    label = max(0, min(cells, 56) - len(figures) - 2)
    return line(Span(f"{figure.mark} ", figure.style), fit(figure.label, label), Span(figures, "strong"))
