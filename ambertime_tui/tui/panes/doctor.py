"""The results of the checks of computer, drive and phone, problems first."""

from __future__ import annotations

from collections.abc import Sequence

from ambertime_tui.engine.api.doctor import Area, Finding, Level
from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.widgets.spans import Line, Span, Style, line, wrap
from ambertime_tui.units import count

HEADINGS = {Level.WRONG: "Wrong", Level.NOTE: "Worth knowing", Level.FINE: "Fine"}
AREAS = {Area.COMPUTER: "Computer", Area.DRIVE: "Drive", Area.PHONE: "iPhone"}
_STYLES: dict[Level, Style] = {Level.WRONG: "bad", Level.NOTE: "warn", Level.FINE: "good"}
_AREA_WIDTH = 10


def finding_lines(findings: Sequence[Finding], width: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """All findings by level, each with its area and a mark."""
    marks = {Level.WRONG: glyphs.failed, Level.NOTE: glyphs.warning, Level.FINE: glyphs.ok}
    lines: list[Line] = []
    for level, heading in HEADINGS.items():
        found = [finding for finding in findings if finding.level is level]
        if not found:
            continue
        if lines:
            lines.append(())
        lines.append(line(Span(heading, "accent"), Span(f" ({count(len(found))})", "muted")))
        for finding in found:
            style: Style = "muted" if level is Level.FINE else "text"
            rows = wrap(finding.sentence, max(20, width - _AREA_WIDTH - 4), style)
            for n, row in enumerate(rows):
                mark = Span(f"  {marks[level]} " if n == 0 else "    ", _STYLES[level])
                area = AREAS[finding.area] if n == 0 else ""
                lines.append(line(mark, Span(f"{area:<{_AREA_WIDTH}}", "muted"), *row))
    return tuple(lines)


def headline(findings: Sequence[Finding], *, complete: bool) -> Span:
    """The result in a few words."""
    wrong = sum(finding.level is Level.WRONG for finding in findings)
    if wrong:
        return Span(f"{count(wrong)} wrong", "bad")
    return Span("nothing wrong", "good") if complete else Span("", "muted")
