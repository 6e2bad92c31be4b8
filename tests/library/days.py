"""Assets counted by day, as a scan counts them one by one."""

from __future__ import annotations

from collections.abc import Iterable

from ambertime_tui.library.histogram import DayCounter, LibraryByDay
from ambertime_tui.library.model import Asset


def by_day(
    assets: Iterable[Asset], *, hidden: bool = True, trashed: bool = False, edits: bool = True
) -> LibraryByDay:
    """Count assets by day, in any order. See `DayCounter`."""
    counter = DayCounter(hidden=hidden, trashed=trashed, edits=edits)
    for asset in assets:
        counter.add(asset)
    return counter.by_day()
