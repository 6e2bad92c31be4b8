"""The date-range grammar: the meaning of each form, and that printed ranges can be parsed."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.library.date_range import (
    EVERYTHING,
    DateRange,
    DateRangeError,
    is_relative,
    parse_date_range,
)

TODAY = date(2024, 11, 22)  # a Friday

days = st.dates()
ranges = st.builds(
    lambda a, b: DateRange(min(a, b), max(a, b)) if a and b else DateRange(a, b),
    st.none() | days,
    st.none() | days,
)


@pytest.mark.parametrize(
    "text", ["last 90 days", "this year", "yesterday", "older than 2 years", "since last week"]
)
def test_ranges_that_move_with_the_day_are_relative(text: str) -> None:
    assert is_relative(text)


@given(ranges)
def test_other_ranges_are_not(days: DateRange) -> None:
    assert not is_relative(str(days))


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("all", "all"),
        ("everything", "all"),
        ("..", "all"),
        ("2023", "2023"),
        (" 2023 ", "2023"),
        ("2023-05", "2023-05"),
        ("2023-5", "2023-05"),
        ("2023-05-17", "2023-05-17"),
        ("2023q2", "2023-04..2023-06"),
        ("2023-Q4", "2023-10..2023-12"),
        ("2023-05..2024-02", "2023-05..2024-02"),
        ("2023 .. 2024", "2023..2024"),
        ("2020..2020", "2020"),
        ("2023q1..2023q4", "2023"),
        ("..2023", "..2023"),
        ("2024..", "2024.."),
        ("2023-01-15,2023-03-15", "2023-01-15..2023-03-15"),
        ("2023 to 2024", "2023..2024"),
        ("from 2023 to 2024", "2023..2024"),
        ("before 2024", "..2023"),
        ("before 2024-03", "..2024-02"),
        ("until 2024", "..2024"),
        ("since 2024-03-01", "2024-03.."),
        ("from 2024", "2024.."),
        ("after 2023", "2024.."),
        ("after 2024-02-28", "2024-02-29.."),
        ("since last year", "2023.."),
        ("today", "2024-11-22"),
        ("yesterday", "2024-11-21"),
        ("yesterday..today", "2024-11-21..2024-11-22"),
        ("this year", "2024"),
        ("last year", "2023"),
        ("this month", "2024-11"),
        ("Last Month", "2024-10"),
        ("this quarter", "2024-10..2024-12"),
        ("last quarter", "2024-07..2024-09"),
        ("this week", "2024-11-18..2024-11-24"),
        ("last week", "2024-11-11..2024-11-17"),
        ("last 1 day", "2024-11-22"),
        ("last 90 days", "2024-08-25..2024-11-22"),
        ("older than 90 days", "..2024-08-24"),
        ("Older than 2 years", "..2022-11-22"),
        ("older than 1 w", "..2024-11-15"),
        ("90d", "2024-08-25..2024-11-22"),
        ("past 2 weeks", "2024-11-09..2024-11-22"),
        ("6 months", "2024-05-23..2024-11-22"),
        ("last 12 months", "2023-11-23..2024-11-22"),
        ("2y", "2022-11-23..2024-11-22"),
    ],
)
def test_each_form_means_what_it_says(text: str, canonical: str) -> None:
    assert str(parse_date_range(text, TODAY)) == canonical


@pytest.mark.parametrize(
    ("today", "text", "canonical"),
    [
        (date(2024, 2, 29), "last 12 months", "2023-03..2024-02"),
        (date(2024, 3, 31), "last 1 month", "2024-03"),
        (date(2024, 1, 10), "last month", "2023-12"),
        (date(2024, 1, 10), "last quarter", "2023-10..2023-12"),
        (date(2024, 12, 31), "last 1 year", "2024"),
    ],
)
def test_relative_forms_count_from_today(today: date, text: str, canonical: str) -> None:
    assert str(parse_date_range(text, today)) == canonical


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("2024..2023", "is after its end"),
        ("2023-02-29", "day that does not exist"),
        ("2023-13", "invalid month"),
        ("2023-00", "invalid month"),
        ("0000", "outside the years"),
        ("before 0001", "There is no day before"),
        ("after 9999", "There is no day after"),
        ("last 0 days", "is empty"),
        ("last 9999999 years", "outside the years"),
        ("99999999999999999999d", "outside the years"),
        ("20233", "not a date or range"),
        ("2dfoo", "not a date or range"),
        ("2023q5", "not a date or range"),
        ("2023..2024..2025", "not a date or range"),
        ("since ..2023", "not a date or range"),
        ("next year", "not a date or range"),
    ],
)
def test_what_is_no_range_is_refused_with_a_sentence(text: str, reason: str) -> None:
    with pytest.raises(DateRangeError, match=reason):
        parse_date_range(text, TODAY)


@given(ranges, days)
def test_what_is_printed_parses_to_the_same_range_on_any_day(chosen: DateRange, today: date) -> None:
    assert parse_date_range(str(chosen), today) == chosen


@given(ranges, days)
def test_the_canonical_text_is_its_own_canonical_text(chosen: DateRange, today: date) -> None:
    assert str(parse_date_range(str(chosen).upper(), today)) == str(chosen)


@given(ranges, days)
def test_both_ends_are_in_the_range(chosen: DateRange, day: date) -> None:
    for end in (chosen.start, chosen.end):
        assert end is None or end in chosen
    inside = (chosen.start or date.min) <= day <= (chosen.end or date.max)
    assert (day in chosen) == inside


@given(st.text(max_size=40), days)
def test_any_text_is_a_range_or_a_sentence(text: str, today: date) -> None:
    try:
        chosen = parse_date_range(text, today)
    except DateRangeError as error:
        assert str(error).endswith(".")
    else:
        assert parse_date_range(str(chosen), today) == chosen


relative = st.builds(
    "{} {}".format,
    st.sampled_from(["this", "last", "last 1", "last 30", "past 400", "7"]),
    st.sampled_from(
        ["year", "years", "quarter", "month", "months", "week", "weeks", "day", "days", "d", "w"]
    ),
)


@given(relative, st.dates(date(1900, 1, 1)))
def test_a_relative_range_ends_this_side_of_the_current_unit(text: str, today: date) -> None:
    try:
        chosen = parse_date_range(text, today)
    except DateRangeError:
        return
    assert chosen.start is not None
    assert chosen.end is not None
    assert chosen.start <= today
    assert (chosen.end - today).days <= 366
    if text.startswith("last ") and text[5].isdigit():
        assert chosen.end == today


def test_the_undated_are_only_in_the_range_of_everything() -> None:
    assert None in EVERYTHING
    assert None not in DateRange(date.min, None)
    assert None not in DateRange(None, date.max)


def test_a_range_that_ends_before_it_begins_cannot_be_made() -> None:
    with pytest.raises(DateRangeError):
        DateRange(date(2024, 1, 2), date(2024, 1, 1))
