"""The media folder as AFC shows it: originals, edits, thumbnails, derivatives, and what else lies there."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from ambertime_tui.simulator.library.content import derivative
from ambertime_tui.simulator.library.truth import MadeAsset, MadeLibrary

_FOLDERS = ("DCIM/100APPLE", "PhotoData/Caches", "PhotoData/MISC", "PhotoData/private")
_ICLOUD_FOLDERS = ("PhotoData/CPL/storage",)
_MARKERS = ("PhotoData/cpl_enabled_marker", "PhotoData/cpl_download_finished_marker")


def write_media_tree(library: MadeLibrary) -> None:
    """Writes everything but the database."""
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
        for asset in library.assets:
            _write_asset(library, asset, made)


def modified_at(asset: MadeAsset) -> float:
    """Modification time of an asset's files: its capture, or where that is no date, when it was added."""
    return asset.added if asset.undated or asset.created is None else asset.created


def thumbnail_path(asset: MadeAsset) -> str:
    """Where the thumbnail lies, relative to the media folder; a folder named like the file."""
    return f"PhotoData/Thumbnails/V2/{asset.directory}/{asset.filename}/5005.JPG"


def metadata_path(asset: MadeAsset) -> str:
    """Where the derivative that stands in for a purged original lies, relative to the media folder."""
    return f"PhotoData/Metadata/{asset.directory}/{PurePosixPath(asset.filename).stem}.JPG"


def write_derivatives(library: MadeLibrary, asset: MadeAsset, made: set[str]) -> None:
    """Thumbnail and, for purged originals, PNGs and videos, the Metadata JPEG (with a .THM beside it)."""
    small = derivative(library.recipe.seed, asset)
    paths = [thumbnail_path(asset)]
    purged = any(not resource.present for resource in asset.originals)
    # Real listings: 4 of 60 purged ones have the thumbnail only, and some local PNGs and videos have a JPEG.
    if (purged and int(asset.uuid[:2], 16) >= 17) or asset.form == "png" or asset.kind == "video":
        paths.append(metadata_path(asset))
        if asset.kind == "video":
            paths.append(metadata_path(asset).removesuffix("JPG") + "THM")
    for path in paths:
        _folder(library.media, path.rpartition("/")[0], made)
        (library.media / path).write_bytes(small)


def _write_asset(library: MadeLibrary, asset: MadeAsset, made: set[str]) -> None:
    for resource in asset.resources:
        if resource.present:
            _folder(library.media, resource.directory, made)
            library.content(asset, resource).write_to(library.media / resource.path, modified_at(asset))
        elif resource.is_original and asset.ownership != "shared_with_you":
            _folder(library.media, resource.directory, made)
    if asset.ownership != "shared_with_you":
        write_derivatives(library, asset, made)


def _folder(media: Path, folder: str, made: set[str]) -> None:
    if folder not in made:
        (media / folder).mkdir(parents=True, exist_ok=True)
        made.add(folder)
