"""Remembers where archives lay, so that neither an empty mount point nor the wrong drive is filled.

A new target is made by its first backup; an empty mount point, or a drive that is mounted where another was,
looks just like one. What tells them apart is that there was an archive at that path. A folder of this
computer's own disk may be emptied and filled again: that is no drive that was mixed up.
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
    "The archive at {target} is another one than the last time: another drive. The job goes on with what "
    "this one has."
)
KEPT = 200
"""Targets that are remembered at most; the oldest are forgotten."""


@dataclass(frozen=True, slots=True)
class KnownTarget:
    """An archive as it was last seen."""

    target_id: str
    mounted_at: str
    """Where its drive was mounted."""


class TargetMemory:
    """One small file in the state folder. Losing it costs the warning, nothing else."""

    def __init__(self, state: Path) -> None:
        self._state = state

    def check(self, target: Path, *, new_archive: bool = False) -> str:
        """Refuses an empty mount point where an archive was, and a drive without one in its place. Blocks.

        Args:
            target: the folder.
            new_archive: a person says that this drive is to have an archive of its own.

        Returns:
            a sentence where there is another archive than the last time; else empty.

        Raises:
            TargetNotMounted: the drive that the archive is on is not mounted.
            AnotherDrive: the drive that is mounted there has no archive.
            DriveError: the folder is not there, or the drive does not answer.
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

    def remember(self, target: Path, target_id: str, mounted_at: Path) -> None:
        """Notes where an archive is. Blocks; what cannot be noted is only logged."""
        known, seen = self._read(), KnownTarget(target_id, str(mounted_at))
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
            log.warning("where the archive lies is not remembered: %s", error)

    def _read(self) -> dict[str, KnownTarget]:
        try:
            entries = json.loads((self._state / FILE).read_text(encoding="utf-8"))
            return {
                str(path): KnownTarget(str(one["target_id"]), str(one["mounted_at"]))
                for path, one in entries.items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}


def _key(target: Path) -> str:
    return os.path.realpath(target)
