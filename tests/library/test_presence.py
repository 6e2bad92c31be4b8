"""The files decide: what the folders of a phone make of the flags in its database."""

from __future__ import annotations

import unicodedata

import pytest

from ambertime_tui.library.model import Asset, Availability, Kind, Library, Ownership, Resource, Role
from ambertime_tui.library.presence import PresenceCheck, directories_of, with_files

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
    """What becomes of an asset's resources, with these names in its folder (`here`) and its edits'."""
    names = {"here": FOLDER, "edits": MUTATIONS}
    listing = {names[k]: None if v is None else frozenset(v) for k, v in folders.items()}
    library = with_files(Library((asset(*resources),), 18600), listing)
    return [(r.name, str(r.availability)) for r in library.assets[0].resources]


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


def test_a_folder_that_could_not_be_listed_leaves_the_flags_alone_and_says_so() -> None:
    library = Library((asset(resource(Role.PHOTO, "IMG_0001.HEIC")),), 18600)
    for listing in ({FOLDER: None}, {}):
        checked = with_files(library, listing)
        assert checked.assets == library.assets
        assert FOLDER in checked.notices[0]


def test_a_folder_that_is_gone_has_no_files() -> None:
    assert seen(resource(Role.PHOTO, "IMG_0001.HEIC"), here=set()) == [("IMG_0001.HEIC", "icloud")]


def test_what_is_not_there_and_not_uploaded_is_missing() -> None:
    photo = Resource(Role.PHOTO, FOLDER, "IMG_0001.HEIC", 1, LOCAL, in_icloud=False)
    assert seen(photo, here=set()) == [("IMG_0001.HEIC", "missing")]


def test_a_resource_without_a_place_in_the_media_folder_is_never_local() -> None:
    photo = Resource(Role.PHOTO, "", "IMG_0001.HEIC", 1, LOCAL)
    library = with_files(Library((asset(photo),), 18600), {"": frozenset({"IMG_0001.HEIC"})})
    assert library.assets[0].availability is MISSING
    assert directories_of(library) == ()


def test_items_of_others_are_not_looked_for() -> None:
    item = asset(resource(Role.PHOTO, "IMG_0001.HEIC"), owner=Ownership.SHARED_ALBUM)
    library = Library((item,), 18600)
    assert not directories_of(library)
    assert with_files(library, {}) == library


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


def test_adjustments_that_the_database_only_supposes_are_kept_if_they_are_there() -> None:
    edited = (
        resource(Role.VIDEO, "IMG_0001.MOV"),
        resource(Role.EDIT_ADJUSTMENTS, "Adjustments.plist", MISSING, MUTATIONS),
    )
    there = {"IMG_0001.MOV"}
    assert len(seen(*edited, here=there, edits={"Adjustments.plist"})) == 2
    assert seen(*edited, here=there, edits=set()) == [("IMG_0001.MOV", "local")]


def test_folders_are_listed_once_each_and_can_be_given_one_at_a_time() -> None:
    first = asset(resource(Role.PHOTO, "A.HEIC"), resource(Role.PAIRED_VIDEO, "A.MOV"))
    second = asset(resource(Role.PHOTO, "B.HEIC", ICLOUD, "PhotoData/CPLAssets/group7"))
    library = Library((first, second), 18600)
    assert directories_of(library) == (FOLDER, "PhotoData/CPLAssets/group7")
    check = PresenceCheck(library)
    check.folder("PhotoData/CPLAssets/group7", frozenset({"B.HEIC"}))
    assert check.directories == (FOLDER,)
    assert [a.availability for a in check.library().assets] == [LOCAL, LOCAL]
    check.folder(FOLDER, frozenset({"A.HEIC"}))
    assert not check.directories
    assert [a.availability for a in check.library().assets] == [Availability.PARTIAL, LOCAL]


def test_an_asset_that_is_as_the_flags_say_stays_the_same_object() -> None:
    library = Library(
        (asset(resource(Role.PHOTO, "A.HEIC")), asset(resource(Role.PHOTO, "B.HEIC", ICLOUD))), 1
    )
    checked = with_files(library, {FOLDER: frozenset({"A.HEIC"})})
    assert all(old is new for old, new in zip(library.assets, checked.assets, strict=True))
