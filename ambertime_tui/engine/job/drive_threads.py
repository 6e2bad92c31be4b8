"""Threads for calls that block on the drive, and how long the drive has been inactive."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from ambertime_tui.drive.errors import DriveSilent

P = ParamSpec("P")
T = TypeVar("T")


class Threads:
    """Runs calls that block on a drive. A cancelled caller still waits for its call. Belongs to the event
    loop in which it is created."""

    def __init__(self, count: int, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            count: the most threads.
            path: the target, for error messages.
            clock: seconds.
        """
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="drive")
        self._path = path
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._running: set[asyncio.Future[Any]] = set()
        self._alive_at = clock()
        self._given_up = False

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call `work` in a thread and return its result.

        Raises:
            DriveSilent: the drive was given up; the thread may still wait for it.
        """
        if self._given_up:
            raise DriveSilent(self._path)
        if not self._running:
            self.alive()
        call: asyncio.Future[T] = self._loop.create_future()
        self._running.add(call)
        self._pool.submit(self._work, call, partial(work, *args, **kwargs))
        try:
            return await asyncio.shield(call)
        except asyncio.CancelledError:
            while not call.done():  # a second cancellation does not end the call either
                with suppress(asyncio.CancelledError):
                    await asyncio.wait((call,))
            raise

    def alive(self) -> None:
        """Note that the drive has just been active. Any thread may call it."""
        self._alive_at = self._clock()

    @property
    def silent_for(self) -> float:
        """Seconds without activity while a call waits for the drive."""
        return self._clock() - self._alive_at if self._running else 0.0

    def give_up(self) -> None:
        """Stop waiting for the drive: fail all calls."""
        self._given_up = True
        for call in self._running:
            _fail(call, DriveSilent(self._path))

    def close(self) -> None:
        """End idle threads."""
        self._pool.shutdown(wait=False)

    def _work(self, call: asyncio.Future[T], work: Callable[[], T]) -> None:
        """In a thread: call, and pass the result to the event loop."""
        settle = _settled_by(call, work)
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ended, call, settle)

    def _ended(self, call: asyncio.Future[T], settle: Callable[[], None]) -> None:
        self._running.discard(call)
        self.alive()
        settle()


def _settled_by(call: asyncio.Future[T], work: Callable[[], T]) -> Callable[[], None]:
    """Call `work`; return a function with which the event loop sets the future's result."""
    try:
        return partial(_succeed, call, work())
    except BaseException as error:  # noqa: BLE001 - raised where the result is awaited
        return partial(_fail, call, error)


def _succeed(call: asyncio.Future[T], value: T) -> None:
    if not call.done():
        call.set_result(value)


def _fail(call: asyncio.Future[T], trouble: BaseException) -> None:
    if not call.done():
        call.set_exception(trouble)
        call.exception()  # a cancelled caller never reads it; asyncio would log a warning


class _Activity:
    """A call in a daemon thread: its CPU time, and whether its caller still waits for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._abandoned = self._finished = False
        self.ident: int | None = None

    def finish(self) -> bool:
        """In the thread: note that the call has returned. False: its caller no longer waits."""
        with self._lock:
            self._finished = True
            return not self._abandoned

    def abandon(self) -> bool:
        """Stop waiting. False: the call has returned meanwhile."""
        with self._lock:
            self._abandoned = not self._finished
            return self._abandoned

    def cpu_time(self) -> float:
        """CPU seconds of the thread; 0 if the system cannot tell (macOS).

        They do not advance while the thread waits for a drive that does not respond.
        """
        with self._lock:
            if self.ident is None or self._finished or not hasattr(time, "pthread_getcpuclockid"):
                return 0.0
            return time.clock_gettime(time.pthread_getcpuclockid(self.ident))


LOOKED_AT_EVERY = 0.5
"""Seconds between checks whether a call is active."""


async def while_active(
    seconds: float,
    path: Path,
    work: Callable[[], T],
    *,
    too_late: Callable[[], object],
    clock: Callable[[], float] = time.monotonic,
) -> T:
    """Call `work` in a daemon thread and return its result, however long it takes while it makes progress.

    Args:
        seconds: without activity, after which the call is abandoned.
        path: the target, for error messages.
        work: what to do.
        too_late: called in the thread if `work` succeeds after it was abandoned.
        clock: seconds.

    Raises:
        DriveSilent: there was no activity for `seconds`; the thread continues.
    """
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()
    activity = _Activity()

    def call() -> None:
        activity.ident = threading.get_ident()
        worked = True
        try:
            settle: Callable[[], None] = partial(_succeed, result, work())
        except BaseException as error:  # noqa: BLE001 - raised where the result is awaited
            worked, settle = False, partial(_fail, result, error)
        if activity.finish():
            if not loop.is_closed():
                loop.call_soon_threadsafe(settle)
        elif worked:
            too_late()

    threading.Thread(target=call, name="opening the target", daemon=True).start()
    active_at, spent = clock(), 0.0
    try:
        while not result.done():
            await asyncio.wait((result,), timeout=min(LOOKED_AT_EVERY, seconds))
            now_spent = activity.cpu_time()
            if now_spent != spent:
                active_at, spent = clock(), now_spent
            elif not result.done() and clock() - active_at >= seconds and activity.abandon():
                raise DriveSilent(path)
        return result.result()
    except asyncio.CancelledError:
        if not activity.abandon() and not result.cancelled():
            await asyncio.to_thread(too_late)
        raise


async def in_time(seconds: float, path: Path, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call `work` in a daemon thread and return its result.

    Raises:
        DriveSilent: it took longer than `seconds`; the thread continues.
    """
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()

    def call() -> None:
        settle = _settled_by(result, partial(work, *args, **kwargs))
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle)

    threading.Thread(target=call, name="first access to a drive", daemon=True).start()
    try:
        async with asyncio.timeout(seconds):
            return await result
    except TimeoutError:
        raise DriveSilent(path) from None
