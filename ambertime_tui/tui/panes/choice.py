"""Setup: copy only what is on the phone, or also the iCloud originals, with the size of each."""

from __future__ import annotations

from collections.abc import Sequence

from ambertime_tui.engine.api.fetch_ways import EXPLAINED
from ambertime_tui.engine.api.spec import FetchOrder, OriginalsChoice
from ambertime_tui.engine.api.status import Tally
from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.setup_state import SetupState
from ambertime_tui.tui.widgets.spans import Line, Span, Style, line, spread, wrap
from ambertime_tui.tui.widgets.spans import width as line_width
from ambertime_tui.units import SIZE_WIDTH, plural, size

DEFAULT_PATIENCE = "30m"
"""The default patience of `JobSpec`."""


def choice_lines(
    state: SetupState, local: Tally, icloud: Tally, width: int, height: int, glyphs: Glyphs
) -> tuple[Line, ...]:
    """The two choices, then as much advice as fits.

    Args:
        state: what was chosen.
        local: what the backup would copy right away.
        icloud: what is only in iCloud.
        width: cells.
        height: rows.
        glyphs: what to draw with.
    """
    with_icloud = state.originals is OriginalsChoice.ICLOUD
    known = state.library is not None
    lines = [
        _choice("Only what is on the phone", local, not with_icloud, "", "local", width, glyphs, known),
        _choice("Include iCloud originals", icloud, with_icloud, "+", "icloud", width, glyphs, known),
    ]
    advice = state.advice
    room = height - len(lines) - (1 if with_icloud else 0)
    advice_rows = _advice_rows(advice, width - 5, max(0, room), glyphs)
    if with_icloud:
        hints = plural(len(advice), "hint") if advice and not advice_rows else ""
        lines.append(_method(state, hints, width, glyphs))
        lines += advice_rows or _method_rows(state, width - 4, max(0, room))
    elif advice_rows:
        lines += advice_rows
    elif advice:
        lines.append(
            line("  ", Span("w ", "key"), Span(f"{plural(len(advice), 'hint')} before you start", "warn"))
        )
    return tuple(lines[:height])


def _method(state: SetupState, hints: str, width: int, glyphs: Glyphs) -> Line:
    """How iOS is asked for originals, then patience and order if they fit."""
    spans = [Span("  "), Span("w ", "key"), Span(EXPLAINED[state.way].name, "text")]
    order = state.options.order or FetchOrder.OLDEST
    parts = [
        Span(hints, "warn"),
        Span(f"patience {state.options.patience or DEFAULT_PATIENCE}", "muted"),
        Span(f"{order} first", "muted"),
    ]
    for part in parts:
        separator = Span(f" {glyphs.dot} ", "muted")
        if part.text and line_width((*spans, separator, part)) <= width:
            spans += [separator, part]
    return tuple(spans)


def _advice_rows(advice: Sequence[str], cells: int, room: int, glyphs: Glyphs) -> list[Line]:
    """All of the advice if it fits into the room, else nothing."""
    rows: list[Line] = []
    for sentence in advice:
        for n, row in enumerate(wrap(sentence, cells, "muted")):
            rows.append(
                line(
                    Span("  " + (glyphs.arrow if n == 0 else "").ljust(len(glyphs.arrow) + 1), "muted"), *row
                )
            )
    return rows if len(rows) <= room else []


def _method_rows(state: SetupState, cells: int, room: int) -> list[Line]:
    """What the method does, then what it needs, each only if it fits completely."""
    found: list[Line] = []
    for sentence in (EXPLAINED[state.way].does, f"Needs: {EXPLAINED[state.way].needs}"):
        rows = wrap(sentence, cells, "muted")
        if len(found) + len(rows) <= room:
            found += [line("    ", *row) for row in rows]
    return found


def _choice(
    label: str, tally: Tally, on: bool, sign: str, style: Style, width: int, glyphs: Glyphs, known: bool
) -> Line:
    left = line(
        Span(f"{glyphs.on if on else glyphs.off} ", "accent" if on else "muted"),
        Span(label, "strong" if on else "text"),
    )
    if not known:
        return left
    mark = glyphs.local_mark if style == "local" else glyphs.cloud_mark
    right = line(
        Span(f"{mark} ", style),
        Span(f"{sign + ' ' if sign else ''}{plural(tally.count, 'item')}".rjust(16)),
        Span(size(tally.bytes).rjust(SIZE_WIDTH + 2)),
    )
    return spread(left, right, min(width, 72))
