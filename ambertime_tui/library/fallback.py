"""Build a library without its database, from the file names in DCIM and CPLAssets.

Originals that are only in iCloud have no file there, so they stay unknown. `Library.from_database` is
False, and front ends say so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import NAMESPACE_URL, UUID

from ambertime_tui.library.media_paths import (
    ADJUSTMENTS_NAME,
    MUTATIONS,
    PHOTO_EXTENSIONS,
    RAW_EXTENSIONS,
    RENDER_STEM,
    VIDEO_EXTENSIONS,
    adjustments_directory,
    extension,
    folded,
    is_file_name,
    is_media_directory,
    stem,
)
from ambertime_tui.library.model import Asset, Availability, Kind, Library, Resource, Role
from ambertime_tui.library.notices import Notices, printable

NOTHING_KNOWN: Mapping[str, FileFacts] = MappingProxyType({})
NOTICE = (
    "Listed without the library database: originals in iCloud, hidden and deleted items are unknown, and "
    "dates are those of the files."
)
_ROOTS = ("DCIM", "PhotoData/CPLAssets")

Names = Mapping[str, Iterable[str] | None]
"""Names by folder; None: the folder could not be listed."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """Facts about a file on the phone."""

    size: int
    """Bytes."""
    made_at: float | None
    """Seconds since 1970."""


def is_folder_of_originals(directory: str) -> bool:
    """True for DCIM, PhotoData/CPLAssets and folders inside them."""
    return any(f"{directory}/".startswith(f"{root}/") for root in _ROOTS) and is_media_directory(directory)


def library_from_listing(listing: Names, facts: Mapping[str, FileFacts] = NOTHING_KNOWN) -> Library:
    """Build assets from the file names in the media folders.

    Files with the same stem in a folder belong together: a photo and a video are a Live Photo, a photo and
    a RAW are a pair, an AAE holds adjustments. A file of an unknown kind is a separate asset. The
    identifier of an asset is its file name if that is a UUID (CPLAssets), otherwise derived from its path
    and stable.

    Args:
        listing: file names by folder. Uses folders of originals, and the matching ones in
            PhotoData/Mutations. None: the folder could not be listed.
        facts: file facts by path, if known. Without them, an asset is undated and its size unknown.
    """
    notices = Notices()
    notices.add(NOTICE)
    assets: list[Asset] = []
    edits = {folded(folder): folder for folder in listing if folder.startswith(f"{MUTATIONS}/")}
    for directory in sorted(listing):
        names = listing[directory]
        if not is_folder_of_originals(directory):
            continue
        if names is None:
            notices.add(f"The folder {printable(directory)} could not be listed; its files are unknown.")
            continue
        by_stem: dict[str, list[str]] = {}
        for name in sorted(names):
            if is_file_name(name) and not name.startswith("."):
                by_stem.setdefault(folded(stem(name)), []).append(name)
        for group in by_stem.values():
            for files in _assets_of(group):
                adjustments = edits.get(folded(adjustments_directory(directory, files[0][1])), "")
                names_of_edit = (adjustments, listing.get(adjustments) or ())
                assets.append(_asset(directory, files, names_of_edit, facts))
    return Library(tuple(assets), None, notices.sentences(), from_database=False)


def _assets_of(names: list[str]) -> Iterator[list[tuple[Role, str]]]:
    """Group files with the same stem into assets. A second photo or video is a separate asset."""
    raws = [n for n in names if extension(n) in RAW_EXTENSIONS]
    photos = [n for n in names if extension(n) in PHOTO_EXTENSIONS and n not in raws]
    videos = [n for n in names if extension(n) in VIDEO_EXTENSIONS]
    adjustments = [n for n in names if extension(n) == "aae"]
    others = [n for n in names if n not in {*raws, *photos, *videos, *adjustments}]
    if not photos and raws:
        photos = [raws.pop(0)]
    for number, photo in enumerate(photos):
        files = [(Role.PHOTO, photo)]
        if number == 0:
            files += [(Role.PAIRED_VIDEO, name) for name in videos[:1]]
            files += [(Role.ALTERNATE_PHOTO, name) for name in raws[:1]]
            files += [(Role.ADJUSTMENT_DATA, name) for name in adjustments[:1]]
        yield files
    for number, name in enumerate(videos[1:] if photos else videos):
        with_adjustments = adjustments[:1] if not photos and number == 0 else []
        yield [(Role.VIDEO, name), *((Role.ADJUSTMENT_DATA, a) for a in with_adjustments)]
    joined = 1 if photos or videos else 0
    for name in (*raws[1:], *adjustments[joined:], *others):
        yield [(Role.PHOTO, name)]


def _asset(
    directory: str,
    files: list[tuple[Role, str]],
    edit: tuple[str, Iterable[str]],
    facts: Mapping[str, FileFacts],
) -> Asset:
    main_role, main = files[0]
    roles = {role for role, _ in files}
    resources = [_local(role, directory, name, facts) for role, name in files]
    folder, names = edit
    edits = [
        _local(role, folder, name, facts)
        for role, name in _edits(names, main_role, live=Role.PAIRED_VIDEO in roles)
    ]
    known = facts.get(f"{directory}/{main}")
    return Asset(
        uuid=_identifier(directory, main),
        kind=Kind.VIDEO if main_role is Role.VIDEO else Kind.PHOTO,
        created=None if known is None else known.made_at,
        zone_offset=None,
        directory=directory,
        filename=main,
        original_filename=main,
        resources=(*resources, *edits),
        live_photo=Role.PAIRED_VIDEO in roles,
        raw_pair=Role.ALTERNATE_PHOTO in roles,
        edited=bool(edits),
    )


def _local(role: Role, directory: str, name: str, facts: Mapping[str, FileFacts]) -> Resource:
    known = facts.get(f"{directory}/{name}")
    if known is None:
        return Resource(role, directory, name, None, Availability.LOCAL)
    return Resource(role, directory, name, known.size, Availability.LOCAL, modified_at=known.made_at)


def _edits(names: Iterable[str], main_role: Role, *, live: bool) -> Iterator[tuple[Role, str]]:
    for name in sorted(names):
        if name == ADJUSTMENTS_NAME:
            yield Role.EDIT_ADJUSTMENTS, name
        elif stem(name) == RENDER_STEM and extension(name) in VIDEO_EXTENSIONS:
            yield Role.EDITED_PAIRED_VIDEO if live else Role.EDITED_VIDEO, name
        elif stem(name) == RENDER_STEM and extension(name) in PHOTO_EXTENSIONS and main_role is Role.PHOTO:
            yield Role.EDITED_PHOTO, name


def _identifier(directory: str, name: str) -> str:
    text = stem(name).upper()
    parts = [len(part) for part in text.split("-")]
    if directory.startswith("PhotoData/CPLAssets/") and parts == [8, 4, 4, 4, 12]:
        return text
    path = f"media:{directory}/{name}".encode("utf-8", "surrogateescape")
    # As uuid5 does it, for names of any bytes.
    digest = hashlib.sha1(NAMESPACE_URL.bytes + path, usedforsecurity=False).digest()
    return str(UUID(bytes=digest[:16], version=5)).upper()
