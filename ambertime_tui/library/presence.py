"""The files decide: what the database says is local, held against the folders of the phone.

A snapshot of the database is minutes old, and its flags can be stale. A file that is there is local (iOS may
just have brought it down); one that is not there is in iCloud if the database knows of its upload, and
missing otherwise. Thumbnails and other derivatives lie in folders of their own, which are never looked at.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import replace
from operator import is_

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

    Args:
        library: As read from the database.
        listing: The folders of `directories_of`. Where one is None or left out, its resources stay as the
            flags have them, and a notice says so.
    """
    check = PresenceCheck(library)
    for directory in check.directories:
        check.folder(directory, listing.get(directory))
    return check.library()


class PresenceCheck:
    """Holds a library against its folders one at a time, so that no listing has to be kept.

    Names are compared exactly first, then in NFC and without case. A RAW, a paired video, capture-time
    adjustments or a render whose extension was guessed wrong is found by its stem and the kind of its
    extension. Assets that are not archived stay as the flags have them.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._assets = list(library.assets)
        self._notices = Notices()
        self._numbers: dict[str, array[int]] = {}
        for number, asset in enumerate(self._assets):
            if asset.ownership.is_archived:
                for directory in {resource.directory for resource in asset.resources}:
                    numbers = self._numbers.get(directory)
                    if numbers is None:
                        numbers = self._numbers[directory] = array("l")
                    numbers.append(number)
        for number in self._numbers.pop("", ()):
            self._assets[number] = _looked_for(self._assets[number], "", _Folder(frozenset()))

    @property
    def directories(self) -> tuple[str, ...]:
        """The folders that have not been given yet, in the order of the library."""
        return tuple(self._numbers)

    def folder(self, directory: str, names: frozenset[str] | None) -> None:
        """Take in the names in a folder: none if there is no such folder, None if it could not be listed."""
        numbers = self._numbers.pop(directory, ())
        if names is None:
            self._notices.say(
                f"The folder {printable(directory)} could not be listed: what the library says of the "
                f"files in it stands ({len(numbers):,} items)."
            )
            return
        folder = _Folder(names)
        for number in numbers:
            self._assets[number] = _looked_for(self._assets[number], directory, folder)

    def library(self) -> Library:
        """The library as the folders given so far show it."""
        notices = self._library.notices + self._notices.sentences()
        return replace(self._library, assets=tuple(self._assets), notices=notices)


class _Folder:
    """The names of one folder, to be found without case."""

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names
        self._by_folded: dict[str, str] = {}
        self._by_stem: dict[str, list[str]] = {}

    def find(self, resource: Resource, taken: str) -> str | None:
        """The resource's name as the folder spells it, or None. `taken` is the main original's own name."""
        if resource.name in self.names:
            return resource.name
        if not resource.name or not self.names:
            return None
        if not self._by_folded:
            self._index()
        found = self._by_folded.get(folded(resource.name))
        if found is not None:
            return found
        extensions = _EXTENSIONS.get(resource.role)
        if extensions:
            for name in self._by_stem.get(folded(stem(resource.name)), ()):
                if extension(name) in extensions and folded(name) != folded(taken):
                    return name
        return None

    def _index(self) -> None:
        for name in sorted(self.names):
            self._by_folded.setdefault(folded(name), name)
            self._by_stem.setdefault(folded(stem(name)), []).append(name)


def _looked_for(asset: Asset, directory: str, folder: _Folder) -> Asset:
    """The asset with its resources in a folder as the folder shows them; the same one if nothing changed."""
    for resource in asset.resources:
        if resource.directory == directory and not (
            resource.availability is Availability.LOCAL and resource.name in folder.names
        ):
            break
    else:
        return asset
    found = [_as_found(resource, asset, directory, folder) for resource in asset.resources]
    resources = tuple(resource for resource in found if resource is not None)
    if len(resources) == len(asset.resources) and all(map(is_, resources, asset.resources)):
        return asset
    return replace(asset, resources=resources)


def _as_found(resource: Resource, asset: Asset, directory: str, folder: _Folder) -> Resource | None:
    if resource.directory != directory:
        return resource
    name = folder.find(resource, asset.filename)
    if name is None:
        if _is_only_supposed(resource, asset):
            return None
        availability = _without_file(resource)
        return (
            resource
            if availability is resource.availability
            else replace(resource, availability=availability)
        )
    if name == resource.name and resource.availability is Availability.LOCAL:
        return resource
    return replace(resource, name=name, availability=Availability.LOCAL)


def _without_file(resource: Resource) -> Availability:
    if resource.availability is Availability.LOCAL:
        return Availability.ICLOUD if resource.in_icloud else Availability.MISSING
    return resource.availability


def _is_only_supposed(resource: Resource, asset: Asset) -> bool:
    """True for adjustments of an edit that the database has no file of: none is known to be missing."""
    return resource.role is Role.EDIT_ADJUSTMENTS and all(
        r.role.is_original or r.role is Role.EDIT_ADJUSTMENTS for r in asset.resources
    )
