"""Setup: the range in words and figures, computed from the library's counts per day."""

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
from ambertime_tui.units import SIZE_WIDTH, count, plural, size

OUTLIER_GAP = 3 * 365
"""A gap in days after which a few earlier captures count as outliers."""


@dataclass(frozen=True, slots=True)
class RangeSums:
    """What a range contains, in assets."""

    assets: Tally
    local: Tally
    icloud: Tally
    undated: int


@dataclass(frozen=True, slots=True)
class LibraryView:
    """A library as the range picker shows it."""

    by_day: LibraryByDay

    @property
    def span(self) -> tuple[date, date] | None:
        """First and last day to draw; None if no item has a date.

        A few captures years before all others (from a camera whose clock was never set) would squeeze the
        rest of the library against the right edge. They are not drawn, but a range with an open start
        includes them.
        """
        days, last = self.by_day.days, self.by_day.last
        if last is None:
            return None
        assets = self.by_day.sums[0]
        outlier = max(3, assets[-1] // 100)
        begin = 0
        for n in range(1, len(days)):
            if assets[n - 1] > outlier:
                break
            if days[n] - days[n - 1] > OUTLIER_GAP:
                begin = n
        return date.fromordinal(days[begin]), last

    def column(self, bucket: Bucket) -> Column:
        """One column of the histogram."""
        holdings = self.by_day.within(DateRange(bucket.start, bucket.end))
        return Column(holdings.assets - holdings.awaiting, holdings.awaiting)

    def sums(self, chosen: DateRange) -> RangeSums:
        """What a range contains."""
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
    """Counts and sizes of the range, or why the typed text is not a valid range."""
    if state.range_problem:
        rows = wrap(state.range_problem, cells, "bad")
        return tuple(rows) if len(rows) <= height else (line(Span("Not a valid range.", "bad")),)
    if view is None:
        return ()
    sums = view.sums(state.range)
    head = line(
        Span(plural(sums.assets.count, "item").rjust(15), "strong"),
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
        words = "without a date" if included else "without a date (left out)"
        parts = [*parts, line(Span(f"{count(sums.undated)} {words}", "muted"))]
    for part in parts:
        if width(tuple(spans)) + width(part) + 3 <= cells:
            spans += [Span("   "), *part] if spans else part
    return (tuple(spans),)


def handle_hint(picker: RangePicker | None, glyphs: Glyphs) -> str:
    """What the keys do to the handles. The same text for both, because a change repaints the whole frame."""
    if picker is None:
        return ""
    far = "month" if picker.unit is Unit.DAY else "year"
    dot = f" {glyphs.dot} "
    return dot.join((f"{glyphs.arrows} by {picker.unit}", f"H L by {far}", "space: switch ends"))


def range_heading(options: Task, glyphs: Glyphs) -> str:
    """The name of the pane, with what else a task or the config file includes or leaves out."""
    parts = (
        "Range",
        "without hidden items" if options.hidden is False else "",
        "with Recently Deleted" if options.trashed else "",
        "without edits" if options.edits is False else "",
    )
    return f" {glyphs.dot} ".join(part for part in parts if part)


ORDER = "162345"
"""Keys of the presets, the most useful first, for narrow rows."""


def presets_line(found: tuple[Preset, ...], state: SetupState, cells: int) -> tuple[Line, ...]:
    """The presets with their keys, as many as fit; the current one is highlighted."""
    spans: list[Span] = []
    for preset in sorted(found, key=lambda preset: ORDER.index(preset.key)):
        chosen = preset.range == state.range
        entry = (Span(preset.key, "key"), Span(f" {preset.label}  ", "strong" if chosen else "muted"))
        if width(tuple(spans)) + width(entry) > cells:
            break
        spans += entry
    return (tuple(spans),)
