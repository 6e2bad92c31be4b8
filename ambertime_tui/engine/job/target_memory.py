"""Remember where archives are, to avoid writing to an empty mount point or the wrong drive, and to find an
archive whose drive is mounted at another place.

The first backup to a folder creates an archive. An empty mount point, or another drive mounted at the same
path, looks like such a folder; the difference is that there was an archive at that path. A folder on this
computer's own disk may be emptied and used again.
"""

from __future__ import annotations

import json
import logging
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from ambertime_tui.drive.errors import AnotherDrive, TargetNotMounted
from ambertime_tui.drive.volume.discovery import drive_of
from ambertime_tui.drive.volume.marker import read_marker
from ambertime_tui.paths import PathsError, private, write_private

log = logging.getLogger(__name__)

FILE = "targets.json"
"""In the state folder."""
_ANOTHER = (
    "A different archive than last time is at {target}, on another drive. The job continues with the archive "
    "on this drive."
)
KEPT = 200
"""The most targets remembered; the oldest are dropped."""


@dataclass(frozen=True, slots=True)
class KnownTarget:
    """An archive as it was at the last backup."""

    target_id: str
    mounted_at: str
    """Where its drive was mounted."""
    volume: str = ""
    """UUID of the drive's file system; empty: not known."""

    def folder(self, target: Path) -> Path | None:
        """The target relative to its drive, so that it is found at another mount point.

        Args:
            target: the path at which it was, without links.
        """
        place = Path(self.mounted_at)
        return target.relative_to(place) if target.is_relative_to(place) else None


class TargetMemory:
    """One small file in the state folder. Without it, only these warnings are lost."""

    def __init__(self, state: Path) -> None:
        self._state = state

    def check(self, target: Path, *, new_archive: bool = False) -> str:
        """Refuse an empty mount point and a drive without an archive where there was one. Blocks.

        Args:
            target: the folder.
            new_archive: the user wants a new archive on this drive.

        Returns:
            a sentence if a different archive is there than last time; else empty.

        Raises:
            TargetNotMounted: the drive with the archive is not mounted.
            AnotherDrive: the drive mounted there has no archive.
            DriveError: the folder does not exist, or the drive is not responding.
        """
        known = self._read().get(_key(target))
        if known is None:
            return ""
        mounted_at, now = Path(known.mounted_at), drive_of(target)
        try:
            marker = read_marker(target)
        except OSError:
            return ""
        if marker is not None:
            return "" if marker.target_id == known.target_id else _ANOTHER.format(target=target)
        if mounted_at != now.path and mounted_at.is_relative_to(now.path):
            raise TargetNotMounted(target, mounted_at)
        if mounted_at == now.path and not now.system and not new_archive:
            raise AnotherDrive(target)
        return ""

    def known(self, target: Path) -> KnownTarget | None:
        """The archive that was at a path at the last backup. Blocks."""
        return self._read().get(_key(target))

    def remember(self, target: Path, target_id: str, mounted_at: Path, volume: str = "") -> None:
        """Save where an archive is. Blocks; an error is only logged.

        Args:
            target: its folder.
            target_id: its identity.
            mounted_at: where its drive is mounted.
            volume: UUID of the drive's file system; empty: not known.
        """
        known, seen = self._read(), KnownTarget(target_id, str(mounted_at), volume)
        if known.get(_key(target)) == seen:
            return
        known.pop(_key(target), None)
        known[_key(target)] = seen
        kept = dict(list(known.items())[-KEPT:])
        text = json.dumps({path: asdict(one) for path, one in kept.items()}, indent=1)
        try:
            private(self._state)
            write_private(self._state / FILE, [text])
        except (OSError, PathsError) as error:
            log.warning("cannot save where the archive is: %s", error)

    def _read(self) -> dict[str, KnownTarget]:
        try:
            entries = json.loads((self._state / FILE).read_text(encoding="utf-8"))
            return {
                str(path): KnownTarget(
                    str(one["target_id"]), str(one["mounted_at"]), str(one.get("volume", ""))
                )
                for path, one in entries.items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}


def _key(target: Path) -> str:
    return os.path.realpath(target)
