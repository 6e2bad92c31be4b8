"""From the rows of ZINTERNALRESOURCE to the resources of an asset: its originals and its current edit.

A row belongs to an original if version and recipe are 0 (the rule of Apple's own PLInternalResource), to
the current edit if its version is 2; everything else is a derivative, and never taken for an original.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from ambertime_tui.library.media_paths import (
    ADJUSTMENTS_NAME,
    RENDER_STEM,
    adjustments_directory,
    extension,
    extension_of_type,
    stem,
)
from ambertime_tui.library.model import Availability, Kind, Resource, Role
from ambertime_tui.library.quick_frozen import quick_frozen
from ambertime_tui.library.rows import Row

_ORIGINAL_ROLE = {
    0: Role.PHOTO,
    1: Role.VIDEO,
    3: Role.PAIRED_VIDEO,
    4: Role.ALTERNATE_PHOTO,
    5: Role.ADJUSTMENT_DATA,
}
_EDIT_ROLE = {
    (0, 1): Role.EDITED_PHOTO,
    (0, 2): Role.EDITED_PHOTO,
    (1, 1): Role.EDITED_VIDEO,
    (1, 16): Role.EDITED_VIDEO,
    (3, 18): Role.EDITED_PAIRED_VIDEO,
    (3, 19): Role.EDITED_PAIRED_VIDEO,
    (5, 9): Role.EDIT_ADJUSTMENTS,
}
"""By ZRESOURCETYPE and ZDATASTORESUBTYPE."""
_MEDIA_METADATA = 26
_SYNCED = 3
_new_resource = quick_frozen(Resource)
_ROLES = tuple(Role)
_MAIN = (Role.PHOTO, Role.VIDEO)


class Place(NamedTuple):
    """Where an asset lies."""

    directory: str
    """In the media folder; empty where there is none to trust."""
    filename: str
    refused: bool
    """True for a path that must not be followed, whatever the flags say."""


def resources_of(
    rows: Iterable[Row],
    place: Place,
    *,
    kind: Kind,
    edited: bool,
    own: bool,
    original_size: int | None,
    master_synced: bool,
    doubt: Callable[[str], None],
) -> tuple[Resource, ...]:
    """The originals of an asset in the order of Role, then its current edit.

    Args:
        rows: The asset's rows of ZINTERNALRESOURCE, the columns as in `ResourceColumns`, in any order.
        place: Where its main original lies.
        kind: What its main original is, should the rows not say.
        edited: Whether the asset has an edit; where it has not, leftover rows of one are passed over.
        own: Whether the asset is archived. One's own has a main original even where no row tells of it, so
            that its file is looked for; an item of a shared album has none.
        original_size: Bytes of the main original as ZADDITIONALASSETATTRIBUTES has it.
        master_synced: ZCLOUDMASTER says that the upload is complete.
        doubt: Called with what is wrong with a row, to be told with the asset's name.
    """
    found: list[Resource] = []
    for row in rows:
        resource = _resource(row, place, edited, original_size, master_synced, doubt)
        if resource is not None:
            _add(found, resource)
    if own:
        if not any(r.role in _MAIN for r in found):
            role = Role.VIDEO if kind is Kind.VIDEO else Role.PHOTO
            found.append(Resource(role, place.directory, place.filename, original_size, Availability.MISSING))
            doubt("the library has no record of the original; it is looked for under the asset's own name.")
        if edited and not any(r.role is Role.EDIT_ADJUSTMENTS for r in found):
            found.append(_adjustments_without_row(found, place))
    if len(found) > 1:
        found.sort(key=_order)
    return tuple(found)


def _add(found: list[Resource], resource: Resource) -> None:
    """Add a resource, but one of each role only: one that is here wins over one that is not."""
    for number, other in enumerate(found):
        if other.role is resource.role:
            if resource.availability is Availability.LOCAL:
                found[number] = resource
            return
    found.append(resource)


def _order(resource: Resource) -> int:
    return _ROLES.index(resource.role)


def _resource(
    row: Row,
    place: Place,
    edited: bool,
    original_size: int | None,
    master_synced: bool,
    doubt: Callable[[str], None],
) -> Resource | None:
    _, kind, subtype, store, version, recipe, local, remote, cloud_state, length, file_type = row
    try:
        _ = kind | subtype | store | version | recipe | local | remote  # only whole numbers have bits
    except TypeError:
        doubt("a record of one of its files has a value that is no number; that file may be left out.")
    if store != 0 and type(store) is int:
        return None
    role = _role(kind, subtype, version, recipe, edited)
    if role is None:
        return None
    size = length if type(length) is int and length > 0 else None
    if size is None and role in (Role.PHOTO, Role.VIDEO):
        size = original_size
    in_icloud = type(remote) is int and remote > 0
    if place.refused:
        availability = Availability.MISSING
    elif type(local) is int and local > 0:
        availability = Availability.LOCAL
    else:
        availability = Availability.ICLOUD if in_icloud else Availability.MISSING
    directory, name = _location(role, place, file_type)
    uploaded = in_icloud and (cloud_state == _SYNCED or master_synced)
    return _new_resource(role, directory, name, size, availability, uploaded)


def _role(kind: object, subtype: object, version: object, recipe: object, edited: bool) -> Role | None:
    if type(kind) is not int or type(subtype) is not int:
        return None
    if version == 0 and recipe == 0:
        return None if subtype == _MEDIA_METADATA else _ORIGINAL_ROLE.get(kind)
    return _EDIT_ROLE.get((kind, subtype)) if version == 2 and edited else None


def _location(role: Role, place: Place, file_type: object) -> tuple[str, str]:
    if not place.filename or role in (Role.PHOTO, Role.VIDEO):
        return place.directory, place.filename
    if role.is_original:
        return place.directory, f"{stem(place.filename)}.{_original_extension(role, file_type)}"
    if not place.directory:
        return "", place.filename
    directory = adjustments_directory(place.directory, place.filename)
    if role is Role.EDIT_ADJUSTMENTS:
        return directory, ADJUSTMENTS_NAME
    if role is Role.EDITED_PHOTO:
        default = "heic" if extension(place.filename) in ("heic", "heif") else "jpg"
        return directory, f"{RENDER_STEM}.{extension_of_type(file_type, default).lower()}"
    return directory, f"{RENDER_STEM}.mov"


def _original_extension(role: Role, file_type: object) -> str:
    if role is Role.PAIRED_VIDEO:
        return "MOV"
    if role is Role.ADJUSTMENT_DATA:
        return "AAE"
    return extension_of_type(file_type, "DNG")


def _adjustments_without_row(found: list[Resource], place: Place) -> Resource:
    """Adjustment data mostly have no row: they come and go with their render. The file decides."""
    render = next((r for r in found if not r.role.is_original), None)
    directory, name = _location(Role.EDIT_ADJUSTMENTS, place, None)
    if render is None:
        return Resource(Role.EDIT_ADJUSTMENTS, directory, name, None, Availability.MISSING)
    return Resource(Role.EDIT_ADJUSTMENTS, directory, name, None, render.availability, render.in_icloud)
