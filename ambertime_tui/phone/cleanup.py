"""Clean-up that a cancelled caller cannot cut short, and that cannot hang either."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


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


async def cancel_gracefully(
    step: Awaitable[T], grace: float, undo: Callable[[T], Coroutine[Any, Any, object]] | None = None
) -> T:
    """Awaits a step that opens a connection; where the caller is cancelled, it may first come to its end.

    A TLS connection that is cancelled in the instant in which its handshake ends is taken leave of in good
    order by asyncio, while pymobiledevice3 (`ServiceConnection.from_socket`) closes the socket under it: the
    event loop then goes on reading whatever gets that descriptor next.

    Args:
        grace: seconds that a cancelled caller waits for the step.
        undo: what to do with a result that nobody takes any more.
    """
    task = asyncio.ensure_future(step)
    task.add_done_callback(forget)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await finish(_ended(task, grace, undo), 2 * grace + 2.0)
        raise


async def _ended(
    task: asyncio.Future[T], grace: float, undo: Callable[[T], Coroutine[Any, Any, object]] | None
) -> None:
    await asyncio.wait({task}, timeout=grace)
    if not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=grace)
    if undo is not None and task.done() and not task.cancelled() and task.exception() is None:
        await undo(task.result())


def forget(task: asyncio.Future[Any]) -> None:
    """A done callback: takes note of the result, so that the event loop does not complain of it."""
    if not task.cancelled():
        task.exception()
