"""`argsort` sorts positions like `sorted`, including stability."""

from __future__ import annotations

import random
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.engine.plan import hash_index as module
from ambertime_tui.engine.plan.hash_index import argsort


@given(
    st.lists(st.floats(allow_nan=False) | st.integers(0, 3).map(float), max_size=300),
    st.randoms(use_true_random=False),
    st.sampled_from([(8, 2), (64, 64), (1 << 15, 64)]),
)
def test_it_is_a_stable_sort(values: list[float], chance: random.Random, limits: tuple[int, int]) -> None:
    places = [place for place in range(len(values)) if chance.random() < 0.9]
    chance.shuffle(places)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_SORTED_AT_ONCE", limits[0])
        patch.setattr(module, "_SAMPLED", limits[1])
        found = argsort(iter(places), array("d", values))
    assert list(found) == sorted(places, key=values.__getitem__)


def test_a_hundred_thousand_equal_values_stay_as_they_came() -> None:
    column = array("q", [7]) * 100_000
    assert list(argsort(range(100_000), column)) == list(range(100_000))
