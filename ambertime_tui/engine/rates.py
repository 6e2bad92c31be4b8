"""How fast something goes, and how long it will take: honest or silent. Pure, with the clock passed in."""

from __future__ import annotations

from collections import deque

WINDOW = 10
"""Seconds over which a rate is averaged."""
HISTORY = 240
"""Seconds kept for a graph."""
HONEST_AFTER = 8.0
"""Seconds of work before a time left is given: the first ones on a fresh connection are slow."""
STANDSTILL = 1024.0
"""Bytes a second below which a time left would be a guess."""


class RateMeter:
    """Bytes in buckets of a second. `now` is any clock in seconds that does not go back."""

    def __init__(self, now: float, window: int = WINDOW) -> None:
        """
        Args:
            now: the present.
            window: seconds over which the rate is averaged; more for what comes in large pieces.
        """
        self._window = window
        self._second = int(now)
        self._bucket = 0
        self._buckets: deque[int] = deque(maxlen=HISTORY)
        self._began: float | None = None
        self.total = 0

    def add(self, size: int, now: float) -> None:
        """Counts bytes that have just come through."""
        self.advance(now)
        if self._began is None:
            self._began = now
        self._bucket += size
        self.total += size

    def advance(self, now: float) -> bool:
        """Closes the seconds that are over. True where a front end would see a difference."""
        seconds = int(now) - self._second
        if seconds <= 0:
            return False
        self._second = int(now)
        if self._began is None:
            return False
        was_moving = self._bucket > 0 or any(self._buckets)
        for _ in range(min(seconds, HISTORY)):
            self._buckets.append(self._bucket)
            self._bucket = 0
        return was_moving

    def rate(self) -> float | None:
        """Bytes a second over the last seconds; None before a second was measured."""
        recent = tuple(self._buckets)[-self._window :]
        return sum(recent) / len(recent) if recent else None

    def history(self) -> tuple[float, ...]:
        """Bytes in each of the last seconds since the first byte, oldest first."""
        return tuple(float(b) for b in self._buckets)

    def time_left(self, size: int, now: float) -> float | None:
        """Seconds for as many bytes at the rate of the last seconds; None as long as it would be a guess."""
        rate = self.rate()
        if self._began is None or rate is None or rate < STANDSTILL or now - self._began < HONEST_AFTER:
            return None
        return size / rate
