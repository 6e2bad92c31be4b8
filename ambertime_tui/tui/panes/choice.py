"""Setup: only what is on the phone, or the iCloud originals, too; with figures, before anything starts."""

from __future__ import annotations

from ambertime_tui.engine.spec import FetchWay, OriginalsChoice
from ambertime_tui.engine.status import Tally
from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.setup_state import SetupState
from ambertime_tui.tui.widgets.spans import Line, Span, Style, line, spread, wrap
from ambertime_tui.units import SIZE_WIDTH, count, size


def choice_lines(
    state: SetupState, local: Tally, icloud: Tally, width: int, height: int, glyphs: Glyphs
) -> tuple[Line, ...]:
    """The two choices, then advice as far as there is room.

    Args:
        state: what was chosen.
        local: what a start would copy at once.
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
    if with_icloud and known and icloud.count:
        lines.append(line("  ", Span("w ", "key"), Span(WAYS[state.way], "text")))
    preview = state.current_preview
    for advice in preview.advice if preview else ():
        rows = wrap(advice, width - 4, "muted", max(1, min(2, height - len(lines))))
        lines += [
            line(Span("  " + (glyphs.arrow if n == 0 else " ") + " ", "muted"), *row)
            for n, row in enumerate(rows)
        ]
    return tuple(lines[:height])


WAYS = {
    FetchWay.KEEP_ORIGINALS: "asked for by Download and Keep Originals in the iPhone's settings",
    FetchWay.SHORTCUT: "asked for by a Shortcut, in slices; you scan a code for each",
    FetchWay.BY_HAND: "asked for by hand: you open the items in Photos",
}


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
        Span(f"{sign + ' ' if sign else ''}{count(tally.count)} items".rjust(16)),
        Span(size(tally.bytes).rjust(SIZE_WIDTH + 2)),
    )
    return spread(left, right, min(width, 72))
