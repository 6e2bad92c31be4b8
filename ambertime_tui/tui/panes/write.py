"""Run: the drive: files being written, what was written and how it was verified."""

from __future__ import annotations

from rich.cells import cell_len

from ambertime_tui.engine.api.status import CurrentFile, JobStatus, WriteStatus
from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.panes.fetch import BEFORE_PLAN
from ambertime_tui.tui.widgets.bars import meter
from ambertime_tui.tui.widgets.spans import Line, Span, fit, joined, line, shorten_path, spread
from ambertime_tui.units import SIZE_WIDTH, count, percent, plural, size

FILE_ROWS = 5


def write_lines(status: JobStatus, width: int, height: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """The writer in the given rows, the most important first."""
    write = status.write
    planned, written = write.planned, write.written
    if status.phase in BEFORE_PLAN:
        return _head_start(write, width, height, glyphs)
    if not planned.count and not write.already.count:
        return (line(Span("Nothing to copy.", "muted")),)
    if not planned.count:
        return (
            line(
                Span(f"{glyphs.ok} ", "good"), f"{plural(write.already.count, 'item')} already on the drive."
            ),
        )
    right = line(Span(f" {percent(written.bytes, planned.bytes)}"))
    lines = [
        spread(meter(written.bytes, planned.bytes, width - 6, glyphs, "bar"), right, width),
        *_counts(write, width, height),
    ]
    if height > 3:
        lines += joined(_verification(write), width, f" {glyphs.dot} ") or [()]
    # A fixed number of rows, so that the rows below do not move as files come and go.
    slots = min(FILE_ROWS, max(0, height - len(lines)))
    current = [_current_file(file, width, glyphs) for file in write.current_files[:slots]]
    lines += current + [()] * (slots - len(current))
    if write.recent and height - len(lines) > 2:
        lines.append(line(Span("Last written", "muted")))
        lines += [
            line(Span(f"{glyphs.ok} ", "good"), shorten_path(path, width - 2, glyphs.ellipsis))
            for path in write.recent
        ]
    return tuple(lines[:height])


def _head_start(write: WriteStatus, width: int, height: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """What is copied while the library is still being read; the total is not known yet."""
    if not write.written.count and not write.current_files:
        return (line(Span("Starts after the scan.", "muted")),)
    lines = [
        line(
            Span(plural(write.written.count, "item"), "strong"),
            Span(f"  {size(write.written.bytes)} on the drive so far", "muted"),
        ),
        *joined(_verification(write), width, f" {glyphs.dot} "),
        *(_current_file(file, width, glyphs) for file in write.current_files[:FILE_ROWS]),
    ]
    if height > len(lines):
        lines.insert(1, line(Span("Copying while the library is read.", "muted")))
    return tuple(lines[:height])


def _counts(write: WriteStatus, cells: int, height: int) -> list[Line]:
    """Items and bytes, on one row if they always fit, so that the rows below do not move."""
    written, planned = write.written, write.planned
    items = Span(f"{count(written.count)} of {plural(planned.count, 'item')}", "strong")
    sizes = Span(f"{size(written.bytes)} of {size(planned.bytes)}", "muted")
    if cells >= 52:
        free = f"{size(write.free_bytes)} free" if write.free_bytes is not None else ""
        return [spread(line(items, "  ", sizes), line(Span(free, "muted")), cells)]
    widest = f"{count(planned.count)} of {plural(planned.count, 'item')}  888 GB of {size(planned.bytes)}"
    if cell_len(widest) <= cells:
        return [line(items, "  ", sizes)]
    return [line(items), line(sizes)] if height > 5 else [line(items)]


def _current_file(file: CurrentFile, cells: int, glyphs: Glyphs) -> Line:
    figures = f" {percent(file.done, file.total)} {size(file.total):>{SIZE_WIDTH}}"
    bar = 14 if cells >= 52 else 6 if cells >= 34 else 0
    name = fit(file.name, max(6, cells - len(figures) - bar - 1), glyphs.ellipsis)
    return line(
        name, " " if bar else "", *meter(file.done, file.total, bar, glyphs, "accent"), Span(figures, "muted")
    )


def _verification(write: WriteStatus) -> list[Span]:
    parts = []
    if write.read_back:
        parts.append(Span(f"{plural(write.read_back, 'file')} read back", "good"))
    if write.proved:
        parts.append(Span(f"{plural(write.proved, 'original')} proved", "good"))
    if write.differing:
        parts.insert(0, Span(f"{count(write.differing)} different from Apple's fingerprint", "bad"))
    if write.through_cache:
        parts.append(Span(f"{count(write.through_cache)} verified through the cache", "text"))
    if write.already.count:
        parts.append(Span(f"{count(write.already.count)} already there", "muted"))
    if write.failed:
        parts.insert(0, Span(f"{count(write.failed)} failed", "bad"))
    return parts
