"""Download and Keep Originals on a phone that is too small for the library: switched when it is full."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.engine.job.alternation import Alternation, PhotosSetting
from ambertime_tui.engine.plan.hands import hands_needed_to_keep
from ambertime_tui.phone.originals import KEPT_FREE

GB = 1_000_000_000


def play(size: int, room: int, file: int) -> int:
    """Download `size` bytes in files of one size with so much room; return how often a hand was needed."""
    alternation, used, left = Alternation(), 0, size
    for _ in range(100_000):
        if not left:
            return alternation.switches
        fits = used + file <= room
        if alternation.wanted is PhotosSetting.KEEP and fits:
            used, left = used + min(file, left), left - min(file, left)
        elif alternation.wanted is PhotosSetting.OPTIMIZE:
            used = 0  # iOS makes room
        alternation.review(KEPT_FREE + room - used, left, uncopied=0, quiet=not fits)
    raise AssertionError("it never ends")


@given(st.integers(1, 40), st.integers(2, 20), st.integers(1, 4))
def test_all_bytes_come_with_as_few_switches_as_possible(libraries: int, files: int, part: int) -> None:
    room = files * GB
    size = libraries * room + part * GB // 2
    expected = hands_needed_to_keep(size, KEPT_FREE + room)
    assert expected is not None
    assert play(size, room, GB) <= expected


def test_nobody_is_asked_to_switch_while_originals_arrive_or_are_not_copied_yet() -> None:
    alternation = Alternation()
    assert not alternation.review(10 * GB, 400 * GB, uncopied=0, quiet=False)
    for uncopied, quiet in ((0, False), (3, True)):
        assert not alternation.review(KEPT_FREE, 390 * GB, uncopied=uncopied, quiet=quiet)
    assert alternation.review(KEPT_FREE, 390 * GB, uncopied=0, quiet=True)
    assert "Optimize iPhone Storage" in alternation.sentence


def test_a_pause_without_a_full_phone_is_no_reason_to_switch() -> None:
    alternation = Alternation()
    alternation.review(10 * GB, 400 * GB, uncopied=0, quiet=False)
    assert not alternation.review(9 * GB, 399 * GB, uncopied=0, quiet=True)
    assert not alternation.review(KEPT_FREE, 0, uncopied=0, quiet=True), "everything has come"


def test_it_switches_back_when_ios_has_made_room() -> None:
    alternation = Alternation()
    alternation.review(10 * GB, 400 * GB, uncopied=0, quiet=False)
    alternation.review(KEPT_FREE, 390 * GB, uncopied=0, quiet=True)
    assert not alternation.review(2 * GB, 390 * GB, uncopied=0, quiet=True)
    assert alternation.review(8 * GB, 390 * GB, uncopied=0, quiet=True)
    assert alternation.wanted is PhotosSetting.KEEP
    assert "Download and Keep Originals" in alternation.sentence
    assert alternation.switches == 3


def test_switching_stops_if_ios_brings_the_same_again() -> None:
    alternation = Alternation()
    alternation.review(10 * GB, 400 * GB, uncopied=0, quiet=False)
    assert alternation.review(KEPT_FREE, 390 * GB, uncopied=0, quiet=True)
    assert alternation.review(9 * GB, 390 * GB, uncopied=0, quiet=True)
    assert not alternation.review(KEPT_FREE, 390 * GB, uncopied=0, quiet=True)
    assert alternation.same_again
    assert "use a Shortcut" in alternation.sentence
