"""Convert rows of ZINTERNALRESOURCE to the resources of an asset: its originals and its current edit.

A row belongs to an original if version and recipe are 0 (as in Apple's PLInternalResource). It belongs to
the current edit if its version is 2 and its recipe is even (bit 0 marks a derivative). Everything else is
a derivative and never counts as an original.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from ambertime_tui.library.fingerprint import stored_fingerprint
from ambertime_tui.library.frozen_factory import frozen_factory
from ambertime_tui.library.media_paths import (
    ADJUSTMENTS_NAME,
    RAW_EXTENSIONS,
    RENDER_STEM,
    adjustments_directory,
    extension,
    extension_of_type,
    stem,
)
from ambertime_tui.library.model import Availability, Kind, Resource, Role
from ambertime_tui.library.rows import Row

LARGEST_FILE = 1 << 44
"""Bytes: 16 TiB. No iPhone has that much storage; a larger size in the library is not one."""
_ORIGINAL_ROLE = {
    0: Role.PHOTO,
    1: Role.VIDEO,
    3: Role.PAIRED_VIDEO,
    4: Role.ALTERNATE_PHOTO,
    5: Role.ADJUSTMENT_DATA,
    10: Role.OVER_CAPTURE_PHOTO,
    11: Role.OVER_CAPTURE_VIDEO,
}
"""By ZRESOURCETYPE."""
_ORIGINAL_SUBTYPE = {
    Role.PHOTO: (1,),
    Role.VIDEO: (1,),
    Role.PAIRED_VIDEO: (18, 1),
    Role.ALTERNATE_PHOTO: (17, 1),
    Role.ADJUSTMENT_DATA: (22,),
}
"""ZDATASTORESUBTYPE of originals by role. Rows with another subtype have lower priority."""
_COMPUTED_KINDS = (6, 7, 8, 9, 13, 14, 15, 16)
"""ZRESOURCETYPE of parts of adjustments, metadata, computed files, suggestions and video thumbnails."""
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
_new_resource = frozen_factory(Resource)
_ROLES = tuple(Role)
_MAIN = (Role.PHOTO, Role.VIDEO)
_RENDERS = (Role.EDITED_PHOTO, Role.EDITED_VIDEO, Role.EDITED_PAIRED_VIDEO)
_BY_DISTANCE = (Availability.LOCAL, Availability.ICLOUD, Availability.PENDING, Availability.MISSING)
_OVER_CAPTURE = (Role.OVER_CAPTURE_PHOTO, Role.OVER_CAPTURE_VIDEO)


class Place(NamedTuple):
    """The place of an asset's main file."""

    directory: str
    """In the media folder; empty if there is no valid one."""
    filename: str
    refused: bool
    """True for a path that must not be read, whatever the flags say."""


@dataclass(frozen=True, slots=True)
class Description:
    """What an asset's other rows say about its files."""

    kind: Kind
    """The kind of its main original, in case the rows do not say."""
    live: bool
    """Marked as a Live Photo."""
    edited: bool | None
    """Whether it has an edit. If not, leftover rows of an edit are ignored. None: unknown, and its rows
    decide."""
    own: bool
    """Whether it is archived. If so, it has a main original even without a row, so that its file is looked
    up. An item of a shared album has none."""
    original_size: int | None
    """Bytes of the main original according to ZADDITIONALASSETATTRIBUTES."""
    master_synced: bool | None
    """True if ZCLOUDMASTER records a complete upload; None: unknown."""
    fingerprint: str | None = None
    """Fingerprint of the main original, from ZADDITIONALASSETATTRIBUTES."""
    processing: bool = False
    """True if iOS has not finished the original yet (deferred processing)."""


class _Confidence(IntEnum):
    """How certain the role of a row is. Lower is more certain."""

    SURE = 0
    ODD = 1
    """Its subtype is not that of an original of its role."""
    DOUBTFUL = 2
    """A value that distinguishes originals from derivatives is not a number."""


class _Found(NamedTuple):
    trust: _Confidence
    resource: Resource


def resources_of(
    rows: Iterable[Row], place: Place, about: Description, warn: Callable[[str], None]
) -> tuple[Resource, ...]:
    """Return the originals of an asset in the order of Role, then its current edit.

    Files that the asset should have but no row lists (the render of an edit, the video of a Live Photo)
    are included as `inferred`.

    Args:
        rows: the asset's rows of ZINTERNALRESOURCE with the columns of `ResourceColumns`, in any order.
        place: the place of its main original.
        about: other facts about the asset.
        warn: called with each problem of a row, to be reported with the asset's name.
    """
    best: dict[Role, _Found] = {}
    for row in rows:
        found = _resource(row, place, about, warn)
        if found is not None:
            role = found.resource.role
            if role not in best or _priority(found) < _priority(best[role]):
                best[role] = found
    if about.own:
        _complete(best, place, about, warn)
    resources = [found.resource for found in best.values()]
    if len(resources) > 1:
        resources.sort(key=_order)
    return tuple(resources)


def _complete(
    best: dict[Role, _Found], place: Place, about: Description, warn: Callable[[str], None]
) -> None:
    main = Role.VIDEO if about.kind is Kind.VIDEO else Role.PHOTO
    other = Role.PHOTO if about.kind is Kind.VIDEO else Role.VIDEO
    if main in best:
        if best.pop(other, None) is not None:
            warn("the library lists a photo and a video as its original; the one of the right kind is used.")
    elif other not in best:
        lost = Resource(
            main, place.directory, place.filename, about.original_size, _nowhere(about), flagged_local=False
        )
        best[main] = _Found(_Confidence.DOUBTFUL, lost)
        warn("the library has no record of its original; AmberTime looks for it under its file name.")
    if about.live and about.kind is Kind.PHOTO and Role.PAIRED_VIDEO not in best:
        _infer(best, Role.PAIRED_VIDEO, place)
    if about.edited and not any(role in best for role in _RENDERS):
        _infer(best, Role.EDITED_VIDEO if main is Role.VIDEO else Role.EDITED_PHOTO, place)
        if Role.PAIRED_VIDEO in best:
            _infer(best, Role.EDITED_PAIRED_VIDEO, place)
    if (about.edited or any(not role.is_original for role in best)) and Role.EDIT_ADJUSTMENTS not in best:
        _add_adjustments(best, place)


def _infer(best: dict[Role, _Found], role: Role, place: Place) -> None:
    directory, name = _location(role, place, None)
    best[role] = _Found(
        _Confidence.DOUBTFUL, Resource(role, directory, name, None, Availability.MISSING, inferred=True)
    )


def _add_adjustments(best: dict[Role, _Found], place: Place) -> None:
    """Add adjustment data, which usually have no row: they exist with their render. The file decides."""
    renders = [found.resource for role, found in best.items() if not role.is_original]
    render = next((resource for resource in renders if not resource.inferred), None)
    if render is None:
        _infer(best, Role.EDIT_ADJUSTMENTS, place)
        return
    directory, name = _location(Role.EDIT_ADJUSTMENTS, place, None)
    adjustments = Resource(
        Role.EDIT_ADJUSTMENTS, directory, name, None, render.availability, render.in_icloud
    )
    best[Role.EDIT_ADJUSTMENTS] = _Found(_Confidence.SURE, adjustments)


def _priority(found: _Found) -> tuple[int, int]:
    """Sort key of rows for the same role: more certain first, then closer files first."""
    return found.trust, _BY_DISTANCE.index(found.resource.availability)


def _order(resource: Resource) -> int:
    return _ROLES.index(resource.role)


def _resource(row: Row, place: Place, about: Description, warn: Callable[[str], None]) -> _Found | None:
    _, kind, subtype, store, version, recipe, local, remote, cloud_state, length, file_type, mark = row
    try:
        _ = kind | subtype | store | version | recipe | local | remote  # only integers support |
    except TypeError:
        warn("the record of one of its files has a value that is not a number; that file may be left out.")
    if store != 0 and type(store) is int:
        return None
    role_and_confidence = _role(kind, subtype, version, recipe, about.edited)
    if role_and_confidence is None:
        if (version, recipe) == (0, 0) and _is_unknown_kind(kind):
            warn(f"it has a file of an unknown kind ({kind}), which is left out.")
        return None
    role, trust = role_and_confidence
    size = length if type(length) is int and 0 < length <= LARGEST_FILE else None
    if size is None and role in _MAIN:
        size = about.original_size
    confirmed = _is_confirmed(cloud_state, about.master_synced)
    # A failed download can clear the remote flag although the upload is complete.
    in_icloud = (type(remote) is int and remote > 0) or (cloud_state == _SYNCED and type(remote) is int)
    if place.refused:
        availability = Availability.MISSING
    elif type(local) is int and local > 0:
        availability = Availability.LOCAL
    else:
        availability = Availability.ICLOUD if in_icloud else _nowhere(about)
    directory, name = _location(role, place, file_type)
    fingerprint = stored_fingerprint(mark) if role.is_original else None
    if fingerprint is None and role in _MAIN:
        fingerprint = about.fingerprint
    uploaded = in_icloud and confirmed
    return _Found(
        trust,
        _new_resource(
            role,
            directory,
            name,
            size,
            availability,
            uploaded,
            flagged_local=availability is Availability.LOCAL,
            fingerprint=fingerprint,
        ),
    )


def _nowhere(about: Description) -> Availability:
    """The availability of an original that is neither here nor in iCloud."""
    return Availability.PENDING if about.processing else Availability.MISSING


def _is_unknown_kind(kind: object) -> bool:
    return type(kind) is int and kind not in _ORIGINAL_ROLE and kind not in _COMPUTED_KINDS


def _is_confirmed(cloud_state: object, master_synced: bool | None) -> bool:
    """Whether an upload is complete. Without a record of that, the availability flag counts."""
    if cloud_state == _SYNCED or master_synced:
        return True
    return cloud_state is None and master_synced is None


def _role(
    kind: object, subtype: object, version: object, recipe: object, edited: bool | None
) -> tuple[Role, _Confidence] | None:
    if type(kind) is not int:
        return None
    if version == 0 and recipe == 0:
        role = None if subtype == _MEDIA_METADATA else _ORIGINAL_ROLE.get(kind)
        if role is None:
            return None
        return role, _Confidence.SURE if role in _OVER_CAPTURE or subtype in _ORIGINAL_SUBTYPE[
            role
        ] else _Confidence.ODD
    if type(version) is int and type(recipe) is int:
        if version != 2 or recipe & 1 or edited is False or type(subtype) is not int:
            return None
        role = _EDIT_ROLE.get((kind, subtype))
        return None if role is None else (role, _Confidence.SURE)
    # A row that could be a derivative counts as an original only with an original's subtype.
    role = _ORIGINAL_ROLE.get(kind)
    may_be = version in (0, None) or type(version) is not int
    if role is None or not may_be or subtype not in _ORIGINAL_SUBTYPE.get(role, ()):
        return None
    return role, _Confidence.DOUBTFUL


def _location(role: Role, place: Place, file_type: object) -> tuple[str, str]:
    if not place.filename or role in _MAIN:
        return place.directory, place.filename
    if role in _OVER_CAPTURE:
        # A stem that ends in S belongs to the asset without it (inferred from listings, not confirmed).
        default = "MOV" if role is Role.OVER_CAPTURE_VIDEO else extension(place.filename).upper()
        return place.directory, f"{stem(place.filename)}S.{extension_of_type(file_type, default)}"
    if role.is_original:
        return place.directory, f"{stem(place.filename)}.{_original_extension(role, place, file_type)}"
    if not place.directory:
        return "", place.filename
    directory = adjustments_directory(place.directory, place.filename)
    if role is Role.EDIT_ADJUSTMENTS:
        return directory, ADJUSTMENTS_NAME
    if role is Role.EDITED_PHOTO:
        default = "heic" if extension(place.filename) in ("heic", "heif") else "jpg"
        return directory, f"{RENDER_STEM}.{extension_of_type(file_type, default).lower()}"
    return directory, f"{RENDER_STEM}.mov"


def _original_extension(role: Role, place: Place, file_type: object) -> str:
    if role is Role.PAIRED_VIDEO:
        return "MOV"
    if role is Role.ADJUSTMENT_DATA:
        return "AAE"
    # The other half of a pair: a RAW, or the photo where the RAW is the main one.
    return extension_of_type(file_type, "JPG" if extension(place.filename) in RAW_EXTENSIONS else "DNG")
