"""The cable between phone and computer: its latency and bandwidth."""

from __future__ import annotations

import asyncio
import select
import selectors
from collections.abc import Callable
from dataclasses import dataclass

_CATCH_UP_SECONDS = 0.005
"""How late the event loop may be before a wire's schedule drops the lost time."""


@dataclass(frozen=True, slots=True)
class Link:
    """Latency and bandwidth of a cable.

    Attributes:
        round_trip: seconds from a request's arrival to the first byte of its reply. The round trips of
            requests in flight overlap.
        bytes_per_second: shared by all connections of the phone; None means no limit.
    """

    round_trip: float = 0.0
    bytes_per_second: float | None = None


LINKS = {
    "unlimited": Link(),
    "usb2": Link(0.001, 38e6),
    "usb2-slow": Link(0.003, 38e6),
    "usb3": Link(0.0005, 300e6),
}
"""38 MB/s was measured on a USB 2 phone. The round trips and the speed over USB 3 are assumptions."""


class Wire:
    """One phone's cable in use: it schedules and counts bytes, and can be cut after a number of them."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.sent = 0
        """Bytes sent to the computer since the phone was created, over all connections."""
        self.on_cut: Callable[[], None] = lambda: None
        self._cut_at: int | None = None
        self._busy_until = 0.0

    def cut_after(self, size: int | None) -> None:
        """Let `size` more bytes through, then call `on_cut`. None cancels the cut."""
        self._cut_at = None if size is None else self.sent + size

    @property
    def is_unshaped(self) -> bool:
        """Whether bytes may pass without scheduling: no bandwidth limit and no cut is set."""
        return self.link.bytes_per_second is None and self._cut_at is None

    def reserve(self, size: int, ready_at: float, now: float) -> float:
        """Reserve the wire for `size` bytes that are ready at `ready_at`. Return when the last one arrives.

        The schedule uses ideal time, so an event loop that wakes up late does not slow the phone down.
        """
        start = max(ready_at, now - _CATCH_UP_SECONDS, self._busy_until)
        rate = self.link.bytes_per_second
        self._busy_until = start if rate is None else start + size / rate
        return self._busy_until

    def carry(self, size: int) -> int:
        """Count `size` bytes as sent. Return how many of them pass before the cut."""
        allowed = size if self._cut_at is None else max(0, min(size, self._cut_at - self.sent))
        self.sent += allowed
        return allowed


async def sleep_until(moment: float) -> None:
    """Sleep until the running loop's clock reaches `moment`. Return immediately if it has passed."""
    delay = moment - asyncio.get_running_loop().time()
    if delay > 0:
        await asyncio.sleep(delay)


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Create an event loop with timers finer than epoll's millisecond, if the system has epoll."""
    if not hasattr(selectors, "EpollSelector"):
        return asyncio.new_event_loop()

    class FineEpollSelector(selectors.EpollSelector):
        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            if timeout is not None and 0 < timeout < 0.05:
                select.select([self.fileno()], [], [], timeout)
                timeout = 0
            return super().select(timeout)

    return asyncio.SelectorEventLoop(FineEpollSelector())
