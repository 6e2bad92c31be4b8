"""Setup: what the backup would copy, and whether it can start."""

from __future__ import annotations

from ambertime_tui.engine.api.spec import OriginalsChoice
from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.setup_state import SetupState
from ambertime_tui.tui.widgets.spans import Line, Span, Style, line, shorten_path, width, wrap
from ambertime_tui.units import count, plural, size


def summary_lines(state: SetupState, cells: int, height: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """What the backup would copy, and that Enter starts it or why it cannot start."""
    first = _what(state, cells, glyphs)
    reason = state.message
    busy = state.busy and not state.notice
    if reason:
        mark = Span("  " if busy else f"{glyphs.warning} ", "warn")
        style: Style = "muted" if busy else "warn"
        # The complete reason matters more than the figures.
        above = (first,) if first and len(wrap(reason, cells - 2, style)) < height else ()
        rows = wrap(reason, cells - 2, style, max(1, height - len(above)))
        return (*above, *(line(mark if n == 0 else "  ", *row) for n, row in enumerate(rows)))
    target = shorten_path(state.target, max(10, cells - 34), glyphs.ellipsis)
    return (first, line(Span("Enter", "key"), " starts the backup to ", Span(target, "strong")))


def summary_rows(state: SetupState, cells: int) -> int:
    """Rows that the summary needs, so that its sentence is complete."""
    return max(2, len(wrap(state.message, cells - 2))) if state.message else 2


def _what(state: SetupState, cells: int, glyphs: Glyphs) -> Line:
    preview = state.last_preview
    if preview is None:
        return ()
    included = state.originals is OriginalsChoice.ICLOUD
    parts = [
        line(Span(f"{plural(preview.local.count, 'item')}, {size(preview.local.bytes)}", "strong"), " now")
    ]
    if preview.icloud.count:
        parts.append(
            line(
                Span(f"{count(preview.icloud.count)} only in iCloud, {size(preview.icloud.bytes)}", "icloud"),
                ": included" if included else ": left there",
            )
        )
    if preview.in_part:
        parts.append(line(Span(f"{count(preview.in_part)} of them in part on the phone", "icloud")))
    if preview.already.count:
        parts.append(line(f"{count(preview.already.count)} already there"))
    if preview.cannot.count:
        parts.append(line(Span(f"{count(preview.cannot.count)} too large for the drive", "warn")))
    if preview.missing.count:
        parts.append(line(Span(f"{count(preview.missing.count)} missing", "warn")))
    drive = state.target_drive
    if drive is not None and drive.total_bytes:  # the same figure as in the list of drives
        parts.append(line(f"drive has {size(drive.free_bytes)} free"))
    spans: list[Span] = []
    for part in parts:
        separator = [Span(f" {glyphs.dot} ", "muted")] if spans else []
        if width(tuple(spans)) + width(part) + 3 > cells:
            continue
        spans += [*separator, *part]
    return tuple(spans)
