"""Comparing names the way the strictest drive or computer does. Pure."""

from __future__ import annotations

import unicodedata


def name_key(name: str) -> str:
    """A key that is equal for two names if any drive or computer treats them as the same name."""
    if name.isascii():
        return name.lower()
    upper = unicodedata.normalize("NFD", unicodedata.normalize("NFC", name).upper())
    return unicodedata.normalize("NFC", upper.casefold())


def stem_key(stem: str) -> str:
    """A key for a stem that can be stored among `name_key`s: no name has it."""
    return name_key(stem) + "/"


def is_text(name: str) -> bool:
    """False for a name whose bytes are not valid UTF-8 (Python decodes them to surrogates)."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
