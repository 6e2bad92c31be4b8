"""Counts and bytes of any range of days equal a count of its assets."""

from __future__ import annotations

import json
import time
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.library.date_range import EVERYTHING, DateRange
from ambertime_tui.library.histogram import Amount, Holdings, LibraryByDay
from ambertime_tui.library.model import Asset, Availability, Kind, Ownership, Resource, Role
from tests.library.days import by_day

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
def test_the_days_and_the_undated_add_up_to_everything(found: list[Asset]) -> None:
    days = by_day(found)
    total = days.undated
    for number in days.days:
        total += days.within(DateRange(date.fromordinal(number), date.fromordinal(number)))
    assert total == days.within(EVERYTHING)


def test_the_last_day_is_that_of_the_newest_asset() -> None:
    days = by_day([asset(70), asset(0, (Role.PHOTO, 5, Availability.LOCAL))])
    assert days.last == date(2020, 5, 7)


def test_an_empty_library_has_no_days() -> None:
    days = by_day([])
    assert days == LibraryByDay(sums=days.sums)
    assert days.within(EVERYTHING) == Holdings()
    assert days.last is None


def test_the_last_day_of_the_calendar_can_be_selected() -> None:
    last = Asset("A", Kind.PHOTO, (date.max - date(1970, 1, 1)).days * 86_400.0, 0, "", "A", "A", ())
    assert by_day([last]).within(DateRange(date.max, None)).assets == 1


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
