"""Property lists as they come over a wire: from anybody, and possibly not well formed."""

from __future__ import annotations

import plistlib
from typing import Any
from xml.parsers.expat import ExpatError


def build(message: dict[str, Any]) -> bytes:
    """The XML form of a dictionary."""
    return plistlib.dumps(message, fmt=plistlib.FMT_XML)


def parse(data: bytes) -> dict[str, Any] | None:
    """The dictionary in XML or binary form, or None if there is no such thing in `data`."""
    try:
        message = plistlib.loads(data)
    except (
        plistlib.InvalidFileException,
        ExpatError,
        ValueError,
        KeyError,
        IndexError,
        TypeError,
        AttributeError,
    ):
        return None  # plistlib lets its parsers' own errors through
    return message if isinstance(message, dict) and all(isinstance(key, str) for key in message) else None


def text(message: dict[str, Any], key: str) -> str:
    """The string under `key`, or an empty one."""
    value = message.get(key)
    return value if isinstance(value, str) else ""
