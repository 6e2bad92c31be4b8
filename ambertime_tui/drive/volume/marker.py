"""The marker file that identifies a target at any mount point."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from ambertime_tui.drive.errors import TargetInsideArchive
from ambertime_tui.drive.layout import MARKER, OURS, PHOTOS
from ambertime_tui.drive.volume.atomic_write import write_atomically
from ambertime_tui.drive.volume.own_files import is_own_file, read_own_json
from ambertime_tui.drive.volume.system_calls import SystemCalls

_LONGEST = 64 << 10
"""Bytes."""


@dataclass(frozen=True, slots=True)
class Marker:
    """Identity of a target."""

    target_id: str
    """32 hex digits, chosen at random once."""
    made_at: str
    """ISO 8601."""


def refuse_inside_archive(root: Path) -> None:
    """Check that a folder is not inside another archive's `Photos` or `.ambertime`.

    Raises:
        TargetInsideArchive: it is.
    """
    inside = Path(os.path.realpath(root))
    for folder, archive in zip((inside, *inside.parents), inside.parents, strict=False):
        if folder.name in (OURS, PHOTOS) and is_own_file(archive, f"{OURS}/{MARKER}"):
            raise TargetInsideArchive(root, archive)


def read_marker(root: Path) -> Marker | None:
    """Read the marker of a target. None if it is missing or not valid.

    Raises:
        OSError: the drive could not be read.
    """
    try:
        fields = read_own_json(root, MARKER, _LONGEST)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    match fields:
        case {"target_id": str() as target_id, "made_at": str() as made_at} if target_id.isalnum():
            return Marker(target_id, made_at)
    return None


def new_target_id() -> str:
    """A random id for a new target: 32 hex digits."""
    return secrets.token_hex(16)


def write_marker(root: Path, marker: Marker, calls: SystemCalls) -> None:
    """Write the marker of a target.

    Raises:
        DriveError: the old marker, if any, is unchanged.
    """
    text = (
        json.dumps({"target_id": marker.target_id, "made_at": marker.made_at, "made_by": "AmberTime"}) + "\n"
    )
    path = root / OURS / MARKER
    write_atomically(path, path.with_suffix(".new"), [text.encode()], calls)
