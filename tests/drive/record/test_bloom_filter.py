"""The Bloom filter has false positives only."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.drive.record.bloom_filter import BloomFilter

things = st.one_of(st.integers(), st.tuples(st.text(), st.text()))


@given(st.sets(things, max_size=30))
def test_an_added_item_is_always_found(content: set[object]) -> None:
    some = BloomFilter()
    for thing in content:
        some.add(thing)
    assert all(some.may_contain(thing) for thing in content)


def test_most_other_items_are_ruled_out() -> None:
    some = BloomFilter()
    for size in range(0, 1_000_000, 10):
        some.add(("phone", size))
    wrong = sum(some.may_contain(("phone", size)) for size in range(1, 100_001, 10))
    assert wrong < 1_000
