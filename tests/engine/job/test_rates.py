"""Rates over the last seconds, and times left over the last minutes."""

from __future__ import annotations

import pytest

from ambertime_tui.engine.job.rate_meter import (
    ETA_WINDOW,
    FIRST_ETA_AFTER,
    HISTORY,
    RATE_WINDOW,
    RateMeter,
)


def steadily(meter: RateMeter, size: int, seconds: range) -> None:
    """`size` bytes in each of some seconds."""
    for second in seconds:
        meter.add(size, second + 0.5)
    meter.advance(float(seconds.stop))


def test_a_steady_flow_has_its_rate() -> None:
    meter = RateMeter(0.0)
    steadily(meter, 1_000_000, range(100, 130))
    assert meter.rate() == 1_000_000
    assert sum(meter.history()) == 30_000_000


def test_there_is_no_rate_before_the_first_second() -> None:
    meter = RateMeter(0.0)
    assert meter.rate() is None
    assert not meter.advance(50.0)
    assert meter.history() == ()
    assert meter.time_left(10, 50.0) is None


def test_no_time_left_is_given_in_the_first_seconds() -> None:
    meter = RateMeter(0.0)
    steadily(meter, 2_000_000, range(5))
    assert meter.time_left(100_000_000, 5.0) is None
    steadily(meter, 2_000_000, range(5, 20))
    assert FIRST_ETA_AFTER < 20
    assert meter.time_left(100_000_000, 20.0) == pytest.approx(50.0)


def test_at_a_standstill_the_rate_is_zero_and_no_time_left_is_given() -> None:
    meter = RateMeter(0.0)
    steadily(meter, 1_000_000, range(20))
    assert meter.advance(20.0 + RATE_WINDOW)
    assert meter.rate() == 0.0
    assert meter.time_left(1000, 20.0 + RATE_WINDOW) is None
    meter.advance(20.0 + 2 * HISTORY)
    assert not meter.advance(21.0 + 2 * HISTORY)


def test_a_few_slow_seconds_change_the_rate_and_hardly_the_time_left() -> None:
    meter = RateMeter(0.0)
    steadily(meter, 2_000_000, range(170))
    steadily(meter, 200_000, range(170, 180))
    assert meter.rate() == 200_000
    left = meter.time_left(190_000_000, 180.0)
    assert left is not None
    assert 95 < left < 105


def test_the_time_left_ignores_what_is_older_than_a_few_minutes() -> None:
    meter = RateMeter(0.0)
    steadily(meter, 5_000_000, range(100))
    steadily(meter, 1_000_000, range(100, 100 + ETA_WINDOW))
    assert meter.time_left(60_000_000, 100.0 + ETA_WINDOW) == pytest.approx(60.0)


def test_a_pause_does_not_count_as_slow() -> None:
    meter = RateMeter(0.0)
    steadily(meter, 1_000_000, range(60))
    meter.restart(120.0)
    steadily(meter, 1_000_000, range(120, 140))
    assert meter.time_left(30_000_000, 140.0) == pytest.approx(30.0)


def test_right_after_a_pause_no_time_left_is_given() -> None:
    meter = RateMeter(0.0)
    steadily(meter, 1_000_000, range(60))
    meter.restart(120.0)
    steadily(meter, 1_000_000, range(120, 123))
    assert meter.time_left(30_000_000, 123.0) is None


def test_the_history_is_bounded() -> None:
    meter = RateMeter(0.0)
    steadily(meter, 10, range(2 * HISTORY))
    assert len(meter.history()) == HISTORY
