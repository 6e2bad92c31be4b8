"""Run: the latest events."""

from __future__ import annotations

from collections.abc import Callable

from ambertime_tui.engine.api.status import Event
from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.widgets.spans import Line, Span, Style, line, width, wrap

_STYLES: dict[str, Style] = {"warning": "warn", "error": "bad"}


def event_lines(
    events: tuple[Event, ...], cells: int, height: int, time_of_day: Callable[[float], str], glyphs: Glyphs
) -> tuple[Line, ...]:
    """The latest events, newest at the bottom; the newest is shown in full if it fits."""
    lines: tuple[Line, ...] = ()
    for event in reversed(events):
        room = height - len(lines)
        if room <= 0:
            break
        lines = _rows(event, cells, room, time_of_day, glyphs) + lines
    return lines


def _rows(
    event: Event, cells: int, rows: int, time_of_day: Callable[[float], str], glyphs: Glyphs
) -> tuple[Line, ...]:
    mark = {"warning": glyphs.warning, "error": glyphs.failed}.get(event.level, " ")
    before = line(
        Span(f"{time_of_day(event.at)} ", "muted"), Span(f"{mark} ", _STYLES.get(event.level, "muted"))
    )
    text = wrap(
        event.text, max(1, cells - width(before)), _STYLES.get(event.level, "text"), rows, glyphs.ellipsis
    )
    indent = line(" " * width(before))
    return tuple((*(indent if n else before), *row) for n, row in enumerate(text))
