"""A generated library and its ground truth, against which tests check a scan."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ambertime_tui.simulator.library.content import FileContent, content_of
from ambertime_tui.simulator.library.made_assets import MadeAlbum, MadeAsset, MadeResource
from ambertime_tui.simulator.library.recipe import LibraryRecipe, Mix, Planted, Sizes


@dataclass(frozen=True, slots=True)
class MadeLibrary:
    """A generated library: its folder, and its contents at the time it was generated."""

    folder: Path
    recipe: LibraryRecipe
    assets: tuple[MadeAsset, ...]
    albums: tuple[MadeAlbum, ...] = ()

    @property
    def media(self) -> Path:
        """The media folder, which AFC serves as its root."""
        return self.folder / "Media"

    @property
    def database(self) -> Path:
        """Photos.sqlite. Its write-ahead log is in the same folder."""
        return self.media / "PhotoData" / "Photos.sqlite"

    @property
    def by_uuid(self) -> dict[str, MadeAsset]:
        """The assets by UUID."""
        return {asset.uuid: asset for asset in self.assets}

    def own(self) -> Iterator[MadeAsset]:
        """Return the assets that belong in an archive: the user's own, and those of a shared library."""
        return (asset for asset in self.assets if asset.is_archived)

    def content(self, asset: MadeAsset, resource: MadeResource) -> FileContent:
        """Return the contents of a file, whether or not it is on the phone."""
        return content_of(self.recipe.seed, self.recipe.sizes is Sizes.SPARSE, asset, resource)

    def save(self) -> Path:
        """Write truth.json next to the media folder. Return its path."""
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
        """Read truth.json from a folder written by `make_library`."""
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
    assert is_dataclass(value)
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _asset(raw: dict[str, Any]) -> MadeAsset:
    resources = tuple(MadeResource(**resource) for resource in raw["resources"])
    values = {**raw, "resources": resources, "people": tuple(raw["people"])}
    if "form" in values:  # libraries made before November 28, 2026
        values["variant"] = values.pop("form")
        del values["fingerprint"]
    return MadeAsset(**values)


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
