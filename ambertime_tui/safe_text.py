"""Text from outside (names on a phone or drive, labels, messages) made safe to show and to log."""

from __future__ import annotations

import json
import re

_UNSAFE = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
"""Control characters (C0, DEL, C1), bidi controls, separators of lines and paragraphs, and lone surrogates,
which stand for bytes of a name that are not UTF-8."""
UNSAFE = re.compile(f"[{_UNSAFE}]")


def escaped(text: str) -> str:
    """Return the text with unsafe characters as escapes: `\\x1b`, `\\u202e`.

    No name can then move the cursor, retitle the window, end a line, or show its letters in another order.
    """
    return UNSAFE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def json_line(value: object) -> str:
    """Return a value as JSON on one line, readable except for unsafe characters, which are `\\uXXXX`.

    A program that parses it gets the original text, including lone surrogates.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
