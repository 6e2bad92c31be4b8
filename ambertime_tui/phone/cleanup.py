"""Clean-up that a cancelled caller cannot cut short, and that cannot hang either."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


async def finish(cleanup: Coroutine[Any, Any, object], limit: float) -> None:
    """Runs `cleanup` to its end, at most `limit` seconds, even where the caller is cancelled meanwhile; the
    cancellation is then raised afterwards. What the clean-up itself raises is dropped: the error that led to
    it is the one that counts.
    """
    task = asyncio.ensure_future(cleanup)
    deadline = asyncio.get_running_loop().time() + limit
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        left = deadline - asyncio.get_running_loop().time()
        if left <= 0:
            task.cancel()
            break
        try:
            await asyncio.wait({task}, timeout=left)
        except asyncio.CancelledError as error:
            cancelled = error
    task.add_done_callback(forget)
    if cancelled is not None:
        raise cancelled


def forget(task: asyncio.Future[Any]) -> None:
    """A done callback: takes note of the result, so that the event loop does not complain of it."""
    if not task.cancelled():
        task.exception()
