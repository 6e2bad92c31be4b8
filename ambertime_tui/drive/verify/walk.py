"""The files in a folder of a target that can belong to the archive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from ambertime_tui import units
from ambertime_tui.drive.errors import Obstacle, ObstacleInArchive
from ambertime_tui.drive.layout import CHECKSUMS
from ambertime_tui.drive.volume.own_files import opened_target
from ambertime_tui.drive.volume.root_folder import Entry, RootFolder
from ambertime_tui.drive.volume.service_folders import service_of

_LINKS_NAMED = 3


def files_below(
    root: Path, folder: str = "", on_notice: Callable[[str], None] = lambda sentence: None
) -> Iterator[tuple[str, int]]:
    """Path and bytes of all files in a folder of a target. The paths are relative to the target.

    Leaves out hidden files, which parts are, hidden and service folders, links and other file systems.

    Args:
        root: the target.
        folder: relative to it; empty: all of it.
        on_notice: called with a sentence on what is left out because it is a link, is on another file system
            or cannot be listed.

    Raises:
        DriveError: the target cannot be opened.
    """
    with opened_target(root) as target:
        links: list[str] = []
        pending = [folder]
        while pending:
            inside = pending.pop()
            folders: list[str] = []
            for entry in _listed(target, inside, on_notice):
                path = f"{inside}/{entry.name}" if inside else entry.name
                if entry.name.startswith(".") or path == CHECKSUMS:
                    continue
                if entry.is_folder:
                    if service_of(entry.name) is None:
                        folders.append(path)
                elif entry.is_file:
                    yield path, entry.size
                elif entry.is_link:
                    links.append(path)
            pending += reversed(folders)
    if links:
        named = ", ".join(links[:_LINKS_NAMED]) + (" and others" if len(links) > _LINKS_NAMED else "")
        them = "it is" if len(links) == 1 else "they are"
        on_notice(
            f"AmberTime found {units.plural(len(links), 'link')} in the archive ({named}). It does not "
            f"follow links, so {them} not verified."
        )


def _listed(target: RootFolder, folder: str, on_notice: Callable[[str], None]) -> list[Entry]:
    where = target.path / folder
    try:
        return target.entries(folder)
    except FileNotFoundError:
        pass
    except ObstacleInArchive as error:
        if error.obstacle is Obstacle.MOUNT:
            on_notice(f"Another file system is mounted at {where}. It is not part of the archive.")
        else:
            on_notice(f"{where} is {error.obstacle}, so it is not part of the archive.")
    except OSError as error:
        why = error.strerror or error
        on_notice(f"{where} cannot be listed ({why}): extra files in it are not reported.")
    return []
