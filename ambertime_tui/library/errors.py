"""What can go wrong while a Photo Library is read."""

from __future__ import annotations


class LibraryUnreadable(Exception):
    """The library database cannot be read; the message is a sentence for the person, with the reason."""
