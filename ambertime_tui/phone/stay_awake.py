"""Keep a phone awake for as long as it is in use: a power assertion, renewed before it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack

LASTS = 1200.0
"""Seconds after which the phone drops an assertion by itself."""
RENEWED_EVERY = 600.0
"""Seconds between two assertions. Other programs that keep phones awake use the same two numbers."""
RETRIED_AFTER = 60.0
"""Seconds until the next try after a refusal."""

Hold = Callable[[float], AbstractAsyncContextManager[bool]]
"""Holds an assertion with a time-out in seconds. Yields False if the phone refused it."""


async def stay_awake(hold: Hold, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
    """Hold power assertions until cancelled.

    The next assertion is held before the last one is released, so that the phone has no moment to fall
    asleep. After a refusal, the last one stays until a later try succeeds.

    Args:
        hold: as `Lockdown.kept_awake`.
        pause: waits for some seconds.
    """
    async with AsyncExitStack() as held:
        while True:
            async with AsyncExitStack() as opened:
                granted = await opened.enter_async_context(hold(LASTS))
                if granted:
                    await held.aclose()
                    held.push_async_exit(opened.pop_all())
            await pause(RENEWED_EVERY if granted else RETRIED_AFTER)
