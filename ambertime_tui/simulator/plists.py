"""Property lists received over the wire, which may be malformed."""

from __future__ import annotations

import plistlib
from typing import Any
from xml.parsers.expat import ExpatError


def build(message: dict[str, Any]) -> bytes:
    """Encode a dictionary as an XML property list."""
    return plistlib.dumps(message, fmt=plistlib.FMT_XML)


def parse(data: bytes) -> dict[str, Any] | None:
    """Decode a dictionary from an XML or binary property list. Return None if `data` is anything else."""
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
        return None  # plistlib passes on the errors of its parsers
    return message if isinstance(message, dict) and all(isinstance(key, str) for key in message) else None


def text(message: dict[str, Any], key: str) -> str:
    """Return the string under `key`, or an empty string."""
    value = message.get(key)
    return value if isinstance(value, str) else ""
