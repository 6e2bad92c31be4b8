"""The files decide: what the database says is local, held against the folders of the phone.

A snapshot of the database is minutes old, and its flags can be stale. A file that is there is local (iOS may
just have brought it down); one that is not there is in iCloud if the database knows of its upload, and
missing otherwise. Thumbnails and other derivatives lie in folders of their own, which are never looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ambertime_tui.library.media_paths import (
    PHOTO_EXTENSIONS,
    RAW_EXTENSIONS,
    VIDEO_EXTENSIONS,
    extension,
    folded,
    stem,
)
from ambertime_tui.library.model import Asset, Availability, Library, Resource, Role
from ambertime_tui.library.notices import Notices, printable

Listing = Mapping[str, frozenset[str] | None]
"""Names by folder. A folder that does not exist has no names; None: it could not be listed."""

_EXTENSIONS = {
    Role.PAIRED_VIDEO: VIDEO_EXTENSIONS,
    Role.ALTERNATE_PHOTO: RAW_EXTENSIONS,
    Role.ADJUSTMENT_DATA: frozenset({"aae"}),
    Role.EDITED_PHOTO: PHOTO_EXTENSIONS,
    Role.EDITED_VIDEO: VIDEO_EXTENSIONS,
    Role.EDITED_PAIRED_VIDEO: VIDEO_EXTENSIONS,
}
"""Which files with the right stem can be the resource, should there be none of the expected name."""


def directories_of(library: Library) -> tuple[str, ...]:
    """The folders that hold resources of one's own assets, each once, in the order of the library."""
    return tuple(
        dict.fromkeys(
            resource.directory
            for asset in library.assets
            if asset.ownership.is_archived
            for resource in asset.resources
            if resource.directory
        )
    )


def with_files(library: Library, listing: Listing) -> Library:
    """The library with the availability of each resource as the folders show it, and names as spelled there.

    Names are compared exactly first, then in NFC and without case. A RAW, a paired video, capture-time
    adjustments or a render whose extension was guessed wrong is found by its stem and the kind of its
    extension. Assets that are not archived stay as the flags have them.

    Args:
        library: As read from the database.
        listing: The folders of `directories_of`. Where one is None or left out, its resources stay as the
            flags have them, and a notice says so.
    """
    notices = Notices()
    assets = list(library.assets)
    doubtful: dict[str, list[int]] = {}
    for number, asset in enumerate(assets):
        if asset.ownership.is_archived:
            for resource in asset.resources:
                if not _stands(resource, listing.get(resource.directory)):
                    doubtful.setdefault(resource.directory, []).append(number)
    for directory, numbers in doubtful.items():
        names = listing.get(directory) if directory else frozenset[str]()
        if names is None:
            notices.say(
                f"The folder {printable(directory)} could not be listed: {len(numbers):,} of its files are "
                "taken as the library says."
            )
            continue
        folder = _Folder(names)
        for number in dict.fromkeys(numbers):
            assets[number] = _looked_for(assets[number], directory, folder)
    return replace(library, assets=tuple(assets), notices=library.notices + notices.sentences())


def _stands(resource: Resource, names: frozenset[str] | None) -> bool:
    """True where flag and folder agree at first sight: it is local, and there under its very name."""
    return names is not None and resource.availability is Availability.LOCAL and resource.name in names


class _Folder:
    """The names of one folder, to be found without case."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._by_folded: dict[str, str] = {}
        self._by_stem: dict[str, list[str]] = {}
        for name in sorted(names):
            self._by_folded.setdefault(folded(name), name)
            self._by_stem.setdefault(folded(stem(name)), []).append(name)

    def find(self, resource: Resource, taken: str) -> str | None:
        """The resource's name as the folder spells it, or None. `taken` is the main original's own name."""
        if not resource.name:
            return None
        if resource.name in self._names:
            return resource.name
        found = self._by_folded.get(folded(resource.name))
        if found is not None:
            return found
        extensions = _EXTENSIONS.get(resource.role, frozenset())
        for name in self._by_stem.get(folded(stem(resource.name)), ()) if extensions else ():
            if extension(name) in extensions and folded(name) != folded(taken):
                return name
        return None


def _looked_for(asset: Asset, directory: str, folder: _Folder) -> Asset:
    resources = []
    for resource in asset.resources:
        if resource.directory != directory:
            resources.append(resource)
            continue
        name = folder.find(resource, asset.filename)
        if name is not None:
            resources.append(replace(resource, name=name, availability=Availability.LOCAL))
        elif not _is_only_supposed(resource, asset):
            resources.append(replace(resource, availability=_without_file(resource)))
    return replace(asset, resources=tuple(resources))


def _without_file(resource: Resource) -> Availability:
    if resource.availability is Availability.LOCAL:
        return Availability.ICLOUD if resource.in_icloud else Availability.MISSING
    return resource.availability


def _is_only_supposed(resource: Resource, asset: Asset) -> bool:
    """True for adjustments of an edit that the database has no file of: none is known to be missing."""
    return resource.role is Role.EDIT_ADJUSTMENTS and all(
        r.role.is_original or r.role is Role.EDIT_ADJUSTMENTS for r in asset.resources
    )
