"""Text from outside (names on a phone or drive, labels, messages) made safe to show and to log."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

_UNSAFE = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
"""Control characters (C0, DEL, C1), bidi controls, separators of lines and paragraphs, and lone surrogates,
which stand for bytes of a name that are not UTF-8."""
UNSAFE = re.compile(f"[{_UNSAFE}]")
_UNSAFE_IN_JSON = re.compile(f"(?!\n)[{_UNSAFE}]")
"""JSON itself escapes line ends in strings; those that are left are its own."""


def escaped(text: str) -> str:
    """Return the text with unsafe characters as escapes: `\\x1b`, `\\u202e`.

    No name can then move the cursor, retitle the window, end a line, or show its letters in another order.
    """
    return UNSAFE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def escaped_lines(text: str) -> str:
    """Return a text of several lines with every other unsafe character escaped."""
    return "\n".join(escaped(line) for line in text.split("\n"))


def json_line(value: object, indent: int | None = None) -> str:
    """Return a value as JSON, on one line unless indented. Unsafe characters are written as `\\uXXXX`.

    A program that parses it gets the original text, including lone surrogates.
    """
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(value, ensure_ascii=False, separators=separators, indent=indent)
    return _UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


class SafeFormatter(logging.Formatter):
    """Formats log records so that no name in a message can look like a separate line."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        return escaped(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        return escaped_lines(super().formatException(ei))
