"""The media folder as AFC serves it: originals, edits, thumbnails, other derivatives and marker files."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from ambertime_tui.simulator.library.content import derivative
from ambertime_tui.simulator.library.made_assets import MadeAsset
from ambertime_tui.simulator.library.made_library import MadeLibrary

_FOLDERS = ("DCIM/100APPLE", "PhotoData/Caches", "PhotoData/MISC", "PhotoData/private")
_ICLOUD_FOLDERS = ("PhotoData/CPL/storage",)
_PICTURES = 64
_MARKERS = ("PhotoData/cpl_enabled_marker", "PhotoData/cpl_download_finished_marker")


def write_media_tree(library: MadeLibrary) -> None:
    """Write everything except the database."""
    media = library.media
    for folder in _FOLDERS:
        (media / folder).mkdir(parents=True, exist_ok=True)
    (media / "PhotoData/MISC/DCIM_APPLE.plist").write_bytes(b"")
    if library.recipe.icloud_photos:
        for folder in _ICLOUD_FOLDERS:
            (media / folder).mkdir(parents=True, exist_ok=True)
        (media / "PhotoData/CPL/storage/store.cloudphotodb").write_bytes(b"SQLite format 3\x00")
        for marker in _MARKERS:
            (media / marker).write_bytes(b"")
    if library.recipe.media:
        made: set[str] = set()
        derivatives = Derivatives(library)
        for asset in library.assets:
            _write_originals(library, asset, made)
            if library.recipe.extra_stems and asset.directory.startswith("DCIM"):
                derivatives.write_beside(asset)
            if asset.ownership != "shared_with_you":
                derivatives.write(asset)


def modified_at(asset: MadeAsset) -> float:
    """Return the modification time of an asset's files: the capture time, or else when it was added."""
    return asset.added if asset.undated or asset.created is None else asset.created


def thumbnail_path(asset: MadeAsset) -> str:
    """Return the path of the thumbnail, in a folder named like the file, relative to the media folder."""
    return f"PhotoData/Thumbnails/V2/{asset.directory}/{asset.filename}/5005.JPG"


def metadata_path(asset: MadeAsset) -> str:
    """Return the path of the JPEG that replaces a purged original, relative to the media folder."""
    return f"PhotoData/Metadata/{asset.directory}/{PurePosixPath(asset.filename).stem}.JPG"


class Derivatives:
    """Writes thumbnails and other derivatives: hard links to a few small JPEGs.

    Every asset has a thumbnail in a separate folder. Links make generating a large library much faster.
    """

    def __init__(self, library: MadeLibrary) -> None:
        self._library = library
        self._known: dict[int, Path] = {}
        self._made: set[str] = set()

    def write(self, asset: MadeAsset) -> None:
        """Write the asset's thumbnail and, for purged originals, PNGs and videos, its Metadata JPEG."""
        for path in derivative_paths(asset):
            _folder(self._library.media, path.rpartition("/")[0], self._made)
            self._place(int(asset.uuid[:8], 16) % _PICTURES, self._library.media / path)

    def write_beside(self, asset: MadeAsset) -> None:
        """Write pictures beside the asset's original whose stems end in S, D and X."""
        _folder(self._library.media, asset.directory, self._made)
        for letter in "SDX":
            path = f"{asset.directory}/{PurePosixPath(asset.filename).stem}{letter}.JPG"
            self._place(int(asset.uuid[:8], 16) % _PICTURES, self._library.media / path)

    def _place(self, picture: int, path: Path) -> None:
        if (known := self._known.get(picture)) is None:
            path.write_bytes(derivative(self._library.recipe.seed, picture))
            self._known[picture] = path
        elif not path.exists():
            path.hardlink_to(known)


def derivative_paths(asset: MadeAsset) -> list[str]:
    """Return the paths of an asset's derivatives, relative to the media folder."""
    paths = [thumbnail_path(asset)]
    purged = any(not resource.present for resource in asset.originals)
    # In real listings, 4 of 60 purged items have only a thumbnail; some local PNGs and videos have a JPEG.
    if (purged and int(asset.uuid[:2], 16) >= 17) or asset.variant == "png" or asset.kind == "video":
        paths.append(metadata_path(asset))
        if asset.kind == "video":
            paths.append(metadata_path(asset).removesuffix("JPG") + "THM")
    return paths


def _write_originals(library: MadeLibrary, asset: MadeAsset, made: set[str]) -> None:
    for resource in asset.resources:
        if resource.present:
            _folder(library.media, resource.directory, made)
            library.content(asset, resource).write_to(library.media / resource.path, modified_at(asset))
        elif resource.is_original and asset.ownership != "shared_with_you":
            _folder(library.media, resource.directory, made)


def _folder(media: Path, folder: str, made: set[str]) -> None:
    if folder not in made:
        (media / folder).mkdir(parents=True, exist_ok=True)
        made.add(folder)
