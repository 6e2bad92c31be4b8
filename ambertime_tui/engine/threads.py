"""Threads for what blocks on the drive, and how long the drive has given no sign of life."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

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
        self._under_way = 0
        self._alive_at = clock()
        self._given_up: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `work`, called in a thread.

        Raises:
            DriveSilent: the drive was given up; the thread may still wait for it.
        """
        if self._given_up.done():
            raise DriveSilent(self._path)
        if not self._under_way:
            self.alive()
        self._under_way += 1
        call = asyncio.get_running_loop().run_in_executor(self._pool, partial(work, *args, **kwargs))
        call.add_done_callback(self._ended)
        try:
            await asyncio.wait((call, self._given_up), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await asyncio.wait((call, self._given_up), return_when=asyncio.FIRST_COMPLETED)
            raise
        if not call.done():
            raise DriveSilent(self._path)
        return call.result()

    def alive(self) -> None:
        """The drive has just done something. May be called from any thread."""
        self._alive_at = self._clock()

    @property
    def silent_for(self) -> float:
        """Seconds for which the drive has owed an answer and given no sign of life."""
        return self._clock() - self._alive_at if self._under_way else 0.0

    def give_up(self) -> None:
        """Nobody waits for the drive any more."""
        if not self._given_up.done():
            self._given_up.set_result(None)

    @property
    def given_up(self) -> bool:
        """True once nobody waits any more."""
        return self._given_up.done()

    def close(self) -> None:
        """Lets idle threads go."""
        self._pool.shutdown(wait=False)

    def _ended(self, call: asyncio.Future[T]) -> None:
        self._under_way -= 1
        self.alive()
        if not call.cancelled():
            call.exception()  # a caller that was cancelled never asks; the event loop would complain


async def in_time(seconds: float, path: Path, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The result of `work`, called in a thread of its own that ends with the process.

    Raises:
        DriveSilent: `seconds` were not enough; the thread goes on.
    """
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()

    def settle(value: T | None, error: BaseException | None) -> None:
        if not result.done():
            if error is not None:
                result.set_exception(error)
            else:
                result.set_result(value)  # type: ignore[arg-type]

    def call() -> None:
        value, trouble = None, None
        try:
            value = work(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is awaited
            trouble = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, value, trouble)

    threading.Thread(target=call, name="look at a drive", daemon=True).start()
    try:
        async with asyncio.timeout(seconds):
            return await result
    except TimeoutError:
        raise DriveSilent(path) from None
