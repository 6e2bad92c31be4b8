"""The data model of a Photo Library: assets, their resources, and where each original is.

The terms are PhotoKit's (PHAsset, PHAssetResource). All values are immutable. There may be a million of
them, so instances use slots, and a date is stored as the two numbers from the phone's database.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum


class Kind(StrEnum):
    """The kind of an asset (ZASSET.ZKIND)."""

    PHOTO = "photo"
    VIDEO = "video"


class Availability(StrEnum):
    """Where an original is. Only an asset can be PARTIAL: some of its originals are local, others not."""

    LOCAL = "local"
    ICLOUD = "icloud"
    MISSING = "missing"
    PENDING = "pending"
    """iOS is still processing it: no original file exists yet."""
    PARTIAL = "partial"


class Role(StrEnum):
    """The role of a resource in its asset. The first seven are originals, the others the current edit."""

    PHOTO = "photo"
    VIDEO = "video"
    PAIRED_VIDEO = "paired_video"
    ALTERNATE_PHOTO = "alternate_photo"
    ADJUSTMENT_DATA = "adjustment_data"
    OVER_CAPTURE_PHOTO = "over_capture_photo"
    """What the camera saw around the frame."""
    OVER_CAPTURE_VIDEO = "over_capture_video"
    """The Live Photo video of the same."""
    EDITED_PHOTO = "edited_photo"
    EDITED_VIDEO = "edited_video"
    EDITED_PAIRED_VIDEO = "edited_paired_video"
    EDIT_ADJUSTMENTS = "edit_adjustments"

    is_original: bool
    """True for a resource as captured or imported, False for a part of the current edit."""

    def __init__(self, word: str) -> None:
        self.is_original = not word.startswith("edit")


class Ownership(StrEnum):
    """The owner of an asset. OWN and SHARED_LIBRARY are archived; the others are only counted."""

    OWN = "own"
    SHARED_LIBRARY = "shared_library"
    SHARED_ALBUM = "shared_album"
    SHARED_WITH_YOU = "shared_with_you"
    ICLOUD_LINK = "icloud_link"
    SYNCED = "synced"
    PHOTO_STREAM = "photo_stream"

    is_archived: bool
    """True if the asset belongs to the phone's user, alone or in a shared library."""

    def __init__(self, word: str) -> None:
        self.is_archived = word in ("own", "shared_library")


@dataclass(frozen=True, slots=True)
class Resource:
    """One file of an asset."""

    role: Role
    directory: str
    """Folder on the phone, relative to the media root (AFC's root), no leading slash: ``DCIM/100APPLE``.

    Empty: the file is not in the media folder (a reference to a computer's disk, or an invalid path), so
    it cannot be read from the phone.
    """
    name: str
    """File name in that folder, in the phone's spelling."""
    size: int | None
    """Bytes according to the database (ZDATALENGTH), as a hint; the file decides. None: unknown."""
    availability: Availability
    in_icloud: bool = False
    """True if the database records a complete upload. If the file is gone, iCloud has it."""
    inferred: bool = False
    """True if the database has no record of the file, although the asset should have one (the render of an
    edit, the video of a Live Photo). It counts only if the file exists."""

    fingerprint: str | None = None
    """Apple's fingerprint of an original as the library stores it; None: unknown."""
    flagged_local: bool = True
    """False where the database says that the file is not on the phone, whatever the folders show."""
    modified_at: float | None = None
    """Modification time on the phone, seconds since 1970. Known only for a file listed without the database.
    """

    @property
    def path(self) -> str:
        """Path relative to the media root."""
        return f"{self.directory}/{self.name}" if self.directory else self.name


@dataclass(frozen=True, slots=True)
class Asset:
    """One item of the Photo Library."""

    uuid: str
    kind: Kind
    created: float | None
    """Capture time in seconds since 1970-01-01 UTC; None if absent or implausible (undated)."""
    zone_offset: int | None
    """Seconds east of UTC at the place of capture; None: unknown, and days are in UTC."""
    directory: str
    """As in the database, for information only. To read a file, use Resource.path."""
    filename: str
    original_filename: str
    """The name the user knows (``IMG_4821.HEIC``), or else the file name.

    Untrusted like the rest of the database: it may contain any character. Never use it as a path.
    """
    resources: tuple[Resource, ...]
    """Originals first, in the order of Role; then the current edit."""
    ownership: Ownership = Ownership.OWN
    subtype: int = 0
    """ZKINDSUBTYPE: 0 still, 1 panorama, 2 Live Photo, 10 screenshot, 100 video, 101 slow-mo..."""
    live_photo: bool = False
    raw_pair: bool = False
    edited: bool = False
    hidden: bool = False
    trashed: bool = False
    favourite: bool = False
    burst_uuid: str | None = None
    zone_name: str | None = None
    processing: bool = False
    """iOS is still making its original (deferred processing): an original without a file is PENDING."""

    @property
    def originals(self) -> tuple[Resource, ...]:
        """The resources as captured or imported."""
        return tuple([r for r in self.resources if r.role.is_original])

    @property
    def edits(self) -> tuple[Resource, ...]:
        """The current edit: its render and its adjustment data. Empty if the asset was not edited."""
        return tuple([r for r in self.resources if not r.role.is_original])

    @property
    def availability(self) -> Availability:
        """LOCAL, ICLOUD or PENDING if all originals are; MISSING if none exists; else PARTIAL."""
        return combined_availability([r.availability for r in self.resources if r.role.is_original])

    @property
    def local_time(self) -> datetime | None:
        """Capture time in the time zone of the capture (UTC if unknown)."""
        if self.created is None:
            return None
        zone = UTC if self.zone_offset is None else timezone(timedelta(seconds=self.zone_offset))
        return (_EPOCH + timedelta(seconds=self.created)).astimezone(zone)

    @property
    def day(self) -> date | None:
        """Local calendar day of the capture, which date ranges select by."""
        number = self.day_number
        return None if number is None else date.fromordinal(number)

    @property
    def day_number(self) -> int | None:
        """The local day as a proleptic Gregorian ordinal (`date.toordinal`). Fast, for large libraries."""
        if self.created is None:
            return None
        return int((self.created + (self.zone_offset or 0)) // 86_400) + _EPOCH_DAY


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()


def combined_availability(parts: Iterable[Availability]) -> Availability:
    """Combine the availability of an asset's originals. MISSING for an asset without any."""
    found: Availability | None = None
    for part in parts:
        if found is None:
            found = part
        elif found is not part:
            return Availability.PARTIAL
    return Availability.MISSING if found is None else found


@dataclass(frozen=True, slots=True)
class Album:
    """One of the user's own albums."""

    title: str
    asset_uuids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What users added to their library. Jobs do not need it."""

    albums: tuple[Album, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    """Captions by asset uuid."""
    people: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of the people in an asset, by asset uuid."""
    notices: tuple[str, ...] = ()
    """Sentences about what could not be read."""


@dataclass(frozen=True, slots=True)
class Library:
    """The content of a Photo Library, and what could not be read."""

    assets: Sequence[Asset]
    """Every asset in database order, including those of other people (see Asset.ownership). Large
    libraries are stored packed (see `packed`), so iterating and random access take time."""
    model_version: int | None
    """PLModelVersion of the database (18600: iOS 18); None if the library was listed without it."""
    notices: tuple[str, ...] = ()
    """Sentences for the user: an unknown newer schema, rows with invalid values."""
    from_database: bool = True
    """False: listed only from the media folders, so originals in iCloud are unknown."""
    main_names: Mapping[str, Container[str]] = field(default_factory=dict)
    """By folder, the names of the assets' main files: see `presence.checked_against_files`."""
