"""Reading the library of a phone: a consistent copy of its database, its assets, the files there."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ambertime_tui.engine.overview import left_out_because
from ambertime_tui.engine.spec import Selection
from ambertime_tui.engine.status import ScanStatus, ScanStep, Tally
from ambertime_tui.engine.timing import Timing
from ambertime_tui.library.fallback import library_from_listing
from ambertime_tui.library.histogram import LibraryByDay, by_day
from ambertime_tui.library.model import Availability, Library
from ambertime_tui.library.photos_db import LibraryUnreadable, read_library
from ambertime_tui.library.presence import directories_of, with_files
from ambertime_tui.paths import private
from ambertime_tui.phone.afc import MediaFolder
from ambertime_tui.phone.errors import DatabaseNotThere, MediaError, MediaNotFound
from ambertime_tui.phone.photos_database import FetchProgress, fetch_database

MEDIA_ROOTS = ("DCIM", "PhotoData/CPLAssets")
"""Where originals lie; listed when there is no database that names the folders."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What was read from a phone."""

    udid: str
    library: Library
    by_day: LibraryByDay
    status: ScanStatus
    """Counts of everything, as if all were selected."""
    taken_at: float
    """Seconds since 1970."""


async def scan_phone(
    udid: str,
    media: MediaFolder,
    scratch: Path,
    timing: Timing,
    on_scan: Callable[[ScanStatus], None],
) -> Scan:
    """Reads the library of a phone; where its database cannot be read, what its folders show.

    Args:
        udid: the phone's.
        media: its media folder.
        scratch: folder for the private copy of the database, which is removed again.
        timing: the engine's time.
        on_scan: told each step forward, on the event loop.

    Raises:
        PhoneError: the phone is gone, locked or silent, or Photos never stopped writing.
        PathsError: the copy cannot be kept.
    """
    taken_at = timing.wall()
    board = _Board(on_scan)
    library = await _library_of(media, scratch, board)
    everything = await asyncio.to_thread(counted, board.status, library, Selection())
    days = await asyncio.to_thread(by_day, library.assets)
    board.show(replace(everything, step=ScanStep.DONE))
    return Scan(udid, library, days, board.status, taken_at)


def counted(status: ScanStatus, library: Library, selection: Selection) -> ScanStatus:
    """A scan's status with the counts of a selection: assets per asset, originals per file. Pure."""
    own = selected = undated = 0
    sums = {place: [0, 0] for place in (Availability.LOCAL, Availability.ICLOUD, Availability.MISSING)}
    left_out: dict[str, int] = {}
    for asset in library.assets:
        own += asset.ownership.is_archived
        because = left_out_because(asset, selection)
        if because is not None:
            left_out[because[1]] = left_out.get(because[1], 0) + 1
            continue
        selected += 1
        undated += asset.created is None
        for original in asset.originals:
            tally = sums[original.availability]
            tally[0] += 1
            tally[1] += original.size or 0
    return replace(
        status,
        assets=len(library.assets),
        own=own,
        selected=selected,
        undated=undated,
        local=Tally(*sums[Availability.LOCAL]),
        icloud=Tally(*sums[Availability.ICLOUD]),
        missing=Tally(*sums[Availability.MISSING]),
        left_out=tuple(left_out.items()),
        notices=library.notices,
    )


@contextlib.asynccontextmanager
async def scratch_folder(scratch: Path) -> AsyncIterator[Path]:
    """A folder for this user only, gone afterwards; those of processes that died are removed first."""

    def made() -> Path:
        remove_leftovers(private(scratch))
        return Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=scratch))

    folder = await asyncio.to_thread(made)
    try:
        yield folder
    finally:
        await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))


def remove_leftovers(scratch: Path) -> None:
    """Removes the scratch folders of processes that are not there any more."""
    for folder in scratch.glob("*-*"):
        pid = folder.name.partition("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists() and not _alive(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class _Board:
    """The status of a scan as it grows."""

    def __init__(self, on_scan: Callable[[ScanStatus], None]) -> None:
        self.status = ScanStatus()
        self._on_scan = on_scan
        self._loop = asyncio.get_running_loop()

    def show(self, status: ScanStatus) -> None:
        self.status = status
        self._on_scan(status)

    def change(self, **numbers: int | ScanStep) -> None:
        self.show(replace(self.status, **numbers))  # type: ignore[arg-type]

    def change_from_a_thread(self, **numbers: int) -> None:
        self._loop.call_soon_threadsafe(partial(self.change, **numbers))


async def _library_of(media: MediaFolder, scratch: Path, board: _Board) -> Library:
    try:
        library = await _from_database(media, scratch, board)
    except (DatabaseNotThere, LibraryUnreadable) as error:
        return await _from_folders(media, board, str(error))
    board.change(step=ScanStep.FOLDERS)
    folders = await asyncio.to_thread(directories_of, library)
    listing = await _listed(media, folders, board)
    return await asyncio.to_thread(with_files, library, listing)


async def _from_database(media: MediaFolder, scratch: Path, board: _Board) -> Library:
    async with scratch_folder(scratch) as folder:
        board.change(step=ScanStep.DATABASE)

        def on_progress(progress: FetchProgress) -> None:
            board.change(
                database_bytes=progress.bytes_done,
                database_total=progress.bytes_total,
                attempts=progress.attempt,
            )

        fetched = await fetch_database(media, folder, on_progress=on_progress)
        board.change(step=ScanStep.READING)
        return await asyncio.to_thread(
            read_library,
            fetched.database,
            on_progress=lambda assets: board.change_from_a_thread(assets=assets),
        )


async def _from_folders(media: MediaFolder, board: _Board, why: str) -> Library:
    """What the folders alone show: everything that is on the phone, and nothing of what is in iCloud."""
    board.change(step=ScanStep.FOLDERS)
    folders = []
    for root in MEDIA_ROOTS:
        try:
            folders += [f"{root}/{name}" for name in await media.listdir(root)]
        except MediaNotFound:
            continue
    listing = await _listed(media, tuple(folders), board)
    library = await asyncio.to_thread(library_from_listing, listing)
    return replace(library, notices=(why, *library.notices))


async def _listed(
    media: MediaFolder, folders: tuple[str, ...], board: _Board
) -> dict[str, frozenset[str] | None]:
    listing: dict[str, frozenset[str] | None] = {}
    board.change(folders_total=len(folders))
    async with aclosing(media.list_many(folders)) as lists:
        async for folder, names in lists:
            if isinstance(names, MediaNotFound):
                listing[folder] = frozenset()
            else:
                listing[folder] = None if isinstance(names, MediaError) else frozenset(names)
            board.change(folders_done=len(listing))
    return listing
