"""Run: what happened last."""

from __future__ import annotations

from collections.abc import Callable

from ambertime_tui.engine.status import Event
from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.widgets.spans import Line, Span, Style, line, shorten

_STYLES: dict[str, Style] = {"warning": "warn", "error": "bad"}


def event_lines(
    events: tuple[Event, ...], cells: int, height: int, time_of_day: Callable[[float], str], glyphs: Glyphs
) -> tuple[Line, ...]:
    """The last events, the newest at the bottom."""
    marks = {"warning": glyphs.warning, "error": glyphs.failed}
    return tuple(
        line(
            Span(f"{time_of_day(event.at)} ", "muted"),
            Span(f"{marks.get(event.level, ' ')} ", _STYLES.get(event.level, "muted")),
            Span(shorten(event.text, cells - 11, glyphs.ellipsis), _STYLES.get(event.level, "text")),
        )
        for event in events[-height:]
    )
