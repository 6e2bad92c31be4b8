"""A library by day: fast counts and bytes of any range of days, and months for a chart.

Stored as running sums over the days with captures, so a range takes two binary searches, independent of
the number of assets. Consists of plain tuples of numbers, so it can be sent to a front end.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date
from itertools import accumulate

from ambertime_tui.library.date_range import DateRange
from ambertime_tui.library.model import Asset, Availability


@dataclass(frozen=True, slots=True)
class Amount:
    """Number of files and their known bytes."""

    count: int = 0
    bytes: int = 0

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.count + other.count, self.bytes + other.bytes)


@dataclass(frozen=True, slots=True)
class Holdings:
    """The totals of a range of days."""

    assets: int = 0
    awaiting: int = 0
    """Assets with at least one file only in iCloud."""
    local: Amount = Amount()
    """Files on the phone."""
    icloud: Amount = Amount()
    """Files only in iCloud."""
    missing: Amount = Amount()
    """Files neither on the phone nor in iCloud."""

    def __add__(self, other: Holdings) -> Holdings:
        return Holdings(
            self.assets + other.assets,
            self.awaiting + other.awaiting,
            self.local + other.local,
            self.icloud + other.icloud,
            self.missing + other.missing,
        )


_ASSETS, _AWAITING, _LOCAL, _ICLOUD, _MISSING = 0, 1, 2, 4, 6
_COLUMNS = 8
_COLUMN = {Availability.LOCAL: _LOCAL, Availability.ICLOUD: _ICLOUD}


@dataclass(frozen=True, slots=True)
class LibraryByDay:
    """Running sums by local day of capture. Create it with `DayCounter`."""

    days: tuple[int, ...] = ()
    """Days with at least one asset, ascending, as proleptic Gregorian ordinals (`date.toordinal`)."""
    sums: tuple[tuple[int, ...], ...] = ()
    """One column each for assets, awaiting, and count and bytes of local, icloud and missing files. Each
    entry is the sum up to and including the corresponding day in `days`."""
    undated: Holdings = Holdings()
    """Assets without a day. Only the unlimited range includes them."""

    def within(self, chosen: DateRange) -> Holdings:
        """Return the totals of a range. Undated assets are included only if it is unlimited."""
        dated = self._between(
            0 if chosen.start is None else bisect_left(self.days, chosen.start.toordinal()),
            len(self.days) if chosen.end is None else bisect_right(self.days, chosen.end.toordinal()),
        )
        return dated + self.undated if None in chosen else dated

    @property
    def last(self) -> date | None:
        """The last day with an asset."""
        return date.fromordinal(self.days[-1]) if self.days else None

    def _between(self, low: int, high: int) -> Holdings:
        if low >= high:
            return Holdings()
        return _holdings([column[high - 1] - (column[low - 1] if low else 0) for column in self.sums])


class DayCounter:
    """Counts assets by day, only those that are archived (own and shared library)."""

    def __init__(self, *, hidden: bool = True, trashed: bool = False, edits: bool = True) -> None:
        """
        Args:
            hidden: count hidden assets.
            trashed: count assets in Recently Deleted.
            edits: count files of the current edits as well as originals.
        """
        self._hidden, self._trashed, self._edits = hidden, trashed, edits
        self._rows: dict[int | None, list[int]] = {}

    def add(self, asset: Asset) -> None:
        """Count an asset."""
        if (
            (asset.hidden and not self._hidden)
            or (asset.trashed and not self._trashed)
            or not asset.ownership.is_archived
        ):
            return
        day = asset.day_number
        row = self._rows.get(day)
        if row is None:
            row = self._rows[day] = [0] * _COLUMNS
        row[_ASSETS] += 1
        awaiting = 0
        for resource in asset.resources:
            if self._edits or resource.role.is_original:
                column = _COLUMN.get(resource.availability, _MISSING)
                row[column] += 1
                row[column + 1] += resource.size or 0
                if column == _ICLOUD:
                    awaiting = 1
        row[_AWAITING] += awaiting

    def by_day(self) -> LibraryByDay:
        """Return the counts."""
        rows = dict(self._rows)
        undated = rows.pop(None, [0] * _COLUMNS)
        days = tuple(sorted(day for day in rows if day is not None))
        sums = tuple(tuple(accumulate(rows[day][column] for day in days)) for column in range(_COLUMNS))
        return LibraryByDay(days, sums, _holdings(undated))


def _holdings(row: list[int]) -> Holdings:
    return Holdings(
        row[_ASSETS],
        row[_AWAITING],
        Amount(row[_LOCAL], row[_LOCAL + 1]),
        Amount(row[_ICLOUD], row[_ICLOUD + 1]),
        Amount(row[_MISSING], row[_MISSING + 1]),
    )
