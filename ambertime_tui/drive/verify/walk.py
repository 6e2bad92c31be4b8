"""The files in a folder of a target, as far as they can belong to the archive."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from ambertime_tui.drive.layout import CHECKSUMS
from ambertime_tui.drive.volume.service_folders import service_of


def files_below(
    root: Path, folder: str = "", on_notice: Callable[[str], None] = lambda sentence: None
) -> Iterator[str]:
    """Paths of all files in a folder of a target, relative to the target.

    Leaves out hidden files, which parts are, hidden and service folders, links and other file systems.

    Args:
        root: the target.
        folder: relative to it; empty: all of it.
        on_notice: called with a sentence on each folder that is left out because it cannot be listed, or is
            on another file system.
    """
    try:
        device = root.stat().st_dev
    except OSError:
        return
    pending = [folder]
    while pending:
        inside = pending.pop()
        try:
            with os.scandir(root / inside) as entries:
                there = sorted(entries, key=lambda entry: entry.name)
        except FileNotFoundError:
            continue
        except OSError as error:
            why = error.strerror or error
            on_notice(f"{root / inside} cannot be listed ({why}): extra files in it are not reported.")
            continue
        folders: list[str] = []
        for entry in there:
            path = f"{inside}/{entry.name}" if inside else entry.name
            if entry.name.startswith(".") or path == CHECKSUMS:
                continue
            if entry.is_dir(follow_symlinks=False):
                if service_of(entry.name) is not None:
                    continue
                if _device_of(entry) != device:
                    on_notice(
                        f"Another file system is mounted at {root / path}. It is not part of the archive."
                    )
                    continue
                folders.append(path)
            elif entry.is_file(follow_symlinks=False):
                yield path
        pending += reversed(folders)


def _device_of(entry: os.DirEntry[str]) -> int | None:
    try:
        return entry.stat(follow_symlinks=False).st_dev
    except OSError:
        return None
