"""A row of a full list."""

from __future__ import annotations

from ambertime_tui.engine.client import Row
from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.widgets.spans import Line, Span, Style, fit, line
from ambertime_tui.units import SIZE_WIDTH, size

STATES: dict[str, tuple[str, Style]] = {
    "local": ("on the phone", "local"),
    "partial": ("partly iCloud", "icloud"),
    "missing": ("missing", "warn"),
    "waiting": ("waiting", "muted"),
    "asked": ("asked for", "text"),
    "arriving": ("arriving", "icloud"),
    "arrived": ("arrived", "good"),
    "copying": ("copying", "accent"),
    "written": ("on the drive", "good"),
    "failed": ("failed", "bad"),
    "skipped": ("skipped", "muted"),
    "gave_up": ("gave up", "bad"),
    "icloud": ("in iCloud", "icloud"),
}


def row_line(row: Row, cells: int, glyphs: Glyphs) -> Line:
    """Name, day, size, state, and the note where there is room."""
    word, style = STATES.get(row.state, (row.state.replace("_", " "), "warn"))
    note = 0 if cells < 100 else cells - 80
    name = max(12, cells - note - 10 - SIZE_WIDTH - 14 - 7)
    return line(
        " ",
        fit(row.name, name, glyphs.ellipsis),
        Span(f"  {row.day or 'undated':<10}", "muted"),
        f"  {size(row.bytes):>{SIZE_WIDTH}}  ",
        Span(fit(word, 14), style),
        Span(fit(row.note, note, glyphs.ellipsis) if note else "", "muted"),
    )
