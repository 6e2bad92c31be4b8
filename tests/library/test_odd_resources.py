"""Ambiguous rows: no original is lost, and no derivative counts as an original."""

from __future__ import annotations

from pathlib import Path

import pytest

from ambertime_tui.library.folder_names import FolderNames
from ambertime_tui.library.model import Asset, Library, Ownership, Role
from ambertime_tui.library.photos_db import read_library
from tests.library.planted import IOS_18, PURGED, Planted, change, uuid_of

EDITS = "PhotoData/Mutations/DCIM/100APPLE/IMG_0001/Adjustments"


@pytest.fixture
def planted(tmp_path: Path) -> Planted:
    return Planted(tmp_path / "Photos.sqlite", IOS_18)


def read(planted: Planted, **folders: list[str]) -> Library:
    names = {"here": "DCIM/100APPLE", "edits": EDITS}
    listing = {names[key]: FolderNames(found) for key, found in folders.items()} if folders else None
    return read_library(planted.written(), listing=listing)


def files(asset: Asset) -> dict[str, str]:
    return {str(r.role): str(r.availability) for r in asset.resources}


@pytest.mark.parametrize("column", ["ZDATASTORESUBTYPE", "ZVERSION", "ZRECIPEID", "ZDATASTORECLASSID"])
@pytest.mark.parametrize("value", [None, "text", b"\xff"])
def test_a_mark_that_is_no_number_costs_no_original(planted: Planted, column: str, value: object) -> None:
    key = planted.asset(ZKINDSUBTYPE=2, original=False)
    planted.resource(key, local=PURGED)
    planted.resource(key, kind=3, subtype=18)
    planted.database.execute(f"UPDATE ZINTERNALRESOURCE SET {column} = ?", (value,))
    (asset,) = read(planted).assets
    assert files(asset) == {"photo": "icloud", "paired_video": "local"}


def test_a_derivative_whose_recipe_is_lost_is_not_taken_for_the_purged_original(planted: Planted) -> None:
    key = planted.asset(original=False)
    planted.resource(key, local=PURGED)
    planted.resource(key, subtype=5, ZRECIPEID=None)
    planted.resource(key, subtype=3, version=3, ZRECIPEID="65739")
    assert files(read(planted).assets[0]) == {"photo": "icloud"}


def test_a_row_with_the_subtype_of_an_original_wins_over_one_without(planted: Planted) -> None:
    key = planted.asset(original=False)
    planted.resource(key, subtype=5, length=555)
    planted.resource(key, local=PURGED, length=4_000_000)
    (asset,) = read(planted).assets
    assert files(asset) == {"photo": "icloud"}
    assert asset.originals[0].size == 4_000_000


def test_of_two_rows_for_one_file_the_nearer_one_counts_in_any_order(planted: Planted) -> None:
    states = [{"local": PURGED, "remote": 0}, {"local": PURGED}, {"local": 1}]
    first = planted.asset(original=False)
    for state in states[:2]:
        planted.resource(first, **state)  # type: ignore[arg-type]
    second = planted.asset(original=False)
    for state in reversed(states):
        planted.resource(second, **state)  # type: ignore[arg-type]
    assert [files(a)["photo"] for a in read(planted).assets] == ["icloud", "local"]


@pytest.mark.parametrize(("kind", "other"), [(0, 1), (1, 0)])
def test_an_asset_has_one_main_original_of_its_own_kind(planted: Planted, kind: int, other: int) -> None:
    key = planted.asset(ZKIND=kind)
    planted.resource(key, kind=other, local=PURGED)
    library = read(planted)
    assert files(library.assets[0]) == {"video" if kind else "photo": "local"}
    assert uuid_of(key) in library.notices[0]


def test_a_file_of_an_unknown_kind_is_named(planted: Planted) -> None:
    key = planted.asset()
    planted.resource(key, kind=40, subtype=91)
    planted.resource(key, kind=13, subtype=26)
    (notice,) = read(planted).notices
    assert uuid_of(key) in notice
    assert "(40)" in notice


def test_a_derivative_of_the_edit_does_not_displace_it(planted: Planted) -> None:
    key = planted.asset(edited=1)
    planted.resource(key, version=2, subtype=2, recipe=65737, length=555, uti="public.jpeg")
    planted.resource(key, version=2, subtype=2, recipe=65938, local=PURGED, length=3_000_000)
    edit = read(planted).assets[0].edits[0]
    assert (edit.name, edit.size, str(edit.availability)) == ("FullSizeRender.heic", 3_000_000, "icloud")


def test_an_edit_that_no_row_tells_of_is_found_where_its_files_are(planted: Planted) -> None:
    planted.asset("IMG_0001.HEIC", edited=1)
    there = ["Adjustments.plist", "FullSizeRender.jpg"]
    (asset,) = read(planted, here=["IMG_0001.HEIC"], edits=there).assets
    assert files(asset) == {"photo": "local", "edited_photo": "local", "edit_adjustments": "local"}


def test_slow_motion_has_adjustments_and_mostly_no_render(planted: Planted) -> None:
    planted.asset("IMG_0001.MOV", ZKIND=1, ZKINDSUBTYPE=101, edited=3)
    (asset,) = read(planted, here=["IMG_0001.MOV"], edits=["Adjustments.plist"]).assets
    assert files(asset) == {"video": "local", "edit_adjustments": "local"}


def test_an_edit_whose_mark_is_lost_is_told_by_its_rows(planted: Planted) -> None:
    key = planted.asset(ZADJUSTMENTSSTATE=None)
    planted.resource(key, version=2, subtype=2, recipe=65938)
    planted.asset(ZADJUSTMENTSSTATE=None)
    first, second = read(planted).assets
    assert first.edited
    assert Role.EDITED_PHOTO in {r.role for r in first.edits}
    assert not second.edited
    assert second.edits == ()


def test_a_live_photo_whose_video_no_row_tells_of_is_looked_for_and_else_told(planted: Planted) -> None:
    planted.asset("IMG_0001.HEIC", ZKINDSUBTYPE=2)
    planted.asset("IMG_0002.HEIC", ZKINDSUBTYPE=2)
    library = read(planted, here=["IMG_0001.HEIC", "IMG_0001.MOV", "IMG_0002.HEIC"])
    assert [files(a) for a in library.assets] == [
        {"photo": "local", "paired_video": "local"},
        {"photo": "local"},
    ]
    (notice,) = library.notices
    assert uuid_of(2) in notice and uuid_of(1) not in notice


def test_the_other_half_of_a_raw_is_a_photo(planted: Planted) -> None:
    key = planted.asset("IMG_0001.DNG")
    planted.resource(key, kind=4, subtype=17, local=PURGED, uti="unheard.of")
    (asset,) = read(planted).assets
    assert [r.name for r in asset.originals] == ["IMG_0001.DNG", "IMG_0001.JPG"]


def test_columns_renamed_by_a_future_ios_are_named_and_optional(planted: Planted) -> None:
    edited = planted.asset(edited=1)
    planted.resource(edited, version=2, subtype=2, recipe=65938)
    shared = planted.asset(original=False, ZBUNDLESCOPE=3)
    planted.resource(shared, ZDATASTORECLASSID=3)
    streamed = planted.asset(original=False, ZCLOUDBATCHPUBLISHDATE=1.0)
    planted.resource(streamed, ZDATASTORECLASSID=2)
    path = planted.written()
    for column in ("ZADJUSTMENTSSTATE", "ZBUNDLESCOPE", "ZCLOUDBATCHPUBLISHDATE", "ZADDEDDATE"):
        change(path, f"ALTER TABLE ZASSET RENAME COLUMN {column} TO {column}2")
    change(path, "ALTER TABLE ZINTERNALRESOURCE RENAME COLUMN ZCLOUDLOCALSTATE TO ZNEWSTATE")
    library = read_library(path, listing={"DCIM/100APPLE": FolderNames(())})
    assert [a.ownership for a in library.assets] == [
        Ownership.OWN,
        Ownership.SHARED_WITH_YOU,
        Ownership.SHARED_ALBUM,
    ]
    assert library.assets[0].edited
    assert files(library.assets[0])["photo"] == "icloud", "without a record of the upload, the flag counts"
    notice = next(n for n in library.notices if "lacks" in n)
    for column in ("ZADJUSTMENTSSTATE", "ZBUNDLESCOPE", "ZCLOUDBATCHPUBLISHDATE", "ZCLOUDLOCALSTATE"):
        assert column in notice
