"""The result of the trial of a way of asking, and the ways to continue."""

from __future__ import annotations

from ambertime_tui.engine.api.fetch_ways import EXPLAINED
from ambertime_tui.engine.api.trial import TrialStatus
from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.widgets.spans import Line, Span, line, wrap
from ambertime_tui.units import about

INDENT = 6


def trial_lines(trial: TrialStatus, now: float, cells: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """What the trial has shown, then one row for each key.

    Args:
        trial: it is over, and a person decides.
        now: seconds since 1970.
        cells: width.
        glyphs: what to draw with.
    """
    lines: list[Line] = [line(Span(f"Trial: {EXPLAINED[trial.way].name}", "strong")), ()]
    for sentence in trial.findings:
        for n, row in enumerate(wrap(sentence, cells - 2)):
            lines.append(line(Span(f"{glyphs.dot if n == 0 else ' '} ", "muted"), *row))
    lines += [(), _choice("enter", "Continue this way")]
    for number, way in enumerate(trial.others, start=1):
        lines.append(_choice(str(number), f"Instead: {EXPLAINED[way].name}"))
    lines.append(_choice("f", "Finish without the originals in iCloud"))
    lines.append(_choice("esc", "Decide later"))
    if trial.continues_at is not None:
        left = about(max(0.0, trial.continues_at - now))
        lines += [(), line(Span(f"Without an answer, the backup continues this way in {left}.", "muted"))]
    return tuple(lines)


def _choice(key: str, words: str) -> Line:
    return line(Span(f"{key:>{INDENT - 1}}  ", "key"), words)
