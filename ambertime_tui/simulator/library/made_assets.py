"""The assets, files and albums of a generated library."""

from __future__ import annotations

from dataclasses import dataclass, replace

ORIGINAL_ROLES = (
    "photo",
    "video",
    "paired_video",
    "alternate_photo",
    "adjustment_data",
    "over_capture_photo",
    "over_capture_video",
)


@dataclass(frozen=True, slots=True)
class MadeResource:
    """One file of a generated asset."""

    role: str
    """One of ORIGINAL_ROLES, or of an edit: edited_photo, edited_video, edited_paired_video,
    edit_adjustments."""
    directory: str
    """Relative to the media folder, without a leading slash."""
    name: str
    """The name of the file on the phone, if it is there."""
    size: int
    """Bytes, as in ZDATALENGTH."""
    flag: str
    """Availability according to the database: ``local``, ``icloud`` or ``missing``."""
    present: bool
    """Whether the file exists on the phone."""
    availability: str
    """Actual availability, from flags and file: ``local``, ``icloud``, ``missing`` or ``pending``."""
    fingerprint: str | None = None
    """Apple's fingerprint of the file's bytes; None if the recipe has no fingerprints."""

    @property
    def path(self) -> str:
        """Path relative to the media folder."""
        return f"{self.directory}/{self.name}"

    @property
    def is_original(self) -> bool:
        """True for a resource as captured or imported; False for a part of an edit."""
        return self.role in ORIGINAL_ROLES


@dataclass(frozen=True, slots=True)
class MadeAsset:
    """One item of a generated library."""

    uuid: str
    kind: str
    """``photo`` or ``video``."""
    variant: str
    """Kind of capture: heic, jpeg, live, burst, raw_pair, slow_mo ..."""
    state: str
    """``local``, ``icloud`` or a field of Planted."""
    ownership: str
    """own, shared_library, shared_album, shared_with_you, icloud_link, synced or photo_stream."""
    created: float | None
    """Seconds since 1970-01-01 UTC as in the database; None if missing. The value may be absurd."""
    undated: bool
    """True if the date is missing or cannot be represented in a calendar."""
    zone_offset: int | None
    """Seconds east of UTC as in the database. None if missing, even if the zone has a name."""
    zone_name: str | None
    added: float
    directory: str
    filename: str
    """As spelled in the database. MadeResource.name has the spelling on the phone."""
    original_filename: str
    """As in the database. It may be unusable as a file name (``..``)."""
    uti: str
    subtype: int
    width: int
    height: int
    duration: float
    """Seconds; 0 for a photo."""
    resources: tuple[MadeResource, ...]
    """The files, originals first. For items of other people: the files that the phone has."""
    content_key: str
    """Seed of the contents: the UUID. A duplicate has the UUID of the other asset."""
    live_photo: bool = False
    raw_pair: bool = False
    edited: bool = False
    hidden: bool = False
    trashed: bool = False
    favourite: bool = False
    burst_uuid: str | None = None
    burst_pick: int = 0
    uploaded: bool = True
    """False if the upload to iCloud is still pending."""
    title: str | None = None
    people: tuple[str, ...] = ()

    @property
    def originals(self) -> tuple[MadeResource, ...]:
        """Return the resources as captured or imported."""
        return tuple(r for r in self.resources if r.is_original)

    @property
    def fingerprint(self) -> str | None:
        """Return the fingerprint of the main original."""
        return self.resources[0].fingerprint

    @property
    def availability(self) -> str:
        """Return ``local``, ``icloud`` or ``missing`` if that is true of all originals, else ``partial``."""
        kinds = {r.availability for r in self.resources if r.is_original}
        return kinds.pop() if len(kinds) == 1 else "partial"

    @property
    def is_archived(self) -> bool:
        """True for the user's own assets, including those in a shared library."""
        return self.ownership in ("own", "shared_library")

    def resource(self, role: str) -> MadeResource:
        """Return the resource with a role.

        Raises:
            KeyError: The asset has no such resource.
        """
        for found in self.resources:
            if found.role == role:
                return found
        raise KeyError(f"{self.original_filename} has no {role}")

    def with_resources(self, resources: tuple[MadeResource, ...]) -> MadeAsset:
        """Return the same asset with other resources."""
        return replace(self, resources=resources)


@dataclass(frozen=True, slots=True)
class MadeAlbum:
    """An album of a generated library."""

    uuid: str
    title: str
    kind: int
    """ZGENERICALBUM.ZKIND: 2 is a user's album, 1505 a shared album."""
    assets: tuple[str, ...]
    trashed: bool = False
