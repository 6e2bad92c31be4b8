"""The choice of a few items to try first, and what their arrival says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.engine.api.spec import FetchWay
from ambertime_tui.engine.api.status import Tally
from ambertime_tui.engine.api.trial import KIND_WORDS, KindResult, TrialResult
from ambertime_tui.engine.plan.trial import (
    MOST_IN_A_RUN,
    MOST_RUNS,
    Candidate,
    fewest_days,
    findings,
    is_worth_trying,
    kind_results,
    one_of_each,
    sample,
    whole_queue,
)
from ambertime_tui.engine.plan.way_abilities import OriginalKind

KINDS = st.frozensets(st.sampled_from(list(OriginalKind)), max_size=3)
DAYS = st.sampled_from(["", "2019-03-01", "2019-03-02", "2020-07-14", "2021-12-24"])
WAITING = st.lists(
    st.builds(Candidate, st.uuids().map(str), DAYS, st.integers(0, 10_000), KINDS),
    max_size=30,
    unique_by=lambda one: one.uuid,
)


def kinds_of(uuids: tuple[str, ...], waiting: list[Candidate]) -> frozenset[OriginalKind]:
    return frozenset(kind for one in waiting if one.uuid in uuids for kind in one.kinds)


@given(WAITING)
def test_by_hand_every_kind_is_tried_and_no_item_for_nothing(waiting: list[Candidate]) -> None:
    chosen = one_of_each(waiting)
    everything = kinds_of(tuple(one.uuid for one in waiting), waiting)
    assert kinds_of(chosen, waiting) == everything
    for uuid in chosen:
        assert kinds_of(tuple(one for one in chosen if one != uuid), waiting) != everything


@given(WAITING)
def test_a_shortcut_tries_few_days_and_all_kinds_if_they_suffice(waiting: list[Candidate]) -> None:
    groups = fewest_days(waiting)
    assert len(groups) <= MOST_RUNS
    day_of = {one.uuid: one.day for one in waiting}
    for group in groups:
        assert 0 < len(group) <= MOST_IN_A_RUN
        assert len({day_of[uuid] for uuid in group}) == 1
        assert day_of[group[0]]
    dated = tuple(one.uuid for one in waiting if one.day)
    tried = kinds_of(tuple(uuid for group in groups for uuid in group), waiting)
    assert tried <= kinds_of(dated, waiting)
    if len(groups) < MOST_RUNS:
        assert tried == kinds_of(dated, waiting)


def test_one_day_that_has_all_kinds_is_enough() -> None:
    photo, video = frozenset({OriginalKind.PHOTO}), frozenset({OriginalKind.VIDEO})
    waiting = [
        Candidate("a", "2019-03-01", 1, photo),
        Candidate("b", "2019-03-02", 9, photo),
        Candidate("c", "2019-03-02", 9, photo),
        Candidate("d", "2019-03-02", 9, video),
        Candidate("e", "2019-03-02", 9, photo),
    ]
    assert fewest_days(waiting) == (("b", "c", "d"),)
    assert sample(FetchWay.SHORTCUT, waiting) == (("b", "c", "d"),)
    assert sample(FetchWay.BY_HAND, waiting) == (("a", "d"),)
    assert sample(FetchWay.KEEP_ORIGINALS, waiting) == ()


def test_a_short_queue_is_not_tried() -> None:
    assert not is_worth_trying((("a", "b"),), 7)
    assert is_worth_trying((("a", "b"),), 8)
    assert not is_worth_trying((), 20)


@given(st.floats(5, 1e5), st.integers(1, 50), st.integers(1, 10**10), st.integers(1, 10**6))
def test_the_time_for_the_rest_follows_from_what_was_measured(
    seconds: float, items: int, size: int, count: int
) -> None:
    result = TrialResult(
        "18.1", FetchWay.SHORTCUT, 0.0, items=items + 1, seconds=seconds, measured_items=items,
        measured_bytes=size,
    )  # fmt: skip
    estimate = whole_queue(result, Tally(count, count * size))
    assert estimate is not None
    assert 0 < estimate[0] <= estimate[1]
    same = whole_queue(result, Tally(items, size))
    assert same is not None
    assert abs(same[0] - seconds) < 1e-6 * seconds
    assert abs(same[1] - seconds) < 1e-6 * seconds


def test_one_arrival_gives_no_estimate() -> None:
    result = TrialResult("18.1", FetchWay.BY_HAND, 0.0, (KindResult("photo", 1, 1),), items=1, bytes=5)
    assert whole_queue(result, Tally(9, 900)) is None
    assert "too little arrived" in findings(result, Tally(9, 900))[-1]


def test_what_did_not_arrive_is_named() -> None:
    asked = {"a": frozenset({OriginalKind.PHOTO}), "b": frozenset({OriginalKind.RAW})}
    kinds = kind_results(asked, {"a": asked["a"]})
    assert kinds == (KindResult("photo", 1, 1), KindResult("raw", 1, 0))
    result = TrialResult("18.1", FetchWay.BY_HAND, 0.0, kinds, items=1, bytes=2_000_000, grew=1, proved=1)
    assert result.sentences == (
        "1 item arrived (2.0 MB): photos. Did not arrive: RAW files.",
        "Files grow at their final place; AmberTime copies each when it is complete.",
        "1 copied file fits Apple's fingerprint.",
    )
    assert (
        "Nothing arrived" in findings(TrialResult("18.1", FetchWay.SHORTCUT, 0.0, kinds[1:]), Tally(9, 9))[0]
    )


def test_every_kind_has_words() -> None:
    assert set(KIND_WORDS) == set(OriginalKind) - {OriginalKind.NOT_FOUND}
