"""What each way of asking can have iOS download, for each kind of original."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ambertime_tui.engine.api.spec import FetchWay
from ambertime_tui.engine.plan.way_abilities import OriginalKind, beyond, kind_of
from ambertime_tui.library.model import Asset, Availability, Kind, Resource, Role

CASES: dict[OriginalKind, tuple[Role, dict[str, Any]]] = {
    OriginalKind.PHOTO: (Role.PHOTO, {}),
    OriginalKind.VIDEO: (Role.VIDEO, {}),
    OriginalKind.LIVE_PHOTO_IMAGE: (Role.PHOTO, {"live_photo": True}),
    OriginalKind.LIVE_PHOTO_VIDEO: (Role.PAIRED_VIDEO, {"live_photo": True}),
    OriginalKind.RAW: (Role.ALTERNATE_PHOTO, {"raw_pair": True}),
    OriginalKind.BESIDE_RAW: (Role.PHOTO, {"raw_pair": True}),
    OriginalKind.OF_EDITED: (Role.PHOTO, {"edited": True}),
    OriginalKind.OTHER: (Role.ADJUSTMENT_DATA, {}),
    OriginalKind.NOT_FOUND: (Role.PHOTO, {"hidden": True}),
}
NOT_BY_THE_SHORTCUT = {
    OriginalKind.BESIDE_RAW,
    OriginalKind.OF_EDITED,
    OriginalKind.OTHER,
    OriginalKind.NOT_FOUND,
}


def made(kind: OriginalKind, where: Availability = Availability.ICLOUD) -> tuple[Asset, Resource]:
    role, facts = CASES[kind]
    resource = Resource(role, "DCIM/100APPLE", "IMG_0001.HEIC", 1, where)
    of = Kind.VIDEO if kind is OriginalKind.VIDEO else Kind.PHOTO
    asset = Asset("u", of, 0.0, 0, "DCIM/100APPLE", "x", "x", (resource,))
    return replace(asset, **facts), resource


@pytest.mark.parametrize("kind", OriginalKind)
@pytest.mark.parametrize("way", FetchWay)
def test_each_kind_by_each_way(way: FetchWay, kind: OriginalKind) -> None:
    asset, resource = made(kind)
    assert kind_of(asset, resource) is kind
    cannot = way is FetchWay.SHORTCUT and kind in NOT_BY_THE_SHORTCUT
    assert beyond(way, asset, [resource]) == ({kind} if cannot else set())


def test_an_original_on_the_phone_needs_no_way() -> None:
    asset, resource = made(OriginalKind.OF_EDITED, Availability.LOCAL)
    assert not beyond(FetchWay.SHORTCUT, asset, [resource])
