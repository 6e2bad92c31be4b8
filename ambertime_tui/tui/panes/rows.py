"""One row of a full list."""

from __future__ import annotations

from ambertime_tui.engine.api.client import Row
from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.widgets.spans import Line, Span, Style, fit, line
from ambertime_tui.units import SIZE_WIDTH, size

DAY_WIDTH = 10
STATE_WIDTH = 14
STATES: dict[str, tuple[str, Style]] = {
    "local": ("on the phone", "local"),
    "partial": ("part in iCloud", "icloud"),
    "missing": ("missing", "warn"),
    "waiting": ("waiting", "muted"),
    "asked": ("requested", "text"),
    "arriving": ("arriving", "icloud"),
    "arrived": ("arrived", "good"),
    "copying": ("copying", "accent"),
    "written": ("on the drive", "good"),
    "failed": ("failed", "bad"),
    "skipped": ("skipped", "muted"),
    "gave_up": ("gave up", "bad"),
    "in_part": ("in part", "icloud"),
    "not_by_this_way": ("other way", "warn"),
    "pending": ("processing", "warn"),
    "smaller": ("smaller", "warn"),
    "differs": ("differs", "bad"),
    "icloud": ("in iCloud", "icloud"),
    "offloaded": ("offloaded", "icloud"),
    "edit_icloud": ("edit in iCloud", "icloud"),
    "edit_too_large": ("edit too large", "warn"),
    "not_whole": ("damaged", "bad"),
    "not_reached": ("not reached", "muted"),
    "too_large_for_drive": ("too large", "warn"),
    "name_too_long": ("name too long", "warn"),
    "drive_full": ("drive full", "bad"),
    "drive_failed": ("not written", "bad"),
    "unreadable": ("not readable", "bad"),
    "forbidden": ("not allowed", "bad"),
    "changed": ("changed", "warn"),
}


def state_word(state: str) -> tuple[str, Style]:
    """A state, or the reason why an item is left, in a word or two."""
    return STATES.get(state, (state.replace("_", " "), "warn"))


def row_line(row: Row, cells: int, glyphs: Glyphs) -> Line:
    """Name, day, size, state, and the note if it fits."""
    word, style = state_word(row.state)
    note = 0 if cells < 100 else cells - 80
    name = max(12, cells - note - DAY_WIDTH - SIZE_WIDTH - STATE_WIDTH - 7)
    return line(
        " ",
        fit(row.name, name, glyphs.ellipsis),
        Span(f"  {fit(row.day or 'undated', DAY_WIDTH, glyphs.ellipsis)}", "muted"),
        f"  {size(row.bytes):>{SIZE_WIDTH}}  ",
        Span(fit(word, STATE_WIDTH, glyphs.ellipsis), style),
        Span(fit(row.note, note, glyphs.ellipsis) if note else "", "muted"),
    )
