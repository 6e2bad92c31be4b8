"""When two names are the same to some drive or computer, and which names are text. Pure."""

from __future__ import annotations

import unicodedata


def name_key(name: str) -> str:
    """What two names have in common that some drive or computer takes for the same."""
    if name.isascii():
        return name.lower()
    upper = unicodedata.normalize("NFD", unicodedata.normalize("NFC", name).upper())
    return unicodedata.normalize("NFC", upper.casefold())


def stem_key(stem: str) -> str:
    """What stands for a stem among `name_key`s: no name is equal to it."""
    return name_key(stem) + "/"


def is_text(name: str) -> bool:
    """False for a name whose bytes are no UTF-8, as Python spells it."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
