"""Copying starts gently, and speeds up as the phone bears it."""

from __future__ import annotations

from ambertime_tui.engine.job.concurrency_limit import (
    AT_FIRST,
    SUCCESSES_AFTER_STALL,
    SUCCESSES_PER_SLOT,
    ConcurrencyLimit,
)


def test_it_starts_with_a_few_and_rises_one_by_one_to_the_maximum() -> None:
    limit = ConcurrencyLimit(16)
    seen = [limit.limit]
    succeeded = 0
    while limit.limit < 16:
        limit.succeeded()
        succeeded += 1
        if limit.limit != seen[-1]:
            seen.append(limit.limit)
    assert seen == list(range(AT_FIRST, 17))
    assert succeeded == sum(range(AT_FIRST, 16))
    limit.succeeded()
    assert limit.limit == 16


def test_a_phone_that_cannot_keep_up_gets_half_as_many_and_one_cause_counts_once() -> None:
    limit, cause = ConcurrencyLimit(16, at_first=16), object()
    limit.reduce(cause)
    limit.reduce(cause)
    assert limit.limit == 8
    for other in range(5):
        limit.reduce(other)
    assert limit.limit == 1


def test_after_trouble_it_rises_more_slowly() -> None:
    limit = ConcurrencyLimit(16)
    limit.reduce("the phone could not keep up")
    for _ in range(SUCCESSES_PER_SLOT * 2 - 1):
        limit.succeeded()
    assert limit.limit == 2
    limit.succeeded()
    assert limit.limit == 3


def test_a_maximum_below_the_start_is_kept() -> None:
    assert ConcurrencyLimit(2).limit == 2


def test_after_a_stall_it_rises_only_after_a_thousand_successes_and_after_two_later_still() -> None:
    limit = ConcurrencyLimit(16)
    limit.reduce("the phone froze", after_stall=True)
    for _ in range(SUCCESSES_AFTER_STALL):
        assert limit.limit == 2
        limit.succeeded()
    assert limit.limit == 3
    limit.reduce("it froze again", after_stall=True)
    for _ in range(2 * SUCCESSES_AFTER_STALL):
        assert limit.limit == 1
        limit.succeeded()
    assert limit.limit == 2
