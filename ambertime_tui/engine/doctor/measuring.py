"""Measurements of a phone: the speed of its cable, and whether writes to its library show."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing, suppress

from ambertime_tui.engine.doctor.findings import Reporter
from ambertime_tui.engine.timing import Timing
from ambertime_tui.phone.afc import MediaFolder
from ambertime_tui.phone.errors import DatabaseNotThere, MediaError
from ambertime_tui.phone.photos_database import DATABASE, database_stamp
from ambertime_tui.phone.usb_bus import link_speeds
from ambertime_tui.units import rate

LARGE = 1 << 20
"""Bytes of a file that is large enough to measure the speed with: for a small one, the phone's response time
counts more."""
SHORTEST = 0.05
"""Seconds."""
STAMPS_EVERY = 0.25
"""Seconds between two looks at the library's files."""


async def check_speed(
    report: Reporter, media: MediaFolder, files: Sequence[tuple[str, int]], seconds: float
) -> None:
    """Measure for some seconds how fast the phone sends files.

    Args:
        report: where to.
        media: the phone's media folder.
        files: paths and bytes of large files. If they are small, the library's database is read instead.
        seconds: how long.
    """
    if seconds < SHORTEST:
        report.note("phone-speed", "Its speed was not measured, because the quick check has no time left.")
        return
    report.step("Measuring the iPhone's speed")
    count, took = await read_for(media, large_files(files), seconds)
    if not count:
        report.note("phone-speed", "Its speed was not measured, because there is no large file on it.")
        return
    speed = count / max(took, 1e-6)
    speeds = link_speeds()
    link = {"link_mbit": speeds[0]} if len(speeds) == 1 else {}
    report.fine(
        "phone-speed",
        f"It sends {rate(speed)}.",
        bytes=count,
        bytes_per_second=round(speed),
        **link,
    )


def large_files(files: Sequence[tuple[str, int]]) -> list[str]:
    """The paths of files that are large enough to measure the speed with, or that of the library."""
    return [path for path, size in files if size >= LARGE] or [DATABASE]


async def read_for(media: MediaFolder, files: Sequence[str], seconds: float) -> tuple[int, float]:
    """Read files one after the other for some seconds. Returns bytes and seconds."""
    loop = asyncio.get_running_loop()
    began, count = loop.time(), 0
    for path in files:
        with suppress(MediaError):
            async with aclosing(media.read(path)) as pieces:
                async for piece in pieces:
                    count += len(piece)
                    if loop.time() - began >= seconds:
                        return count, loop.time() - began
    return count, loop.time() - began


async def watch_stamps(report: Reporter, media: MediaFolder, seconds: float, timing: Timing) -> None:
    """Watch whether each write of Photos to its database gives its log a new size or time."""
    report.step("Watching whether Photos writes to its library")
    changes = unnoticed = 0
    try:
        last = await database_stamp(media)
        until = timing.steady() + seconds
        while timing.steady() < until:
            await timing.pause(STAMPS_EVERY)
            now = await database_stamp(media)
            if now != last:
                changes += 1
                grown = (now.log_size, now.log_header) != (last.log_size, last.log_header)
                unnoticed += grown and now.log_modified_ns == last.log_modified_ns
            last = now
    except (MediaError, DatabaseNotThere) as error:
        report.note("stamps", f"The library's files could not be watched. {error}")
        return
    facts = {"seconds": round(seconds), "changes": changes, "without_new_time": unnoticed}
    if unnoticed:
        report.note(
            "stamps",
            "Photos wrote to its library without a new time on the file. AmberTime compares the log's "
            "contents as well, so that its copy is still consistent. Please report this.",
            **facts,
        )
    elif changes:
        report.fine("stamps", "Each write of Photos to its library gives the file a new time.", **facts)
    else:
        report.fine("stamps", "Photos did not write to its library meanwhile.", **facts)
