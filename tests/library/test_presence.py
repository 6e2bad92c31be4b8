"""The files decide: the folders of a phone override the flags in its database."""

from __future__ import annotations

import unicodedata

import pytest

from ambertime_tui.library.folder_names import FolderNames
from ambertime_tui.library.model import Asset, Availability, Kind, Ownership, Resource, Role
from ambertime_tui.library.presence import checked_against_files, without_inferred

FOLDER = "DCIM/100APPLE"
MUTATIONS = "PhotoData/Mutations/DCIM/100APPLE/IMG_0001/Adjustments"
LOCAL, ICLOUD, MISSING = Availability.LOCAL, Availability.ICLOUD, Availability.MISSING


def resource(role: Role, name: str, where: Availability = LOCAL, directory: str = FOLDER) -> Resource:
    return Resource(role, directory, name, 1, where, in_icloud=True)


def asset(*resources: Resource, owner: Ownership = Ownership.OWN, edited: bool = False) -> Asset:
    main = resources[0]
    return Asset(
        "A1", Kind.PHOTO, 0.0, 0, main.directory, main.name, main.name, resources, owner, edited=edited
    )


def seen(*resources: Resource, **folders: set[str] | None) -> list[tuple[str, str]]:
    """The resources of an asset, with these names in its folder (`here`) and in that of its edits."""
    names = {"here": FOLDER, "edits": MUTATIONS}
    listing = {names[k]: None if v is None else FolderNames(v) for k, v in folders.items()}
    return [
        (r.name, str(r.availability)) for r in checked_against_files(asset(*resources), listing).resources
    ]


def test_a_name_is_matched_without_case_and_kept_as_the_phone_spells_it() -> None:
    assert seen(resource(Role.PHOTO, "img_1.heic"), here={"IMG_1.HEIC"}) == [("IMG_1.HEIC", "local")]


def test_a_name_is_matched_in_either_unicode_form() -> None:
    name = "Frühstück.JPG"
    nfd = unicodedata.normalize("NFD", name)
    assert seen(resource(Role.PHOTO, name), here={nfd}) == [(nfd, "local")]
    assert seen(resource(Role.PHOTO, nfd), here={name}) == [(name, "local")]


def test_the_exact_name_is_preferred_on_a_phone_that_tells_case_apart() -> None:
    assert seen(resource(Role.PHOTO, "a.heic"), here={"A.HEIC", "a.heic"}) == [("a.heic", "local")]


@pytest.mark.parametrize("name", ["IMG_0001.CR2", "IMG_0001.dng", "img_0001.RW2"])
def test_a_raw_is_found_whatever_its_extension(name: str) -> None:
    pair = (resource(Role.PHOTO, "IMG_0001.JPG"), resource(Role.ALTERNATE_PHOTO, "IMG_0001.DNG", ICLOUD))
    assert seen(*pair, here={"IMG_0001.JPG", name}) == [("IMG_0001.JPG", "local"), (name, "local")]


def test_a_raw_main_original_is_not_taken_for_its_own_alternate() -> None:
    pair = (resource(Role.PHOTO, "IMG_0001.CR2"), resource(Role.ALTERNATE_PHOTO, "IMG_0001.DNG", ICLOUD))
    assert seen(*pair, here={"IMG_0001.CR2"}) == [("IMG_0001.CR2", "local"), ("IMG_0001.DNG", "icloud")]


def test_a_jpeg_beside_it_is_not_taken_for_a_purged_photo() -> None:
    assert seen(resource(Role.PHOTO, "IMG_0001.HEIC", ICLOUD), here={"IMG_0001.JPG"}) == [
        ("IMG_0001.HEIC", "icloud")
    ]


def test_each_half_of_a_live_photo_is_looked_for_by_itself() -> None:
    live = (resource(Role.PHOTO, "IMG_0001.HEIC"), resource(Role.PAIRED_VIDEO, "IMG_0001.MOV"))
    assert seen(*live, here={"IMG_0001.HEIC"}) == [("IMG_0001.HEIC", "local"), ("IMG_0001.MOV", "icloud")]
    assert seen(*live, here={"IMG_0001.HEIC", "IMG_0001.mp4"})[1] == ("IMG_0001.mp4", "local")


def test_adjustments_of_the_capture_are_matched_without_case() -> None:
    both = (resource(Role.PHOTO, "IMG_0001.HEIC"), resource(Role.ADJUSTMENT_DATA, "IMG_0001.AAE", MISSING))
    assert seen(*both, here={"IMG_0001.HEIC", "IMG_0001.aae"})[1] == ("IMG_0001.aae", "local")


def test_a_folder_that_could_not_be_listed_leaves_the_flags_alone() -> None:
    photo = asset(resource(Role.PHOTO, "IMG_0001.HEIC"))
    assert checked_against_files(photo, {FOLDER: None}) is photo
    assert checked_against_files(photo, {}) is photo


def test_a_folder_that_is_gone_has_no_files() -> None:
    assert seen(resource(Role.PHOTO, "IMG_0001.HEIC"), here=set()) == [("IMG_0001.HEIC", "icloud")]


def test_what_is_not_there_and_not_uploaded_is_missing() -> None:
    photo = Resource(Role.PHOTO, FOLDER, "IMG_0001.HEIC", 1, LOCAL, in_icloud=False)
    assert seen(photo, here=set()) == [("IMG_0001.HEIC", "missing")]


def test_a_resource_without_a_place_in_the_media_folder_is_never_local() -> None:
    photo = asset(Resource(Role.PHOTO, "", "IMG_0001.HEIC", 1, LOCAL))
    found = checked_against_files(photo, {"": FolderNames(["IMG_0001.HEIC"])})
    assert found.availability is MISSING


def test_items_of_others_are_not_looked_for() -> None:
    item = asset(resource(Role.PHOTO, "IMG_0001.HEIC"), owner=Ownership.SHARED_ALBUM)
    assert checked_against_files(item, {FOLDER: FolderNames(())}) is item


def test_a_render_is_found_by_its_stem_in_the_folder_of_the_edit() -> None:
    edited = (
        resource(Role.PHOTO, "IMG_0001.HEIC"),
        resource(Role.EDITED_PHOTO, "FullSizeRender.heic", ICLOUD, MUTATIONS),
        resource(Role.EDITED_PAIRED_VIDEO, "FullSizeRender.mov", ICLOUD, MUTATIONS),
        resource(Role.EDIT_ADJUSTMENTS, "Adjustments.plist", ICLOUD, MUTATIONS),
    )
    assert seen(
        *edited, here={"IMG_0001.HEIC"}, edits={"FullSizeRender.jpg", "Adjustments.plist", "A1.JPG"}
    ) == [
        ("IMG_0001.HEIC", "local"),
        ("FullSizeRender.jpg", "local"),
        ("FullSizeRender.mov", "icloud"),
        ("Adjustments.plist", "local"),
    ]


def inferred(role: Role, name: str, directory: str = FOLDER) -> Resource:
    return Resource(role, directory, name, None, MISSING, inferred=True)


def test_what_the_database_only_supposes_is_kept_if_it_is_there() -> None:
    edited = (
        resource(Role.VIDEO, "IMG_0001.MOV"),
        inferred(Role.EDITED_VIDEO, "FullSizeRender.mov", MUTATIONS),
        inferred(Role.EDIT_ADJUSTMENTS, "Adjustments.plist", MUTATIONS),
    )
    there = {"IMG_0001.MOV"}
    assert seen(*edited, here=there, edits={"Adjustments.plist", "FullSizeRender.mov"}) == [
        ("IMG_0001.MOV", "local"),
        ("FullSizeRender.mov", "local"),
        ("Adjustments.plist", "local"),
    ]
    assert seen(*edited, here=there, edits=set()) == [("IMG_0001.MOV", "local")]
    assert seen(*edited, here=there, edits=None) == [("IMG_0001.MOV", "local")]
    assert [r.name for r in without_inferred(asset(*edited)).resources] == ["IMG_0001.MOV"]


def test_the_video_of_a_live_photo_without_a_record_of_it_makes_it_one() -> None:
    still = (resource(Role.PHOTO, "IMG_0001.HEIC"), inferred(Role.PAIRED_VIDEO, "IMG_0001.MOV"))
    found = checked_against_files(asset(*still), {FOLDER: FolderNames(["IMG_0001.HEIC", "IMG_0001.MOV"])})
    assert found.live_photo
    assert found.originals[1] == Resource(Role.PAIRED_VIDEO, FOLDER, "IMG_0001.MOV", None, LOCAL)


def test_the_photo_beside_a_raw_that_is_the_main_original_is_found() -> None:
    pair = (resource(Role.PHOTO, "IMG_0001.DNG"), resource(Role.ALTERNATE_PHOTO, "IMG_0001.JPG", ICLOUD))
    assert seen(*pair, here={"IMG_0001.DNG", "IMG_0001.JPEG"})[1] == ("IMG_0001.JPEG", "local")
    assert seen(*pair, here={"IMG_0001.DNG", "IMG_0001.HEIC"})[1] == ("IMG_0001.HEIC", "local")
    assert seen(*pair, here={"IMG_0001.DNG", "IMG_0001.CR2"})[1] == ("IMG_0001.JPG", "icloud")


def test_the_main_original_is_never_its_own_alternate_even_where_the_name_was_guessed_so() -> None:
    pair = (resource(Role.PHOTO, "IMG_0001.DNG"), resource(Role.ALTERNATE_PHOTO, "IMG_0001.DNG", ICLOUD))
    assert seen(*pair, here={"IMG_0001.DNG"})[1] == ("IMG_0001.DNG", "icloud")


@pytest.mark.parametrize("name", ["IMG_0001.MOV", "IMG_0001.mp4", "img_0001.mov"])
def test_a_file_that_is_another_assets_own_is_not_taken_for_a_purged_one(name: str) -> None:
    live = asset(resource(Role.PHOTO, "IMG_0001.HEIC"), resource(Role.PAIRED_VIDEO, "IMG_0001.MOV", ICLOUD))
    listing = {FOLDER: FolderNames(["IMG_0001.HEIC", name])}
    assert (
        checked_against_files(live, listing, {FOLDER: {"IMG_0001.HEIC", name}}).availability
        is Availability.PARTIAL
    )
    assert checked_against_files(live, listing, {FOLDER: {"IMG_0001.HEIC"}}).availability is LOCAL


def test_another_assets_file_whose_name_differs_in_case_is_not_taken_for_a_purged_one() -> None:
    photo = asset(resource(Role.PHOTO, "IMG_0001.HEIC", ICLOUD))
    listing = {FOLDER: FolderNames(["IMG_0001.heic"])}
    both = {FOLDER: {"IMG_0001.HEIC", "IMG_0001.heic"}}
    assert checked_against_files(photo, listing, both).availability is ICLOUD


def test_an_asset_that_is_as_the_flags_say_stays_the_same_object() -> None:
    local, away = asset(resource(Role.PHOTO, "A.HEIC")), asset(resource(Role.PHOTO, "B.HEIC", ICLOUD))
    listing = {FOLDER: FolderNames(["A.HEIC"])}
    assert checked_against_files(local, listing) is local
    assert checked_against_files(away, listing) is away
