"""Scan a phone: copy its database consistently, read its assets, and list its files."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from ambertime_tui.engine.api.overview import exclusion_reason
from ambertime_tui.engine.api.spec import Selection
from ambertime_tui.engine.api.status import ScanStatus, ScanStep, Tally
from ambertime_tui.engine.scan.folders_only import library_by_folders
from ambertime_tui.engine.timing import Timing
from ambertime_tui.library.folder_names import NO_NAMES, FolderNames, Listing
from ambertime_tui.library.histogram import DayCounter, LibraryByDay
from ambertime_tui.library.model import Asset, Availability, Library
from ambertime_tui.library.photos_db import LibraryReader, LibraryUnreadable
from ambertime_tui.library.private_copy import remove_leftovers
from ambertime_tui.paths import PathsError, private
from ambertime_tui.phone.afc import MediaFolder
from ambertime_tui.phone.errors import DatabaseNotThere, MediaError, MediaForbidden, MediaNotFound
from ambertime_tui.phone.photos_database import (
    DatabaseStamp,
    FetchedDatabase,
    FetchProgress,
    database_stamp,
    fetch_database,
)

EMPTY_LIBRARY = Library((), None)
READ_TRIES = 3
"""Attempts to copy a database that the phone fails to read."""
BETWEEN_TRIES = 2.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Scan:
    """The result of scanning a phone."""

    udid: str
    library: Library
    by_day: LibraryByDay
    status: ScanStatus
    """Counts as if everything were selected."""
    taken_at: float
    """Seconds since 1970."""
    stamp: DatabaseStamp | None = None
    """The stamp of the phone's database before it was copied; None: it was not copied."""


async def scan_phone(
    udid: str,
    media: MediaFolder,
    scratch: Path,
    timing: Timing,
    on_scan: Callable[[ScanStatus], None],
    is_locked: Callable[[], Awaitable[bool]],
    on_listed: Callable[[LibraryReader, Listing], Awaitable[None]] | None = None,
) -> Scan:
    """Read the library of a phone. If its database cannot be read, list its folders instead.

    Args:
        udid: the phone's UDID.
        media: its media folder.
        scratch: folder for the private copy of the database, which is deleted afterwards.
        timing: the engine's clocks and timeouts.
        on_scan: called with the progress, on the event loop.
        is_locked: called if the phone refuses its database. A lock is temporary, so it is raised as an error.
        on_listed: called with the database and the folders before all assets are read.

    Raises:
        MediaForbidden: the phone is locked.
        PhoneError: the phone is disconnected or not responding, or Photos kept writing to its database.
        PathsError: the copy cannot be stored.
    """
    taken_at = timing.wall()
    board = _ScanProgress(on_scan)
    stamp: DatabaseStamp | None = None
    try:
        stamp, taken = await _from_database(media, scratch, timing, board, on_listed)
    except (DatabaseNotThere, LibraryUnreadable, MediaError) as error:
        if isinstance(error, MediaForbidden) and await is_locked():
            raise
        board.change(step=ScanStep.FOLDERS)
        library = await library_by_folders(media, str(error), lambda done: board.change(folders_done=done))
        taken = await asyncio.to_thread(_counted_library, library)
    status = taken.counts.status(board.status, taken.library.notices)
    board.show(replace(status, step=ScanStep.DONE))
    return Scan(udid, taken.library, taken.days.by_day(), board.status, taken_at, stamp)


@dataclass(slots=True)
class _CountedLibrary:
    """A library and the counts made while reading it."""

    library: Library = EMPTY_LIBRARY
    counts: ScanCounts = field(default_factory=lambda: ScanCounts(Selection()))
    days: DayCounter = field(default_factory=DayCounter)

    def begin(self) -> Callable[[Asset], None]:
        """Start counting again and return the callback for each asset."""
        self.counts, self.days = ScanCounts(Selection()), DayCounter()
        return self._count

    def _count(self, asset: Asset) -> None:
        self.counts.add(asset)
        self.days.add(asset)


def _counted_library(library: Library) -> _CountedLibrary:
    taken = _CountedLibrary(library)
    count = taken.begin()
    for asset in library.assets:
        count(asset)
    return taken


class ScanCounts:
    """Running counts for a selection: assets by asset, originals by file."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._assets = self._own = self._selected = self._undated = 0
        self._sums = {place: [0, 0] for place in Availability}
        self._left_out: dict[str, int] = {}

    def add(self, asset: Asset) -> None:
        """Count an asset."""
        self._assets += 1
        self._own += asset.ownership.is_archived
        because = exclusion_reason(asset, self._selection)
        if because is not None:
            self._left_out[because[1]] = self._left_out.get(because[1], 0) + 1
            return
        self._selected += 1
        self._undated += asset.created is None
        for original in asset.originals:
            tally = self._sums[original.availability]
            tally[0] += 1
            tally[1] += original.size or 0

    def status(self, status: ScanStatus, notices: tuple[str, ...]) -> ScanStatus:
        """Return a scan status with these counts."""
        return replace(
            status,
            assets=self._assets,
            own=self._own,
            selected=self._selected,
            undated=self._undated,
            local=Tally(*self._sums[Availability.LOCAL]),
            icloud=Tally(*self._sums[Availability.ICLOUD]),
            missing=Tally(*self._sums[Availability.MISSING]),
            pending=Tally(*self._sums[Availability.PENDING]),
            left_out=tuple(self._left_out.items()),
            notices=notices,
        )


@contextlib.asynccontextmanager
async def scratch_folder(scratch: Path) -> AsyncIterator[Path]:
    """Create a private temporary folder and delete it afterwards. Removes leftovers of dead processes
    first.

    Raises:
        PathsError: it cannot be created.
    """

    def made() -> Path:
        remove_leftovers(private(scratch))
        try:
            return Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=scratch))
        except OSError as error:
            raise PathsError(
                f"A temporary folder cannot be created in {scratch}: {error.strerror}. Free some space on "
                "this computer."
            ) from error

    folder = await asyncio.to_thread(made)
    try:
        yield folder
    finally:
        await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))


class _ScanProgress:
    """The current status of a running scan."""

    def __init__(self, on_scan: Callable[[ScanStatus], None]) -> None:
        self.status = ScanStatus()
        self._on_scan = on_scan
        self._loop = asyncio.get_running_loop()

    def show(self, status: ScanStatus) -> None:
        self.status = status
        self._on_scan(status)

    def change(self, **numbers: int | ScanStep) -> None:
        self.show(replace(self.status, **numbers))  # type: ignore[arg-type]  # each field is one or the other

    def change_from_a_thread(self, **numbers: int) -> None:
        self._loop.call_soon_threadsafe(partial(self.change, **numbers))


async def _from_database(
    media: MediaFolder,
    scratch: Path,
    timing: Timing,
    board: _ScanProgress,
    on_listed: Callable[[LibraryReader, Listing], Awaitable[None]] | None,
) -> tuple[DatabaseStamp, _CountedLibrary]:
    async with scratch_folder(scratch) as folder:
        board.change(step=ScanStep.DATABASE)
        now = timing.wall()
        stamp, fetched = await _fetched(media, folder, timing, board)
        board.change(step=ScanStep.FOLDERS)
        reader = await asyncio.to_thread(LibraryReader, fetched.database, now)
        try:
            listing = await _listed(media, await asyncio.to_thread(reader.folders), board)
            board.change(step=ScanStep.READING)
            if on_listed is not None:
                await on_listed(reader, listing)
            taken = _CountedLibrary()
            taken.library = await asyncio.to_thread(
                reader.library,
                listing,
                begin=taken.begin,
                on_progress=lambda assets: board.change_from_a_thread(assets=assets),
            )
            return stamp, taken
        finally:
            await asyncio.shield(asyncio.to_thread(reader.close))


async def _fetched(
    media: MediaFolder, folder: Path, timing: Timing, board: _ScanProgress
) -> tuple[DatabaseStamp, FetchedDatabase]:
    """Copy the database. Retries if the phone cannot read its own file, which may be temporary."""

    def on_progress(progress: FetchProgress) -> None:
        board.change(
            database_bytes=progress.bytes_done,
            database_total=progress.bytes_total,
            attempts=progress.attempt,
        )

    for tries_left in reversed(range(READ_TRIES)):
        try:
            stamp = await database_stamp(media, hash_log=True)
            return stamp, await fetch_database(media, folder, on_progress=on_progress)
        except MediaForbidden:
            raise
        except MediaError:
            if not tries_left:
                raise
        await timing.pause(BETWEEN_TRIES)
    raise AssertionError("the last try raises")


async def _listed(media: MediaFolder, folders: tuple[str, ...], board: _ScanProgress) -> Listing:
    listing: dict[str, FolderNames | None] = {}
    board.change(folders_total=len(folders))
    async with aclosing(media.list_many(folders)) as lists:
        async for folder, names in lists:
            if isinstance(names, MediaNotFound):
                listing[folder] = NO_NAMES
            else:
                listing[folder] = None if isinstance(names, MediaError) else FolderNames(names)
            board.change(folders_done=len(listing))
    return listing
