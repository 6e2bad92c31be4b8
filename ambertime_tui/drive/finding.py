"""Find items in an archive by what its record knows. Reads no photo and needs no phone.

The record has the capture time of a dated item (as the modification time of its files) and, in the name of
its folder, the month at the place of capture. It does not have the time zone. So months are exact, and a day
may be the one before or after for photos that were taken near midnight, as days in UTC.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from fnmatch import translate
from pathlib import Path

from ambertime_tui.drive.layout import PHOTOS
from ambertime_tui.drive.record.reader import read_record
from ambertime_tui.drive.record.record_model import RecordedAsset, RecordedFile
from ambertime_tui.drive.record.rows import assets_in, rows_of
from ambertime_tui.library.date_range import EVERYTHING, DateRange
from ambertime_tui.library.model import Role

_MONTH = re.compile(rf"{PHOTOS}/(\d{{4}})-(\d{{2}})")
_RAW = frozenset(["dng", "raw", "arw", "cr2", "cr3", "crw", "nef", "nrw", "orf", "pef", "raf", "rw2", "srw"])
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ItemKind(StrEnum):
    """What an item is, as far as its files show it. An item may be of several kinds."""

    PHOTO = "photo"
    VIDEO = "video"
    LIVE = "live"
    """A Live Photo: also a photo."""
    RAW = "raw"
    """With a RAW file, alone or beside a JPEG or HEIC: also a photo."""
    EDITED = "edited"


@dataclass(frozen=True, slots=True)
class Query:
    """Which items to find. Items have to fulfil all of it."""

    days: DateRange = EVERYTHING
    name: str = ""
    """Part of the original name or a name in the archive, or a pattern with `*` and `?`; case is ignored."""
    kinds: frozenset[ItemKind] = frozenset()
    """Any of these; empty: all."""
    udid: str | None = None
    """Only of this phone."""


@dataclass(frozen=True, slots=True)
class FoundItem:
    """A recorded item."""

    asset: RecordedAsset
    day: date | None
    """See the module; None: undated."""
    kinds: tuple[ItemKind, ...]

    @property
    def files(self) -> tuple[RecordedFile, ...]:
        """All its files, also earlier edits."""
        return self.asset.files


def find_items(root: Path, query: Query) -> tuple[FoundItem, ...] | None:
    """The items of an archive that a query selects, oldest first, undated last; None without a record.

    Leaves out forgotten items, because their files were deleted. Changes nothing.

    Raises:
        DriveError: the record cannot be read.
    """

    def read(connection: sqlite3.Connection) -> list[FoundItem]:
        forgotten = {(udid, uuid) for udid, uuid, *_ in rows_of(connection, "forgotten")}
        assets = (one for one in assets_in(connection) if (one.udid, one.uuid) not in forgotten)
        return list(_selected(assets, query))

    found = read_record(root, read, marks_damage=False)
    return None if found is None else tuple(sorted(found, key=_order))


def _selected(assets: Iterable[RecordedAsset], query: Query) -> Iterator[FoundItem]:
    matches = _pattern(query.name)
    for asset in assets:
        if not asset.files or (query.udid is not None and asset.udid != query.udid):
            continue
        kinds, day = kinds_of(asset), day_of(asset)
        if (query.kinds and not query.kinds.intersection(kinds)) or day not in query.days:
            continue
        names = (asset.original_filename, *(file.name for file in asset.files))
        if matches is None or any(matches.search(name) for name in names):
            yield FoundItem(asset, day, kinds)


def kinds_of(asset: RecordedAsset) -> tuple[ItemKind, ...]:
    """The kinds of an item, by the roles and names of its files."""
    roles = {file.role for file in asset.files}
    raw = any(
        file.role in (Role.PHOTO, Role.ALTERNATE_PHOTO) and file.name.rpartition(".")[2].casefold() in _RAW
        for file in asset.files
    )
    is_kind = {
        ItemKind.PHOTO: bool(roles & {Role.PHOTO, Role.ALTERNATE_PHOTO, Role.EDITED_PHOTO}),
        ItemKind.VIDEO: Role.VIDEO in roles,
        ItemKind.LIVE: Role.PAIRED_VIDEO in roles,
        ItemKind.RAW: raw,
        ItemKind.EDITED: any(not role.is_original for role in roles),
    }
    return tuple(kind for kind, applies in is_kind.items() if applies)


def day_of(asset: RecordedAsset) -> date | None:
    """The day of capture in UTC, but never outside the month of the item's folder; None: undated."""
    if asset.folder.startswith(f"{PHOTOS}/undated"):
        return None
    times = [file.modified_at for file in asset.files if file.role.is_original and not file.preexisting]
    times += [file.modified_at for file in asset.files]
    known = next((time for time in times if time is not None), None)
    taken = None if known is None else _utc_day(known)
    month = _MONTH.fullmatch(asset.folder)
    if month is None:
        return taken
    try:
        first = date(int(month[1]), int(month[2]), 1)
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    except (ValueError, OverflowError):
        return taken
    return first if taken is None else min(max(taken, first), last)


def _utc_day(seconds: float) -> date | None:
    try:
        return (_EPOCH + timedelta(seconds=seconds)).date()
    except (OverflowError, ValueError):
        return None


def _pattern(name: str) -> re.Pattern[str] | None:
    if not name:
        return None
    whole = any(character in name for character in "*?")
    return re.compile(rf"\A{translate(name)}" if whole else re.escape(name), re.IGNORECASE)


def _order(item: FoundItem) -> tuple[bool, date, str, str, str]:
    asset = item.asset
    return item.day is None, item.day or date.min, asset.folder, asset.stem, asset.uuid
