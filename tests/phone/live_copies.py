"""The experiment for the consistent copy: copy a database while it is being written, and check the copies.

Used by the concurrency test and by `benchmarks/database_copy.py`.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from ambertime_tui.phone.afc import LARGEST_READ, MediaFolder
from ambertime_tui.phone.errors import DatabaseNeverRests, MediaNotFound
from ambertime_tui.phone.photos_database import DATABASE, LOG, fetch_database
from tests.phone.busy_database import committed, judge, written_to

LONGEST_PAUSE = 0.5
"""Seconds. Shorter than in the product, because a steady writer never becomes quieter."""


@dataclass(frozen=True, slots=True)
class Copies:
    """The results of several copies."""

    wanted: int
    accepted: int
    """Accepted as consistent."""
    attempts: int
    """Attempts to copy."""
    silently_mixed: int
    """SQLite finds no error, but two transactions are mixed."""
    corrupt: int
    """SQLite reports damage."""
    stale: int
    """Complete, but without a transaction that was committed before the copy began."""
    transactions: int
    """Transactions committed during the experiment."""
    seconds: float
    """Total seconds, including the checks."""
    copying: float
    """Seconds for the accepted copies only."""

    @property
    def bad(self) -> int:
        """Accepted copies that are not consistent."""
        return self.silently_mixed + self.corrupt + self.stale


Take = Callable[[MediaFolder, Path], Awaitable[int]]


async def guarded(media: MediaFolder, into: Path, attempts: int = 10) -> int:
    """Copy as the product does, and return the number of attempts."""

    async def pause(seconds: float) -> None:
        await asyncio.sleep(min(seconds, LONGEST_PAUSE))

    return (await fetch_database(media, into, attempts=attempts, sleep=pause)).attempts


async def unguarded(media: MediaFolder, into: Path) -> int:
    """Copy naively: the database, then its log."""
    await asyncio.to_thread(into.mkdir)
    for path in (DATABASE, LOG):
        with (into / Path(path).name).open("wb") as file:
            try:
                async with aclosing(media.read(path, chunk=LARGEST_READ)) as pieces:
                    async for piece in pieces:
                        file.write(piece)
            except MediaNotFound:
                continue
    return 1


async def copy_while_written(
    media: MediaFolder,
    database: Path,
    scratch: Path,
    *,
    take: Take,
    rate: float,
    copies: int,
    deadline: float = 600.0,
) -> Copies:
    """Make and check copies while another process commits `rate` transactions per second.

    Args:
        media: the phone's media folder.
        database: the simulated phone's database.
        scratch: folder for the copies, one after the other.
        take: the way to copy.
        rate: transactions per second.
        copies: number of copies.
        deadline: seconds after which no further copy starts.
    """
    accepted = attempts = stale = wanted = 0
    copying = 0.0
    verdicts: list[str] = []
    began = time.monotonic()
    at_first = committed(database)
    with written_to(database, rate):
        while wanted < copies and time.monotonic() - began < deadline:
            wanted += 1
            into = scratch / f"copy-{wanted}"
            before = committed(database)
            started = time.monotonic()
            try:
                attempts += await take(media, into)
            except DatabaseNeverRests as error:
                attempts += error.attempts
            else:
                accepted += 1
                copying += time.monotonic() - started
                verdict, transactions = await asyncio.to_thread(judge, into / "Photos.sqlite")
                verdicts.append(verdict)
                stale += not verdict and transactions < before
            await asyncio.to_thread(shutil.rmtree, into)
    return Copies(
        wanted=wanted,
        accepted=accepted,
        attempts=attempts,
        silently_mixed=verdicts.count("mixed"),
        corrupt=verdicts.count("corrupt"),
        stale=stale,
        transactions=committed(database) - at_first,
        seconds=time.monotonic() - began,
        copying=copying,
    )
