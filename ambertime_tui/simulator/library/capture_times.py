"""Capture times and time zones: photos are taken on outings, most at home, some abroad."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random

_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone as stored in the phone's database."""

    name: str | None
    winter: int | None
    """Seconds east of UTC from November to March."""
    summer: int | None

    def offset(self, seconds: float) -> int | None:
        """Return the seconds east of UTC at an instant. Summer is taken as April to October."""
        month = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).month
        return self.summer if 4 <= month <= 10 else self.winter


HOME = Zone("Europe/Berlin", 3600, 7200)
ABROAD = (
    Zone("America/Los_Angeles", -28800, -25200),
    Zone("GMT-0400", -14400, -14400),
    Zone("Asia/Kolkata", 19800, 19800),
    Zone("Asia/Kathmandu", 20700, 20700),
    Zone("Australia/Adelaide", 37800, 34200),
    Zone("America/St_Johns", -12600, -9000),
    Zone("Pacific/Kiritimati", 50400, 50400),
    Zone("Pacific/Pago_Pago", -39600, -39600),
    Zone("GMT", 0, 0),
)
UNKNOWN = Zone(None, None, None)
"""No offset and often no name, as for 99 of 572 real assets."""
NAME_ONLY = Zone("America/New_York", None, None)


@dataclass(frozen=True, slots=True)
class Moment:
    """The instant and the time zone of a capture."""

    seconds: float
    """Seconds since 1970-01-01 UTC, to the millisecond."""
    zone: Zone


def capture_times(rng: Random, count: int, first: date, last: date) -> list[Moment]:
    """Return `count` moments in order, grouped in outings of about a dozen. Later years have more outings.

    Args:
        rng: The random number generator.
        count: The number of moments.
        first: The first local day.
        last: The last local day.
    """
    start = datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp()
    # A day less at both ends, so that no time zone moves a capture out of the range.
    span = max(0.0, (last - first).days * _DAY - 2 * _DAY)
    outings = []
    for number in range(max(1, count // 12)):
        day = int(span * rng.random() ** 0.6 / _DAY) + 1
        outings.append((start + day * _DAY + (8 + 9 * rng.random()) * 3600, _zone(number)))
    moments = []
    for _ in range(count):
        begin, zone = outings[int(rng.random() * len(outings))]
        moments.append(Moment(round(begin + rng.random() ** 2 * 6 * 3600, 3), zone))
    moments.sort(key=lambda moment: moment.seconds)
    return moments


def _zone(outing: int) -> Zone:
    """Assign zones in turn, so that small libraries also get unusual ones: 4 of 20 abroad, 2 unknown."""
    match outing % 20:
        case 7:
            return UNKNOWN
        case 15:
            return NAME_ONLY
        case 2 | 6 | 11 | 18:
            return ABROAD[(outing // 4) % len(ABROAD)]
        case _:
            return HOME
