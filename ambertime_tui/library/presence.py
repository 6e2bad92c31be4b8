"""Check the database's availability flags against the files on the phone. The files decide.

The copy of the database is minutes old, and its flags can be stale. A file that exists is local (iOS may
just have downloaded it). One that does not exist is in iCloud if the database records its upload,
otherwise missing. Thumbnails and other derivatives are in separate folders, which are never checked.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace
from operator import is_

from ambertime_tui.library.folder_names import NO_NAMES, FolderNames, Listing
from ambertime_tui.library.media_paths import (
    PHOTO_EXTENSIONS,
    RAW_EXTENSIONS,
    VIDEO_EXTENSIONS,
    extension,
    folded,
)
from ambertime_tui.library.model import Asset, Availability, Resource, Role

_EXTENSIONS = {
    Role.PAIRED_VIDEO: VIDEO_EXTENSIONS,
    Role.ADJUSTMENT_DATA: frozenset({"aae"}),
    Role.OVER_CAPTURE_PHOTO: PHOTO_EXTENSIONS,
    Role.OVER_CAPTURE_VIDEO: VIDEO_EXTENSIONS,
    Role.EDITED_PHOTO: PHOTO_EXTENSIONS,
    Role.EDITED_VIDEO: VIDEO_EXTENSIONS,
    Role.EDITED_PAIRED_VIDEO: VIDEO_EXTENSIONS,
}
"""Extensions of files with the right stem that can be the resource if the expected name does not exist."""
_MAIN = (Role.PHOTO, Role.VIDEO)
_NONE: Mapping[str, Container[str]] = {}


def without_inferred(asset: Asset) -> Asset:
    """Remove the inferred resources of an asset, so that only its flags count."""
    if not any(resource.inferred for resource in asset.resources):
        return asset
    return replace(asset, resources=tuple([r for r in asset.resources if not r.inferred]))


def checked_against_files(
    asset: Asset, listing: Listing, main_names: Mapping[str, Container[str]] = _NONE
) -> Asset:
    """Return an asset with the availability and spelling of its resources according to the folders.

    Names are compared exactly first, then NFC and case-folded. A RAW, a paired video, capture-time
    adjustments or a render with a wrongly guessed extension is found by its stem and the kind of its
    extension. An inferred resource without a file is removed.

    Args:
        asset: as read from the database. One that is not archived is returned unchanged.
        listing: the names in its folders. For a folder that is None or absent, the flags count.
        main_names: By folder, the names of all assets' own files: what is one asset's photo or video is not
            taken for another's.

    Returns:
        The same object if nothing changes.
    """
    if not asset.ownership.is_archived:
        return asset
    resources = asset.resources
    for resource in resources:
        names = listing.get(resource.directory)
        if resource.inferred or resource.availability is not Availability.LOCAL or not resource.directory:
            break
        if names is not None and resource.name not in names:
            break
    else:
        return asset
    found = [_checked_resource(resource, asset, listing, main_names) for resource in resources]
    kept = tuple([resource for resource in found if resource is not None])
    if len(kept) == len(resources) and all(map(is_, kept, resources)):
        return asset
    roles = {resource.role for resource in kept}
    return replace(
        asset,
        resources=kept,
        live_photo=asset.live_photo or Role.PAIRED_VIDEO in roles,
        raw_pair=Role.ALTERNATE_PHOTO in roles,
    )


def _checked_resource(
    resource: Resource, asset: Asset, listing: Listing, main_names: Mapping[str, Container[str]]
) -> Resource | None:
    names = NO_NAMES if not resource.directory else listing.get(resource.directory)
    if names is None:
        return None if resource.inferred else resource
    name = _name_of(resource, asset, names, main_names.get(resource.directory, ()))
    if name is None:
        if resource.inferred:
            return None
        availability = _without_file(resource, processing=asset.processing)
        if availability is resource.availability:
            return resource
        return replace(resource, availability=availability)
    if name == resource.name and resource.availability is Availability.LOCAL and not resource.inferred:
        return resource
    return replace(resource, name=name, availability=Availability.LOCAL, inferred=False)


def _name_of(resource: Resource, asset: Asset, names: FolderNames, main_names: Container[str]) -> str | None:
    """Return a resource's name in the spelling of its folder; None: it does not exist."""
    wanted, is_main = resource.name, resource.role in _MAIN
    own = "" if is_main else folded(asset.filename)
    if wanted in names and (is_main or (wanted not in main_names and folded(wanted) != own)):
        return wanted
    if not wanted:
        return None
    alike = [name for name in names.of_stem(wanted) if name not in main_names and folded(name) != own]
    key = folded(wanted)
    same = next((name for name in alike if folded(name) == key), None)
    return same or next((name for name in alike if _can_be(resource.role, name, asset)), None)


def _can_be(role: Role, name: str, asset: Asset) -> bool:
    """Whether a file's extension matches a role."""
    if role is Role.ALTERNATE_PHOTO:
        main_is_raw = extension(asset.filename) in RAW_EXTENSIONS
        kinds = PHOTO_EXTENSIONS - RAW_EXTENSIONS if main_is_raw else RAW_EXTENSIONS
        return extension(name) in kinds
    return extension(name) in _EXTENSIONS.get(role, ())


def _without_file(resource: Resource, *, processing: bool) -> Availability:
    nowhere = Availability.PENDING if processing and resource.role.is_original else Availability.MISSING
    if resource.availability is Availability.LOCAL:
        return Availability.ICLOUD if resource.in_icloud else nowhere
    return resource.availability
