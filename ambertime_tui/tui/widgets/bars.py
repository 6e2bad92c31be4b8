"""Bars and columns made of characters; pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.widgets.spans import Line, Span, Style


def meter(done: float, total: float, width: int, glyphs: Glyphs, style: Style = "bar") -> Line:
    """A horizontal bar of `width` cells, filled by done/total. Any progress shows; only 100% is full."""
    if width <= 0:
        return ()
    share = min(1.0, max(0.0, done / total)) if total > 0 else 0.0
    cells = int(share * width)
    if done > 0 and cells == 0 and total > 0:
        cells = 1
    return tuple(
        span
        for span in (Span(glyphs.bar * cells, style), Span(glyphs.rail * (width - cells), "rail"))
        if span.text
    )


def columns(values: Sequence[float], height: int, top: float, glyphs: Glyphs) -> list[str]:
    """Vertical bars, one column per value: `height` rows from the top down, each as long as `values`.

    A value above zero shows at least one eighth; `top` is the value that fills all rows.
    """
    full = height * 8
    eighths = [_eighths(value, top, full) for value in values]
    return [
        "".join(glyphs.eighths[min(8, max(0, n - (height - 1 - row) * 8))] for n in eighths)
        for row in range(height)
    ]


def stacked(
    local: Sequence[int], icloud: Sequence[int], height: int, top: int, glyphs: Glyphs
) -> list[list[tuple[str, bool]]]:
    """Columns of two parts, the local part below: rows from the top of (character, is iCloud).

    The whole column is exact to an eighth of a cell. The boundary between the parts is rounded to a cell;
    each part above zero gets at least one cell if the column has two.
    """
    full = height * 8
    rows = [[(" ", False)] * len(local) for _ in range(height)]
    for x, (below, above) in enumerate(zip(local, icloud, strict=True)):
        eighths = _eighths(below + above, top, full)
        cells = (eighths + 7) // 8
        if above == 0:
            split = cells
        elif below == 0:
            split = 0
        else:
            split = min(max(1, round(cells * below / (below + above))), max(1, cells - 1))
        for cell in range(cells):
            part = min(8, eighths - cell * 8)
            if cell < split:
                rows[height - 1 - cell][x] = (glyphs.eighths[part], False)
            else:
                rows[height - 1 - cell][x] = (glyphs.cloud if part > 4 else glyphs.cloud_part, True)
    return rows


def _eighths(value: float, top: float, full: int) -> int:
    if value <= 0 or top <= 0:
        return 0
    return max(1, min(full, round(full * value / top)))


def nice_top(highest: float, before: float = 0.0) -> float:
    """A round scale for a moving graph: 1, 2 or 5 times a power of ten, at least `highest`.

    It shrinks only below a third of `before`, so that the graph does not jump.
    """
    if highest <= 0:
        return before if before > 0 else 1.0
    if before >= highest > before / 3:
        return before
    power = 1.0
    while power * 10 <= highest:
        power *= 10
    while power > highest:
        power /= 10
    return next(step * power for step in (1, 2, 5, 10) if step * power >= highest)
