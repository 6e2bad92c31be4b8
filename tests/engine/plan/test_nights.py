"""Progress over many nights: counted exactly, estimated only from complete nights."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.engine.api.status import Tally
from ambertime_tui.engine.plan.nights import (
    KEPT_NIGHTS,
    MEASURED_NIGHTS,
    Night,
    Nights,
    night_of,
    nights_left,
    nights_status,
)

FIRST = date(2026, 11, 1)
MB = 1_000_000
TALLIES = st.builds(Tally, st.integers(0, 5000), st.integers(0, 10**10))


def name(number: int) -> str:
    """The name of a night."""
    return (FIRST + timedelta(days=number)).isoformat()


def alike(count: int, came: Tally) -> Nights:
    """So many nights in which the same came."""
    nights = Nights()
    for number in range(count):
        nights = nights.with_night(name(number), came)
    return nights


def test_a_night_lasts_from_noon_to_noon() -> None:
    assert night_of(datetime(2026, 11, 27, 12, 0)) == "2026-11-27"
    assert night_of(datetime(2026, 11, 28, 7, 30)) == "2026-11-27"
    assert night_of(datetime(2026, 11, 28, 12, 0)) == "2026-11-28"


def test_six_nights_of_85_000_are_said_as_a_person_would() -> None:
    came = Tally(2_057, 9_680 * MB)
    status = nights_status(alike(6, came), name(6), Tally(72_658, 342_000 * MB))
    assert (status.came, status.of, status.nights, status.nights_left) == (12_342, 85_000, 6, 36)
    assert status.sentence == (
        "12,342 of 85,000 from iCloud, 6 nights so far, about 36 left at the rate of the last nights."
    )


def test_the_slower_of_items_and_bytes_decides() -> None:
    small_first = alike(2, Tally(1_000, 100 * MB))
    assert nights_left(small_first.last, name(2), Tally(1_000, 1_000 * MB)) == 10
    assert nights_left(small_first.last, name(2), Tally(8_000, 100 * MB)) == 8


def test_nothing_is_estimated_before_a_night_is_over_or_if_nothing_came() -> None:
    tonight = Nights().with_night(name(0), Tally(500, MB))
    assert nights_left(tonight.last, name(0), Tally(10, MB)) is None
    assert nights_status(tonight, name(0), Tally(10, MB)).sentence == ""
    quiet = alike(3, Tally())
    assert nights_left(quiet.last, name(3), Tally(10, MB)) is None
    assert nights_status(quiet, name(3), Tally(10, MB)).sentence == "0 of 10 from iCloud, 3 nights so far."


def test_a_night_without_wifi_makes_the_estimate_longer() -> None:
    good = alike(2, Tally(100, MB))
    bad = good.with_night(name(2), Tally())
    left = Tally(1_000, 10 * MB)
    assert (nights_left(good.last, name(3), left), nights_left(bad.last, name(3), left)) == (10, 15)


@given(st.lists(st.tuples(st.integers(0, 200), TALLIES), max_size=150))
def test_nothing_is_lost_or_counted_twice(came: list[tuple[int, Tally]]) -> None:
    nights, names = Nights(), set[str]()
    for number, size in came:  # also when somebody turns the clock back
        latest = max(names, default="")
        names.add(max(name(number), latest))
        nights = nights.with_night(name(number), size)
    assert nights.came == sum((size for _, size in came), Tally())
    assert nights.count == len(names)
    assert len(nights.last) <= KEPT_NIGHTS
    assert [night.name for night in nights.last] == sorted(night.name for night in nights.last)


@given(st.lists(TALLIES, min_size=1, max_size=20), TALLIES, TALLIES)
def test_more_to_come_never_takes_fewer_nights(rates: list[Tally], left: Tally, more: Tally) -> None:
    nights = [Night(name(number), came) for number, came in enumerate(rates)]
    tonight = name(len(rates))
    now, then = nights_left(nights, tonight, left), nights_left(nights, tonight, left + more)
    if now is not None and then is not None:
        assert now <= then
    if now and left.count:
        measured = sum(rates[-MEASURED_NIGHTS:], Tally())
        nights_measured = min(len(rates), MEASURED_NIGHTS)
        assert now * measured.count >= left.count * nights_measured or now == 1
