"""The library of a phone whose database cannot be read: what its folders show."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace

from ambertime_tui.library.fallback import FileFacts, library_from_listing
from ambertime_tui.library.media_paths import ROOTS
from ambertime_tui.library.model import Library
from ambertime_tui.phone.afc import MediaFolder, MediaStat
from ambertime_tui.phone.errors import MediaError, MediaNotFound

DEEPEST = 8
"""Folders within each other; `PhotoData/Mutations/PhotoData/CPLAssets/group7/UUID/Adjustments` is seven."""
AT_ONCE = 64
"""Files looked at together: what a round trip costs is shared."""


async def library_by_folders(media: MediaFolder, why: str, on_folder: Callable[[int], None]) -> Library:
    """Everything that is on the phone, and nothing of what is in iCloud.

    Args:
        media: the phone's media folder.
        why: a sentence on what is wrong with the database.
        on_folder: told how many folders have been looked through.

    Raises:
        PhoneError: the phone is gone, locked or silent.
    """
    listing: dict[str, list[str] | None] = {}
    facts: dict[str, FileFacts] = {}
    folders = list(ROOTS)
    while folders:
        folder = folders.pop()
        try:
            names = await media.listdir(folder)
        except MediaNotFound:
            continue
        except MediaError:
            listing[folder] = None
            continue
        files = listing[folder] = []
        for name, stat in await _looked_at(media, folder, names):
            path = f"{folder}/{name}"
            if stat is None or not stat.is_folder:
                files.append(name)
            elif folder.count("/") < DEEPEST:
                folders.append(path)
            if stat is not None and not stat.is_folder:
                facts[path] = FileFacts(stat.size, stat.modified_at)
        on_folder(len(listing))
    library = await asyncio.to_thread(library_from_listing, listing, facts)
    return replace(library, notices=(why, *library.notices))


async def _looked_at(
    media: MediaFolder, folder: str, names: Iterable[str]
) -> list[tuple[str, MediaStat | None]]:
    """Each name with what the phone says of it; None where it says nothing."""
    room = asyncio.Semaphore(AT_ONCE)

    async def look(name: str) -> tuple[str, MediaStat | None]:
        async with room:
            try:
                return name, await media.stat(f"{folder}/{name}")
            except MediaError:
                return name, None

    return list(await asyncio.gather(*map(look, names)))
