"""The fetch queue: totals, order and pages agree with the states after any changes."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.engine.api.spec import FetchOrder, FetchWay
from ambertime_tui.engine.api.status import FetchState, Tally
from ambertime_tui.engine.job.fetch_queue import FetchQueue
from ambertime_tui.engine.plan.plan import Decision, PlannedAsset, expected, plan_of
from ambertime_tui.library.model import Asset, Availability, Kind, Resource, Role
from tests.engine.libraries import capture_order, few

PENDING = (FetchState.WAITING, FetchState.ASKED, FetchState.ARRIVING)


def waiting(number: int, size: int, created: float | None) -> PlannedAsset:
    """An asset whose original is in iCloud; each of ten consecutive ones is in another folder, and every
    third is a favourite."""
    folder = f"PhotoData/CPLAssets/group{number % 10}"
    resource = Resource(Role.PHOTO, folder, f"{number}.HEIC", size, Availability.ICLOUD)
    asset = Asset(
        f"{number:04}",
        Kind.PHOTO,
        created,
        0,
        folder,
        f"{number}.HEIC",
        f"IMG_{number}.HEIC",
        (resource,),
        favourite=number % 3 == 0,
    )
    return PlannedAsset(asset, Decision.FETCH, (resource,), size, "icloud", "It is in iCloud.")


QUEUED = st.lists(st.tuples(st.integers(0, 1000), st.none() | st.floats(0, 2e9)), max_size=20).map(
    lambda rows: [waiting(number, size, created) for number, (size, created) in enumerate(rows)]
)
MOVES = st.lists(st.tuples(st.integers(0, 19), st.sampled_from(list(FetchState))), max_size=30)


@few
@given(QUEUED, MOVES, st.sampled_from(list(FetchOrder)), st.integers(0, 10), st.integers(1, 10))
def test_totals_folders_order_and_pages_agree_with_the_states(
    queued: list[PlannedAsset],
    moves: list[tuple[int, FetchState]],
    order: FetchOrder,
    offset: int,
    limit: int,
) -> None:
    plan = plan_of(queued)
    queued = list(plan)
    queue = FetchQueue(plan, FetchOrder.OLDEST)
    states = {planned.asset.uuid: FetchState.WAITING for planned in queued}
    queue.reorder(order)
    for number, state in moves:
        if number < len(queued):
            uuid = queued[number].asset.uuid
            queue.move(uuid, state, "why")
            states[uuid] = state
            queue.head(2)
    for state in FetchState:
        inside = [p.bytes for p in queued if states[p.asset.uuid] is state]
        assert queue.tally(state) == Tally(len(inside), sum(inside))
    pending = [p for p in queued if states[p.asset.uuid] in PENDING]
    assert queue.pending == len(pending)
    in_order = list(queue.in_order())
    assert sorted(p.asset.uuid for p in in_order) == sorted(p.asset.uuid for p in pending)
    if order is FetchOrder.SMALLEST:
        assert [p.bytes for p in in_order] == sorted(p.bytes for p in pending)
    elif order is FetchOrder.FAVOURITES:
        assert in_order == sorted(pending, key=lambda p: (not p.asset.favourite, capture_order(p)))
    else:
        dated = sorted(pending, key=capture_order, reverse=order is FetchOrder.NEWEST)
        assert in_order == dated
    watched = [p for p in queued if states[p.asset.uuid] in (*PENDING, FetchState.NOT_BY_THIS_WAY)]
    assert queue.watched == len(watched)
    assert set(queue.folders()) == {r.directory for p in watched for r in expected(p)}
    for folder in queue.folders():
        here = [p for p in queued if p.asset.directory == folder]
        found = queue.watched_at(folder, [p.asset.filename for p in here])
        assert {p.asset.uuid for p in found} == {p.asset.uuid for p in watched if p in here}
    everything = queue.page(0, 1000)
    assert len(everything) == len(queued) == len(queue)
    assert [item.uuid for item in everything[: len(pending)]] == [p.asset.uuid for p in in_order]
    assert queue.page(offset, limit) == everything[offset : offset + limit]
    assert queue.head(3) == everything[: len(pending)][:3]


def test_an_offloaded_asset_waits_again() -> None:
    plan = plan_of([waiting(1, 10, 1.0)])
    queue = FetchQueue(plan, FetchOrder.OLDEST)
    queue.move("0001", FetchState.ARRIVED)
    assert queue.pending == 0
    queue.take_changed_folders()
    queue.add(plan[0], "offloaded again")
    assert (queue.pending, len(queue)) == (1, 1)
    assert queue.head(1)[0].reason == "offloaded again"
    assert queue.take_changed_folders() == {"PhotoData/CPLAssets/group1"}


@few
@given(
    QUEUED,
    st.lists(st.booleans(), min_size=20, max_size=20),
    st.lists(st.sampled_from(list(FetchWay)), max_size=5),
)
def test_only_what_the_way_can_bring_is_pending(
    queued: list[PlannedAsset], edited: list[bool], ways: list[FetchWay]
) -> None:
    plan = plan_of(
        replace(one, asset=replace(one.asset, edited=is_edited, created=one.asset.created or 1.0))
        for one, is_edited in zip(queued, edited, strict=False)
    )
    queue = FetchQueue(plan, FetchOrder.OLDEST, FetchWay.SHORTCUT)
    for way in (FetchWay.SHORTCUT, *ways):
        queue.change_way(way)
        unable = {p.asset.uuid for p in plan if way is FetchWay.SHORTCUT and p.asset.edited}
        assert {p.asset.uuid for p in queue.in_order()} == {p.asset.uuid for p in plan} - unable
        assert {p.asset.uuid for p in queue.not_by_this_way()} == unable
        assert set(queue.folders()) == {p.asset.directory for p in plan}
        assert [item.uuid for item in queue.page(0, 100)][queue.pending :] == [
            p.asset.uuid for p in queue.not_by_this_way()
        ]


def test_thirty_thousand_items_can_be_moved_one_by_one() -> None:
    plan = plan_of(waiting(n, n % 977, float(n)) for n in range(30_000))
    queue = FetchQueue(plan, FetchOrder.OLDEST)
    looked_at = 0
    for number in range(0, 30_000, 50):
        queue.move(f"{number:04}", FetchState.ARRIVED)
        looked_at += len(queue.head(8))
    assert looked_at == 8 * 600
    assert queue.pending == 29_400


@few
@given(QUEUED, st.lists(st.booleans(), min_size=20, max_size=20), st.sampled_from(list(FetchOrder)))
def test_an_asset_to_copy_can_be_added_in_its_place(
    queued: list[PlannedAsset], local: list[bool], order: FetchOrder
) -> None:
    plan = plan_of(
        replace(one, decision=Decision.COPY) if here else one
        for one, here in zip(queued, local, strict=False)
    )
    queue = FetchQueue(plan, order)
    queue.head(1)
    for planned in plan.in_order(Decision.COPY):
        assert planned.asset.uuid not in queue
        queue.add(planned, "was offloaded")
    assert {item.reason for item in queue.page(0, 20)} <= {"was offloaded", ""}
    assert len(queue) == queue.pending == len(queued)
    everything = FetchQueue(plan_of(replace(one, decision=Decision.FETCH) for one in queued), order)
    assert [p.asset.uuid for p in queue.in_order()] == [p.asset.uuid for p in everything.in_order()]
    assert set(queue.folders()) == set(everything.folders())
