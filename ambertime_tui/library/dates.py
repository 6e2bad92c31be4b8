"""Dates as the library database holds them: an instant, an offset and the name of a zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

COCOA_EPOCH = 978_307_200.0
"""2001-01-01 UTC in seconds since 1970: where the database's seconds begin."""
EARLIEST = datetime(1826, 1, 1, tzinfo=UTC).timestamp()
"""No photograph is older."""
LATEST = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
"""No date of a library is later, whatever it says about itself."""
SLACK = 2 * 86_400.0
"""How far a capture may lie after the moment of reading: zones, and clocks that run ahead."""
_FURTHEST_OFFSET = 16 * 3600
_GMT_OFFSET = re.compile(r"(?:GMT|UTC)(?:([+-])(\d{1,2}):?(\d{2})?)?")


def unix_time(value: object) -> float | None:
    """Seconds since 1970 of a column of the database, or None where it holds no instant that could be.

    That is a number between 1826 (the first photograph) and 2100. The reader draws the upper end closer where
    it knows the time: see `latest_capture`.
    """
    if type(value) is not float and type(value) is not int:
        return None
    if not EARLIEST - COCOA_EPOCH <= value < LATEST - COCOA_EPOCH:
        return None
    # To the microsecond, before the larger number eats its digits.
    return round(value * 1e6) / 1e6 + COCOA_EPOCH


def latest_capture(now: float | None, newest_added: float | None) -> float:
    """The latest instant that a capture can have.

    Args:
        now: When the library is read, in seconds since 1970; None: not known.
        newest_added: When something came to the library last (ZADDEDDATE), for computers whose clock is not
            set.
    """
    if now is None:
        return LATEST
    return min(LATEST, max(now, newest_added or now) + SLACK)


def zone_offset(value: object) -> int | None:
    """Seconds east of UTC, or None where they do not occur on Earth (more than 16 hours, to leave room)."""
    return value if type(value) is int and -_FURTHEST_OFFSET <= value <= _FURTHEST_OFFSET else None


def offset_of_zone(name: str, at: float | None) -> int | None:
    """Seconds east of UTC of a named zone (``Europe/Paris``, ``GMT-0400``) at an instant; None: unknown."""
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
