"""Clocks and pauses, injected so that tests do not have to wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ambertime_tui.phone.session import PhoneTimeouts


@dataclass(frozen=True, slots=True)
class Timing:
    """The engine's clocks and timeouts."""

    wall: Callable[[], float] = time.time
    """Seconds since 1970, for display."""
    steady: Callable[[], float] = time.monotonic
    """Seconds of a monotonic clock, for durations and rates."""
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    phone: PhoneTimeouts = PhoneTimeouts()
    """How long to wait for a phone."""
