"""Tests and observations of a phone that take longer: limits, idle connections, hours awake, offloading."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

from ambertime_tui.engine.doctor.findings import Effort, Reporter
from ambertime_tui.engine.doctor.library import LibrarySeen
from ambertime_tui.engine.doctor.measuring import large_files, read_for, watch_stamps
from ambertime_tui.engine.timing import Timing
from ambertime_tui.phone.afc import MediaFolder
from ambertime_tui.phone.errors import MediaError, PhoneError
from ambertime_tui.phone.photos_database import DATABASE
from ambertime_tui.phone.probes import idle_end, open_at_once
from ambertime_tui.phone.session import PhoneSession
from ambertime_tui.units import duration, plural, rate

MOST_HANDLES = 64
LATE = 30.0
"""Seconds by which an answer may be late before the phone counts as asleep."""


async def observe_phone(
    report: Reporter,
    session: PhoneSession,
    media: MediaFolder,
    seen: LibrarySeen,
    seconds: float,
    timing: Timing,
    effort: Effort,
) -> None:
    """Test limits, then observe the phone until `seconds` have passed.

    Raises:
        PhoneError: the phone is disconnected or not responding.
    """
    until = timing.steady() + seconds
    await check_handles(report, session, seen.largest[0][0] if seen.largest else DATABASE)
    await check_connections(report, session, large_files(seen.largest), effort.speed)
    await watch_stamps(report, media, min(effort.long_stamps, seconds), timing)
    await check_idle(report, session, min(effort.idle, max(0.0, until - timing.steady()) / 2))
    await check_awake(report, media, seen, until, timing, effort.look_every)


async def check_handles(report: Reporter, session: PhoneSession, path: str) -> None:
    """Open up to 64 files at the same time."""
    report.step(f"Opening up to {MOST_HANDLES} files on the iPhone")
    connection = await session.connection()
    try:
        found = await open_at_once(connection, path, MOST_HANDLES)
    finally:
        await connection.aclose()
    facts = {"opened": found.opened, "disconnected": found.disconnected}
    if found.refused_with is not None:
        facts["refused_with"] = found.refused_with
    if found.opened >= MOST_HANDLES:
        report.fine("handles", f"It opens at least {MOST_HANDLES} files at the same time.", **facts)
    else:
        report.note(
            "handles",
            f"It opens {plural(found.opened, 'file')} at the same time. AmberTime reads fewer when it "
            "refuses more.",
            **facts,
        )


async def check_connections(
    report: Reporter, session: PhoneSession, files: Sequence[str], seconds_each: float
) -> None:
    """Compare the speed of three connections with that of one."""
    report.step("Reading over one and over three connections")
    media = await session.media(3)
    shares = [files[start::3] or files for start in range(3)]
    try:
        alone, seconds = await read_for(media, files, seconds_each)
        results = await asyncio.gather(*(read_for(media, share, seconds_each) for share in shares))
    except PhoneError as error:
        report.note("connections", f"Reading over three connections failed. {error}", failed=True)
        return
    finally:
        await media.aclose()
    one = alone / max(seconds, 1e-6)
    three = sum(count for count, _ in results) / max(*(took for _, took in results), 1e-6)
    report.fine(
        "connections",
        f"One reader gets {rate(one)}, three get {rate(three)}.",
        failed=False,
        one_per_second=round(one),
        three_per_second=round(three),
    )


async def check_idle(report: Reporter, session: PhoneSession, seconds: float) -> None:
    """Leave a connection idle, and note when the phone closes it."""
    report.step(f"Leaving a connection idle for {duration(seconds)}")
    connection = await session.connection()
    try:
        ended = await idle_end(connection, seconds)
    finally:
        await connection.aclose()
    if ended is None:
        sentence = f"It keeps an idle connection for at least {duration(seconds)}."
        report.fine("idle", sentence, closed=False, seconds=round(seconds))
    else:
        report.fine(
            "idle",
            f"It closes an idle connection after {duration(ended)}. AmberTime keeps its connections busy.",
            closed=True,
            seconds=round(ended),
        )


async def check_awake(
    report: Reporter, media: MediaFolder, seen: LibrarySeen, until: float, timing: Timing, every: float
) -> None:
    """Look at the phone now and then: does it still answer, and did originals vanish or arrive?"""
    began = timing.steady()
    longest = 0.0
    gone: set[str] = set()
    arrived: set[str] = set()
    first_gone: float | None = None
    while (left := until - timing.steady()) > 0:
        report.step(f"Observing the iPhone for another {duration(left)}")
        await timing.pause(min(every, left))
        asked = timing.steady()
        try:
            now = await local_files(media, seen.folders)
        except PhoneError as error:
            report.wrong(
                "observation",
                f"The iPhone was lost after {duration(timing.steady() - began)}. {error}",
                seconds=round(timing.steady() - began),
                kind=type(error).__name__,
            )
            return
        longest = max(longest, timing.steady() - asked)
        new = seen.local - now - gone
        if new and first_gone is None:
            first_gone = timing.steady() - began
        gone |= new
        arrived |= now - seen.listed
    facts = {
        "seconds": round(timing.steady() - began),
        "longest_answer": round(longest, 1),
        "removed": len(gone),
        "arrived": len(arrived),
    }
    if first_gone is not None:
        facts["first_removed_after"] = round(first_gone)
    if longest > LATE:
        report.note(
            "awake-hours",
            f"It once took {duration(longest)} to answer, so it may have been asleep. Keep it on power.",
            longest_answer=round(longest),
        )
    report.fine(
        "observation",
        f"It answered for {duration(timing.steady() - began)}. iOS removed {plural(len(gone), 'original')} "
        f"and added {plural(len(arrived), 'file')} meanwhile.",
        **facts,
    )


async def local_files(media: MediaFolder, folders: Sequence[str]) -> frozenset[str]:
    """The paths of all files in some folders.

    Raises:
        PhoneError: the phone is disconnected or not responding.
    """
    found: list[str] = []
    async with aclosing(media.list_many(folders)) as lists:
        async for folder, names in lists:
            if not isinstance(names, MediaError):
                found += [f"{folder}/{name}" for name in names]
    return frozenset(found)
