"""The state of the range picker: two handles over the days of a library, moved by days, months or years.

Pure: the histogram widget draws it, keys move it, and the text field sets it.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from ambertime_tui.library.date_range import DateRange, parse_date_range


class Unit(StrEnum):
    """The smallest period that one column of the histogram shows."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


class End(StrEnum):
    """The two handles."""

    START = "start"
    END = "end"


@dataclass(frozen=True, slots=True)
class Bucket:
    """The days of one column, both inclusive."""

    start: date
    end: date


@dataclass(frozen=True, slots=True)
class RangePicker:
    """A range over the days `first` to `last` of a library.

    A handle at the edge of the library makes that end of the range open, so that "everything" includes what
    is taken tomorrow.
    """

    first: date
    last: date
    range: DateRange = DateRange()
    active: End = End.START
    unit: Unit = Unit.MONTH

    @property
    def start(self) -> date:
        """The day of the left handle."""
        return min(max(self.range.start or self.first, self.first), self.last)

    @property
    def end(self) -> date:
        """The day of the right handle."""
        return max(min(self.range.end or self.last, self.last), self.first)

    @property
    def handle(self) -> date:
        """The day of the active handle."""
        return self.start if self.active is End.START else self.end

    def moved(self, steps: int, *, far: bool = False) -> RangePicker:
        """The active handle moved by `steps` units, or by the next larger unit if `far`."""
        unit = _LARGER[self.unit] if far else self.unit
        grain = self._grain
        if self.active is End.START:
            return self._with_start(_shifted(_first_of(self.start, grain), steps, unit))
        # The right handle is on the last day of its unit, so move the day after it and step back.
        after = self.end + timedelta(days=1)
        if grain is Unit.MONTH and after.day != 1:
            after = _shifted(_first_of(after, Unit.MONTH), 1, Unit.MONTH)
        return self._with_end(_shifted(after, steps, unit) - timedelta(days=1))

    def to_edge(self, *, forward: bool) -> RangePicker:
        """The active handle moved to the start or the end of the library."""
        if self.active is End.START:
            return self._with_start(self.last if forward else self.first)
        return self._with_end(self.last if forward else self.first)

    def swapped(self) -> RangePicker:
        """The other handle made active."""
        return replace(self, active=End.END if self.active is End.START else End.START)

    def of(self, range: DateRange) -> RangePicker:
        """The handles set to a range."""
        return replace(self, range=range)

    def zoomed(self, steps: int) -> RangePicker:
        """A finer (positive) or coarser unit."""
        order = (Unit.YEAR, Unit.MONTH, Unit.DAY)
        return replace(self, unit=order[min(2, max(0, order.index(self.unit) + steps))])

    @property
    def _grain(self) -> Unit:
        """What the handles snap to."""
        return Unit.DAY if self.unit is Unit.DAY else Unit.MONTH

    def _with_start(self, day: date) -> RangePicker:
        latest = _first_of(self.end, self._grain)
        day = min(day, max(latest, self.first))
        return replace(self, range=DateRange(None if day <= self.first else day, self.range.end))

    def _with_end(self, day: date) -> RangePicker:
        grain = self._grain
        earliest = _shifted(_first_of(self.start, grain), 1, grain) - timedelta(days=1)
        day = max(day, min(earliest, self.last))
        return replace(self, range=DateRange(self.range.start, None if day >= self.last else day))


_LARGER = {Unit.DAY: Unit.MONTH, Unit.MONTH: Unit.YEAR, Unit.YEAR: Unit.YEAR}


@dataclass(frozen=True, slots=True)
class Axis:
    """The columns of a histogram for one width."""

    buckets: tuple[Bucket, ...]
    column: int
    """Cells per bucket, including the gap."""
    gap: int
    """Empty cells to the right of each bucket."""

    @property
    def width(self) -> int:
        """Cells of all buckets together."""
        return len(self.buckets) * self.column

    def cell_of(self, day: date) -> int:
        """The first cell of the bucket with a day; days outside the axis count as at its edges."""
        low, high = 0, len(self.buckets) - 1
        while low < high:
            middle = (low + high + 1) // 2
            if self.buckets[middle].start <= day:
                low = middle
            else:
                high = middle - 1
        return low * self.column


def axis_for(picker: RangePicker, width: int) -> Axis:
    """The buckets to draw in `width` cells.

    Days: the window around the active handle. If there are more months or years than cells, several share a
    column (2, 3, 6 or 12 months; 2, 5 or 10 years). If those do not fit either, the ones around the active
    handle are shown.
    """
    width = max(1, width)
    if picker.unit is Unit.DAY:
        return _day_axis(picker, width)
    steps = (1, 2, 3, 6, 12, 24, 60, 120) if picker.unit is Unit.MONTH else (12, 24, 60, 120)
    months = _month_number(picker.last) - _month_number(picker.first) + 1
    step = next((s for s in steps if -(-(months + s - 1) // s) <= width), steps[-1])
    start = _month_number(picker.first) // step * step
    buckets = []
    while start <= _month_number(picker.last):
        buckets.append(Bucket(_month(start), _month(start + step) - timedelta(days=1)))
        start += step
    if len(buckets) > width:
        handle = next(n for n, bucket in enumerate(buckets) if picker.handle <= bucket.end)
        buckets = buckets[: max(width, handle + 1)][-width:]
    return _axis(buckets, width)


def _day_axis(picker: RangePicker, width: int) -> Axis:
    total = (picker.last - picker.first).days + 1
    shown = min(width, total)
    start = max(picker.first, picker.handle - timedelta(days=shown // 2))
    start = min(start, picker.last - timedelta(days=shown - 1))
    days = [start + timedelta(days=n) for n in range(shown)]
    return _axis([Bucket(day, day) for day in days], width)


def _axis(buckets: list[Bucket], width: int) -> Axis:
    column = min(9, max(1, width // len(buckets)))
    return Axis(tuple(buckets), column, 1 if column > 1 else 0)


def labels(axis: Axis, unit: Unit) -> str:
    """The labels under the histogram: years, or months if days are shown; labels never touch."""
    cells = [" "] * axis.width
    free_from = 0
    shown = None
    for index, bucket in enumerate(axis.buckets):
        text = f"{bucket.start:%Y-%m}" if unit is Unit.DAY else f"{bucket.start.year}"
        begins = text != shown and (index == 0 or _begins(bucket, unit))
        shown = text
        at = index * axis.column
        if begins and at >= free_from and at + len(text) <= axis.width:
            cells[at : at + len(text)] = text
            free_from = at + len(text) + 1
    return "".join(cells).rstrip()


def _begins(bucket: Bucket, unit: Unit) -> bool:
    """Whether a year (or, if days are shown, a month) begins in the bucket."""
    if unit is Unit.DAY:
        return bucket.start.day == 1
    return bucket.start.month == 1 or bucket.start.year != bucket.end.year


def _month_number(day: date) -> int:
    return day.year * 12 + day.month - 1


def _month(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


def _first_of(day: date, unit: Unit) -> date:
    if unit is Unit.DAY:
        return day
    return day.replace(day=1) if unit is Unit.MONTH else day.replace(month=1, day=1)


def _shifted(day: date, steps: int, unit: Unit) -> date:
    """The day `steps` units later; a day that the month does not have becomes its last day."""
    if unit is Unit.DAY:
        return day + timedelta(days=steps)
    number = _month_number(day) + steps * (12 if unit is Unit.YEAR else 1)
    number = min(max(number, 12), 9998 * 12)
    year, month = divmod(number, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


@dataclass(frozen=True, slots=True)
class Preset:
    """A range with its key."""

    key: str
    label: str
    range: DateRange
    words: str
    """The range as text, as a saved task stores it; a relative range is worked out again at each run."""


def presets(today: date, last_backup: date | None = None) -> tuple[Preset, ...]:
    """The most common ranges."""
    words = {
        "1": ("all", "all"),
        "2": ("this year", "this year"),
        "3": ("last year", "last year"),
        "4": ("last 12 months", "last 12 months"),
        "5": ("older than 2 years", "before 2 years"),
    }
    if last_backup is not None:
        words["6"] = ("since last backup", f"since {last_backup}")
    return tuple(
        Preset(key, label, parse_date_range(typed, today), typed) for key, (label, typed) in words.items()
    )
