"""Facts of newer libraries: fingerprints, inferred zones, over-capture, deferred processing, scopes."""

from __future__ import annotations

from pathlib import Path

import pytest

from ambertime_tui.library.fingerprint import fingerprint_of
from ambertime_tui.library.folder_names import FolderNames
from ambertime_tui.library.model import Asset, Availability, Ownership, Role
from ambertime_tui.library.photos_db import read_library
from tests.library.planted import IOS_18, PURGED, Planted

MARK = fingerprint_of(b"the original")


@pytest.fixture
def planted(tmp_path: Path) -> Planted:
    return Planted(tmp_path / "Photos.sqlite", IOS_18)


def add_column(planted: Planted, table: str, column: str) -> None:
    present = {row[1] for row in planted.database.execute(f"PRAGMA table_info({table})")}
    if column not in present:
        planted.database.execute(f"ALTER TABLE {table} ADD COLUMN {column}")


def only_asset(planted: Planted, *names: str) -> Asset:
    return only_asset_of(planted.written(), *names)


def only_asset_of(database: Path, *names: str) -> Asset:
    """The one asset of a library; `names` are what its folder shows, if it could be listed."""
    listing = {"DCIM/100APPLE": FolderNames(names)} if names else None
    (asset,) = read_library(database, listing=listing).assets
    return asset


def roles(asset: Asset) -> dict[Role, Availability]:
    return {resource.role: resource.availability for resource in asset.resources}


def test_the_fingerprint_of_a_resource_is_read(planted: Planted) -> None:
    add_column(planted, "ZINTERNALRESOURCE", "ZFINGERPRINT")
    planted.asset()
    planted.database.execute("UPDATE ZINTERNALRESOURCE SET ZFINGERPRINT = ?", (MARK,))
    assert only_asset(planted).originals[0].fingerprint == MARK


@pytest.mark.parametrize("column", ["ZORIGINALSTABLEHASH", "ZMASTERFINGERPRINT"])
def test_without_it_the_copy_in_the_assets_attributes_counts(planted: Planted, column: str) -> None:
    add_column(planted, "ZADDITIONALASSETATTRIBUTES", column)
    planted.asset()
    planted.database.execute(f"UPDATE ZADDITIONALASSETATTRIBUTES SET {column} = ?", (MARK,))
    assert only_asset(planted).originals[0].fingerprint == MARK


@pytest.mark.parametrize("value", [None, 5, b"\xff", "no fingerprint", "B" * 28])
def test_a_value_that_is_no_fingerprint_is_none(planted: Planted, value: object) -> None:
    add_column(planted, "ZINTERNALRESOURCE", "ZFINGERPRINT")
    planted.asset()
    planted.database.execute("UPDATE ZINTERNALRESOURCE SET ZFINGERPRINT = ?", (value,))
    assert only_asset(planted).originals[0].fingerprint is None


def test_an_icloud_photo_without_a_zone_has_the_inferred_one(planted: Planted) -> None:
    add_column(planted, "ZADDITIONALASSETATTRIBUTES", "ZINFERREDTIMEZONEOFFSET")
    planted.asset()
    planted.database.execute(
        "UPDATE ZADDITIONALASSETATTRIBUTES SET ZTIMEZONEOFFSET = NULL, ZTIMEZONENAME = NULL, "
        "ZINFERREDTIMEZONEOFFSET = -28800"
    )
    assert only_asset(planted).zone_offset == -28800


@pytest.mark.parametrize("value", ["east", 10**12, b"\x01", None])
def test_an_inferred_zone_that_cannot_be_counts_as_unknown(planted: Planted, value: object) -> None:
    add_column(planted, "ZADDITIONALASSETATTRIBUTES", "ZINFERREDTIMEZONEOFFSET")
    planted.asset()
    planted.database.execute(
        "UPDATE ZADDITIONALASSETATTRIBUTES SET ZTIMEZONEOFFSET = NULL, ZTIMEZONENAME = NULL, "
        "ZINFERREDTIMEZONEOFFSET = ?",
        (value,),
    )
    assert only_asset(planted).zone_offset is None


def test_over_capture_files_are_originals(planted: Planted) -> None:
    key = planted.asset(ZKINDSUBTYPE=2)
    planted.resource(key, kind=3, subtype=18, uti="com.apple.quicktime-movie")
    planted.resource(key, kind=10, subtype=1)
    planted.resource(key, kind=11, subtype=1, uti="com.apple.quicktime-movie")
    asset = only_asset(planted, "IMG_0001.HEIC", "IMG_0001.MOV", "IMG_0001S.HEIC", "IMG_0001S.MOV")
    assert roles(asset) == dict.fromkeys(
        (Role.PHOTO, Role.PAIRED_VIDEO, Role.OVER_CAPTURE_PHOTO, Role.OVER_CAPTURE_VIDEO), Availability.LOCAL
    )
    assert all(role.is_original for role in roles(asset))


@pytest.mark.parametrize("kind", [6, 7, 8, 9, 13, 14, 15, 16])
def test_what_ios_computed_is_no_original_and_makes_no_noise(planted: Planted, kind: int) -> None:
    key = planted.asset()
    planted.resource(key, kind=kind, subtype=1)
    library = read_library(planted.written())
    assert set(roles(library.assets[0])) == {Role.PHOTO}
    assert library.notices == ()


@pytest.mark.parametrize("column", ["ZDEFERREDPROCESSINGNEEDED", "ZVIDEODEFERREDPROCESSINGNEEDED"])
def test_a_photo_that_is_still_processed_is_pending_not_missing(planted: Planted, column: str) -> None:
    add_column(planted, "ZASSET", column)
    key = planted.asset(original=False)
    planted.resource(key, local=PURGED, remote=0, synced=0)
    planted.database.execute(f"UPDATE ZASSET SET {column} = 2")
    database = planted.written()
    assert only_asset_of(database).availability is Availability.PENDING
    assert only_asset_of(database, "IMG_0009.HEIC").availability is Availability.PENDING
    assert only_asset_of(database, "IMG_0001.HEIC").availability is Availability.LOCAL


def test_a_cleared_remote_flag_of_an_uploaded_original_is_not_final(planted: Planted) -> None:
    key = planted.asset(original=False)
    planted.resource(key, local=PURGED, remote=0, synced=3)
    assert only_asset(planted).availability is Availability.ICLOUD


@pytest.mark.parametrize(
    ("scope", "owner"), [(0, Ownership.OWN), (4, Ownership.OWN), (5, Ownership.SHARED_ALBUM)]
)
def test_a_locked_space_is_ones_own_and_a_collection_share_is_not(
    planted: Planted, scope: int, owner: Ownership
) -> None:
    planted.asset(ZBUNDLESCOPE=scope)
    library = read_library(planted.written())
    assert library.assets[0].ownership is owner
    assert library.notices == ()
