"""Threads for what blocks on the drive, and how long the drive has given no sign of life."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from ambertime_tui.drive.errors import DriveSilent

P = ParamSpec("P")
T = TypeVar("T")


class Threads:
    """Runs what blocks on a drive. A cancelled caller still waits for the call that is under way. Belongs to
    the event loop it is made in."""

    def __init__(self, count: int, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            count: threads at most.
            path: the target, for what is said of its drive.
            clock: seconds.
        """
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="drive")
        self._path = path
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._under_way: set[asyncio.Future[Any]] = set()
        self._alive_at = clock()
        self._given_up = False

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `work`, called in a thread.

        Raises:
            DriveSilent: the drive was given up; the thread may still wait for it.
        """
        if self._given_up:
            raise DriveSilent(self._path)
        if not self._under_way:
            self.alive()
        call: asyncio.Future[T] = self._loop.create_future()
        self._under_way.add(call)
        self._pool.submit(self._work, call, partial(work, *args, **kwargs))
        try:
            return await asyncio.shield(call)
        except asyncio.CancelledError:
            if not call.done():
                await asyncio.wait((call,))
            raise

    def alive(self) -> None:
        """The drive has just done something. May be called from any thread."""
        self._alive_at = self._clock()

    @property
    def silent_for(self) -> float:
        """Seconds for which the drive has owed an answer and given no sign of life."""
        return self._clock() - self._alive_at if self._under_way else 0.0

    def give_up(self) -> None:
        """Nobody waits for the drive any more."""
        self._given_up = True
        for call in self._under_way:
            _fail(call, DriveSilent(self._path))

    def close(self) -> None:
        """Lets idle threads go."""
        self._pool.shutdown(wait=False)

    def _work(self, call: asyncio.Future[T], work: Callable[[], T]) -> None:
        """In a thread: calls, and lets the event loop know."""
        settle = _settled_by(call, work)
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ended, call, settle)

    def _ended(self, call: asyncio.Future[T], settle: Callable[[], None]) -> None:
        self._under_way.discard(call)
        self.alive()
        settle()


def _settled_by(call: asyncio.Future[T], work: Callable[[], T]) -> Callable[[], None]:
    """Calls `work`, in a thread. What comes of it is to be told to the future by the event loop."""
    try:
        return partial(_succeed, call, work())
    except BaseException as error:  # noqa: BLE001 - it is raised where the result is awaited
        return partial(_fail, call, error)


def _succeed(call: asyncio.Future[T], value: T) -> None:
    if not call.done():
        call.set_result(value)


def _fail(call: asyncio.Future[T], trouble: BaseException) -> None:
    if not call.done():
        call.set_exception(trouble)
        call.exception()  # a caller that was cancelled never asks; the event loop would complain


async def in_time(seconds: float, path: Path, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The result of `work`, called in a thread of its own that ends with the process.

    Raises:
        DriveSilent: `seconds` were not enough; the thread goes on.
    """
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()

    def call() -> None:
        settle = _settled_by(result, partial(work, *args, **kwargs))
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle)

    threading.Thread(target=call, name="look at a drive", daemon=True).start()
    try:
        async with asyncio.timeout(seconds):
            return await result
    except TimeoutError:
        raise DriveSilent(path) from None
