"""Setup: the range in words and figures; what it holds is looked up in the library by day, at once for any
range."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ambertime_tui.config import Task
from ambertime_tui.engine.api.status import Tally
from ambertime_tui.library.date_range import DateRange
from ambertime_tui.library.histogram import LibraryByDay
from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.range_picker import Bucket, Preset, RangePicker, Unit
from ambertime_tui.tui.setup_state import SetupState
from ambertime_tui.tui.widgets.histogram import Column
from ambertime_tui.tui.widgets.spans import Line, Span, line, width, wrap
from ambertime_tui.units import SIZE_WIDTH, count, size

LONELY_DAYS = 3 * 365
"""A gap after which a few early captures are taken for strays."""


@dataclass(frozen=True, slots=True)
class RangeSums:
    """What a range holds, in assets."""

    assets: Tally
    local: Tally
    icloud: Tally
    undated: int


@dataclass(frozen=True, slots=True)
class LibraryView:
    """A library as the range picker looks at it."""

    by_day: LibraryByDay

    @property
    def span(self) -> tuple[date, date] | None:
        """First and last day to draw; None where nothing has a date.

        A few captures years before all others (a camera whose clock was never set) would squeeze the whole
        library into the right edge: they are not drawn, but a range that is open at its start holds them.
        """
        days, last = self.by_day.days, self.by_day.last
        if last is None:
            return None
        assets = self.by_day.sums[0]
        stray = max(3, assets[-1] // 100)
        begin = 0
        for n in range(1, len(days)):
            if assets[n - 1] > stray:
                break
            if days[n] - days[n - 1] > LONELY_DAYS:
                begin = n
        return date.fromordinal(days[begin]), last

    def column(self, bucket: Bucket) -> Column:
        """A column of the histogram."""
        holdings = self.by_day.within(DateRange(bucket.start, bucket.end))
        return Column(holdings.assets - holdings.awaiting, holdings.awaiting)

    def sums(self, chosen: DateRange) -> RangeSums:
        """What a range holds."""
        held = self.by_day.within(chosen)
        files = held.local + held.icloud + held.missing
        return RangeSums(
            assets=Tally(held.assets, files.bytes),
            local=Tally(held.assets - held.awaiting, held.local.bytes),
            icloud=Tally(held.awaiting, held.icloud.bytes),
            undated=self.by_day.undated.assets,
        )


def figures_lines(
    state: SetupState,
    view: LibraryView | None,
    cells: int,
    height: int,
    glyphs: Glyphs,
) -> tuple[Line, ...]:
    """Counts and bytes of the range; where the typed text is no range, why."""
    if state.range_problem:
        told = wrap(state.range_problem, cells, "bad")
        return tuple(told) if len(told) <= height else (line(Span("This is no range yet.", "bad")),)
    if view is None:
        return ()
    sums = view.sums(state.range)
    head = line(
        Span(f"{count(sums.assets.count):>9} {'item' if sums.assets.count == 1 else 'items'}", "strong"),
        Span(f" {size(sums.assets.bytes):>{SIZE_WIDTH}}", "strong"),
    )
    parts = [
        line(Span(f"{glyphs.local_mark} ", "local"), f"{count(sums.local.count)} on the phone"),
        line(Span(f"{glyphs.cloud_mark} ", "icloud"), f"{count(sums.icloud.count)} only in iCloud"),
    ]
    if height > 1:
        return (head, *_second_row(parts, sums, state, cells))
    spans = list(head)
    for part in parts:
        if width(tuple(spans)) + width(part) + 3 <= cells:
            spans += [Span("   "), *part]
    return (tuple(spans),)


def _second_row(parts: list[Line], sums: RangeSums, state: SetupState, cells: int) -> tuple[Line, ...]:
    spans: list[Span] = []
    if sums.undated:
        included = None in state.range
        words = "without a date" if included else "without a date left out"
        parts = [*parts, line(Span(f"{count(sums.undated)} {words}", "muted"))]
    for part in parts:
        if width(tuple(spans)) + width(part) + 3 <= cells:
            spans += [Span("   "), *part] if spans else part
    return (tuple(spans),)


def handle_hint(picker: RangePicker | None, glyphs: Glyphs) -> str:
    """What the keys do to the handles; the same for both, since a frame is painted whole."""
    if picker is None:
        return ""
    far = "month" if picker.unit is Unit.DAY else "year"
    dot = f" {glyphs.dot} "
    return dot.join((f"{glyphs.arrows} by a {picker.unit}", f"H L by a {far}", "space: the other end"))


def range_heading(said: Task, glyphs: Glyphs) -> str:
    """The name of the pane, with what a task or the config file takes in or leaves out besides days."""
    parts = (
        "Range",
        "without hidden items" if said.hidden is False else "",
        "with Recently Deleted" if said.trashed else "",
        "without edits" if said.edits is False else "",
    )
    return f" {glyphs.dot} ".join(part for part in parts if part)


ORDER = "162345"
"""Presets by how much they are worth a narrow row."""


def presets_line(found: tuple[Preset, ...], state: SetupState, cells: int) -> tuple[Line, ...]:
    """The presets with their keys, as many as fit; the one in force stands out."""
    spans: list[Span] = []
    for preset in sorted(found, key=lambda preset: ORDER.index(preset.key)):
        chosen = preset.range == state.range
        entry = (Span(preset.key, "key"), Span(f" {preset.label}  ", "strong" if chosen else "muted"))
        if width(tuple(spans)) + width(entry) > cells:
            break
        spans += entry
    return (tuple(spans),)
