"""Contents of a generated library: availability of originals, owners, oddities, folders."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections import Counter
from dataclasses import fields
from pathlib import Path

import pytest

from ambertime_tui.simulator.library import LibraryRecipe, MadeAsset, MadeLibrary, Planted, make_library
from tests.simulator.library_readers import copied_database

PLANTED = Planted(partial_live=3, partial_raw=2, stale=3, fresh=3, missing=3)
ORIGINALS = (
    "SELECT a.ZUUID, r.* FROM ZINTERNALRESOURCE r JOIN ZASSET a ON a.Z_PK = r.ZASSET"
    " WHERE ZDATASTORECLASSID = 0 AND ZVERSION = 0 AND ZRECIPEID = 0"
)
TYPE_OF_ROLE = {"photo": 0, "video": 1, "paired_video": 3, "alternate_photo": 4, "adjustment_data": 5}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> MadeLibrary:
    recipe = LibraryRecipe(assets=500, seed=11, icloud_share=0.4, planted=PLANTED)
    return make_library(tmp_path_factory.mktemp("made"), recipe)


def in_state(library: MadeLibrary, state: str) -> list[MadeAsset]:
    return [asset for asset in library.own() if asset.state == state]


def is_there(library: MadeLibrary, asset: MadeAsset, role: str) -> bool:
    return (library.media / asset.resource(role).path).exists()


def test_a_purge_leaves_exactly_the_flags_that_ios_writes(library: MadeLibrary, tmp_path: Path) -> None:
    assets = library.by_uuid
    seen = Counter[str]()
    with copied_database(library, tmp_path) as database:
        for row in database.execute(ORIGINALS):
            asset = assets[row["ZUUID"]]
            role = next(r for r, kind in TYPE_OF_ROLE.items() if kind == row["ZRESOURCETYPE"])
            flag = asset.resource(role).flag
            seen[flag] += 1
            assert (row["ZDATASTOREKEYDATA"] is not None) == (row["ZLOCALAVAILABILITY"] > 0)
            assert (flag == "local") == (row["ZLOCALAVAILABILITY"] == 1)
            if flag == "icloud":
                assert row["ZLOCALAVAILABILITY"] == -1
                assert row["ZREMOTEAVAILABILITY"] == 1
                assert row["ZFILEID"] == -1
                assert row["ZCLOUDPRUNEDAT"] > 0
                assert row["ZCLOUDLOCALSTATE"] == 3
                assert row["ZFINGERPRINT"] is not None
            if flag == "missing":
                assert row["ZREMOTEAVAILABILITY"] == 0
    assert min(seen["local"], seen["icloud"], seen["missing"]) >= 3


def test_the_cloud_prefetch_index_finds_what_is_only_in_icloud(library: MadeLibrary, tmp_path: Path) -> None:
    query = (
        "SELECT count(*) FROM ZINTERNALRESOURCE INDEXED BY Z_InternalResource_forCloudPrefetch WHERE"
        " ZDATASTORECLASSID = 0 AND ZREMOTEAVAILABILITY = 1 AND ZLOCALAVAILABILITY = -1 AND ZRECIPEID = 0"
    )
    with copied_database(library, tmp_path) as database:
        (found,) = database.execute(query).fetchone()
    assert found == sum(r.flag == "icloud" for a in library.assets for r in a.originals)


def test_the_chosen_share_of_the_users_assets_is_only_in_icloud(library: MadeLibrary) -> None:
    own = list(library.own())
    icloud = in_state(library, "icloud")
    assert len(icloud) == round(0.4 * len(own))
    for asset in icloud:
        assert asset.availability == "icloud"
        assert not any(is_there(library, asset, resource.role) for resource in asset.originals)


def test_a_purged_original_leaves_a_thumbnail_and_usually_a_jpeg_but_no_file_at_its_path(
    library: MadeLibrary,
) -> None:
    stand_ins = 0
    purged = in_state(library, "icloud")
    for asset in purged:
        thumbnail = f"PhotoData/Thumbnails/V2/{asset.directory}/{asset.filename}/5005.JPG"
        assert (library.media / thumbnail).is_file()
        stem = Path(asset.filename).stem
        stand_ins += (library.media / f"PhotoData/Metadata/{asset.directory}/{stem}.JPG").is_file()
    assert 0.8 * len(purged) < stand_ins < len(purged)


@pytest.mark.parametrize("state", [f.name for f in fields(Planted)])
def test_every_planted_state_occurs_as_often_as_requested(library: MadeLibrary, state: str) -> None:
    assert len(in_state(library, state)) == getattr(PLANTED, state)


def test_planted_states_are_what_their_names_say(library: MadeLibrary) -> None:
    for asset in in_state(library, "partial_live"):
        assert (is_there(library, asset, "photo"), is_there(library, asset, "paired_video")) == (True, False)
        assert asset.availability == "partial"
    for asset in in_state(library, "partial_raw"):
        assert (is_there(library, asset, "photo"), is_there(library, asset, "alternate_photo")) == (
            True,
            False,
        )
        assert asset.availability == "partial"
    for state, flag, there, verdict in (
        ("stale", "local", False, "icloud"),
        ("fresh", "icloud", True, "local"),
        ("missing", "missing", False, "missing"),
    ):
        for asset in in_state(library, state):
            for resource in asset.originals:
                assert (resource.flag, resource.availability) == (flag, verdict)
                assert is_there(library, asset, resource.role) == there


def test_more_planted_states_than_assets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="9 assets in state stale, but only"):
        make_library(tmp_path, LibraryRecipe(assets=5, planted=Planted(stale=9)))


def test_a_phone_without_icloud_photos_has_no_icloud_markers(tmp_path: Path) -> None:
    made = make_library(tmp_path, LibraryRecipe(assets=80, icloud_share=0, icloud_photos=False))
    assert not (made.media / "PhotoData/cpl_enabled_marker").exists()
    assert not (made.media / "PhotoData/CPLAssets").exists()
    assert all(asset.availability == "local" for asset in made.own())
    with copied_database(made, tmp_path / "copy") as database:
        assert database.execute("SELECT count(*) FROM ZCLOUDMASTER").fetchone()[0] == 0
        assert (
            database.execute(
                "SELECT sum(ZREMOTEAVAILABILITY) FROM ZINTERNALRESOURCE WHERE ZRECIPEID = 0"
            ).fetchone()[0]
            == 0
        )


def test_files_are_in_the_same_folders_as_in_real_listings(library: MadeLibrary) -> None:
    places = {
        "own": r"DCIM/1\d\dAPPLE/[^/]+|PhotoData/CPLAssets/group\d+/[^/]+",
        "shared_album": r"PhotoData/PhotoCloudSharingData/\d+/[0-9A-F-]{36}/1\d\dCLOUD/IMG_\d{4}\.\w+",
        "synced": r"PhotoData/Sync/1\d\dSYNCD/[^/]+",
    }
    seen = Counter[str]()
    for asset in library.assets:
        if pattern := places.get(asset.ownership):
            seen[asset.ownership] += 1
            for resource in asset.originals:
                assert re.fullmatch(pattern, resource.path), resource.path
        for resource in asset.resources:
            if not resource.is_original:
                stem = Path(asset.filename).stem
                assert resource.directory == f"PhotoData/Mutations/{asset.directory}/{stem}/Adjustments"
    assert all(seen[owner] for owner in places)
    for marker in ("PhotoData/cpl_enabled_marker", "PhotoData/CPL/storage/store.cloudphotodb"):
        assert (library.media / marker).is_file()
    cloud = [a for a in library.own() if a.directory.startswith("PhotoData/CPLAssets")]
    assert 0.2 < len(cloud) / len(list(library.own())) < 0.7


def test_every_variant_owner_and_flag_occurs(library: MadeLibrary) -> None:
    assert {asset.variant for asset in library.assets} == {
        "heic", "jpeg", "png", "screenshot", "panorama", "portrait", "live", "raw_pair", "raw", "burst",
        "video", "slow_mo", "time_lapse", "screen_recording",
    }  # fmt: skip
    owners = {asset.ownership for asset in library.assets}
    assert owners == {"own", "shared_library", "shared_album", "shared_with_you", "icloud_link", "synced"}
    for flag in ("hidden", "trashed", "favourite", "edited", "title", "people"):
        assert any(getattr(asset, flag) for asset in library.own()), flag
    edited = {asset.variant for asset in library.own() if asset.edited}
    assert {"live", "slow_mo"} <= edited


def test_a_burst_has_a_key_frame_and_frames_that_were_not_picked(library: MadeLibrary) -> None:
    picks: dict[str, list[int]] = {}
    for asset in library.own():
        if asset.burst_uuid:
            picks.setdefault(asset.burst_uuid, []).append(asset.burst_pick)
    assert any(len(frames) >= 3 and frames[0] == 20 and 2 in frames for frames in picks.values())


def test_img_9999_is_followed_by_img_0001(library: MadeLibrary) -> None:
    names = Counter(Path(a.filename).stem for a in library.own() if a.directory.startswith("DCIM"))
    assert names["IMG_0001"] == 2
    assert names["IMG_9999"] == 1
    assert len({(a.directory, a.filename) for a in library.assets}) == len(library.assets)


def test_odd_names_dates_and_zones_occur(library: MadeLibrary) -> None:
    names = [asset.original_filename for asset in library.own()]
    assert any(unicodedata.normalize("NFC", name) != name for name in names)
    assert any("🌊" in name for name in names)
    assert any(len(name.encode()) > 250 for name in names)
    assert any("." not in name for name in names)
    created = [asset.created for asset in library.own() if asset.undated]
    assert created.count(None) == 2
    assert any(c is not None and c < -62_000_000_000 for c in created)
    assert any(c is not None and c > 1e13 for c in created)
    offsets = {asset.zone_offset for asset in library.own()}
    assert None in offsets
    assert any(offset is not None and offset % 3600 for offset in offsets)
    zones = {asset.zone_name for asset in library.own()}
    assert {"Europe/Berlin", None} <= zones


def test_a_name_may_be_spelled_differently_on_disk_and_in_the_database(library: MadeLibrary) -> None:
    apart = [a for a in library.own() if a.resources[0].name != a.filename]
    assert {unicodedata.normalize("NFC", a.resources[0].name).casefold() for a in apart} == {
        a.filename.casefold() for a in apart
    }
    assert any(not a.resources[0].name.isascii() for a in apart)


def test_one_photo_occurs_twice_with_one_fingerprint_and_only_one_is_purged(library: MadeLibrary) -> None:
    fingerprints = Counter(asset.fingerprint for asset in library.assets)
    twins = [a for a in library.assets if fingerprints[a.fingerprint] == 2]
    assert sorted(twin.state for twin in twins) == ["icloud", "local"]


def test_the_database_has_the_albums_people_and_titles(library: MadeLibrary, tmp_path: Path) -> None:
    with copied_database(library, tmp_path) as database:
        albums: dict[str, list[str]] = {}
        for row in database.execute(
            "SELECT g.ZUUID, a.ZUUID FROM ZGENERICALBUM g JOIN Z_30ASSETS j ON j.Z_30ALBUMS = g.Z_PK"
            " JOIN ZASSET a ON a.Z_PK = j.Z_3ASSETS ORDER BY g.Z_PK, j.Z_FOK_3ASSETS"
        ):
            albums.setdefault(row[0], []).append(row[1])
        assert albums == {album.uuid: list(album.assets) for album in library.albums}
        people: dict[str, set[str]] = {}
        for row in database.execute(
            "SELECT a.ZUUID, p.ZFULLNAME FROM ZDETECTEDFACE f JOIN ZPERSON p ON p.Z_PK = f.ZPERSONFORFACE"
            " JOIN ZASSET a ON a.Z_PK = f.ZASSETFORFACE"
        ):
            people.setdefault(row[0], set()).add(row[1])
        assert people == {a.uuid: set(a.people) for a in library.assets if a.people}
        titles = dict(
            tuple(row)
            for row in database.execute(
                "SELECT ZUUID, ZTITLE FROM ZADDITIONALASSETATTRIBUTES x JOIN ZASSET a ON a.Z_PK = x.ZASSET"
                " WHERE ZTITLE IS NOT NULL"
            )
        )
        assert titles == {a.uuid: a.title for a in library.assets if a.title}


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_twice_the_assets_take_twice_the_work(share: float, tmp_path: Path) -> None:
    """Counted in calls, so the load of the computer does not matter."""
    calls = []
    for assets in (400, 800):
        counted = 0

        def count(frame: object, event: str, argument: object) -> None:
            nonlocal counted
            counted += event in ("call", "c_call")

        recipe = LibraryRecipe(assets=assets, media=False, icloud_share=share)
        sys.setprofile(count)
        try:
            make_library(tmp_path / str(assets), recipe)
        finally:
            sys.setprofile(None)
        calls.append(counted)
    assert calls[1] / calls[0] < 2.1


def test_without_media_only_the_database_is_written(tmp_path: Path) -> None:
    made = make_library(tmp_path, LibraryRecipe(assets=80, media=False))
    assert made.database.is_file()
    assert not [path for path in (made.media / "DCIM").rglob("*") if path.is_file()]
    assert not (made.media / "PhotoData/Thumbnails").exists()
