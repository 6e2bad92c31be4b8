"""Counts and bytes of any range of days equal a count of its assets."""

from __future__ import annotations

import json
import time
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.library.date_range import EVERYTHING, DateRange
from ambertime_tui.library.histogram import Amount, Holdings, LibraryByDay, by_day
from ambertime_tui.library.model import Asset, Availability, Kind, Ownership, Resource, Role

FIRST = date(2020, 2, 27)


def asset(
    day: int | None,
    *resources: tuple[Role, int | None, Availability],
    owner: Ownership = Ownership.OWN,
    hidden: bool = False,
    trashed: bool = False,
) -> Asset:
    created = None if day is None else (FIRST + timedelta(days=day) - date(1970, 1, 1)).days * 86_400.0
    files = tuple(Resource(role, "DCIM/100APPLE", "A", size, where) for role, size, where in resources)
    return Asset("A1", Kind.PHOTO, created, 0, "", "A", "A", files, owner, hidden=hidden, trashed=trashed)


files = st.tuples(
    st.sampled_from(list(Role)),
    st.none() | st.integers(0, 10**9),
    st.sampled_from([Availability.LOCAL, Availability.ICLOUD, Availability.MISSING]),
)
assets = st.lists(
    st.builds(
        lambda day, resources, owner, hidden, trashed: asset(
            day, *resources, owner=owner, hidden=hidden, trashed=trashed
        ),
        st.none() | st.integers(0, 800),
        st.lists(files, max_size=4),
        st.sampled_from(list(Ownership)),
        st.booleans(),
        st.booleans(),
    ),
    max_size=30,
)
some_days = st.integers(-10, 810).map(lambda n: FIRST + timedelta(days=n))
ranges = st.tuples(st.none() | some_days, st.none() | some_days).map(
    lambda ends: DateRange(*sorted(ends)) if all(ends) else DateRange(*ends)  # type: ignore[type-var]
)


def counted(found: list[Asset], chosen: DateRange, hidden: bool, trashed: bool, edits: bool) -> Holdings:
    """Count every asset directly."""
    total = Holdings()
    for item in found:
        if not item.ownership.is_archived or item.day not in chosen:
            continue
        if (item.hidden and not hidden) or (item.trashed and not trashed):
            continue
        amounts = {where: Amount() for where in Availability}
        for resource in item.resources if edits else item.originals:
            amounts[resource.availability] += Amount(1, resource.size or 0)
        total += Holdings(
            1,
            int(amounts[Availability.ICLOUD].count > 0),
            amounts[Availability.LOCAL],
            amounts[Availability.ICLOUD],
            amounts[Availability.MISSING],
        )
    return total


@given(assets, ranges, st.booleans(), st.booleans(), st.booleans())
def test_a_range_holds_what_counting_every_asset_gives(
    found: list[Asset], chosen: DateRange, hidden: bool, trashed: bool, edits: bool
) -> None:
    days = by_day(found, hidden=hidden, trashed=trashed, edits=edits)
    assert days.within(chosen) == counted(found, chosen, hidden, trashed, edits)


@given(assets)
def test_the_months_and_the_undated_add_up_to_everything(found: list[Asset]) -> None:
    days = by_day(found)
    total = days.undated
    for month in days.months():
        total += month.holdings
    assert total == days.within(EVERYTHING)


def test_months_without_anything_are_there_too() -> None:
    days = by_day([asset(0, (Role.PHOTO, 5, Availability.LOCAL)), asset(70)])
    assert [(m.year, m.month, m.holdings.assets) for m in days.months()] == [
        (2020, 2, 1),
        (2020, 3, 0),
        (2020, 4, 0),
        (2020, 5, 1),
    ]
    assert (days.first, days.last) == (FIRST, date(2020, 5, 7))


def test_an_empty_library_has_no_months() -> None:
    days = by_day([])
    assert days == LibraryByDay(sums=days.sums)
    assert days.months() == ()
    assert days.within(EVERYTHING) == Holdings()
    assert (days.first, days.last) == (None, None)


def test_the_last_day_of_the_calendar_has_a_month() -> None:
    last = Asset("A", Kind.PHOTO, (date.max - date(1970, 1, 1)).days * 86_400.0, 0, "", "A", "A", ())
    assert [(m.year, m.month) for m in by_day([last]).months()] == [(9999, 12)]


def test_a_range_of_thirty_years_takes_well_under_fifty_milliseconds() -> None:
    days = by_day(asset(n % 11_000, (Role.PHOTO, n, Availability.LOCAL)) for n in range(22_000))
    begin = time.perf_counter()
    for n in range(100):
        days.within(DateRange(FIRST + timedelta(days=n), FIRST + timedelta(days=10_000 + n)))
    assert (time.perf_counter() - begin) / 100 < 0.05


@given(assets)
def test_it_is_plain_numbers_that_survive_json(found: list[Asset]) -> None:
    days = by_day(found)
    assert json.loads(json.dumps([days.days, days.sums])) == [list(days.days), [list(c) for c in days.sums]]
