"""Find a known archive at the place where its drive is mounted now."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from ambertime_tui.drive.errors import (
    DriveError,
    DriveNotConnected,
    DriveNotMounted,
    TargetMissing,
)
from ambertime_tui.drive.volume.block_devices import (
    THIS_COMPUTER,
    Computer,
    find_unmounted,
    how_to_mount,
    uuid_of,
)
from ambertime_tui.drive.volume.discovery import MountPoint, drive_of, mount_points
from ambertime_tui.drive.volume.marker import read_marker
from ambertime_tui.engine.job.drive_threads import in_time
from ambertime_tui.engine.job.target_memory import KnownTarget, TargetMemory

ANSWERS_WITHIN = 15.0
"""Seconds to wait for a drive, which may have to spin up."""


class TargetLocator:
    """Finds archives by what the last backup to a path remembered: archive, drive and folder on the drive."""

    def __init__(
        self,
        memory: TargetMemory,
        where: Callable[[], Iterable[MountPoint]] = mount_points,
        computer: Computer = THIS_COMPUTER,
        within: float = ANSWERS_WITHIN,
    ) -> None:
        self._memory = memory
        self._where = where
        self._computer = computer
        self._within = within

    async def locate(self, target: Path) -> Path:
        """Return the folder at which the archive of a path is now.

        That is the path itself, unless its drive is mounted elsewhere. An archive with the same identity on
        a drive with another file system is a copy, and is not used in place of the original.

        Raises:
            DriveNotMounted: its drive is connected but not mounted; the message has the command.
            DriveNotConnected: no drive with it is connected.
            TargetMissing: the path is not known, and there is no such folder.
            DriveSilent: the drive at the path does not respond.
        """
        known = await asyncio.to_thread(self._memory.known, target)
        found = await in_time(self._within, target, _archive_at, target)
        if known is None:
            if not await in_time(self._within, target, target.is_dir):
                raise TargetMissing(target)
            return target
        if found == known.target_id:
            return target
        elsewhere = await self._elsewhere(target, known)
        if elsewhere is not None:
            return elsewhere
        if found is not None:
            return target  # another archive; the job reports it
        volume = await asyncio.to_thread(find_unmounted, known.volume, self._computer)
        if volume is not None:
            name = f"{volume.label} ({volume.device})" if volume.label else volume.device
            raise DriveNotMounted(target, name, how_to_mount(volume, self._computer))
        if await in_time(self._within, target, target.is_dir):
            return target  # an empty mount point or an emptied folder; the job knows which
        raise DriveNotConnected(target)

    async def _elsewhere(self, target: Path, known: KnownTarget) -> Path | None:
        folder = known.folder(Path(await asyncio.to_thread(os.path.realpath, target)))
        if folder is None:
            return None
        places = await asyncio.to_thread(lambda: tuple(self._where()))
        candidates = [place.path / folder for place in places if place.path / folder != target]
        looks = (in_time(self._within, c, self._is_it, c, known) for c in candidates)
        answers = await asyncio.gather(*looks, return_exceptions=True)
        return next((c for c, is_it in zip(candidates, answers, strict=True) if is_it is True), None)

    def _is_it(self, candidate: Path, known: KnownTarget) -> bool:
        if _archive_at(candidate) != known.target_id:
            return False
        return not known.volume or uuid_of(drive_of(candidate).device, self._computer) == known.volume


def _archive_at(folder: Path) -> str | None:
    with suppress(OSError, DriveError):
        marker = read_marker(folder)
        return marker.target_id if marker is not None else None
    return None
