"""The drives that are mounted, each looked at by itself: one that does not answer holds up no other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from ambertime_tui.drive.errors import DriveSilent
from ambertime_tui.drive.volume.discovery import Drive, MountPoint, mount_points, sort_drives
from ambertime_tui.engine.api.status import DriveSummary
from ambertime_tui.engine.job.drive_threads import in_time
from ambertime_tui.engine.scan.summaries import drive_summary

ANSWERS_WITHIN = 3.0
"""Seconds that a drive gets; one that spins up may be late, and is there at the next look."""


class DriveProbe:
    """Asks a drive that did not answer again only when it has."""

    def __init__(
        self, where: Callable[[], Iterable[MountPoint]] = mount_points, within: float = ANSWERS_WITHIN
    ) -> None:
        self._where = where
        self._within = within
        self._last: tuple[MountPoint, ...] = ()
        self._asked: dict[Path, asyncio.Task[tuple[Drive, DriveSummary] | None]] = {}

    async def drives(self) -> tuple[DriveSummary, ...]:
        """Those one could write to, plugged-in ones first, then those that do not answer."""
        found: dict[str, tuple[Drive, DriveSummary]] = {}
        silent: list[DriveSummary] = []
        there = await self._places()
        asked = {place.path: self._ask(place) for place in there}
        if asked:
            await asyncio.wait(asked.values(), timeout=self._within)
        for place in there:
            look = asked[place.path]
            if not look.done():
                silent.append(
                    DriveSummary(
                        str(place.path),
                        place.path.name,
                        place.file_system,
                        sentence=str(DriveSilent(place.path)),
                        usable=False,
                    )
                )
                continue
            self._asked.pop(place.path, None)
            seen = look.result()
            if seen is not None:
                found.setdefault(place.key, seen)
        order = sort_drives(drive for drive, _ in found.values())
        by_drive = {id(drive): summary for drive, summary in found.values()}
        return (*(by_drive[id(drive)] for drive in order), *silent)

    async def _places(self) -> tuple[MountPoint, ...]:
        """Where drives are mounted; as it was where the system does not say (diskutil, on macOS)."""
        with suppress(OSError):
            self._last = await asyncio.to_thread(lambda: tuple(self._where()))
        return self._last

    def _ask(self, place: MountPoint) -> asyncio.Task[tuple[Drive, DriveSummary] | None]:
        if place.path not in self._asked:
            self._asked[place.path] = asyncio.create_task(_look(place))
        return self._asked[place.path]


async def _look(place: MountPoint) -> tuple[Drive, DriveSummary] | None:
    return await in_time(float("inf"), place.path, _seen, place)


def _seen(place: MountPoint) -> tuple[Drive, DriveSummary] | None:
    drive = place.inspect()
    return None if drive is None else (drive, drive_summary(drive))
