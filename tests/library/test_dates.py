"""Times, offsets and zone names in the database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.library import dates
from ambertime_tui.library.model import Asset, Kind
from ambertime_tui.library.photos_db import read_library
from tests.library.planted import ADDED, COCOA_EPOCH, Planted, uuid_of


def captured(created: float | None, offset: int | None) -> Asset:
    return Asset("A1", Kind.PHOTO, created, offset, "DCIM/100APPLE", "A.HEIC", "A.HEIC", ())


@given(st.datetimes(datetime(1826, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC)))
def test_an_instant_comes_back_to_the_microsecond(instant: datetime) -> None:
    seconds = (instant - datetime(2001, 1, 1, tzinfo=UTC)).total_seconds()
    created = dates.unix_time(seconds)
    local = captured(created, None).local_time
    assert local is not None
    assert abs(local - instant) <= timedelta(microseconds=2)


@given(
    st.floats(dates.EARLIEST, dates.LATEST - 1),
    st.one_of(st.none(), st.integers(-16 * 3600, 16 * 3600)),
)
def test_the_day_is_the_calendar_day_of_the_local_time(created: float, offset: int | None) -> None:
    asset = captured(round(created), offset)
    assert asset.local_time is not None
    assert asset.day == asset.local_time.date()
    assert asset.day_number == asset.day.toordinal()


@given(st.one_of(st.floats(), st.integers(), st.text(), st.binary(), st.none(), st.booleans()))
def test_any_value_is_an_instant_that_a_calendar_holds_or_none(value: object) -> None:
    created = dates.unix_time(value)
    assert captured(created, None).day is None or created is not None


def test_the_day_is_that_of_the_place_not_of_greenwich() -> None:
    instant = datetime(2024, 12, 31, 23, 30, tzinfo=UTC).timestamp()
    assert captured(instant, 3600).day == date(2025, 1, 1)
    assert captured(instant, -3600).day == date(2024, 12, 31)
    assert captured(instant, None).day == date(2024, 12, 31)


@pytest.mark.parametrize("offset", [86_400, -86_400, 57_601, 1.5, "3600", True, None])
def test_an_offset_that_no_place_has_is_unknown(offset: object) -> None:
    assert dates.zone_offset(offset) is None


@pytest.mark.parametrize(
    ("name", "offset"),
    [
        ("GMT-0400", -14_400),
        ("GMT+0530", 19_800),
        ("GMT", 0),
        ("UTC+1", 3600),
        ("GMT+9900", None),
        ("Not/A/Zone", None),
        ("../../etc/passwd", None),
        ("", None),
    ],
)
def test_a_zone_is_known_by_its_name(name: str, offset: int | None) -> None:
    assert dates.offset_of_zone(name, 0.0) == offset


def test_a_place_has_the_offset_of_its_season() -> None:
    assert dates.offset_of_zone("Europe/Paris", datetime(2024, 7, 1, tzinfo=UTC).timestamp()) == 7200
    assert dates.offset_of_zone("Europe/Paris", datetime(2024, 1, 1, tzinfo=UTC).timestamp()) == 3600
    assert dates.offset_of_zone("Europe/Paris", None) is None


def test_the_name_of_the_zone_replaces_an_absent_offset(tmp_path: Path) -> None:
    planted = Planted(tmp_path / "Photos.sqlite")
    planted.asset(about={"ZTIMEZONEOFFSET": None, "ZTIMEZONENAME": "GMT-0400"})
    planted.asset(about={"ZTIMEZONEOFFSET": None, "ZTIMEZONENAME": None})
    first, second = read_library(planted.written()).assets
    assert (first.zone_offset, first.zone_name) == (-14_400, "GMT-0400")
    assert (second.zone_offset, second.zone_name) == (None, None)


def test_what_was_captured_after_the_library_was_read_is_undated(tmp_path: Path) -> None:
    now = 800_000_000.0 + COCOA_EPOCH
    planted = Planted(tmp_path / "Photos.sqlite")
    planted.asset(ZDATECREATED=800_000_000.0 + 86_400)
    planted.asset(ZDATECREATED=800_000_000.0 + 3 * 86_400)
    planted.asset(ZADDEDDATE=1e15)
    planted.asset(ZADDEDDATE=None)
    library = read_library(planted.written(), now=now)
    assert [a.created is None for a in library.assets] == [False, True, False, False]
    assert uuid_of(2) in library.notices[0]


@pytest.mark.parametrize("now", [0.0, 86_400.0, ADDED + COCOA_EPOCH - 1e8])
def test_a_computer_whose_clock_is_not_set_dates_them_all_the_same(now: float, tmp_path: Path) -> None:
    planted = Planted(tmp_path / "Photos.sqlite")
    planted.asset(ZDATECREATED=ADDED - 5)
    planted.asset(ZDATECREATED=ADDED + 3 * 86_400)
    library = read_library(planted.written(), now=now)
    assert [a.created is None for a in library.assets] == [False, True]


@pytest.mark.parametrize("added", [0, None, -5.0, "yesterday", b"\xff", 1e300])
def test_odd_dates_of_arrival_date_nothing_otherwise(added: object, tmp_path: Path) -> None:
    planted = Planted(tmp_path / "Photos.sqlite")
    for _ in range(3):
        planted.asset(ZADDEDDATE=added)
    library = read_library(planted.written(), now=ADDED + COCOA_EPOCH)
    assert [a.created is None for a in library.assets] == [False] * 3


def test_without_a_clock_the_year_2100_is_the_end(tmp_path: Path) -> None:
    planted = Planted(tmp_path / "Photos.sqlite")
    end = datetime(2100, 1, 1, tzinfo=UTC).timestamp() - COCOA_EPOCH
    planted.asset(ZDATECREATED=end - 1)
    planted.asset(ZDATECREATED=end)
    library = read_library(planted.written())
    assert [a.created is None for a in library.assets] == [False, True]


def test_a_date_before_photography_is_none(tmp_path: Path) -> None:
    begin = datetime(1826, 1, 1, tzinfo=UTC).timestamp() - COCOA_EPOCH
    assert dates.unix_time(begin) == dates.EARLIEST
    assert dates.unix_time(begin - 1) is None
