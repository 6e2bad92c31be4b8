"""Numbers as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.units import SIZE_WIDTH, about, duration, elapsed, first_of, percent, plural, size


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (99_949, "99.9 kB"),
        (99_999, "100 kB"),
        (999_999, "1.0 MB"),
        (18_400_000_000, "18.4 GB"),
        (412_000_000_000, "412 GB"),
    ],
)
def test_sizes_are_decimal_and_no_finer_than_three_figures(count: int, text: str) -> None:
    assert size(count) == text


@given(st.integers(0, 10**18))
def test_no_size_is_wider_than_its_column(count: int) -> None:
    assert len(size(count)) <= SIZE_WIDTH


@given(st.integers(1, 10**15), st.data())
def test_a_hundred_percent_means_all(total: int, data: st.DataObject) -> None:
    done = data.draw(st.integers(0, total))
    assert (percent(done, total).strip() == "100%") == (done == total)


def test_durations_are_a_clock_and_estimates_are_no_finer_than_they_deserve() -> None:
    assert (elapsed(8), elapsed(754), elapsed(3723)) == ("0:08", "12:34", "1:02:03")
    assert (about(20), about(360), about(7800), about(100 * 3600)) == (
        "under a minute",
        "6 min",
        "2 h 10 min",
        "4 days",
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (45, "45 s"),
        (119, "119 s"),
        (120, "2 min"),
        (5400, "90 min"),
        (7200, "2 h"),
        (86400, "24 h"),
    ],
)
def test_a_duration_in_a_sentence_has_one_unit(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_count_agrees_with_its_word_and_verb() -> None:
    assert (plural(1, "item"), plural(0, "item"), plural(2341, "item")) == (
        "1 item",
        "0 items",
        "2,341 items",
    )
    assert (plural(1, "item is", "items are"), plural(2, "item is", "items are")) == (
        "1 item is",
        "2 items are",
    )


def test_the_first_names_of_a_list_say_how_many_follow() -> None:
    assert first_of(["a", "b"], 3) == "a, b"
    assert first_of(["a", "b", "c", "d"], 3) == "a, b, c and 1 more"
    assert first_of(["a", "b"], 2, total=1_002) == "a, b and 1,000 more"
