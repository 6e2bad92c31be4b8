"""Errors when reading a Photo Library."""

from __future__ import annotations


class LibraryUnreadable(Exception):
    """The library database cannot be read. The message is a sentence with the reason."""
