"""Reading the library of a phone: a consistent copy of its database, its assets, the files there."""

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
"""How often a database is asked for that the phone cannot read."""
BETWEEN_TRIES = 2.0
"""Seconds."""


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
    sign: DatabaseStamp | None = None
    """That of the phone's database before it was copied; None: there was none to copy."""


async def scan_phone(
    udid: str,
    media: MediaFolder,
    scratch: Path,
    timing: Timing,
    on_scan: Callable[[ScanStatus], None],
    is_locked: Callable[[], Awaitable[bool]],
    on_listed: Callable[[LibraryReader, Listing], Awaitable[None]] | None = None,
) -> Scan:
    """Reads the library of a phone; where its database cannot be read, what its folders show.

    Args:
        udid: the phone's.
        media: its media folder.
        scratch: folder for the private copy of the database, which is removed again.
        timing: the engine's time.
        on_scan: told each step forward, on the event loop.
        is_locked: asked where the phone does not give out its database: a lock passes, and is raised.
        on_listed: given the database and the folders before all assets are read.

    Raises:
        MediaForbidden: the phone has been locked.
        PhoneError: the phone is gone or silent, or Photos never stopped writing.
        PathsError: the copy cannot be kept.
    """
    taken_at = timing.wall()
    board = _ScanProgress(on_scan)
    sign: DatabaseStamp | None = None
    try:
        sign, taken = await _from_database(media, scratch, timing, board, on_listed)
    except (DatabaseNotThere, LibraryUnreadable, MediaError) as error:
        if isinstance(error, MediaForbidden) and await is_locked():
            raise
        board.change(step=ScanStep.FOLDERS)
        library = await library_by_folders(media, str(error), lambda done: board.change(folders_done=done))
        taken = await asyncio.to_thread(_counted_library, library)
    status = taken.counts.status(board.status, taken.library.notices)
    board.show(replace(status, step=ScanStep.DONE))
    return Scan(udid, taken.library, taken.days.by_day(), board.status, taken_at, sign)


@dataclass(slots=True)
class _CountedLibrary:
    """A library, and what was counted while it was read."""

    library: Library = EMPTY_LIBRARY
    counts: ScanCounts = field(default_factory=lambda: ScanCounts(Selection()))
    days: DayCounter = field(default_factory=DayCounter)

    def begin(self) -> Callable[[Asset], None]:
        """Counts from the beginning."""
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
    """Counts of a selection, from the assets as they come: assets per asset, originals per file."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._assets = self._own = self._selected = self._undated = 0
        self._sums = {
            place: [0, 0] for place in (Availability.LOCAL, Availability.ICLOUD, Availability.MISSING)
        }
        self._left_out: dict[str, int] = {}

    def add(self, asset: Asset) -> None:
        """One more."""
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
        """A scan's status with these counts."""
        return replace(
            status,
            assets=self._assets,
            own=self._own,
            selected=self._selected,
            undated=self._undated,
            local=Tally(*self._sums[Availability.LOCAL]),
            icloud=Tally(*self._sums[Availability.ICLOUD]),
            missing=Tally(*self._sums[Availability.MISSING]),
            left_out=tuple(self._left_out.items()),
            notices=notices,
        )


@contextlib.asynccontextmanager
async def scratch_folder(scratch: Path) -> AsyncIterator[Path]:
    """A folder for this user only, gone afterwards; those of processes that died are removed first.

    Raises:
        PathsError: it cannot be made.
    """

    def made() -> Path:
        remove_leftovers(private(scratch))
        try:
            return Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=scratch))
        except OSError as error:
            raise PathsError(
                f"No working folder can be made in {scratch}: {error.strerror}. Free some space on this "
                "computer."
            ) from error

    folder = await asyncio.to_thread(made)
    try:
        yield folder
    finally:
        await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))


class _ScanProgress:
    """The status of a scan as it grows."""

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
        sign, fetched = await _fetched(media, folder, timing, board)
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
            return sign, taken
        finally:
            await asyncio.shield(asyncio.to_thread(reader.close))


async def _fetched(
    media: MediaFolder, folder: Path, timing: Timing, board: _ScanProgress
) -> tuple[DatabaseStamp, FetchedDatabase]:
    """The copy, tried again where the phone could not read its own file: that may pass."""

    def on_progress(progress: FetchProgress) -> None:
        board.change(
            database_bytes=progress.bytes_done,
            database_total=progress.bytes_total,
            attempts=progress.attempt,
        )

    for tries_left in reversed(range(READ_TRIES)):
        try:
            sign = await database_stamp(media)
            return sign, await fetch_database(media, folder, on_progress=on_progress)
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
