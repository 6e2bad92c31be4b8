"""Reading the files that AmberTime keeps on a target, whatever is in their place."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ambertime_tui.drive.errors import (
    Obstacle,
    ObstacleInArchive,
)
from ambertime_tui.drive.layout import (
    ABSENT,
    BACKUP,
    CHECKSUMS,
    FINDINGS,
    INTEGRITY,
    LOCK,
    MARKER,
    OURS,
    PARTS,
    PHOTOS,
    RECORD,
    VERIFIED,
)
from ambertime_tui.drive.os_errors import drive_error
from ambertime_tui.drive.volume.root_folder import RootFolder, obstacle_of

LONGEST_JSON = 64 << 20
"""Bytes. The findings of a million damaged files are shorter."""
_LARGE = 1 << 20
_LEAST_PER_VALUE = 16
"""Bytes per value in a large file of ours, at least. Parsed, a short value takes up to 20 times its bytes."""
_STEMS = tuple(
    sorted(
        {
            name.partition(".")[0]
            for name in (LOCK, MARKER, RECORD, BACKUP, INTEGRITY, PARTS, FINDINGS, VERIFIED, ABSENT)
        }
    )
)


def check_own_files(target: RootFolder) -> None:
    """Check that every file and folder of AmberTime on a target is one, or does not exist yet.

    This includes temporary files and those of SQLite beside the record, so that no later step follows a link
    or waits for the other end of a pipe.

    Raises:
        ObstacleInArchive: something else is in the place of one.
        OSError: the drive cannot be read.
    """
    for folder in (OURS, PHOTOS):
        with suppress(FileNotFoundError):
            target.check_folder(folder)
    with suppress(FileNotFoundError):
        _check_regular(target, CHECKSUMS)
    with suppress(FileNotFoundError):
        for entry in target.entries(OURS):
            own = entry.name == f"{CHECKSUMS}.new" or entry.name.startswith(_STEMS)
            if own and not entry.is_file:
                _check_regular(target, f"{OURS}/{entry.name}")


@contextmanager
def opened_target(root: Path) -> Iterator[RootFolder]:
    """Open a target for reading.

    Raises:
        DriveError: it cannot be opened.
    """
    try:
        target = RootFolder(root)
    except OSError as error:
        raise drive_error(error, root, doing="reading") from error
    with target:
        yield target


@contextmanager
def open_own_file(root: Path, path: str) -> Iterator[BinaryIO]:
    """Open a file of a target (a path relative to it) for reading.

    Raises:
        OSError: it cannot be read; ObstacleInArchive if it is not a regular file.
    """
    with RootFolder(root) as target:
        fd = target.open_file(path, os.O_RDONLY)
    with os.fdopen(fd, "rb") as stream:
        yield stream


def is_own_file(root: Path, path: str) -> bool:
    """Whether a path relative to a target is a regular file, not behind a link. Never raises."""
    try:
        with RootFolder(root) as target:
            return target.is_file(path)
    except OSError:
        return False


def read_own_json(root: Path, name: str, limit: int = LONGEST_JSON) -> object:
    """Parse a JSON file in `.ambertime`.

    Raises:
        OSError: it cannot be read.
        ValueError: it is too long, not JSON, or has too many values to be ours.
    """
    with RootFolder(root) as target:
        data = target.read(f"{OURS}/{name}", limit)
    if len(data) > _LARGE and data.count(b",") > len(data) // _LEAST_PER_VALUE:
        raise ValueError(f"{name} has too many values")
    try:
        parsed: object = json.loads(data)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return parsed


def _check_regular(target: RootFolder, path: str) -> None:
    obstacle = obstacle_of(target.stat(path).st_mode)
    if obstacle is not Obstacle.FILE:
        raise ObstacleInArchive(target.path / path, obstacle, "file")
