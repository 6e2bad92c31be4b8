"""Past backups: one row each, and what is known of a task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from ambertime_tui.engine.api.history import PastRun, TaskHistory
from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.panes.totals import OUTCOME_WORDS
from ambertime_tui.tui.widgets.spans import Line, Span, clip, fit, line, wrap
from ambertime_tui.units import about, count, elapsed


def run_rows(
    runs: Sequence[PastRun],
    chosen: int,
    cells: int,
    height: int,
    day_of: Callable[[float], date],
    glyphs: Glyphs,
) -> tuple[Line, ...]:
    """The rows that fit.

    Args:
        runs: newest first.
        chosen: the row with the cursor.
        cells: width.
        height: rows.
        day_of: the local day of a time in seconds since 1970.
        glyphs: what to draw with.
    """
    if not runs:
        return (line(Span("No backup has run on this computer yet.", "muted")),)
    first = max(0, chosen - height + 1)
    names = max(8, min(24, (cells - 62) // 2))
    rows = []
    for n, run in enumerate(runs[first : first + height], first):
        words, style = OUTCOME_WORDS[run.outcome]
        rows.append(
            line(
                Span(f"{glyphs.cursor} " if n == chosen else "  ", "accent"),
                Span(f"{day_of(run.started_at)} ", "strong" if n == chosen else "text"),
                Span(fit(run.task or run.phone or run.udid[-8:], names, glyphs.ellipsis)),
                Span(f" {fit(words, 16, glyphs.ellipsis)}", style),
                Span(f"{count(run.copied):>9} copied {count(run.left):>9} left ", "text"),
                Span(f"{elapsed(run.seconds):>9} ", "muted"),
                Span(fit(run.drive or run.target, names, glyphs.ellipsis), "muted"),
            )
        )
    return tuple(clip(row, cells) for row in rows)


def last_lines(known: TaskHistory | None, now: float, cells: int, rows: int) -> tuple[Line, ...]:
    """How a task ended last, and when it last succeeded; a warning if that is long ago."""
    if known is None or known.last is None:
        return (line(Span("This task has not run on this computer yet.", "muted")),)
    last = known.last
    words = f"Last run {about(now - last.ended_at)} ago: {OUTCOME_WORDS[last.outcome][0].lower()}."
    if known.succeeded_at is None:
        words += " It has never succeeded."
    elif not last.succeeded:
        words += f" Last success {about(now - known.succeeded_at)} ago."
    if known.is_long_ago(now):
        words += " That is long ago: connect the iPhone and the drive, and run it."
        return tuple(wrap(words, cells, "warn", rows))
    return tuple(wrap(words, cells, "muted", rows))
