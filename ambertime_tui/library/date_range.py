"""The date-range grammar of ``--range`` and of the range picker. (Placeholder until the parser lands.)"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


class DateRangeError(ValueError):
    """The text is not a date range; the message is a sentence that says what is wrong."""


@dataclass(frozen=True, slots=True)
class DateRange:
    """Local calendar days of capture, both ends inclusive; None is an open end."""

    start: date | None = None
    end: date | None = None

    def __contains__(self, day: date | None) -> bool:
        """True if the day lies in the range. Undated assets (None) are only in the range of everything."""
        if day is None:
            return self.start is None and self.end is None
        return (self.start is None or day >= self.start) and (self.end is None or day <= self.end)
