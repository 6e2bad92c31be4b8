"""Clean-up that survives cancellation of the caller and has a time limit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def finish(cleanup: Coroutine[Any, Any, object], limit: float) -> None:
    """Run `cleanup` for at most `limit` seconds, even if the caller is cancelled meanwhile; the
    cancellation is raised afterwards. Errors of the clean-up are ignored, because the error that caused it
    matters more.
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
    """Await a step that opens a connection. If the caller is cancelled, let the step finish first.

    If a TLS connection is cancelled just as its handshake ends, asyncio shuts it down gracefully while
    pymobiledevice3 (`ServiceConnection.from_socket`) closes the socket. The event loop then reads from
    whatever reuses that file descriptor.

    Args:
        grace: seconds to wait for the step after a cancellation.
        undo: releases a result that is no longer needed.
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
    """Done callback: mark the exception as retrieved, so that the event loop does not log it."""
    if not task.cancelled():
        task.exception()
