"""Unfinished files of interrupted jobs whose journal was lost, for example with the rest of `.ambertime`.

Another program may have a `.IMG_0001.HEIC.part` in a month folder as well. So a part that no journal lists
is removed only if the folder is an archive that lost its `.ambertime`, or if its bytes are the beginning of a
file that is complete on the drive.
"""

from __future__ import annotations

import itertools
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from ambertime_tui.drive.layout import PHOTOS
from ambertime_tui.drive.volume.file_system import FileSystemTraits
from ambertime_tui.drive.writing.naming import UNDATED, part_name, split
from ambertime_tui.drive.writing.part_journal import PartJournal
from ambertime_tui.library.media_paths import PHOTO_EXTENSIONS, VIDEO_EXTENSIONS

_FOLDER = re.compile(rf"\d{{4,}}-\d{{2}}|{UNDATED}")
_PART = re.compile(r"\.(?P<name>.+?)(\.\d+)?\.part", re.DOTALL)
_EXTENSIONS = PHOTO_EXTENSIONS | VIDEO_EXTENSIONS | {"aae"}
_BLOCK = 1 << 20


def remove_all_lost_parts(root: Path, parts: PartJournal) -> None:
    """Remove the parts of an archive that lost its `.ambertime`. Call it while the target is locked.

    Only names that AmberTime gives are removed: `.IMG_0001.HEIC.part` in a month folder, but not
    `.holiday.part`.
    """
    for folder in _names(root / PHOTOS):
        if _FOLDER.fullmatch(folder) and _is(stat.S_ISDIR, root / PHOTOS / folder):
            for name in _names(root / PHOTOS / folder):
                path = f"{PHOTOS}/{folder}/{name}"
                if _is_part_of_media(name) and _is(stat.S_ISREG, root / path) and not parts.is_live(path):
                    parts.discard(path)


def remove_lost_parts_of(
    root: Path, traits: FileSystemTraits, parts: PartJournal, folder: str, name: str
) -> None:
    """Remove earlier parts of a file that is complete now: those whose bytes are its beginning."""
    for path in _parts_of(root, traits, folder, name):
        if not parts.is_live(path) and _is_beginning(root / path, root / folder / name):
            parts.discard(path)


def _parts_of(root: Path, traits: FileSystemTraits, folder: str, name: str) -> Iterator[str]:
    for attempt in itertools.count(1):
        part = part_name(name, traits, attempt)
        path = f"{folder}/{part}" if folder else part
        if not os.path.lexists(root / path):
            return
        yield path


def _is_beginning(part: Path, whole: Path) -> bool:
    """Whether the bytes of a part are the beginning of a file. False if one of them cannot be read."""
    if not (_is(stat.S_ISREG, part) and _is(stat.S_ISREG, whole)):
        return False
    try:
        with part.open("rb") as shorter, whole.open("rb") as longer:
            while block := shorter.read(_BLOCK):
                if longer.read(len(block)) != block:
                    return False
    except OSError:
        return False
    return True


def _is_part_of_media(name: str) -> bool:
    part = _PART.fullmatch(name)
    return part is not None and split(part["name"])[1].lstrip(".").lower() in _EXTENSIONS


def _names(folder: Path) -> list[str]:
    """The names in a folder; none if it cannot be listed."""
    with suppress(OSError):
        return sorted(os.listdir(folder))  # noqa: PTH208 - names, not paths
    return []


def _is(kind: Callable[[int], bool], path: Path) -> bool:
    try:
        return kind(path.lstat().st_mode)
    except OSError:
        return False
