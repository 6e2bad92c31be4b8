"""What there is to know of one asset of a made library, and of an album."""

from __future__ import annotations

from dataclasses import dataclass, replace

ORIGINAL_ROLES = ("photo", "video", "paired_video", "alternate_photo", "adjustment_data")
EDIT_ROLES = ("edited_photo", "edited_video", "edited_paired_video", "edit_adjustments")


@dataclass(frozen=True, slots=True)
class MadeResource:
    """One file of a made asset."""

    role: str
    """One of ORIGINAL_ROLES or EDIT_ROLES."""
    directory: str
    """Relative to the media folder, without a leading slash."""
    name: str
    """As the file is spelled on the phone, where there is one."""
    size: int
    """Bytes; ZDATALENGTH says the same."""
    flag: str
    """What the database's flags say: ``local``, ``icloud`` or ``missing``."""
    present: bool
    """Whether the file is there."""
    availability: str
    """The verdict of flags and file together: ``local``, ``icloud`` or ``missing``."""

    @property
    def path(self) -> str:
        """Path relative to the media folder."""
        return f"{self.directory}/{self.name}"

    @property
    def is_original(self) -> bool:
        """True for a resource as captured or imported, false for a part of an edit."""
        return self.role in ORIGINAL_ROLES


@dataclass(frozen=True, slots=True)
class MadeAsset:
    """One item of a made library."""

    uuid: str
    kind: str
    """``photo`` or ``video``."""
    variant: str
    """What was made: heic, jpeg, live, burst, raw_pair, slow_mo ..."""
    state: str
    """``local``, ``icloud`` or one of Planted's fields."""
    ownership: str
    """own, shared_library, shared_album, shared_with_you, icloud_link, synced or photo_stream."""
    created: float | None
    """Seconds since 1970-01-01 UTC, as the database has it: None where it has none, possibly absurd."""
    undated: bool
    """True where there is no date that a calendar holds."""
    zone_offset: int | None
    """Seconds east of UTC as the database says: None where it does not, even if it knows the zone's name."""
    zone_name: str | None
    added: float
    directory: str
    filename: str
    """As the database spells it (see MadeResource.name for the file's own spelling)."""
    original_filename: str
    """As the database has it: it may be no name for a file at all (``..``)."""
    uti: str
    subtype: int
    width: int
    height: int
    duration: float
    """Seconds; 0 for a photo."""
    resources: tuple[MadeResource, ...]
    """Originals first. For items of others (ownership): the files as they lie on the phone."""
    content_key: str
    """What the bytes are made from: the uuid, but one asset's twin has the other's."""
    fingerprint: str
    live_photo: bool = False
    raw_pair: bool = False
    edited: bool = False
    hidden: bool = False
    trashed: bool = False
    favourite: bool = False
    burst_uuid: str | None = None
    burst_pick: int = 0
    uploaded: bool = True
    """False where the upload to iCloud is still pending."""
    title: str | None = None
    people: tuple[str, ...] = ()

    @property
    def originals(self) -> tuple[MadeResource, ...]:
        """The resources as captured or imported."""
        return tuple(r for r in self.resources if r.is_original)

    @property
    def availability(self) -> str:
        """``local``, ``icloud`` or ``missing`` if all its originals are, otherwise ``partial``."""
        kinds = {r.availability for r in self.resources if r.is_original}
        return kinds.pop() if len(kinds) == 1 else "partial"

    @property
    def is_archived(self) -> bool:
        """True for what is the person's own, alone or in a shared library."""
        return self.ownership in ("own", "shared_library")

    def resource(self, role: str) -> MadeResource:
        """The resource of that role.

        Raises:
            KeyError: There is none.
        """
        for found in self.resources:
            if found.role == role:
                return found
        raise KeyError(f"{self.original_filename} has no {role}")

    def with_resources(self, resources: tuple[MadeResource, ...]) -> MadeAsset:
        """The same asset, its files in another state."""
        return replace(self, resources=resources)


@dataclass(frozen=True, slots=True)
class MadeAlbum:
    """An album of a made library."""

    uuid: str
    title: str
    kind: int
    """ZGENERICALBUM.ZKIND: 2 the person's own, 1505 shared."""
    assets: tuple[str, ...]
    trashed: bool = False
