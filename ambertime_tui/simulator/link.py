"""The cable between phone and computer: how long a round trip takes and how many bytes pass in a second."""

from __future__ import annotations

import asyncio
import select
import selectors
from collections.abc import Callable
from dataclasses import dataclass

_CATCH_UP_SECONDS = 0.005
"""How late the event loop may be before the schedule of a wire gives up the lost time."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a cable can do.

    Attributes:
        round_trip: seconds from a request's arrival to its reply's first byte. Requests in flight together
            wait together.
        bytes_per_second: shared by all connections of the phone; None is as fast as this computer can.
    """

    round_trip: float = 0.0
    bytes_per_second: float | None = None


LINKS = {
    "unlimited": Link(),
    "usb2": Link(0.001, 38e6),
    "usb2-slow": Link(0.003, 38e6),
    "usb3": Link(0.0005, 300e6),
}
"""38 MB/s is what a USB 2 phone was measured to give; the round trips are assumptions."""


class Wire:
    """One phone's cable in use: a schedule of its bytes, a count of them, and the place where it is cut."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.sent = 0
        """Bytes that went to the computer since the phone was made, over all connections."""
        self.on_cut: Callable[[], None] = lambda: None
        self._cut_at: int | None = None
        self._busy_until = 0.0

    def cut_after(self, size: int | None) -> None:
        """Lets `size` more bytes through and then calls `on_cut`; None takes that back."""
        self._cut_at = None if size is None else self.sent + size

    @property
    def is_unshaped(self) -> bool:
        """Whether bytes may pass without asking: no bandwidth to keep, no cut to come."""
        return self.link.bytes_per_second is None and self._cut_at is None

    def reserve(self, size: int, ready_at: float, now: float) -> float:
        """Books the wire for `size` bytes that are ready at `ready_at` and returns when the last one is over.

        The schedule is kept in ideal time, so that an event loop that wakes late makes no slow phone.
        """
        start = max(ready_at, now - _CATCH_UP_SECONDS, self._busy_until)
        rate = self.link.bytes_per_second
        self._busy_until = start if rate is None else start + size / rate
        return self._busy_until

    def carry(self, size: int) -> int:
        """Counts `size` bytes as sent and returns how many of them come before the cut."""
        allowed = size if self._cut_at is None else max(0, min(size, self._cut_at - self.sent))
        self.sent += allowed
        return allowed


async def sleep_until(moment: float) -> None:
    """Sleeps until the running loop's clock shows `moment`; returns at once if that is past."""
    delay = moment - asyncio.get_running_loop().time()
    if delay > 0:
        await asyncio.sleep(delay)


def new_event_loop() -> asyncio.AbstractEventLoop:
    """An event loop whose timers are finer than epoll's millisecond, where the system has epoll."""
    if not hasattr(selectors, "EpollSelector"):
        return asyncio.new_event_loop()

    class FineEpollSelector(selectors.EpollSelector):
        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            if timeout is not None and 0 < timeout < 0.05:
                select.select([self.fileno()], [], [], timeout)
                timeout = 0
            return super().select(timeout)

    return asyncio.SelectorEventLoop(FineEpollSelector())
