"""Advice before originals are downloaded from iCloud, with figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.engine.api.spec import FetchWay, JobSpec, OriginalsChoice
from ambertime_tui.engine.api.status import PhoneSummary
from ambertime_tui.engine.plan.fetch_advice import advice_for, slice_ranges
from ambertime_tui.engine.plan.plan import Decision, Plan, PlannedAsset, plan_of
from ambertime_tui.library.model import Asset, Availability, Kind, Resource, Role
from ambertime_tui.phone.originals import KEPT_FREE, Shortcut, Wanted, slices
from ambertime_tui.simulator.shortcut import opened

GB = 1_000_000_000


def awaited(year: int, size: int, number: int = 0) -> PlannedAsset:
    """An item from June 1 that is only in iCloud."""
    created = datetime(year, 6, 1, 12, tzinfo=UTC).timestamp() + number
    resource = Resource(Role.PHOTO, "DCIM/100APPLE", f"{year}-{number}.HEIC", size, Availability.ICLOUD)
    asset = Asset(
        f"{year}-{number}", Kind.PHOTO, created, 0, "DCIM/100APPLE", "x.HEIC", "x.HEIC", (resource,)
    )
    return PlannedAsset(asset, Decision.FETCH, (resource,), size)


PLAN = plan_of(awaited(year, 5 * GB) for year in range(2010, 2018))


def advised(way: FetchWay, phone: PhoneSummary, plan: Plan = PLAN) -> str:
    """All advice for a job that includes iCloud."""
    return " ".join(advice_for(plan, JobSpec("/drive", originals=OriginalsChoice.ICLOUD, way=way), phone))


def test_a_phone_with_too_little_room_is_told_in_figures_and_ranges() -> None:
    phone = PhoneSummary("u", free_bytes=14 * GB)
    advice = advised(FetchWay.BY_HAND, phone)
    assert "40.0 GB" in advice
    assert "14.0 GB free" in advice
    assert "2010-06-01..2011-06-01, 2012-06-01..2013-06-01, 2014-06-01..2015-06-01 and 1 more" in advice
    assert "It takes 8 codes for 8 items." in advised(FetchWay.SHORTCUT, phone)
    assert "whole library" in advised(FetchWay.KEEP_ORIGINALS, phone)


def test_with_room_and_power_only_the_network_is_spoken_of() -> None:
    advice = advised(FetchWay.KEEP_ORIGINALS, PhoneSummary("u", free_bytes=100 * GB, on_power=True))
    assert "Wi-Fi" in advice
    assert "free" not in advice
    assert "power." not in advice


def test_keep_originals_needs_a_gibibyte_to_spare() -> None:
    size = 40 * GB
    fits, short = PhoneSummary("u", free_bytes=size + (1 << 30)), PhoneSummary("u", free_bytes=size)
    assert "Alternate" not in advised(FetchWay.KEEP_ORIGINALS, fits)
    assert "about 3 switches" in advised(FetchWay.KEEP_ORIGINALS, short)
    full = PhoneSummary("u", free_bytes=1 << 30)
    assert "too little free storage" in advised(FetchWay.KEEP_ORIGINALS, full)


def test_the_shortcut_says_beforehand_what_it_cannot_download() -> None:
    plain = awaited(2010, GB)
    edited = [replace(p, asset=replace(p.asset, edited=True)) for p in (awaited(2011, GB), awaited(2012, GB))]
    plan = plan_of([plain, *edited])
    roomy, tight = PhoneSummary("u", free_bytes=9 * GB), PhoneSummary("u", free_bytes=3 * GB)
    assert "cannot download 2 edited items. Download and Keep Originals can." in advised(
        FetchWay.SHORTCUT, roomy, plan
    )
    assert "cannot download 2 edited items. Open them in Photos" in advised(FetchWay.SHORTCUT, tight, plan)
    assert "cannot download" not in advised(FetchWay.KEEP_ORIGINALS, roomy, plan)


@pytest.mark.parametrize("way", FetchWay)
def test_a_phone_off_power_is_to_be_connected(way: FetchWay) -> None:
    assert "61%" in advised(way, PhoneSummary("u", battery_percent=61, on_power=False))


def test_a_job_for_what_is_on_the_phone_is_told_nothing_of_networks() -> None:
    phone = PhoneSummary("u", battery_percent=90, on_power=False, free_bytes=1)
    assert advice_for(PLAN, JobSpec("/drive"), phone) == []


def test_a_long_queue_over_many_years_begins_with_the_old_ones() -> None:
    many = plan_of(awaited(year, 1, n) for year in range(2010, 2020) for n in range(150))
    assert "..2015" in advised(FetchWay.SHORTCUT, PhoneSummary("u"), many)


WANTED = st.lists(
    st.builds(
        Wanted,
        st.uuids().map(str),
        st.floats(0, 2e9),
        st.integers(0, 1000),
    ),
    max_size=40,
    unique_by=lambda wanted: wanted.uuid,
).map(lambda found: sorted(found, key=lambda wanted: wanted.created or 0.0))


@given(WANTED, st.integers(1, 5000))
def test_slices_hold_everything_once_and_fit_where_a_day_does(found: list[Wanted], room: int) -> None:
    cut = slices(found, room)
    assert [one for part in cut for one in part] == found
    for part in cut:
        assert part
        assert sum(one.bytes for one in part) <= room or len(part) == 1


ZONES = st.sampled_from(["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin", "Asia/Kathmandu"])


@given(
    WANTED.filter(bool),
    st.lists(st.floats(0, 2e9), max_size=30),
    st.integers(0, 10_000),
    ZONES,
    st.booleans(),
)
def test_a_run_of_the_shortcut_finds_all_that_it_is_to_request(
    waiting: list[Wanted], others: list[float], more: int, zone: str, newest: bool
) -> None:
    free = KEPT_FREE + 2 * max(one.bytes for one in waiting) + 4 + more
    times = sorted([*(one.created or 0.0 for one in waiting), *others])
    request = Shortcut(times).request(reversed(waiting) if newest else waiting, free)
    assert request is not None
    assert request.uuids
    run = opened(request.code)
    midnight = datetime.combine(run.first, time(), ZoneInfo(zone)).timestamp()
    found = [moment for moment in times if moment > midnight][: run.count]
    for one in waiting:
        assert one.uuid not in request.uuids or one.created in found


def test_one_code_carries_thousands_of_items_that_fit() -> None:
    waiting = [Wanted(str(n), float(n * 600), 5_000_000) for n in range(85_000)]
    shortcut = Shortcut([one.created or 0.0 for one in waiting])
    assert shortcut.runs(waiting, 64 * GB) <= 18
    assert shortcut.runs(waiting, 10 * GB) == 66, "6.7 GB at once"
    assert Shortcut().runs(waiting[:100], 1 * GB) == 0, "less than 1 GiB stays free"
    assert Shortcut().runs(waiting[:100], KEPT_FREE + 70_000_000) == 10


def test_a_run_does_not_pass_many_items_that_are_not_wanted() -> None:
    waiting = [Wanted("first", 0.0, 1), Wanted("last", 1e9, 1)]
    between = [n * 1e5 for n in range(1, 10_000)]
    assert Shortcut([0.0, *between, 1e9]).runs(waiting, None) == 2
    assert Shortcut([0.0, *between[:400], 1e9]).runs(waiting, None) == 1


def test_hidden_and_undated_items_are_not_asked_for_by_a_shortcut() -> None:
    assert Shortcut().request([Wanted("a", None, 1), Wanted("b", 1.0, 1, findable=False)], 10) is None


def test_ranges_for_slices_cover_each_day() -> None:
    assert slice_ranges(PLAN, 12 * GB)[0] == "2010-06-01..2011-06-01"
    assert slice_ranges(PLAN, 1) == [f"{year}-06-01" for year in range(2010, 2018)]
