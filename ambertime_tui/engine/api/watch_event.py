"""What `watch` reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ambertime_tui.engine.api.status import Outcome

Kind = Literal["watching", "waiting", "started", "ended", "verified", "trouble"]


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """Something that happened, for the log of `watch`."""

    kind: Kind
    at: float
    """Seconds since 1970."""
    sentence: str
    task: str = ""
    outcome: Outcome | None = None
    """Of a backup that has ended."""
