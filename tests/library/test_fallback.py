"""A library listed without its database."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.library.fallback import NOTICE, FileFacts, library_from_listing
from ambertime_tui.library.model import Asset, Availability, Kind

UUID = "3F9AC01D-0000-4000-8000-00000000000A"


def roles(asset: Asset) -> dict[str, str]:
    return {str(r.role): r.name for r in asset.resources}


def listed(*names: str, folder: str = "DCIM/100APPLE") -> list[dict[str, str]]:
    return [roles(a) for a in library_from_listing({folder: frozenset(names)}).assets]


def test_files_of_one_stem_belong_together() -> None:
    assert listed("IMG_1.HEIC", "IMG_1.MOV", "IMG_1.AAE", "IMG_2.JPG", "IMG_2.DNG", "IMG_3.MOV") == [
        {"photo": "IMG_1.HEIC", "paired_video": "IMG_1.MOV", "adjustment_data": "IMG_1.AAE"},
        {"photo": "IMG_2.JPG", "alternate_photo": "IMG_2.DNG"},
        {"video": "IMG_3.MOV"},
    ]


def test_a_raw_alone_is_a_photo() -> None:
    assert listed("IMG_1.DNG") == [{"photo": "IMG_1.DNG"}]


def test_a_second_photo_or_video_of_one_stem_is_an_asset_of_its_own() -> None:
    assert listed("A.HEIC", "A.JPG", "A.MOV", "A.MP4") == [
        {"photo": "A.HEIC", "paired_video": "A.MOV"},
        {"photo": "A.JPG"},
        {"video": "A.MP4"},
    ]


def test_stems_are_compared_without_case_and_hidden_files_passed_over() -> None:
    assert listed("img_1.heic", "IMG_1.mov", ".DS_Store") == [
        {"photo": "img_1.heic", "paired_video": "IMG_1.mov"}
    ]


def test_a_name_that_is_not_utf8_is_an_asset_like_any_other() -> None:
    name = b"caf\xe9.JPG".decode("utf-8", "surrogateescape")
    library = library_from_listing({"DCIM/100APPLE": frozenset({name, "IMG_1.JPG"})})
    assert {asset.filename for asset in library.assets} == {name, "IMG_1.JPG"}
    assert len({asset.uuid for asset in library.assets}) == 2


def test_the_identifier_of_a_file_stays_the_same_from_version_to_version() -> None:
    (asset,) = library_from_listing({"DCIM/100APPLE": frozenset({"IMG_1.JPG"})}).assets
    assert asset.uuid == str(uuid5(NAMESPACE_URL, "media:DCIM/100APPLE/IMG_1.JPG")).upper()


def test_a_file_of_no_kind_that_its_name_tells_is_an_asset_too() -> None:
    assert listed("DSCD272F", "A.HEIC", "A.MTS9", "B.AAE") == [
        {"photo": "A.HEIC"},
        {"photo": "A.MTS9"},
        {"photo": "B.AAE"},
        {"photo": "DSCD272F"},
    ]


def test_files_that_lie_in_the_roots_themselves_are_read() -> None:
    assert listed("A.HEIC", folder="DCIM") == [{"photo": "A.HEIC"}]
    assert listed("A.HEIC", folder="PhotoData/CPLAssets") == [{"photo": "A.HEIC"}]
    assert listed("A.HEIC", folder="DCIMX") == []


def test_only_the_folders_of_originals_are_read() -> None:
    folders = {
        "DCIM/100APPLE": frozenset({"A.HEIC"}),
        "PhotoData/CPLAssets/group1": frozenset({f"{UUID}.HEIC"}),
        "PhotoData/Metadata/DCIM/100APPLE": frozenset({"B.JPG"}),
        "PhotoData/Thumbnails/V2/DCIM/100APPLE/C.HEIC": frozenset({"5005.JPG"}),
        "DCIM/../Other": frozenset({"D.HEIC"}),
    }
    library = library_from_listing(folders)
    assert [a.filename for a in library.assets] == ["A.HEIC", f"{UUID}.HEIC"]
    assert library.assets[1].uuid == UUID
    assert not library.from_database
    assert library.model_version is None
    assert library.notices == (NOTICE,)


def test_a_folder_that_could_not_be_listed_is_named() -> None:
    library = library_from_listing({"DCIM/101APPLE": None})
    assert "DCIM/101APPLE" in library.notices[1]


def test_the_current_edit_is_found_in_its_folder() -> None:
    library = library_from_listing(
        {
            "DCIM/100APPLE": frozenset({"IMG_1.HEIC", "IMG_1.MOV", "IMG_2.MOV"}),
            "PhotoData/Mutations/DCIM/100APPLE/IMG_1/Adjustments": frozenset(
                {"Adjustments.plist", "FullSizeRender.heic", "FullSizeRender.mov", f"{UUID}.JPG"}
            ),
            "PhotoData/Mutations/DCIM/100APPLE/IMG_2/Adjustments": frozenset({"FullSizeRender.mov"}),
        }
    )
    live, video = library.assets
    assert {str(r.role) for r in live.edits} == {"edited_photo", "edited_paired_video", "edit_adjustments"}
    assert {str(r.role) for r in video.edits} == {"edited_video"}
    assert live.edited
    assert video.edited


def test_what_is_known_of_the_files_dates_and_sizes_the_assets() -> None:
    listing = {"DCIM/100APPLE": frozenset({"A.HEIC", "B.HEIC"})}
    library = library_from_listing(listing, {"DCIM/100APPLE/A.HEIC": FileFacts(7, 86_400.0)})
    assert [a.created for a in library.assets] == [86_400.0, None]
    assert [a.originals[0].size for a in library.assets] == [7, None]


names = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=12)
folders = st.dictionaries(
    st.sampled_from(["DCIM/100APPLE", "DCIM/999APPLE", "PhotoData/CPLAssets/group9"]),
    st.frozensets(
        st.builds("{}.{}".format, names, st.sampled_from(["HEIC", "JPG", "MOV", "DNG", "AAE", "x"]))
    ),
)


@given(folders)
def test_every_media_file_is_in_exactly_one_asset_and_identifiers_are_stable(
    listing: dict[str, frozenset[str]],
) -> None:
    library = library_from_listing(listing)
    paths = [r.path for a in library.assets for r in a.resources]
    assert len(paths) == len(set(paths))
    for folder, found in listing.items():
        for name in found:
            if not name.startswith("."):
                assert f"{folder}/{name}" in paths
    assert len({a.uuid for a in library.assets}) == len(library.assets)
    assert library_from_listing(listing) == library
    assert all(a.availability is Availability.LOCAL and a.kind in Kind for a in library.assets)
