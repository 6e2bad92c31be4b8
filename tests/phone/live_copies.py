"""The experiment behind the guarded copy: a database is written to while copies of it are taken and judged.

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
"""Seconds; shorter than the product's, as a writer at a steady rate is no quieter later."""


@dataclass(frozen=True, slots=True)
class Copies:
    """What became of a number of copies."""

    wanted: int
    accepted: int
    """Handed over as consistent."""
    attempts: int
    """How often a copy was begun."""
    silently_mixed: int
    """SQLite finds nothing wrong, but two transactions are mixed in it."""
    corrupt: int
    """SQLite says that it is damaged."""
    stale: int
    """Whole, but without a transaction that was committed before the copy began."""
    transactions: int
    """Committed while all that went on."""
    seconds: float
    """All that, the judging included."""
    copying: float
    """Seconds, for the accepted copies alone, from asking to having."""

    @property
    def bad(self) -> int:
        """Copies handed over that should not have been."""
        return self.silently_mixed + self.corrupt + self.stale


Take = Callable[[MediaFolder, Path], Awaitable[int]]


async def guarded(media: MediaFolder, into: Path, attempts: int = 10) -> int:
    """The product's copy; returns how often it was begun."""

    async def pause(seconds: float) -> None:
        await asyncio.sleep(min(seconds, LONGEST_PAUSE))

    return (await fetch_database(media, into, attempts=attempts, sleep=pause)).attempts


async def unguarded(media: MediaFolder, into: Path) -> int:
    """What one would do without thinking: the database, then its log."""
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
    """Takes and judges copies while another process commits `rate` transactions a second.

    Args:
        media: the phone's media folder.
        database: the phone's database, on the phone's side.
        scratch: where the copies go, one after the other.
        take: how to copy.
        rate: transactions a second.
        copies: how many to take.
        deadline: seconds after which no further one is begun.
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
