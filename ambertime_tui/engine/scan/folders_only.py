"""Build a library from the phone's folders when its database cannot be read."""

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
"""Maximum folder depth. `PhotoData/Mutations/PhotoData/CPLAssets/group7/UUID/Adjustments` has seven."""
AT_ONCE = 64
"""Stat requests in flight, to hide the round-trip time."""


async def library_by_folders(media: MediaFolder, why: str, on_folder: Callable[[int], None]) -> Library:
    """List what is on the phone. What is only in iCloud stays unknown.

    Args:
        media: the phone's media folder.
        why: a sentence that says what is wrong with the database.
        on_folder: called with the number of folders listed so far.

    Raises:
        PhoneError: the phone is disconnected, locked or not responding.
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
    """Stat each name; None if the phone does not answer for it."""
    room = asyncio.Semaphore(AT_ONCE)

    async def look(name: str) -> tuple[str, MediaStat | None]:
        async with room:
            try:
                return name, await media.stat(f"{folder}/{name}")
            except MediaError:
                return name, None

    return list(await asyncio.gather(*map(look, names)))
