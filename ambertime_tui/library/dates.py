"""Dates in the library database: a time, a UTC offset and a zone name."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

COCOA_EPOCH = 978_307_200.0
"""2001-01-01 UTC in seconds since 1970: the database's epoch."""
EARLIEST = datetime(1826, 1, 1, tzinfo=UTC).timestamp()
"""The first photograph; nothing is older."""
LATEST = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
"""Later dates are never plausible."""
SLACK = 2 * 86_400.0
"""Tolerance for capture dates in the future: time zones and wrong clocks. In seconds."""
_FURTHEST_OFFSET = 16 * 3600
_GMT_OFFSET = re.compile(r"(?:GMT|UTC)(?:([+-])(\d{1,2}):?(\d{2})?)?")


def unix_time(value: object) -> float | None:
    """Convert a database value to seconds since 1970; None if it is not a plausible time.

    Plausible is a number between 1826 (the first photograph) and 2100. The reader uses a tighter upper
    limit if it knows the current time: see `latest_capture`.
    """
    if type(value) is not float and type(value) is not int:
        return None
    if not EARLIEST - COCOA_EPOCH <= value < LATEST - COCOA_EPOCH:
        return None
    # Round to microseconds before adding the epoch, which reduces the precision.
    return round(value * 1e6) / 1e6 + COCOA_EPOCH


def latest_capture(now: float | None, newest_added: float | None) -> float:
    """Return the latest plausible capture time.

    Args:
        now: current time in seconds since 1970; None: unknown.
        newest_added: when the last item was added to the library (ZADDEDDATE), in case the computer's clock
            is wrong.
    """
    if now is None:
        return LATEST
    return min(LATEST, max(now, newest_added or now) + SLACK)


def zone_offset(value: object) -> int | None:
    """Validate seconds east of UTC; None if impossible (more than 16 hours)."""
    return value if type(value) is int and -_FURTHEST_OFFSET <= value <= _FURTHEST_OFFSET else None


def offset_of_zone(name: str, at: float | None) -> int | None:
    """Return the seconds east of UTC of a zone (``Europe/Paris``, ``GMT-0400``) at a time; None: unknown."""
    match = _GMT_OFFSET.fullmatch(name)
    if match:
        sign, hours, minutes = match.groups()
        seconds = int(hours or 0) * 3600 + int(minutes or 0) * 60
        return zone_offset(-seconds if sign == "-" else seconds)
    zone = _zone(name)
    if zone is None or at is None:
        return None
    offset_then = (_EPOCH + timedelta(seconds=at)).astimezone(zone).utcoffset()
    return None if offset_then is None else int(offset_then.total_seconds())


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=512)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
