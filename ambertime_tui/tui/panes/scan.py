"""Run: the scan and its results."""

from __future__ import annotations

from ambertime_tui.engine.api.status import JobStatus, ScanStatus, ScanStep
from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.panes.figures import Figure, figure_lines
from ambertime_tui.tui.panes.phone import scan_progress
from ambertime_tui.tui.widgets.spans import Line, Span, line, shorten, spread, wrap
from ambertime_tui.units import count, plural


def scan_lines(status: JobStatus, width: int, height: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """Progress while the scan runs; afterwards where the selected originals are."""
    scan = status.scan
    lines = scan_progress(scan, width, glyphs)
    if scan.own:
        lines[0] = spread(lines[0], (Span(f"{plural(scan.own, 'item')}", "muted"),), width)
    if scan.step is ScanStep.DONE:
        lines += figure_lines(_figures(scan, glyphs), width, height - len(lines), heading="Originals")
    room = height - len(lines)
    extras = _extras(scan)[: max(0, room - 1)]
    if extras:
        lines.append(line())
        lines += [line(Span(shorten(text, width, glyphs.ellipsis), "muted")) for text in extras]
    for notice in scan.notices:
        lines += wrap(notice, width, "warn", 4, glyphs.ellipsis)
    return tuple(lines[:height])


def _figures(scan: ScanStatus, glyphs: Glyphs) -> tuple[Figure, ...]:
    figures: tuple[Figure, ...] = (
        Figure(
            "on the phone",
            scan.local,
            "local",
            glyphs.local_mark,
        ),
        Figure("only in iCloud", scan.icloud, "icloud", glyphs.cloud_mark),
    )
    if scan.missing.count:
        figures += (Figure("missing", scan.missing, "warn", glyphs.missing_mark),)
    return figures


def _extras(scan: ScanStatus) -> list[str]:
    extras = [f"{plural(scan.selected, 'item')} in the selection"] if scan.selected else []
    if scan.undated:
        extras.append(f"{count(scan.undated)} without a date")
    extras += [f"{count(number)} {words}" for words, number in scan.left_out if number]
    return extras
