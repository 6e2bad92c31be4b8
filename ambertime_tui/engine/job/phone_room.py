"""How much free storage on the phone a request may count on, from what iOS did so far. Pure."""

from __future__ import annotations

from ambertime_tui.phone.originals import KEPT_FREE

SMALLEST_SHARE = 0.125
LARGEST_SHARE = 4.0
NEARLY_FULL = 1.25
"""Times 1 GiB: with less free on the phone, iOS did not make room for what it was asked for."""


class PhoneRoom:
    """First counts on the free storage alone, then on what iOS was seen to do.

    iOS can remove originals that are on the drive already, so they count as room. If everything came although
    it did not fit beside them, iOS makes room while it downloads, and more can be requested at once.
    """

    def __init__(self) -> None:
        self._most_free = 0
        self._free = 0
        self._share = 1.0
        self._makes_room = True
        self._least_free = 0
        self._under_pressure = False
        """True if what was requested last does not fit into what was free."""

    def usable(self, free: int, on_drive: int) -> int:
        """Return the free bytes to plan with.

        Args:
            free: free bytes on the phone now.
            on_drive: bytes that have come from iCloud in this job and are on the drive.
        """
        self._free, self._most_free = free, max(self._most_free, free)
        if not self._makes_room and free > self._least_free * NEARLY_FULL:
            self._makes_room = True
        found = max(free, min(self._most_free, free + on_drive)) if self._makes_room else free
        above = max(0, found - KEPT_FREE)
        share = self._share if self._makes_room else min(1.0, self._share)
        return found - above + int(above * share)

    def requested(self, size: int) -> None:
        """Note how many bytes were requested after `usable`."""
        self._under_pressure = size > self._free - KEPT_FREE

    def was_stuck(self, free: int) -> None:
        """Note that something was requested and did not come."""
        if free < KEPT_FREE * NEARLY_FULL:
            self._makes_room, self._least_free = False, max(free, KEPT_FREE)
            self._share = min(1.0, self._share)

    def was_offloaded(self) -> None:
        """Note that iOS removed an original again before it was copied: too much was requested."""
        self._share = max(SMALLEST_SHARE, min(1.0, self._share) / 2)

    def went_well(self) -> None:
        """Note that all that was requested has come, and nothing was removed before it was copied."""
        if self._under_pressure:
            self._share = min(LARGEST_SHARE, self._share * 2)
        else:
            self._share = max(self._share, min(1.0, self._share * 2))
