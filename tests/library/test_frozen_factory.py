"""Instances from a frozen factory equal those from the constructor."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass, replace

import pytest

from ambertime_tui.library.frozen_factory import frozen_factory


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: int = 7

    @property
    def total(self) -> int:
        return self.x + self.y


quick_point = frozen_factory(Point)


@pytest.mark.parametrize("made", [quick_point(1), quick_point(1, 7), quick_point(x=1, y=7)])
def test_it_is_equal_frozen_and_of_the_class(made: Point) -> None:
    assert type(made) is Point
    assert made == Point(1)
    assert hash(made) == hash(Point(1))
    assert repr(made) == repr(Point(1))
    assert made.total == 8
    assert replace(made, x=2) == Point(2)
    with pytest.raises(FrozenInstanceError):
        made.x = 3  # type: ignore[misc]


def test_it_takes_the_same_arguments() -> None:
    with pytest.raises(TypeError):
        quick_point()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        quick_point(1, 2, 3)  # type: ignore[call-arg]
