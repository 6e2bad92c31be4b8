"""Run: the drive writer: what is in hand, what was written, how sure we are of it."""

from __future__ import annotations

from ambertime_tui.engine.api.status import CurrentFile, JobStatus, WriteStatus
from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.panes.fetch import BEFORE_PLAN
from ambertime_tui.tui.widgets.bars import meter
from ambertime_tui.tui.widgets.spans import Line, Span, fit, joined, line, shorten_path, spread
from ambertime_tui.units import SIZE_WIDTH, count, percent, plural, size

IN_HAND_ROWS = 5


def write_lines(status: JobStatus, width: int, height: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """The writer in as many rows as there are; what matters most comes first."""
    write = status.write
    planned, written = write.planned, write.written
    if status.phase in BEFORE_PLAN:
        return _head_start(write, width, height, glyphs)
    if not planned.count and not write.already.count:
        return (line(Span("Nothing has to be copied.", "muted")),)
    if not planned.count:
        return (
            line(
                Span(f"{glyphs.ok} ", "good"), f"{plural(write.already.count, 'item')} already on the drive."
            ),
        )
    right = line(Span(f" {percent(written.bytes, planned.bytes)}"))
    lines = [
        spread(meter(written.bytes, planned.bytes, width - 6, glyphs, "bar"), right, width),
        _counts(write, width),
    ]
    if height > 3:
        lines += joined(_certainty(write), width, f" {glyphs.dot} ") or [()]
    # Always as many rows, so that what stands below does not jump as files come and go.
    slots = min(IN_HAND_ROWS, max(0, height - len(lines)))
    in_hand = [_in_hand(file, width, glyphs) for file in write.current_files[:slots]]
    lines += in_hand + [()] * (slots - len(in_hand))
    if write.recent and height - len(lines) > 2:
        lines.append(line(Span("Written last", "muted")))
        lines += [
            line(Span(f"{glyphs.ok} ", "good"), shorten_path(path, width - 2, glyphs.ellipsis))
            for path in write.recent
        ]
    return tuple(lines[:height])


def _head_start(write: WriteStatus, width: int, height: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """What is copied while the library is still read: nobody knows yet of how much."""
    if not write.written.count and not write.current_files:
        return (line(Span("Comes after the scan.", "muted")),)
    lines = [
        line(
            Span(plural(write.written.count, "item"), "strong"),
            Span(f"  {size(write.written.bytes)} on the drive so far", "muted"),
        ),
        *joined(_certainty(write), width, f" {glyphs.dot} "),
        *(_in_hand(file, width, glyphs) for file in write.current_files[:IN_HAND_ROWS]),
    ]
    if height > len(lines):
        lines.insert(1, line(Span("The first ones, while the rest of the library is read.", "muted")))
    return tuple(lines[:height])


def _counts(write: WriteStatus, cells: int) -> Line:
    left = line(
        Span(f"{count(write.written.count)} of {count(write.planned.count)}", "strong"),
        Span(f"  {size(write.written.bytes)} of {size(write.planned.bytes)}", "muted"),
    )
    free = f"{size(write.free_bytes)} free" if write.free_bytes is not None else ""
    return spread(left, line(Span(free, "muted")), cells) if cells >= 52 else left


def _in_hand(file: CurrentFile, cells: int, glyphs: Glyphs) -> Line:
    figures = f" {percent(file.done, file.total)} {size(file.total):>{SIZE_WIDTH}}"
    bar = 14 if cells >= 52 else 6 if cells >= 34 else 0
    name = fit(file.name, max(6, cells - len(figures) - bar - 1), glyphs.ellipsis)
    return line(
        name, " " if bar else "", *meter(file.done, file.total, bar, glyphs, "accent"), Span(figures, "muted")
    )


def _certainty(write: WriteStatus) -> list[Span]:
    parts = []
    if write.read_back:
        parts.append(Span(f"{plural(write.read_back, 'file')} read back", "good"))
    if write.through_cache:
        parts.append(Span(f"{count(write.through_cache)} verified through the cache", "text"))
    if write.already.count:
        parts.append(Span(f"{count(write.already.count)} already there", "muted"))
    if write.failed:
        parts.insert(0, Span(f"{count(write.failed)} failed", "bad"))
    return parts
