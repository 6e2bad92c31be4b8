"""Find items in an archive, for a front end. Needs no phone, job or host."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ambertime_tui.drive.errors import (
    DriveError,
)
from ambertime_tui.drive.finding import FoundItem, find_items
from ambertime_tui.drive.finding import ItemKind as ItemKind
from ambertime_tui.drive.finding import Query as Query
from ambertime_tui.drive.os_errors import drive_error
from ambertime_tui.engine.api.protocol import EngineError


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file of a found item."""

    path: str
    """Relative to the archive."""
    role: str
    size: int
    sha256: str
    proof: str | None
    """Of an original: proved, differs, unproved; None for other files."""
    read_back: str
    """When it was written: drive, cache."""


@dataclass(frozen=True, slots=True)
class Found:
    """A found item."""

    udid: str
    uuid: str
    original_filename: str
    day: str
    """ISO; empty: undated. Near midnight it may be the day before or after, in the same month."""
    kinds: tuple[str, ...]
    files: tuple[FoundFile, ...]


def find(target: Path, query: Query) -> tuple[Found, ...]:
    """The items of an archive that a query selects, oldest first. Changes nothing.

    Raises:
        EngineError: there is no archive, or its record cannot be read; the message says why.
    """
    return tuple(map(_found, found_items(target, query)))


def found_items(target: Path, query: Query) -> tuple[FoundItem, ...]:
    """As `find`, as the drive knows them.

    Raises:
        EngineError: see `find`.
    """
    with translated(target):
        items = find_items(target, query)
    if items is None:
        raise EngineError(
            "NoArchive", f"{target} contains no AmberTime archive. Check that the drive is mounted."
        )
    return items


@contextmanager
def translated(target: Path) -> Iterator[None]:
    """Raise the errors of a drive as EngineError."""
    try:
        yield
    except DriveError as error:
        raise EngineError(type(error).__name__, str(error)) from error
    except OSError as error:
        trouble = drive_error(error, Path(str(error.filename or target)), doing="reading")
        raise EngineError(type(trouble).__name__, str(trouble)) from error


def _found(item: FoundItem) -> Found:
    asset = item.asset
    return Found(
        asset.udid,
        asset.uuid,
        asset.original_filename,
        "" if item.day is None else item.day.isoformat(),
        tuple(kind.value for kind in item.kinds),
        tuple(
            FoundFile(
                file.path,
                file.role.value,
                file.size,
                file.sha256,
                file.proof.value if file.role.is_original else None,
                file.read_back.value,
            )
            for file in item.files
        ),
    )
