"""Shared by these tests: a strict event loop, and sessions without waiting."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from ambertime_tui.phone.afc import MediaFolder
from ambertime_tui.phone.errors import PhoneError
from ambertime_tui.phone.session import PhoneSession, PhoneTimeouts, open_session
from ambertime_tui.simulator.phone import SimulatedPhone

T = TypeVar("T")

QUICK = PhoneTimeouts(step_within=10.0, stall_after=3.0, ask_again_every=0.05, keep_alive_every=25.0)
"""For tests in which the phone does not respond on purpose."""
DEADLINE = 20.0


def run(work: Coroutine[Any, Any, T], deadline: float = DEADLINE) -> T:
    """Run `work`. Fail if it takes too long, leaves tasks running, or loses an exception."""
    complaints: list[str] = []

    async def watched() -> T:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(str(context)))
        async with asyncio.timeout(deadline):
            result = await work
        await until(lambda: len(asyncio.all_tasks()) == 1, "all tasks to end")
        gc.collect()
        await asyncio.sleep(0)
        return result

    result = asyncio.run(watched())
    assert not complaints, complaints
    return result


async def until(condition: Callable[[], bool], what: str, deadline: float = 10.0) -> None:
    """Wait for a condition, and fail with its name on a timeout."""
    loop = asyncio.get_running_loop()
    end = loop.time() + deadline
    while not condition():
        assert loop.time() < end, f"waited {deadline:.0f} s for {what}"
        await asyncio.sleep(0.005)


@asynccontextmanager
async def session_with(
    phone: SimulatedPhone,
    records: Path,
    *,
    timeouts: PhoneTimeouts = QUICK,
    patience: float = 0.0,
    on_waiting: Callable[[PhoneError], None] = lambda error: None,
) -> AsyncIterator[PhoneSession]:
    async with open_session(
        phone.udid, pair_records=records, on_waiting=on_waiting, trust_patience=patience, timeouts=timeouts
    ) as session:
        yield session


@asynccontextmanager
async def media_of(
    phone: SimulatedPhone, records: Path, *, timeouts: PhoneTimeouts = QUICK, connections: int = 1
) -> AsyncIterator[MediaFolder]:
    async with (
        session_with(phone, records, timeouts=timeouts) as session,
        await session.media(connections) as media,
    ):
        yield media


async def content(media: MediaFolder, path: str, **how: Any) -> bytes:
    async with aclosing(media.read(path, **how)) as pieces:
        return b"".join([piece async for piece in pieces])


async def raised(kind: type[PhoneError], work: Awaitable[object]) -> Any:
    """Return the error that `work` must raise."""
    try:
        await work
    except kind as error:
        return error
    raise AssertionError(f"expected {kind.__name__}, nothing was raised")
