"""Errors when reading a Photo Library."""

from __future__ import annotations


class LibraryUnreadable(Exception):
    """The library database cannot be read. The message is a sentence with the reason."""


class SchemaUnknown(LibraryUnreadable):
    """The database lacks tables or columns that AmberTime needs."""
