"""Making millions of frozen dataclasses in a third of the time.

The `__init__` of a frozen dataclass cannot assign: it goes through `object.__setattr__` for every field. A
draft of the same fields, not frozen, assigns them directly and becomes the frozen class in its last step.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")


def frozen_factory(kind: Callable[P, T]) -> Callable[P, T]:
    """A constructor that takes what that of a frozen dataclass with slots takes, and makes its instances.

    Fields may have defaults but no default factories, and `__post_init__` of the class is not called.
    """
    draft = dataclasses.make_dataclass(
        f"Draft{kind.__name__}",
        [
            (f.name, object, dataclasses.field(default=f.default))
            for f in dataclasses.fields(cast("Any", kind))
        ],
        slots=True,
        namespace={"__post_init__": _becomes(kind)},
    )
    return cast("Callable[P, T]", draft)


def _becomes(kind: object) -> Callable[[Any], None]:
    def become(draft: Any) -> None:
        draft.__class__ = kind

    return become
