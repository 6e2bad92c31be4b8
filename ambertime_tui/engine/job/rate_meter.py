"""Bytes per second, and the time left that follows from them. Pure."""

from __future__ import annotations

from collections import deque

RATE_WINDOW = 10
"""Seconds over which the displayed rate is averaged."""
ETA_WINDOW = 180
"""Seconds over which the rate for the time left is averaged: a few small or large files must not move it."""
HISTORY = 240
"""Seconds kept for a graph."""
FIRST_ETA_AFTER = 8.0
"""Seconds of work before a time left is given: a fresh connection starts slowly."""
STANDSTILL = 1024.0
"""Bytes per second below which no time left is given."""


class RateMeter:
    """Counts bytes per second. `now` is any clock in seconds that never goes back."""

    def __init__(self, now: float, window: int = RATE_WINDOW) -> None:
        """
        Args:
            now: the current time.
            window: seconds over which the displayed rate is averaged; longer for what comes in large pieces.
        """
        self._window = window
        self._second = int(now)
        self._bucket = 0
        self._buckets: deque[int] = deque(maxlen=HISTORY)
        self._measured_since: float | None = None

    def add(self, size: int, now: float) -> None:
        """Count bytes that have just arrived."""
        self.advance(now)
        if self._measured_since is None:
            self._measured_since = now
        self._bucket += size

    def advance(self, now: float) -> bool:
        """Close the seconds that have passed. True if a front end would see a difference."""
        seconds = int(now) - self._second
        if seconds <= 0:
            return False
        self._second = int(now)
        if self._measured_since is None:
            return False
        was_moving = self._bucket > 0 or any(self._buckets)
        for _ in range(min(seconds, HISTORY)):
            self._buckets.append(self._bucket)
            self._bucket = 0
        return was_moving

    def restart(self, now: float) -> None:
        """Estimate the time left from now on only: a pause says nothing about the speed."""
        self.advance(now)
        if self._measured_since is not None:
            self._measured_since = now

    def rate(self) -> float | None:
        """Bytes per second over the last seconds; None before the first full second."""
        return self._average(self._window)

    def history(self) -> tuple[float, ...]:
        """Bytes in each of the last seconds since the first byte, oldest first."""
        return tuple(float(b) for b in self._buckets)

    def time_left(self, size: int, now: float) -> float | None:
        """Seconds for `size` bytes at the rate of the last minutes; None while it would be a guess."""
        since = self._measured_since
        if since is None or now - since < FIRST_ETA_AFTER or (self.rate() or 0.0) < STANDSTILL:
            return None
        rate = self._average(min(ETA_WINDOW, self._second - int(since)))
        return size / rate if rate else None

    def _average(self, seconds: int) -> float | None:
        recent = tuple(self._buckets)[-seconds:] if seconds > 0 else ()
        return sum(recent) / len(recent) if recent else None
