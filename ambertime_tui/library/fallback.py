"""A library without its database: what can be told from the names in DCIM and CPLAssets alone.

Originals that are only in iCloud leave no file there, so none of them is known: `Library.from_database` is
False, and a front end says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from uuid import NAMESPACE_URL, uuid5

from ambertime_tui.library.media_paths import (
    ADJUSTMENTS_NAME,
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
from ambertime_tui.library.presence import Listing

NOTICE = (
    "Listed without the library's database: dates, albums and hidden or deleted marks are unknown, "
    "and so are originals that are only in iCloud."
)
_ROOTS = ("DCIM/", "PhotoData/CPLAssets/")


def library_from_listing(listing: Listing, taken_at: Mapping[str, float] | None = None) -> Library:
    """The assets that the names in the media folders make.

    Files of one stem in one folder belong together: a photo and a video are a Live Photo, a photo and a RAW
    a pair, an AAE its adjustments. The identifier of an asset is the name of its file where that is a UUID
    (CPLAssets), and otherwise made from its path, the same each time.

    Args:
        listing: Names by folder; folders below DCIM and PhotoData/CPLAssets are read, and of
            PhotoData/Mutations those of assets found there. None: the folder could not be listed.
        taken_at: By path, when a file was made, in seconds since 1970, as far as the phone told. Without it
            an asset is undated.
    """
    notices = Notices()
    notices.say(NOTICE)
    assets: list[Asset] = []
    unknown: list[str] = []
    for directory in sorted(listing):
        names = listing[directory]
        if not directory.startswith(_ROOTS) or not is_media_directory(directory):
            continue
        if names is None:
            notices.say(f"The folder {printable(directory)} could not be listed; what is in it is unknown.")
            continue
        by_stem: dict[str, list[str]] = {}
        for name in sorted(names):
            if is_file_name(name) and not name.startswith("."):
                by_stem.setdefault(folded(stem(name)), []).append(name)
                if not _is_media(name):
                    unknown.append(f"{directory}/{name}")
        for group in by_stem.values():
            assets += (_asset(directory, files, listing, taken_at or {}) for files in _assets_of(group))
    if unknown:
        notices.say(
            f"{len(unknown):,} files are of no kind that can be told by name and are not archived: "
            f"{printable(', '.join(unknown[:3]))}{' and others' if len(unknown) > 3 else ''}."
        )
    return Library(tuple(assets), None, notices.sentences(), from_database=False)


def _is_media(name: str) -> bool:
    return extension(name) in PHOTO_EXTENSIONS | VIDEO_EXTENSIONS | RAW_EXTENSIONS | {"aae"}


def _assets_of(names: list[str]) -> Iterator[list[tuple[Role, str]]]:
    """The assets among the files of one stem. A second photo or video is an asset of its own."""
    raws = [n for n in names if extension(n) in RAW_EXTENSIONS]
    photos = [n for n in names if extension(n) in PHOTO_EXTENSIONS and n not in raws]
    videos = [n for n in names if extension(n) in VIDEO_EXTENSIONS]
    adjustments = [n for n in names if extension(n) == "aae"]
    if not photos and raws:
        photos = [raws.pop(0)]
    for number, photo in enumerate(photos):
        files = [(Role.PHOTO, photo)]
        if number == 0:
            files += [(Role.PAIRED_VIDEO, name) for name in videos[:1]]
            files += [(Role.ALTERNATE_PHOTO, name) for name in raws[:1]]
            files += [(Role.ADJUSTMENT_DATA, name) for name in adjustments[:1]]
        yield files
    for name in raws[1:]:
        yield [(Role.PHOTO, name)]
    for number, name in enumerate(videos[1:] if photos else videos):
        with_adjustments = adjustments[:1] if not photos and number == 0 else []
        yield [(Role.VIDEO, name), *((Role.ADJUSTMENT_DATA, a) for a in with_adjustments)]


def _asset(
    directory: str, files: list[tuple[Role, str]], listing: Listing, taken_at: Mapping[str, float]
) -> Asset:
    main_role, main = files[0]
    resources = [Resource(role, directory, name, None, Availability.LOCAL) for role, name in files]
    roles = {role for role, _ in files}
    edits = tuple(_edits(directory, main, main_role, Role.PAIRED_VIDEO in roles, listing))
    return Asset(
        uuid=_identifier(directory, main),
        kind=Kind.VIDEO if main_role is Role.VIDEO else Kind.PHOTO,
        created=taken_at.get(f"{directory}/{main}"),
        zone_offset=None,
        directory=directory,
        filename=main,
        original_filename=main,
        resources=(*resources, *edits),
        live_photo=Role.PAIRED_VIDEO in roles,
        raw_pair=Role.ALTERNATE_PHOTO in roles,
        edited=bool(edits),
    )


def _edits(directory: str, main: str, main_role: Role, live: bool, listing: Listing) -> Iterator[Resource]:
    folder = adjustments_directory(directory, main)
    for name in sorted(listing.get(folder) or ()):
        role: Role | None = None
        if name == ADJUSTMENTS_NAME:
            role = Role.EDIT_ADJUSTMENTS
        elif stem(name) == RENDER_STEM and extension(name) in VIDEO_EXTENSIONS:
            role = Role.EDITED_PAIRED_VIDEO if live else Role.EDITED_VIDEO
        elif stem(name) == RENDER_STEM and extension(name) in PHOTO_EXTENSIONS and main_role is Role.PHOTO:
            role = Role.EDITED_PHOTO
        if role is not None:
            yield Resource(role, folder, name, None, Availability.LOCAL)


def _identifier(directory: str, name: str) -> str:
    text = stem(name).upper()
    parts = [len(part) for part in text.split("-")]
    if directory.startswith("PhotoData/CPLAssets/") and parts == [8, 4, 4, 4, 12]:
        return text
    return str(uuid5(NAMESPACE_URL, f"media:{directory}/{name}")).upper()
