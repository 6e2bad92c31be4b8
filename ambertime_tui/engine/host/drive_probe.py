"""Probe the mounted drives independently, so that one that does not respond cannot block the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from ambertime_tui.drive.errors import DriveError, DriveSilent
from ambertime_tui.drive.volume.block_devices import Volume
from ambertime_tui.drive.volume.discovery import Drive, MountPoint, mount_points, sort_drives
from ambertime_tui.engine.api.status import DriveSummary
from ambertime_tui.engine.job.drive_threads import in_time
from ambertime_tui.engine.scan.summaries import (
    drive_summary,
    unmounted_drive,
    unreadable_drive,
    why_unreadable,
)

log = logging.getLogger(__name__)

Probed = tuple[Drive, DriveSummary] | DriveSummary | None
"""A drive, or one that cannot be read, or None if it is not a drive to write to."""

ANSWERS_WITHIN = 3.0
"""Seconds to wait for a drive. One that is still spinning up appears at the next probe."""


class DriveProbe:
    """Lists the drives, each with its own trouble. A drive that does not respond is not probed again until
    it has answered."""

    def __init__(
        self,
        where: Callable[[], Iterable[MountPoint]] = mount_points,
        within: float = ANSWERS_WITHIN,
        unmounted: Callable[[], Iterable[Volume]] = tuple,
    ) -> None:
        self._where = where
        self._unmounted = unmounted
        self._within = within
        self._last: tuple[MountPoint, ...] = ()
        self._probes: dict[Path, asyncio.Task[Probed]] = {}

    async def drives(self) -> tuple[DriveSummary, ...]:
        """List the readable drives, external ones first, then those that cannot be used now: they cannot be
        read, do not respond, or are not mounted.
        """
        found: dict[str, tuple[Drive, DriveSummary]] = {}
        unreadable: dict[Path, DriveSummary] = {}
        mounted = await self._mount_points()
        probes = {place.path: self._probe(place) for place in mounted}
        if probes:
            await asyncio.wait(probes.values(), timeout=self._within)
        for place in mounted:
            probe = probes[place.path]
            if not probe.done():
                unreadable[place.path] = _unreadable(place, str(DriveSilent(place.path)))
                continue
            self._probes.pop(place.path, None)
            seen = probe.result()
            if isinstance(seen, DriveSummary):
                unreadable[place.path] = seen
            elif seen is not None:
                found.setdefault(place.key, seen)
        order = sort_drives(drive for drive, _ in found.values())
        by_drive = {id(drive): summary for drive, summary in found.values()}
        unmounted = await asyncio.to_thread(lambda: [unmounted_drive(one) for one in self._unmounted()])
        return (*(by_drive[id(drive)] for drive in order), *unreadable.values(), *unmounted)

    async def _mount_points(self) -> tuple[MountPoint, ...]:
        """List the mount points. Returns the previous list if the system does not answer (diskutil on
        macOS)."""
        with suppress(OSError):
            self._last = await asyncio.to_thread(lambda: tuple(self._where()))
        return self._last

    def _probe(self, place: MountPoint) -> asyncio.Task[Probed]:
        if place.path not in self._probes:
            self._probes[place.path] = asyncio.create_task(_look(place))
        return self._probes[place.path]


async def _look(place: MountPoint) -> Probed:
    try:
        return await in_time(float("inf"), place.path, _seen, place)
    except OSError as error:
        return _unreadable(place, why_unreadable(error, place.path))
    except DriveError as error:
        return _unreadable(place, str(error))
    except Exception as error:
        log.exception("cannot probe %s", place.path)
        return _unreadable(place, f"{place.path} cannot be checked ({error!r}). Please report it.")


def _seen(place: MountPoint) -> tuple[Drive, DriveSummary] | None:
    drive = place.inspect()
    return None if drive is None else (drive, drive_summary(drive))


def _unreadable(place: MountPoint, sentence: str) -> DriveSummary:
    return unreadable_drive(place.path, place.file_system, sentence)
