"""The state of the range picker: handles that move by months, and columns to draw."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.library.date_range import DateRange
from ambertime_tui.tui.range_picker import End, RangePicker, Unit, axis_for, labels, presets

LIBRARY = RangePicker(date(2016, 6, 14), date(2026, 11, 20))
days = st.dates(date(1990, 1, 1), date(2040, 12, 31))


@st.composite
def pickers(draw: st.DrawFn) -> RangePicker:
    first, last = sorted((draw(days), draw(days)))
    start, end = sorted((draw(days), draw(days)))
    chosen = DateRange(draw(st.sampled_from([None, start])), draw(st.sampled_from([None, end])))
    return RangePicker(first, last, chosen, draw(st.sampled_from(End)), draw(st.sampled_from(Unit)))


moves = st.sampled_from(
    [
        lambda p: p.moved(1),
        lambda p: p.moved(-1),
        lambda p: p.moved(1, far=True),
        lambda p: p.moved(-1, far=True),
        lambda p: p.to_edge(forward=True),
        lambda p: p.to_edge(forward=False),
        lambda p: p.swapped(),
        lambda p: p.zoomed(1),
        lambda p: p.zoomed(-1),
    ]
)


@given(pickers(), st.lists(moves, max_size=20))
def test_no_sequence_of_keys_makes_an_invalid_range(picker: RangePicker, keys: list) -> None:  # type: ignore[type-arg]
    for key in keys:
        picker = key(picker)
        assert picker.first <= picker.start <= picker.end <= picker.last


@given(pickers(), st.integers(1, 300))
def test_columns_fit_and_cover_every_day(picker: RangePicker, width: int) -> None:
    axis = axis_for(picker, width)
    assert axis.width <= max(width, 1)
    for left, right in zip(axis.buckets, axis.buckets[1:], strict=False):
        assert (right.start - left.end).days == 1
    assert axis.buckets[0].start <= picker.handle <= axis.buckets[-1].end
    assert len(labels(axis, picker.unit)) <= max(width, 1)


def test_the_left_handle_moves_by_months_and_opens_the_range_at_the_edge() -> None:
    later = LIBRARY.moved(1)
    assert later.range == DateRange(date(2016, 7, 1), None)
    assert later.moved(-1).range == DateRange()


def test_the_right_handle_is_on_the_last_day_of_a_month() -> None:
    earlier = LIBRARY.swapped().moved(-1)
    assert earlier.range == DateRange(None, date(2026, 10, 31))
    assert earlier.moved(-1, far=True).range == DateRange(None, date(2025, 10, 31))
    assert earlier.moved(1).range == DateRange()


def test_by_days_a_handle_moves_a_day_and_far_a_month() -> None:
    by_day = LIBRARY.of(DateRange(date(2020, 2, 28), None)).zoomed(1)
    assert by_day.moved(1).range.start == date(2020, 2, 29)
    assert by_day.moved(1, far=True).range.start == date(2020, 3, 28)


def test_handles_never_cross() -> None:
    narrow = LIBRARY.of(DateRange(date(2020, 5, 1), date(2020, 5, 31)))
    assert narrow.moved(1).range == narrow.range
    assert narrow.swapped().moved(-1).range == narrow.range


def test_months_that_do_not_fit_share_columns() -> None:
    assert axis_for(LIBRARY, 130).buckets[1].start == date(2016, 7, 1)
    assert (axis_for(LIBRARY, 76).buckets[1].start - axis_for(LIBRARY, 76).buckets[0].start).days == 61


def test_a_short_library_has_wide_columns() -> None:
    axis = axis_for(RangePicker(date(2026, 1, 3), date(2026, 6, 3)), 60)
    assert (len(axis.buckets), axis.column, axis.gap) == (6, 9, 1)


@pytest.mark.parametrize(
    ("key", "chosen"),
    [
        ("1", DateRange()),
        ("2", DateRange(date(2024, 1, 1), date(2024, 12, 31))),
        ("3", DateRange(date(2023, 1, 1), date(2023, 12, 31))),
        ("4", DateRange(date(2023, 3, 1), date(2024, 2, 29))),
        ("5", DateRange(None, date(2022, 2, 28))),
        ("6", DateRange(date(2024, 1, 5), None)),
    ],
)
def test_presets_know_leap_days(key: str, chosen: DateRange) -> None:
    found = {preset.key: preset.range for preset in presets(date(2024, 2, 29), date(2024, 1, 5))}
    assert found[key] == chosen


def test_without_a_last_backup_there_is_no_preset_for_it() -> None:
    assert len(presets(date(2024, 2, 29))) == 5
