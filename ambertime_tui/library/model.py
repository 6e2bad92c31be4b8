"""What a Photo Library holds: assets, their resources, and where each original is.

The words are PhotoKit's (PHAsset, PHAssetResource). Everything is a frozen value. There may be a million of
them, so instances have slots, and a date is kept as the two numbers the phone's database holds.
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
    """Where an original is. Only an asset can be PARTIAL: some of its originals local, some not."""

    LOCAL = "local"
    ICLOUD = "icloud"
    MISSING = "missing"
    PENDING = "pending"
    """iOS is still processing it: no original file exists yet."""
    PARTIAL = "partial"


class Role(StrEnum):
    """What a resource is to its asset. The first seven are originals, the others the current edit."""

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
    """True for a resource as it was captured or imported, false for a part of the current edit."""

    def __init__(self, word: str) -> None:
        self.is_original = not word.startswith("edit")


class Ownership(StrEnum):
    """Whose an asset is. OWN and SHARED_LIBRARY are archived, the others are counted and named."""

    OWN = "own"
    SHARED_LIBRARY = "shared_library"
    SHARED_ALBUM = "shared_album"
    SHARED_WITH_YOU = "shared_with_you"
    ICLOUD_LINK = "icloud_link"
    SYNCED = "synced"
    PHOTO_STREAM = "photo_stream"

    is_archived: bool
    """True where the asset belongs to the person whose phone this is, alone or with a shared library."""

    def __init__(self, word: str) -> None:
        self.is_archived = word in ("own", "shared_library")


@dataclass(frozen=True, slots=True)
class Resource:
    """One file of an asset."""

    role: Role
    directory: str
    """Folder on the phone, relative to the media root (AFC's root), no leading slash: ``DCIM/100APPLE``.

    Empty: the database names no place in the media folder (a file on some computer's disk, or a path that
    was refused), so there is nothing to ask the phone for.
    """
    name: str
    """File name in that folder, spelled as the phone spells it."""
    size: int | None
    """Bytes as the database says (ZDATALENGTH); a hint, the file decides. None: not known."""
    availability: Availability
    in_icloud: bool = False
    """True where the database knows of a complete upload: should the file be gone, iCloud has it."""
    inferred: bool = False
    """True where the database has no record of the file, and the asset should have one (the render of an
    edit, the video of a Live Photo): it counts only if the folders show it."""

    fingerprint: str | None = None
    """Apple's fingerprint of an original as the library stores it; None: unknown."""

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
    """Capture instant in seconds since 1970-01-01 UTC; None where absent or absurd (the asset is undated)."""
    zone_offset: int | None
    """Seconds east of UTC at the place of capture; None: not known, and days are taken in UTC."""
    directory: str
    """As the database spells it, for information; what may be asked of the phone is Resource.path."""
    filename: str
    original_filename: str
    """The name the person knows (``IMG_4821.HEIC``); the file name where the library has no other.

    A name, never a path to follow: it is as foreign as all of the database, and may hold any character.
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
        """The current edit: its render and its adjustment data. Empty where the asset was not edited."""
        return tuple([r for r in self.resources if not r.role.is_original])

    @property
    def availability(self) -> Availability:
        """LOCAL, ICLOUD or PENDING if all originals are; MISSING if none exists; else PARTIAL."""
        return combined_availability([r.availability for r in self.resources if r.role.is_original])

    @property
    def local_time(self) -> datetime | None:
        """Capture time in the zone of the capture (UTC where the zone is not known)."""
        if self.created is None:
            return None
        zone = UTC if self.zone_offset is None else timezone(timedelta(seconds=self.zone_offset))
        return (_EPOCH + timedelta(seconds=self.created)).astimezone(zone)

    @property
    def day(self) -> date | None:
        """Local calendar day of the capture: what date ranges select by."""
        number = self.day_number
        return None if number is None else date.fromordinal(number)

    @property
    def day_number(self) -> int | None:
        """The local day as a proleptic Gregorian ordinal (`date.toordinal`); cheap, for large libraries."""
        if self.created is None:
            return None
        return int((self.created + (self.zone_offset or 0)) // 86_400) + _EPOCH_DAY


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()


def combined_availability(parts: Iterable[Availability]) -> Availability:
    """The availability of an asset from those of its originals; MISSING for an asset without any."""
    found: Availability | None = None
    for part in parts:
        if found is None:
            found = part
        elif found is not part:
            return Availability.PARTIAL
    return Availability.MISSING if found is None else found


@dataclass(frozen=True, slots=True)
class Album:
    """An album of the person's own."""

    title: str
    asset_uuids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What people added to their library. A job does not need it, and does not hold it."""

    albums: tuple[Album, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    """Captions by asset uuid."""
    people: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of the people in an asset, by asset uuid."""
    notices: tuple[str, ...] = ()
    """Sentences on what could not be read."""


@dataclass(frozen=True, slots=True)
class Library:
    """All that was read from a Photo Library, and what could not be read."""

    assets: Sequence[Asset]
    """Every asset, those of others included (see Asset.ownership), in the order of the database. Those of a
    large library are kept packed (see `packed`): a pass over all of them costs, and so does each one asked
    for out of order."""
    model_version: int | None
    """PLModelVersion of the database (18600: iOS 18); None where the library was listed without it."""
    notices: tuple[str, ...] = ()
    """Sentences a person should read: an unknown newer schema, rows that could not be understood."""
    from_database: bool = True
    """False: listed from the media folders alone, iCloud-only originals unknown."""
    main_names: Mapping[str, Container[str]] = field(default_factory=dict)
    """By folder, the names of the assets' own files: see `presence.checked_against_files`."""
