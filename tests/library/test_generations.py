"""The same planted library gives the same result from the schema of iOS 13 to 26, and of a future one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ambertime_tui.library.folder_names import FolderNames
from ambertime_tui.library.model import Availability, Kind, Library, Ownership, Role
from ambertime_tui.library.photos_db import LibraryUnreadable, read_library
from ambertime_tui.library.schema import REQUIRED_OF_ASSET, REQUIRED_OF_RESOURCE
from tests.library.planted import (
    GENERATIONS,
    IOS_18,
    NEXT,
    PURGED,
    Generation,
    Planted,
    catalogue_of,
    change,
    uuid_of,
)

every_ios = pytest.mark.parametrize("generation", [*GENERATIONS, NEXT], ids=lambda g: f"iOS {g.ios}")


def availabilities(library: Library, key: int) -> dict[str, str]:
    asset = next(a for a in library.assets if a.uuid == uuid_of(key))
    return {str(r.role): str(r.availability) for r in asset.resources}


@every_ios
def test_each_original_is_where_the_flags_say(generation: Generation, tmp_path: Path) -> None:
    planted = Planted(tmp_path / "Photos.sqlite", generation)
    local = planted.asset()
    purged = planted.asset(original=False)
    planted.resource(purged, local=PURGED)
    linked = planted.asset(original=False)
    planted.resource(linked, local=-32768)
    nowhere = planted.asset(original=False)
    planted.resource(nowhere, local=PURGED, remote=0, synced=0)
    live = planted.asset(ZKINDSUBTYPE=2)
    planted.resource(live, kind=3, subtype=18, local=PURGED, uti="com.apple.quicktime-movie")
    video = planted.asset("IMG_0006.MOV", ZKIND=1)
    library = read_library(planted.written())
    assert availabilities(library, local) == {"photo": "local"}
    assert availabilities(library, purged) == {"photo": "icloud"}
    assert availabilities(library, linked) == {"photo": "icloud"}
    assert availabilities(library, nowhere) == {"photo": "missing"}
    assert availabilities(library, live) == {"photo": "local", "paired_video": "icloud"}
    assert availabilities(library, video) == {"video": "local"}
    assert [str(a.availability) for a in library.assets] == [
        "local", "icloud", "icloud", "missing", "partial", "local",
    ]  # fmt: skip
    assert [a.kind for a in library.assets][-1] is Kind.VIDEO
    assert library.model_version == generation.model


@every_ios
def test_flags_that_disagree_with_the_files_are_overruled(generation: Generation, tmp_path: Path) -> None:
    planted = Planted(tmp_path / "Photos.sqlite", generation)
    stale = planted.asset("STALE.HEIC")
    never_uploaded = planted.asset("PENDING.HEIC", original=False)
    planted.resource(never_uploaded, synced=1)
    gone = planted.asset("GONE.HEIC", original=False)
    planted.resource(gone, remote=0, synced=0)
    fresh = planted.asset("FRESH.HEIC", original=False)
    planted.resource(fresh, local=PURGED)
    found_again = planted.asset("FOUND.HEIC", original=False)
    planted.resource(found_again, local=PURGED, remote=0)
    listing = {"DCIM/100APPLE": FolderNames(["FRESH.HEIC", "FOUND.HEIC"])}
    library = read_library(planted.written(), listing=listing)
    assert availabilities(library, stale) == {"photo": "icloud"}
    assert availabilities(library, never_uploaded) == {"photo": "missing"}
    assert availabilities(library, gone) == {"photo": "missing"}
    assert availabilities(library, fresh) == {"photo": "local"}
    assert availabilities(library, found_again) == {"photo": "local"}


@every_ios
def test_raw_pairs_and_capture_time_adjustments_get_their_names(
    generation: Generation, tmp_path: Path
) -> None:
    planted = Planted(tmp_path / "Photos.sqlite", generation)
    pair = planted.asset("IMG_0001.JPG")
    planted.resource(pair, kind=4, subtype=17, uti="com.adobe.raw-image", length=9_000)
    portrait = planted.asset("IMG_0002.HEIC")
    planted.resource(portrait, kind=5, subtype=22, uti="com.apple.photos.apple-adjustment-envelope", length=9)
    planted.resource(portrait, kind=13, subtype=26, local=PURGED, length=7)
    library = read_library(planted.written())
    first, second = library.assets
    assert [(r.role, r.path, r.size) for r in first.originals] == [
        (Role.PHOTO, "DCIM/100APPLE/IMG_0001.JPG", 1000),
        (Role.ALTERNATE_PHOTO, "DCIM/100APPLE/IMG_0001.DNG", 9000),
    ]
    assert [(r.role, r.path) for r in second.originals] == [
        (Role.PHOTO, "DCIM/100APPLE/IMG_0002.HEIC"),
        (Role.ADJUSTMENT_DATA, "DCIM/100APPLE/IMG_0002.AAE"),
    ]
    assert first.raw_pair
    assert not second.raw_pair


@every_ios
def test_derivatives_are_never_taken_for_originals(generation: Generation, tmp_path: Path) -> None:
    planted = Planted(tmp_path / "Photos.sqlite", generation)
    purged = planted.asset(original=False)
    planted.resource(purged, local=PURGED)
    for subtype, recipe in ((2, 65737), (3, 65739), (4, 65741), (5, 65743), (5, 65747)):
        planted.resource(purged, subtype=subtype, recipe=recipe)
    planted.resource(purged, version=3, subtype=5, recipe=65747)
    planted.resource(purged, ZDATASTORECLASSID=2)
    (asset,) = read_library(planted.written()).assets
    assert [(r.role, r.availability) for r in asset.resources] == [(Role.PHOTO, Availability.ICLOUD)]


@every_ios
def test_an_edit_has_its_render_and_adjustments_with_their_own_availability(
    generation: Generation, tmp_path: Path
) -> None:
    planted = Planted(tmp_path / "Photos.sqlite", generation)
    edited = planted.asset("IMG_0001.HEIC", original=False, edited=1)
    planted.resource(edited, local=PURGED)
    planted.resource(edited, version=2, subtype=2, recipe=65938, length=800, uti="public.jpeg")
    live = planted.asset("IMG_0002.HEIC", edited=2)
    planted.resource(live, kind=3, subtype=18)
    planted.resource(live, version=2, subtype=2, recipe=65938, local=PURGED)
    planted.resource(live, kind=3, version=2, subtype=19, recipe=131272, local=PURGED)
    reverted = planted.asset("IMG_0003.HEIC")
    planted.resource(reverted, version=2, subtype=2, recipe=65938)
    first, second, third = read_library(planted.written()).assets
    folder = "PhotoData/Mutations/DCIM/100APPLE/IMG_0001/Adjustments"
    assert first.availability is Availability.ICLOUD
    assert [(r.role, r.path, r.size, r.availability) for r in first.edits] == [
        (Role.EDITED_PHOTO, f"{folder}/FullSizeRender.jpg", 800, Availability.LOCAL),
        (Role.EDIT_ADJUSTMENTS, f"{folder}/Adjustments.plist", None, Availability.LOCAL),
    ]
    assert second.availability is Availability.LOCAL
    assert [(r.role, r.availability) for r in second.edits] == [
        (Role.EDITED_PHOTO, Availability.ICLOUD),
        (Role.EDITED_PAIRED_VIDEO, Availability.ICLOUD),
        (Role.EDIT_ADJUSTMENTS, Availability.ICLOUD),
    ]
    assert (first.edited, second.edited, third.edited) == (True, True, False)
    assert third.edits == ()


@every_ios
def test_albums_titles_favourites_and_people_are_read(generation: Generation, tmp_path: Path) -> None:
    planted = Planted(tmp_path / "Photos.sqlite", generation)
    first, second = planted.asset(), planted.asset(about={"ZTITLE": "Low tide"}, ZFAVORITE=1)
    planted.album("Sea", [second, first])
    planted.album("Empty", [])
    planted.album("Deleted", [first], ZTRASHEDSTATE=1)
    planted.album("Shared by others", [first], ZKIND=1505)
    planted.person("Ada", [first, second, second])
    planted.person("", [first])
    planted.person("Grace", [second])
    database = planted.written()
    catalogue = catalogue_of(database)
    assert [(a.title, a.asset_uuids) for a in catalogue.albums] == [
        ("Sea", (uuid_of(second), uuid_of(first))),
        ("Empty", ()),
    ]
    assert catalogue.titles == {uuid_of(second): "Low tide"}
    assert [a.favourite for a in read_library(database).assets] == [False, True]
    assert catalogue.people == {uuid_of(first): ("Ada",), uuid_of(second): ("Ada", "Grace")}


@every_ios
def test_items_of_others_are_told_apart_from_ones_own(generation: Generation, tmp_path: Path) -> None:
    planted = Planted(tmp_path / "Photos.sqlite", generation)
    expected = {}

    def plant(owner: Ownership, **columns: Any) -> None:
        expected[uuid_of(planted.asset(original=owner.is_archived, **columns))] = owner

    plant(Ownership.OWN)
    plant(Ownership.OWN, ZSAVEDASSETTYPE=6)
    plant(Ownership.OWN, ZHIDDEN=1)
    plant(Ownership.OWN, ZTRASHEDSTATE=1)
    plant(Ownership.OWN, ZAVALANCHEUUID="B0")
    plant(Ownership.SHARED_ALBUM, ZSAVEDASSETTYPE=4)
    plant(Ownership.SHARED_ALBUM, ZCLOUDBATCHPUBLISHDATE=1.0)
    plant(Ownership.SHARED_ALBUM, ZDIRECTORY="PhotoData/PhotoCloudSharingData/1/2/100CLOUD")
    plant(Ownership.ICLOUD_LINK, ZSAVEDASSETTYPE=8)
    plant(Ownership.SYNCED, ZDIRECTORY="PhotoData/Sync/100SYNCD")
    plant(Ownership.PHOTO_STREAM, ZDIRECTORY="PhotoStreamsData/1/100APPLE")
    if generation.bundle_scope:
        plant(Ownership.SHARED_ALBUM, ZBUNDLESCOPE=2)
        plant(Ownership.SHARED_WITH_YOU, ZBUNDLESCOPE=3, ZSAVEDASSETTYPE=12)
        plant(Ownership.ICLOUD_LINK, ZBUNDLESCOPE=1)
    if generation.library_scope:
        plant(Ownership.SHARED_LIBRARY, ZLIBRARYSCOPE=5)
    if generation.collection_share:
        plant(Ownership.SHARED_ALBUM, ZCOLLECTIONSHARE=7)
    library = read_library(planted.written())
    assert {a.uuid: a.ownership for a in library.assets} == expected
    assert [a.hidden for a in library.assets][:4] == [False, False, True, False]
    assert [a.trashed for a in library.assets][:4] == [False, False, False, True]
    assert library.assets[4].burst_uuid == "B0"


def test_only_a_newer_schema_is_announced(tmp_path: Path) -> None:
    old = Planted(tmp_path / "old.sqlite", GENERATIONS[-1])
    old.asset()
    new = Planted(tmp_path / "new.sqlite", NEXT)
    new.asset()
    assert read_library(old.written()).notices == ()
    library = read_library(new.written())
    assert len(library.assets) == 1
    assert "270008501" in library.notices[0]


@pytest.mark.parametrize("column", REQUIRED_OF_ASSET[1:])
def test_a_missing_column_of_the_asset_is_named(column: str, tmp_path: Path) -> None:
    path = Planted(tmp_path / "Photos.sqlite", IOS_18).written()
    change(path, f"ALTER TABLE ZASSET DROP COLUMN {column}")
    with pytest.raises(
        LibraryUnreadable, match=rf"\(model version 18600\) lacks the column ZASSET\.{column},"
    ):
        read_library(path)


@pytest.mark.parametrize("column", REQUIRED_OF_RESOURCE)
def test_a_missing_column_of_the_files_is_named(column: str, tmp_path: Path) -> None:
    path = Planted(tmp_path / "Photos.sqlite", IOS_18).written()
    change(path, "DROP INDEX ZINTERNALRESOURCE_ZASSET_INDEX")
    change(path, f"ALTER TABLE ZINTERNALRESOURCE DROP COLUMN {column}")
    with pytest.raises(LibraryUnreadable, match=rf"lacks the column ZINTERNALRESOURCE\.{column},"):
        read_library(path)


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    path = Planted(tmp_path / "Photos.sqlite", IOS_18).written()
    change(path, "DROP TABLE ZINTERNALRESOURCE")
    with pytest.raises(LibraryUnreadable, match="lacks the table ZINTERNALRESOURCE"):
        read_library(path)


@pytest.mark.parametrize(
    "table", ["ZADDITIONALASSETATTRIBUTES", "ZGENERICALBUM", "Z_30ASSETS", "ZPERSON", "ZDETECTEDFACE",
              "ZCLOUDMASTER", "Z_PRIMARYKEY", "Z_METADATA"],
)  # fmt: skip
def test_without_a_table_that_only_adds_the_library_is_still_read(table: str, tmp_path: Path) -> None:
    planted = Planted(tmp_path / "Photos.sqlite", IOS_18)
    planted.album("Sea", [planted.asset()])
    path = planted.written()
    change(path, f"DROP TABLE {table}")
    library = read_library(path)
    assert [a.availability for a in library.assets] == [Availability.LOCAL]
    assert bool(library.notices) == (table == "ZADDITIONALASSETATTRIBUTES")


def test_an_upload_counts_as_confirmed_by_the_master_too(tmp_path: Path) -> None:
    planted = Planted(tmp_path / "Photos.sqlite", IOS_18)
    planted.insert("ZCLOUDMASTER", {"Z_PK": 9, "ZCLOUDLOCALSTATE": 3})
    key = planted.asset(original=False, ZMASTER=9)
    planted.resource(key, synced=0)
    other = planted.asset(original=False)
    planted.resource(other, synced=0)
    first, second = read_library(planted.written()).assets
    assert first.originals[0].in_icloud
    assert not second.originals[0].in_icloud
