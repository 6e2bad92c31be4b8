"""Checks of the phone's Photo Library: can it be read, is its schema known, do its flags match the files."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath

from ambertime_tui.engine.doctor.findings import Deadline, Reporter
from ambertime_tui.engine.scan.survey import scratch_folder
from ambertime_tui.engine.timing import Timing
from ambertime_tui.library.errors import LibraryUnreadable, SchemaUnknown
from ambertime_tui.library.folder_names import NO_NAMES, FolderNames, Listing
from ambertime_tui.library.model import Asset, Availability, Library, Resource, Role
from ambertime_tui.library.photos_db import LibraryReader
from ambertime_tui.library.raw_counts import RawCounts
from ambertime_tui.library.schema import NEWEST_KNOWN_MODEL
from ambertime_tui.paths import PathsError
from ambertime_tui.phone.afc import MediaFolder
from ambertime_tui.phone.errors import (
    DatabaseNotThere,
    MediaError,
    MediaForbidden,
    MediaNotFound,
    NoRoomForDatabase,
)
from ambertime_tui.phone.photos_database import DATABASE, fetch_database
from ambertime_tui.units import plural, rate, size

RESERVE = 12.0
"""Seconds of a quick check to keep for what follows the library."""
LISTED_AT_ONCE = 16
HIDDEN_TRIED = 5
LARGEST_KEPT = 40
"""Originals whose paths are kept, to measure the speed with."""
_UNREADABLE = "Backups then copy what is on the phone, but cannot tell what is only in iCloud."
_KNOWN_EXTENSIONS = frozenset(
    ("heic", "heif", "jpg", "jpeg", "png", "gif", "tif", "tiff", "dng", "mov", "mp4", "m4v", "aae", "xmp")
)
_MAGIC = b"SQLite format 3\0"
_SPECIAL_STEMS = "SDX"
"""Endings of stems that belong to the asset without them."""


@dataclass(frozen=True, slots=True)
class LibrarySeen:
    """What later checks need of the library."""

    readable: bool
    in_icloud: int = 0
    """Own originals that are only in iCloud."""
    largest: tuple[tuple[str, int], ...] = ()
    """Paths and bytes of the largest originals on the phone."""
    local: frozenset[str] = frozenset()
    """Paths of all originals on the phone."""
    listed: frozenset[str] = frozenset()
    """Paths of all files in `folders`."""
    folders: tuple[str, ...] = ()
    assets: Sequence[Asset] = ()


async def check_library(
    report: Reporter, media: MediaFolder, scratch: Path, deadline: Deadline, timing: Timing
) -> LibrarySeen:
    """Read the library as a scan does, and report how well that works.

    Raises:
        PhoneError: the phone is disconnected or not responding.
    """
    report.step("Reading the Photo Library")
    limit, opens = deadline.left(RESERVE), False
    try:
        opens = await media.read_head(DATABASE, len(_MAGIC)) == _MAGIC
        async with asyncio.timeout(limit):
            return await _read(report, media, scratch, timing)
    except TimeoutError:
        report.note(
            "library",
            f"The library was not read to its end within {limit or 0:.0f} s. A long check reads "
            "all of it (--long; in the app, l).",
            readable=opens,
            complete=False,
        )
    except SchemaUnknown as error:
        report.wrong("schema", f"{error} Update AmberTime. {_UNREADABLE}", known=False)
    except MediaNotFound:
        _report_unreadable(report, DatabaseNotThere(DATABASE))
    except (LibraryUnreadable, DatabaseNotThere) as error:
        _report_unreadable(report, error)
    except (NoRoomForDatabase, PathsError) as error:
        report.wrong("library", str(error), readable=False, kind=type(error).__name__)
    except MediaError as error:
        report.wrong("library", f"{error} {_UNREADABLE}", readable=False, kind=type(error).__name__)
    return LibrarySeen(readable=False)


def _report_unreadable(report: Reporter, error: Exception) -> None:
    report.wrong(
        "library",
        f"{error} {_UNREADABLE} Restart the phone and open Photos on it once, then check again.",
        readable=False,
        kind=type(error).__name__,
    )


async def _read(report: Reporter, media: MediaFolder, scratch: Path, timing: Timing) -> LibrarySeen:
    async with scratch_folder(scratch) as folder:
        began = timing.steady()
        fetched = await fetch_database(media, folder)
        seconds = max(timing.steady() - began, 1e-6)
        reader = await asyncio.to_thread(LibraryReader, fetched.database, timing.wall())
        try:
            report.fine(
                "library",
                f"Its library can be read: {size(fetched.bytes)} at {rate(fetched.bytes / seconds)}.",
                readable=True,
                database_bytes=fetched.bytes,
                bytes_per_second=round(fetched.bytes / seconds),
                attempts=fetched.attempts,
                with_log=fetched.wal is not None,
            )
            check_schema(report, reader)
            folders = await asyncio.to_thread(reader.folders)
            listing = await check_folders(report, media, folders, timing)
            library = await asyncio.to_thread(reader.library, listing)
            counts = await asyncio.to_thread(reader.raw_counts)
        finally:
            await asyncio.shield(asyncio.to_thread(reader.close))
    seen = await asyncio.to_thread(_examined, report, library, listing, counts)
    await check_hidden(report, media, library)
    return seen


async def check_folders(
    report: Reporter, media: MediaFolder, folders: tuple[str, ...], timing: Timing
) -> Listing:
    """List the folders of the library, and report which the phone refuses and how long it takes."""
    listing: dict[str, FolderNames | None] = {}
    slowest, forbidden = 0.0, 0
    room = asyncio.Semaphore(LISTED_AT_ONCE)

    async def listed(folder: str) -> None:
        nonlocal slowest, forbidden
        async with room:
            began = timing.steady()
            try:
                listing[folder] = FolderNames(await media.listdir(folder))
            except MediaNotFound:
                listing[folder] = NO_NAMES
            except MediaError as error:
                listing[folder] = None
                forbidden += isinstance(error, MediaForbidden)
            slowest = max(slowest, timing.steady() - began)

    async with asyncio.TaskGroup() as tasks:
        for folder in folders:
            tasks.create_task(listed(folder))
    refused = sum(names is None for names in listing.values())
    facts = {
        "folders": len(folders),
        "refused": refused,
        "forbidden": forbidden,
        "slowest_seconds": round(slowest, 2),
        "largest": max((len(names) for names in listing.values() if names is not None), default=0),
    }
    if refused:
        report.note(
            "folders",
            f"{plural(refused, 'folder')} of the library cannot be listed. The library's flags decide about "
            "the files in them. Restart the phone if there are many.",
            **facts,
        )
    else:
        report.fine("folders", f"All {plural(len(folders), 'folder')} of the library can be listed.", **facts)
    return {folder: listing[folder] for folder in folders}


async def check_hidden(report: Reporter, media: MediaFolder, library: Library) -> None:
    """Read the beginnings of a few hidden originals."""
    hidden = (r for asset in library.assets if asset.hidden for r in asset.originals)
    local = (r.path for r in hidden if r.availability is Availability.LOCAL and r.directory)
    tried = refused = 0
    for path in islice(local, HIDDEN_TRIED):
        tried += 1
        try:
            await media.read_head(path, 1)
        except MediaError:
            refused += 1
    if refused:
        report.note(
            "hidden",
            f"{refused} of {plural(tried, 'hidden original')} cannot be read. Unhide the items in Photos "
            "before a backup, or leave them out with --no-hidden.",
            tried=tried,
            refused=refused,
        )
    elif tried:
        report.fine("hidden", "Hidden items can be read.", tried=tried, refused=0)


def check_schema(report: Reporter, reader: LibraryReader) -> None:
    """Check that the tables and columns are those of a known iOS."""
    version, missing = reader.schema.model_version, reader.schema.missing_columns
    facts = {"known": not missing, "missing_columns": len(missing)}
    if version is not None:
        facts["model_version"] = version
    if version is not None and version > NEWEST_KNOWN_MODEL:
        report.note(
            "schema",
            f"The library is from a newer iOS than this AmberTime knows (model version {version}). Update "
            "AmberTime, and check the results of the first backup.",
            **{**facts, "known": False},
        )
    elif missing:
        report.note(
            "schema",
            f"The library lacks {', '.join(missing)}, which every known iOS has. Owner, name, time zone or "
            "upload of items may be less reliable. Please report this with ambertime doctor --report FILE.",
            **facts,
        )
    else:
        report.fine("schema", "The tables of its library are known.", **facts)


def _examined(report: Reporter, library: Library, listing: Listing, counts: RawCounts) -> LibrarySeen:
    tally = _Tally(listing)
    for asset in library.assets:
        tally.add(asset)
    tally.report_counts(report, counts)
    tally.report_flags(report)
    tally.report_names(report)
    largest = sorted(tally.sizes, reverse=True)[:LARGEST_KEPT]
    return LibrarySeen(
        readable=True,
        in_icloud=tally.places[Availability.ICLOUD],
        largest=tuple((path, size) for size, path in largest),
        local=frozenset(tally.local),
        listed=frozenset(f"{folder}/{name}" for folder, names in listing.items() for name in names or ()),
        assets=library.assets,
        folders=tuple(folder for folder, names in listing.items() if names is not None),
    )


class _Tally:
    """Counts over all assets. No name is kept but those of originals, for later checks."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self.owners: Counter[str] = Counter()
        self.places: Counter[Availability] = Counter()
        self.roles: Counter[Role] = Counter()
        self.flags: Counter[str] = Counter()
        self.names: Counter[str] = Counter()
        self.local: list[str] = []
        self.sizes: list[tuple[int, str]] = []
        self._claimed: dict[str, set[str]] = {}

    def add(self, asset: Asset) -> None:
        self.owners[asset.ownership.value] += 1
        if not asset.ownership.is_archived:
            return
        main = next((r.name for r in asset.originals if r.role in (Role.PHOTO, Role.VIDEO)), asset.filename)
        for resource in asset.resources:
            self._claimed.setdefault(resource.directory, set()).add(resource.name)
            if resource.role.is_original:
                self._add_original(resource, main)
        self._claimed.setdefault(asset.directory, set()).add(asset.filename)

    def _add_original(self, resource: Resource, main: str) -> None:
        is_local = resource.availability is Availability.LOCAL
        self.places[resource.availability] += 1
        self.roles[resource.role] += 1
        if is_local and resource.directory:
            self.local.append(resource.path)
            self._keep_large(resource)
        if resource.directory and self._listing.get(resource.directory) is not None:
            flag = "local" if resource.flagged_local else "absent"
            self.flags[f"flag_{flag}_file_{'there' if is_local else 'absent'}"] += 1
        if resource.role in (Role.ALTERNATE_PHOTO, Role.ADJUSTMENT_DATA):
            kind = "raw" if resource.role is Role.ALTERNATE_PHOTO else "aae"
            if not is_local:
                where = "in_icloud" if resource.availability is Availability.ICLOUD else "not_found"
                self.names[f"{kind}_{where}"] += 1
            else:
                same = _stem(resource.name) == _stem(main)
                self.names[f"{kind}_same_stem" if same else f"{kind}_other_stem"] += 1

    def _keep_large(self, resource: Resource) -> None:
        self.sizes.append((resource.size or 0, resource.path))
        if len(self.sizes) > 50 * LARGEST_KEPT:
            self.sizes = sorted(self.sizes, reverse=True)[:LARGEST_KEPT]

    def report_counts(self, report: Reporter, counts: RawCounts) -> None:
        places = {f"originals_{place.value}": number for place, number in self.places.items()}
        own = sum(number for owner, number in self.owners.items() if owner in ("own", "shared_library"))
        in_icloud = self.places[Availability.ICLOUD]
        report.fine(
            "counts",
            f"It has {plural(own, 'item')} of your own; {plural(in_icloud, 'original is', 'originals are')} "
            "only in iCloud.",
            **{f"owner_{owner}": number for owner, number in self.owners.items()},
            **places,
            **{f"role_{role.value}": number for role, number in self.roles.items()},
            **_values("scope", counts.scopes),
            **_values("saved_type", counts.saved_types),
            **_values("resource_type", counts.resource_types),
            **_values("local", counts.local_availability),
            **_values("remote", counts.remote_availability),
        )
        missing = self.places[Availability.MISSING]
        if missing:
            report.note(
                "missing",
                f"{plural(missing, 'original is', 'originals are')} neither on the phone nor marked as "
                "uploaded. Open these items in Photos; a backup lists them.",
                missing=missing,
            )

    def report_flags(self, report: Reporter) -> None:
        lagging = self.flags["flag_local_file_absent"]
        ahead = self.flags["flag_absent_file_there"]
        if lagging or ahead:
            report.note(
                "flags",
                f"The library's flags differ from the files for {plural(lagging + ahead, 'original')}. "
                "AmberTime goes by the files.",
                **self.flags,
            )
        else:
            report.fine("flags", "The library's flags agree with the files.", **self.flags)

    def report_names(self, report: Reporter) -> None:
        unclaimed: Counter[str] = Counter()
        special: Counter[str] = Counter()
        for folder, names in self._listing.items():
            claimed = self._claimed.get(folder, set())
            for name in names or ():
                if name in claimed:
                    continue
                path = PurePosixPath(name)
                extension = path.suffix.lower().removeprefix(".")
                known = extension in _KNOWN_EXTENSIONS
                unclaimed[f"unclaimed_{extension if known else 'other'}"] += 1
                if path.stem[-1:] in _SPECIAL_STEMS and path.stem[-2:-1].isdigit():
                    special[f"stem_{path.stem[-1].lower()}"] += 1
        facts = {**self.names, **unclaimed, **special}
        unexpected = self.names["raw_other_stem"] + self.names["aae_other_stem"]
        unexpected += self.names["raw_not_found"] + self.names["aae_not_found"]
        if unexpected:
            report.note(
                "names-beside",
                f"{plural(unexpected, 'RAW or AAE file is', 'RAW or AAE files are')} not where AmberTime "
                "expects them. A backup lists them as missing. Please report this with ambertime doctor "
                "--report FILE.",
                **facts,
            )
        else:
            report.fine("names-beside", "RAW and AAE files are beside their photos, as expected.", **facts)


def _values(name: str, counts: Mapping[int, int]) -> dict[str, int]:
    """Counts by value as facts: ``scope_3``, ``local_minus_1``."""
    return {f"{name}_{'minus_' if value < 0 else ''}{abs(value)}": number for value, number in counts.items()}


def _stem(name: str) -> str:
    return PurePosixPath(name).stem.lower()
