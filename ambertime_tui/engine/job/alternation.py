"""Alternate Download and Keep Originals with Optimize iPhone Storage where not everything fits. Pure."""

from __future__ import annotations

from enum import StrEnum

from ambertime_tui.phone.originals import KEPT_FREE


class PhotosSetting(StrEnum):
    """What the user chose, or has to choose, under Settings > Photos."""

    KEEP = "keep"
    OPTIMIZE = "optimize"


WORDS = {
    PhotosSetting.KEEP: "choose Download and Keep Originals",
    PhotosSetting.OPTIMIZE: "choose Optimize iPhone Storage",
}
FULL = (
    "The iPhone is full, so iOS has stopped downloading. What has come is on the drive. On the iPhone, open "
    "Settings, Apps, Photos and choose Optimize iPhone Storage, so that iOS makes room."
)
ROOM_AGAIN = (
    "iOS has made room. On the iPhone, open Settings, Apps, Photos and choose Download and Keep Originals."
)
SAME_AGAIN = (
    "The iPhone is full, and iOS only downloaded originals again that are on the drive. Switching does not "
    "help: stop this backup and use a Shortcut, free storage on the iPhone, or open the items in Photos."
)
SHARE_OF_ROOM = 0.5
"""Share of the most room seen that iOS must have made before it is worth switching back."""
NEARLY = 1.02
"""Times 1 GiB: iOS stops before a file that does not fit, so a little more than 1 GiB stays free."""


class Alternation:
    """Decides when to switch. `wanted` is what the user has to choose now."""

    def __init__(self) -> None:
        self.wanted = PhotosSetting.KEEP
        self.switches = 1
        """How often the setting had to be changed so far, with the first time."""
        self.same_again = False
        """True if iOS filled the phone and brought nothing new: switching is no use."""
        self._pending_when_full: int | None = None
        self._most_room = 0

    @property
    def sentence(self) -> str:
        """What to do after a switch; empty before the first one."""
        if self.same_again:
            return SAME_AGAIN
        if self.switches == 1:
            return ""
        return FULL if self.wanted is PhotosSetting.OPTIMIZE else ROOM_AGAIN

    def review(self, free: int, pending: int, *, uncopied: int, quiet: bool) -> bool:
        """Decide again. True: the user has to change the setting now.

        Args:
            free: free bytes on the phone.
            pending: bytes that iOS still has to download.
            uncopied: originals that have arrived and are not on the drive yet.
            quiet: nothing has arrived for a while.
        """
        room = max(0, free - KEPT_FREE)
        self._most_room = max(self._most_room, room)
        if self.same_again:
            return False
        if self.wanted is PhotosSetting.KEEP:
            full = quiet and not uncopied and pending > room and free < self._full_below
            if full and self._pending_when_full is not None and pending >= self._pending_when_full:
                self.same_again = True
                return False
            if full:
                self.wanted, self._pending_when_full = PhotosSetting.OPTIMIZE, pending
        elif room >= min(pending, max(1, int(self._most_room * SHARE_OF_ROOM))):
            full = True
            self.wanted = PhotosSetting.KEEP
        else:
            full = False
        self.switches += full
        return full

    @property
    def _full_below(self) -> int:
        """Below it, iOS has stopped: 1 GiB and a part of the room that there was."""
        return max(int(KEPT_FREE * NEARLY), KEPT_FREE + self._most_room // 4)
