"""Convert frozen dataclasses to JSON and back, by their type hints. Used between engine and front ends."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable
from datetime import date
from enum import Enum
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")


class WireError(ValueError):
    """The data does not match the expected type."""


def to_json(value: object) -> Any:
    """Convert dataclasses, enums, tuples, dates and plain types to what `json.dumps` accepts."""
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, (tuple, list)):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, date):
        return value.isoformat()
    return value


def from_json(kind: type[T], data: Any) -> T:
    """Rebuild a value of type `kind` from the output of `to_json`. Unknown keys are ignored.

    Raises:
        WireError: the data does not match the type.
    """
    try:
        return typing.cast("T", _decode(kind, data))
    except (TypeError, ValueError, KeyError) as error:
        raise WireError(f"not a {getattr(kind, '__name__', kind)}: {error}") from error


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _decode(kind: Any, data: Any) -> Any:
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        members = typing.get_args(kind)
        if data is None and type(None) in members:
            return None
        return _decode(next(m for m in members if m is not type(None)), data)
    if origin is tuple:
        members = typing.get_args(kind)
        if not isinstance(data, list):
            raise TypeError("expected a list")
        if len(members) == 2 and members[1] is Ellipsis:
            return tuple(_decode(members[0], item) for item in data)
        return tuple(_decode(m, item) for m, item in zip(members, data, strict=True))
    if dataclasses.is_dataclass(kind):
        if not isinstance(data, dict):
            raise TypeError("expected an object")
        made = typing.cast("Callable[..., Any]", kind)
        hints = _hints(typing.cast("type", kind))
        return made(**{name: _decode(hint, data[name]) for name, hint in hints.items() if name in data})
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(data)
    if kind is date:
        return date.fromisoformat(data)
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if isinstance(kind, type) and not isinstance(data, kind):
        raise TypeError(f"expected {kind.__name__}, got {type(data).__name__}")
    return data
