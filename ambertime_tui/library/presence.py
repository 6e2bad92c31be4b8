"""The files decide: what the database says is local, held against the folders of the phone.

A snapshot of the database is minutes old, and its flags can be stale. A file that is there is local (iOS may
just have brought it down); one that is not there is in iCloud if the database knows of its upload, and
missing otherwise. Thumbnails and other derivatives lie in folders of their own, which are never looked at.
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
"""Which files with the right stem can be the resource, should there be none of the expected name."""
_MAIN = (Role.PHOTO, Role.VIDEO)
_NONE: Mapping[str, Container[str]] = {}


def without_inferred(asset: Asset) -> Asset:
    """An asset as its flags have it: without the resources that were only inferred."""
    if not any(resource.inferred for resource in asset.resources):
        return asset
    return replace(asset, resources=tuple([r for r in asset.resources if not r.inferred]))


def checked_against_files(
    asset: Asset, listing: Listing, main_names: Mapping[str, Container[str]] = _NONE
) -> Asset:
    """An asset with the availability of its resources as the folders show it, and names as spelled there.

    Names are compared exactly first, then in NFC and without case. A RAW, a paired video, capture-time
    adjustments or a render whose extension was guessed wrong is found by its stem and the kind of its
    extension. A resource that was only inferred is left out where no file is found.

    Args:
        asset: As read from the database; one that is not archived stays as the flags have it.
        listing: The names in its folders. What lies in one that is None or left out stays as the flags have
            it.
        main_names: By folder, the names of all assets' own files: what is one asset's photo or video is not
            taken for another's.

    Returns:
        The same object where nothing is otherwise.
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
    """A resource's name as its folder spells it; None: it is not there."""
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
    """Whether a file's extension is of the kind that a role has."""
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
