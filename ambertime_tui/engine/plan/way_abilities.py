"""Which originals each way of asking can have iOS download, as data. Pure.

The Shortcut's row is read from Apple's code by others and not tried on an iPhone: see docs/shortcut.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from ambertime_tui.engine.api.spec import FetchWay
from ambertime_tui.library.model import Asset, Availability, Resource, Role


class OriginalKind(StrEnum):
    """The kinds of originals that the ways of asking treat differently."""

    PHOTO = "photo"
    VIDEO = "video"
    LIVE_PHOTO_IMAGE = "live_photo_image"
    LIVE_PHOTO_VIDEO = "live_photo_video"
    RAW = "raw"
    BESIDE_RAW = "beside_raw"
    """The JPEG or HEIC of a RAW pair."""
    OF_EDITED = "of_edited"
    """Any original of an item that was edited."""
    OTHER = "other"
    """Adjustment data, and what the camera saw around the frame."""
    NOT_FOUND = "not_found"
    """Any original of an item that Find Photos in a Shortcut does not find: hidden, deleted or undated."""


ABILITIES: Mapping[FetchWay, frozenset[OriginalKind]] = {
    FetchWay.KEEP_ORIGINALS: frozenset(OriginalKind),
    FetchWay.SHORTCUT: frozenset(
        {
            OriginalKind.PHOTO,
            OriginalKind.VIDEO,
            OriginalKind.LIVE_PHOTO_IMAGE,
            OriginalKind.LIVE_PHOTO_VIDEO,
            OriginalKind.RAW,
        }
    ),
    FetchWay.BY_HAND: frozenset(OriginalKind),
}
_OTHER_ROLES = frozenset({Role.ADJUSTMENT_DATA, Role.OVER_CAPTURE_PHOTO, Role.OVER_CAPTURE_VIDEO})


def kind_of(asset: Asset, original: Resource) -> OriginalKind:
    """The kind of one original of an asset."""
    if asset.hidden or asset.trashed or asset.created is None:
        return OriginalKind.NOT_FOUND
    if asset.edited:
        return OriginalKind.OF_EDITED
    if original.role in _OTHER_ROLES:
        return OriginalKind.OTHER
    if original.role is Role.ALTERNATE_PHOTO:
        return OriginalKind.RAW
    if original.role is Role.PAIRED_VIDEO:
        return OriginalKind.LIVE_PHOTO_VIDEO
    if original.role is Role.VIDEO:
        return OriginalKind.VIDEO
    if asset.raw_pair:
        return OriginalKind.BESIDE_RAW
    return OriginalKind.LIVE_PHOTO_IMAGE if asset.live_photo else OriginalKind.PHOTO


def can_bring(way: FetchWay, asset: Asset, original: Resource) -> bool:
    """Whether a way can have iOS download an original."""
    return kind_of(asset, original) in ABILITIES[way]


def out_of_reach(way: FetchWay, asset: Asset, originals: Iterable[Resource]) -> bool:
    """Whether a way can have iOS download none of some originals."""
    return not any(can_bring(way, asset, original) for original in originals)


def beyond(way: FetchWay, asset: Asset, resources: Iterable[Resource]) -> frozenset[OriginalKind]:
    """The kinds of those originals in iCloud that a way cannot have iOS download; empty: it can do all."""
    away = (r for r in resources if r.role.is_original and r.availability is Availability.ICLOUD)
    return frozenset(kind_of(asset, r) for r in away) - ABILITIES[way]
