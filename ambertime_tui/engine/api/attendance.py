"""Parts of a status: is a person needed, what may be unplugged, how far the downloads of many nights are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attendance:
    """Whether a person is needed at the iPhone now, and whether iPhone or drive may be unplugged now."""

    hand_needed: bool = False
    """True if the job cannot continue until somebody does something on the iPhone."""
    no_hand_for: float | None = None
    """Seconds for which no hand is needed, estimated from what was measured; None: unknown."""
    phone_may_go: bool = True
    """True if unplugging the iPhone interrupts nothing: no file is being copied or waits to be copied."""
    drive_may_go: bool = False
    """True if the drive can be ejected: only when the job has ended."""
    sentence: str = ""
    """The same in words; empty before there is a plan."""


@dataclass(frozen=True, slots=True)
class HandCount:
    """How often a person had to do something on the iPhone so that iOS downloads originals."""

    in_this_run: int = 0
    in_all: int = 0
    """For this way of asking, in this run and earlier ones with this iPhone and archive."""
    left: int | None = None
    """About how often it will be necessary again; None: unknown, or the way cannot bring everything."""
    by_way: tuple[tuple[str, int], ...] = ()
    """In all runs, as (way of asking, times)."""


@dataclass(frozen=True, slots=True)
class NightsStatus:
    """The progress of the downloads over several runs with one iPhone and one archive.

    A night lasts from noon to noon, so a job that runs through midnight counts once.
    """

    came: int = 0
    """Items that have come from iCloud and are on the drive, in this run and earlier ones."""
    came_bytes: int = 0
    of: int = 0
    """The same, plus what is still awaited."""
    of_bytes: int = 0
    nights: int = 0
    """Nights in which originals were awaited, with this one."""
    nights_left: int | None = None
    """At the rate of the last nights; None: nothing was measured yet."""
    sentence: str = ""
    """The same in words; empty in the first night, when nothing was measured yet."""
