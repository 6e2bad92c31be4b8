"""Requests fit on the phone, and iOS is trusted to make room only as long as it does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.engine.job.phone_room import LARGEST_SHARE, PhoneRoom
from ambertime_tui.phone.originals import KEPT_FREE, Shortcut, Wanted, room_for

GB = 1_000_000_000
FREE = st.integers(0, 300 * GB)
DAY = 86_400.0


@given(FREE)
def test_a_request_leaves_more_than_a_gibibyte_free(free: int) -> None:
    room = room_for(free)
    assert room == 0 or free - room > KEPT_FREE
    assert room >= 0


@given(st.lists(st.integers(0, 8 * GB), max_size=60), FREE)
def test_a_shortcut_never_requests_more_than_fits(sizes: list[int], free: int) -> None:
    wanted = [Wanted(str(n), 1.6e9 + n * DAY, size) for n, size in enumerate(sizes)]
    shortcut = Shortcut([one.created or 0.0 for one in wanted])
    chosen = shortcut.next_run(wanted, free)
    assert sum(one.bytes for one in chosen) <= room_for(free)
    fitting = [one for one in wanted if one.bytes <= room_for(free)]
    assert bool(chosen) is bool(fitting), "what is too large keeps nothing else waiting"
    assert shortcut.runs(wanted, free) <= len(fitting)


def test_what_is_on_the_drive_counts_as_room_until_ios_is_seen_to_keep_it() -> None:
    room = PhoneRoom()
    assert room.usable(10 * GB, 0) == 10 * GB
    room.requested(6 * GB)
    room.went_well()
    assert room.usable(4 * GB, 6 * GB) == 10 * GB, "iOS can remove the six gigabytes"
    room.requested(6 * GB)
    room.was_stuck(KEPT_FREE + 1)
    assert room.usable(KEPT_FREE + 1, 9 * GB) == KEPT_FREE + 1, "it did not"
    assert room.usable(5 * GB, 9 * GB) == 10 * GB, "now it did"


def test_ios_that_makes_room_in_time_is_asked_for_more_at_once() -> None:
    room = PhoneRoom()
    room.usable(10 * GB, 0)
    room.requested(6 * GB)
    room.went_well()
    assert room.usable(10 * GB, 0) == 10 * GB, "there was room for it, so nothing was learned"
    for _ in range(5):
        room.usable(4 * GB, 6 * GB)
        room.requested(6 * GB)
        room.went_well()
    assert room.usable(4 * GB, 6 * GB) - KEPT_FREE == int((10 * GB - KEPT_FREE) * LARGEST_SHARE)
    room.was_offloaded()
    assert room.usable(10 * GB, 0) < 10 * GB, "an original was removed before it was copied"


@given(st.lists(st.tuples(FREE, FREE, st.sampled_from("wso")), min_size=1, max_size=30))
def test_without_proof_no_more_is_counted_on_than_there_ever_was(steps: list[tuple[int, int, str]]) -> None:
    room, most = PhoneRoom(), 0
    for free, on_drive, event in steps:
        most = max(most, free)
        found = room.usable(free, on_drive)
        assert found <= KEPT_FREE + (most - min(most, KEPT_FREE)) * LARGEST_SHARE
        if free <= KEPT_FREE and most <= KEPT_FREE:
            assert room_for(found) == 0
        if event == "w":
            room.went_well()
        elif event == "s":
            room.was_stuck(free)
        else:
            room.was_offloaded()
