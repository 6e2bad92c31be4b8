"""A library as counts and bytes per day. (Placeholder until the histogram lands.)"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LibraryByDay:
    """Counts and bytes of originals per local day of capture."""
