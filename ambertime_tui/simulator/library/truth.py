"""What was planted in a made library: the truth that a scan of it is held against."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from ambertime_tui.simulator.library.content import FileContent, content_of
from ambertime_tui.simulator.library.recipe import LibraryRecipe, Mix, Planted, Sizes

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
    form: str
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


@dataclass(frozen=True, slots=True)
class MadeLibrary:
    """A made library: where it is, and the truth about it at the moment it was made."""

    folder: Path
    recipe: LibraryRecipe
    assets: tuple[MadeAsset, ...]
    albums: tuple[MadeAlbum, ...] = ()

    @property
    def media(self) -> Path:
        """The media folder: what AFC serves as its root."""
        return self.folder / "Media"

    @property
    def database(self) -> Path:
        """Photos.sqlite; its write-ahead log lies beside it."""
        return self.media / "PhotoData" / "Photos.sqlite"

    @property
    def by_uuid(self) -> dict[str, MadeAsset]:
        """The assets by uuid."""
        return {asset.uuid: asset for asset in self.assets}

    def own(self) -> Iterator[MadeAsset]:
        """The assets that belong in an archive: the person's own, and those of a shared library."""
        return (asset for asset in self.assets if asset.is_archived)

    def content(self, asset: MadeAsset, resource: MadeResource) -> FileContent:
        """The bytes of a file, on the phone or not: `.sha256()`, `.chunks()`, `.write_to(path)`."""
        return content_of(self.recipe.seed, self.recipe.sizes is Sizes.SPARSE, asset, resource)

    def save(self) -> Path:
        """Writes truth.json beside the media folder."""
        path = self.folder / "truth.json"
        encode = json.JSONEncoder(ensure_ascii=False, default=_plain).encode
        with path.open("w", encoding="utf-8") as file:
            file.write(f'{{"recipe": {encode(self.recipe)},\n"assets": [')
            for index, asset in enumerate(self.assets):
                file.write(f"{',' if index else ''}\n{encode(asset)}")
            file.write(f'\n],\n"albums": {encode(self.albums)}}}\n')
        return path

    @classmethod
    def load(cls, folder: Path) -> MadeLibrary:
        """Reads truth.json of a folder that `make_library` filled."""
        document = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        return cls(
            folder,
            _recipe(document["recipe"]),
            tuple(_asset(raw) for raw in document["assets"]),
            tuple(MadeAlbum(**{**raw, "assets": tuple(raw["assets"])}) for raw in document["albums"]),
        )


def _plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    names: tuple[str, ...] = type(value).__slots__  # type: ignore[attr-defined]  # dataclasses with slots
    return {name: getattr(value, name) for name in names}


def _asset(raw: dict[str, Any]) -> MadeAsset:
    resources = tuple(MadeResource(**resource) for resource in raw["resources"])
    return MadeAsset(**{**raw, "resources": resources, "people": tuple(raw["people"])})


def _recipe(raw: dict[str, Any]) -> LibraryRecipe:
    return LibraryRecipe(
        **{
            **raw,
            "first": date.fromisoformat(raw["first"]),
            "last": date.fromisoformat(raw["last"]),
            "sizes": Sizes(raw["sizes"]),
            "mix": Mix(**raw["mix"]),
            "planted": Planted(**raw["planted"]),
        }
    )
