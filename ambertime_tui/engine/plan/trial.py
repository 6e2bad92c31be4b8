"""The trial of a way of asking: which few items to ask for first, and what their arrival says. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ambertime_tui import units
from ambertime_tui.engine.api.spec import FetchWay
from ambertime_tui.engine.api.status import Tally
from ambertime_tui.engine.api.trial import KindResult, TrialResult
from ambertime_tui.engine.plan.plan import PlannedAsset, expected
from ambertime_tui.engine.plan.way_abilities import OriginalKind, can_bring, kind_of

FIRST_ARRIVALS = 6
"""Arrivals that are observed where iOS chooses what it downloads."""
MOST_RUNS = 3
"""The most codes of a trial."""
MOST_IN_A_RUN = 40
"""The most items in one code of a trial."""
WORTH_TRYING = 4
"""A queue is tried first only if it is so many times larger than the sample."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item of the queue, as far as the choice of a sample needs it."""

    uuid: str
    day: str
    """ISO; items of a day are requested together."""
    bytes: int
    kinds: frozenset[OriginalKind]


def candidate(way: FetchWay, planned: PlannedAsset) -> Candidate:
    """A waiting item; its kinds are those that the way can bring. Hidden items are hard to find by hand."""
    able = (r for r in expected(planned) if can_bring(way, planned.asset, r))
    kinds = frozenset(kind_of(planned.asset, r) for r in able) - {OriginalKind.NOT_FOUND}
    return Candidate(planned.asset.uuid, planned.day, planned.bytes, kinds)


def sample(way: FetchWay, waiting: Iterable[Candidate]) -> tuple[tuple[str, ...], ...]:
    """Choose the uuids to ask for first, in groups that are requested one after the other.

    Empty: the first arrivals are observed, whatever they are.

    Args:
        way: how iOS is asked.
        waiting: all waiting items, in the order of the queue.
    """
    match way:
        case FetchWay.KEEP_ORIGINALS:
            return ()
        case FetchWay.BY_HAND:
            chosen = one_of_each(waiting)
            return (chosen,) if chosen else ()
        case FetchWay.SHORTCUT:
            return fewest_days(waiting)


def one_of_each(waiting: Iterable[Candidate]) -> tuple[str, ...]:
    """The smallest item of each kind; an item whose kinds are covered by the others is left out."""
    smallest: dict[OriginalKind, Candidate] = {}
    for one in waiting:
        for kind in one.kinds:
            if kind not in smallest or one.bytes < smallest[kind].bytes:
                smallest[kind] = one
    chosen = list({one.uuid: one for _, one in sorted(smallest.items())}.values())
    for one in sorted(chosen, key=lambda candidate: -candidate.bytes):
        others = frozenset().union(*(other.kinds for other in chosen if other is not one))
        if one.kinds <= others:
            chosen.remove(one)
    return tuple(one.uuid for one in chosen)


def fewest_days(waiting: Iterable[Candidate]) -> tuple[tuple[str, ...], ...]:
    """The beginnings of a few days that together have all kinds, or as many as possible."""
    beginnings: dict[str, list[Candidate]] = {}
    for one in waiting:
        day = beginnings.setdefault(one.day, [])
        if one.day and one.kinds and len(day) < MOST_IN_A_RUN:
            day.append(one)
    chosen: list[tuple[str, ...]] = []
    left = frozenset(kind for day in beginnings.values() for one in day for kind in one.kinds)
    while left and len(chosen) < MOST_RUNS:
        # The day that adds most kinds, with the fewest bytes. `max` takes the first of equal days.
        part = max((_needed(day, left) for day in beginnings.values()), key=lambda some: _worth(some, left))
        if not part:
            break
        chosen.append(tuple(one.uuid for one in part))
        left -= frozenset(kind for one in part for kind in one.kinds)
    return tuple(chosen)


def _needed(day: Sequence[Candidate], left: frozenset[OriginalKind]) -> Sequence[Candidate]:
    """The items of a day up to the last one that adds a kind."""
    seen, end = frozenset[OriginalKind](), 0
    for place, one in enumerate(day):
        if one.kinds & left - seen:
            seen, end = seen | one.kinds, place + 1
    return day[:end]


def _worth(some: Sequence[Candidate], left: frozenset[OriginalKind]) -> tuple[int, int]:
    kinds = frozenset(kind for one in some for kind in one.kinds) & left
    return len(kinds), -sum(one.bytes for one in some)


def is_worth_trying(groups: Sequence[Sequence[str]], waiting: int) -> bool:
    """Whether a queue is so much longer than the sample that a trial saves time."""
    asked = sum(map(len, groups)) or FIRST_ARRIVALS
    return waiting >= asked * WORTH_TRYING


def kind_results(
    asked: Mapping[str, frozenset[OriginalKind]], arrived: Mapping[str, frozenset[OriginalKind]]
) -> tuple[KindResult, ...]:
    """Count items by kind.

    Args:
        asked: the kinds of each item that iOS was asked for; empty: it chose itself.
        arrived: the kinds of each item that arrived completely.
    """
    counted = asked or arrived
    found = []
    for kind in OriginalKind:
        of_kind = [uuid for uuid, kinds in counted.items() if kind in kinds]
        came = [uuid for uuid, kinds in arrived.items() if kind in kinds]
        if of_kind or came:
            found.append(KindResult(kind.value, len(of_kind), len(came)))
    return tuple(found)


def findings(result: TrialResult, left: Tally) -> tuple[str, ...]:
    """What a trial has shown, and how long the rest will take, in sentences.

    Args:
        result: of the trial.
        left: what this way can bring and has not brought yet.
    """
    return (*result.sentences, *filter(None, (_time(result, left),)))


def _time(result: TrialResult, left: Tally) -> str:
    if not left.count or not result.items:
        return ""
    items = f"The other {units.plural(left.count, 'item')} ({units.size(left.bytes)})"
    estimate = whole_queue(result, left)
    if estimate is None:
        return f"{items}: too little arrived to say how long they take."
    shortest, longest = map(units.about, estimate)
    how_long = longest if shortest == longest else f"between {shortest} and {longest}"
    return f"{items}: {how_long} of downloading at this speed."


def whole_queue(result: TrialResult, left: Tally) -> tuple[float, float] | None:
    """Seconds for the rest of the queue, at least and at most: by bytes, and by items. None: not measured."""
    per_item, speed = result.seconds_per_item, result.bytes_per_second
    if per_item is None or not speed:
        return None
    by_items, by_bytes = left.count * per_item, left.bytes / speed
    return min(by_items, by_bytes), max(by_items, by_bytes)
