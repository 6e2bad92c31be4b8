"""Unfinished files of interrupted jobs whose journal was lost, for example with the rest of `.ambertime`.

Another program may have a `.IMG_0001.HEIC.part` in a month folder as well. So a part that no journal lists
is removed only if the folder is an archive that lost its `.ambertime`, or if its bytes are the beginning of a
file that is complete on the drive.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ambertime_tui.drive.layout import PHOTOS
from ambertime_tui.drive.volume.root_folder import Entry
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.drive.writing.context import WriteContext
from ambertime_tui.drive.writing.naming import UNDATED, part_name, split
from ambertime_tui.drive.writing.part_journal import PartJournal
from ambertime_tui.library.media_paths import PHOTO_EXTENSIONS, VIDEO_EXTENSIONS

_FOLDER = re.compile(rf"\d{{4,}}-\d{{2}}|{UNDATED}")
_PART = re.compile(r"\.(?P<name>.+?)(\.\d+)?\.part", re.DOTALL)
_EXTENSIONS = PHOTO_EXTENSIONS | VIDEO_EXTENSIONS | {"aae"}
_BLOCK = 1 << 20


def remove_all_lost_parts(root: Path, parts: PartJournal, calls: SystemCalls) -> None:
    """Remove the parts of an archive that lost its `.ambertime`. Call it while the target is locked.

    Only names that AmberTime gives are removed: `.IMG_0001.HEIC.part` in a month folder, but not
    `.holiday.part`.
    """
    for folder in _listed(root / PHOTOS, calls):
        if folder.is_folder and _FOLDER.fullmatch(folder.name):
            for file in _listed(root / PHOTOS / folder.name, calls):
                path = f"{PHOTOS}/{folder.name}/{file.name}"
                if file.is_file and _is_part_of_media(file.name) and not parts.is_live(path):
                    parts.discard(path)


def remove_lost_parts_of(context: WriteContext, folder: str, name: str) -> None:
    """Remove earlier parts of a file that is complete now: those whose bytes are its beginning."""
    inside = f"{folder}/" if folder else ""
    with suppress(OSError):
        for path in _parts_of(context, inside, name):
            if not context.parts.is_live(path) and _is_beginning(context, path, inside + name):
                context.parts.discard(path)


def _parts_of(context: WriteContext, inside: str, name: str) -> Iterator[str]:
    for attempt in itertools.count(1):
        path = inside + part_name(name, context.traits, attempt)
        if not context.calls.exists(context.root / path):
            return
        yield path


def _is_beginning(context: WriteContext, part: str, whole: str) -> bool:
    """Whether the bytes of a part are the beginning of a file. False if one of them cannot be read."""
    calls, root = context.calls, context.root
    try:
        with (
            os.fdopen(calls.open_read(root / part), "rb") as shorter,
            os.fdopen(calls.open_read(root / whole), "rb") as longer,
        ):
            while block := shorter.read(_BLOCK):
                if longer.read(len(block)) != block:
                    return False
    except OSError:
        return False
    return True


def _is_part_of_media(name: str) -> bool:
    part = _PART.fullmatch(name)
    return part is not None and split(part["name"])[1].lstrip(".").lower() in _EXTENSIONS


def _listed(folder: Path, calls: SystemCalls) -> list[Entry]:
    """The names in a folder; none if it cannot be listed."""
    with suppress(OSError):
        return calls.list_entries(folder)
    return []
