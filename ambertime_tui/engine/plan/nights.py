"""Progress and estimate over several nights of downloads. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ambertime_tui import units
from ambertime_tui.engine.api.attendance import NightsStatus
from ambertime_tui.engine.api.status import Tally

MEASURED_NIGHTS = 7
"""How many of the last nights the estimate is based on."""
KEPT_NIGHTS = 60
"""How many nights are kept one by one; older ones are only counted."""
MOST_NIGHTS_LEFT = 3650


@dataclass(frozen=True, slots=True)
class Night:
    """What came from iCloud and was written in one night."""

    name: str
    """The day on which it began, ISO."""
    came: Tally = Tally()


@dataclass(frozen=True, slots=True)
class Nights:
    """The downloads of all runs with one iPhone and one archive."""

    earlier: int = 0
    """Nights that are no longer kept one by one."""
    came: Tally = Tally()
    """In all nights."""
    last: tuple[Night, ...] = ()
    """Oldest first; the last one may be tonight."""

    @property
    def count(self) -> int:
        """How many nights there were."""
        return self.earlier + len(self.last)

    def with_night(self, name: str, came: Tally) -> Nights:
        """Add to a night, which is the last one or a new one. An earlier name counts as the last night:
        somebody turned the clock back."""
        total, last = self.came + came, self.last
        if last and name <= last[-1].name:
            last = (*last[:-1], replace(last[-1], came=last[-1].came + came))
        else:
            last = (*last, Night(name, came))
        dropped = max(0, len(last) - KEPT_NIGHTS)
        return Nights(self.earlier + dropped, total, last[dropped:])


def night_of(moment: datetime) -> str:
    """Return the day on which the night of a local time began: nights last from noon to noon."""
    return (moment - timedelta(hours=12)).date().isoformat()


def nights_left(nights: Sequence[Night], tonight: str, left: Tally) -> int | None:
    """Estimate how many nights the rest takes after tonight, at the rate of the last complete nights.

    Args:
        nights: oldest first.
        tonight: the current night; it is not over, so it is not measured.
        left: what is still awaited.

    Returns:
        None: nothing was measured, nothing came, or the rate makes no sensible estimate.
    """
    if not left.count:
        return 0
    measured = [night.came for night in nights if night.name < tonight][-MEASURED_NIGHTS:]
    came = sum(measured, Tally())
    if not came.count:
        return None
    # Items and bytes: a way that is limited by taps and one that is limited by the network differ in which
    # is the slower, and the order of the queue can make either of them too hopeful.
    by_count = left.count * len(measured) / came.count
    by_bytes = left.bytes * len(measured) / came.bytes if came.bytes else 0.0
    found = max(1, -int(-max(by_count, by_bytes) // 1))
    return found if found <= MOST_NIGHTS_LEFT else None


def nights_status(nights: Nights, tonight: str, left: Tally) -> NightsStatus:
    """Describe the progress.

    Args:
        nights: of all runs, with what has come in this one.
        tonight: the current night.
        left: what is still awaited.
    """
    rest = nights_left(nights.last, tonight, left)
    came, of = nights.came, nights.came + left
    return NightsStatus(
        came.count, came.bytes, of.count, of.bytes, nights.count, rest, _sentence(nights, of, rest)
    )


def _sentence(nights: Nights, of: Tally, left: int | None) -> str:
    if nights.count < 2 or not of.count:
        return ""
    done = f"{units.count(nights.came.count)} of {units.count(of.count)} from iCloud"
    so_far = f"{units.plural(nights.count, 'night')} so far"
    if left == 0:
        return f"{done}, {units.plural(nights.count, 'night')}."
    if left is None:
        return f"{done}, {so_far}."
    return f"{done}, {so_far}, about {units.count(left)} left at the rate of the last nights."
