"""Names on the target follow the rules, do not depend on the order, and never leave the archive."""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.drive.record.record_model import ReadBack, RecordedAsset, RecordedFile
from ambertime_tui.drive.volume.file_system import FileSystemTraits
from ambertime_tui.drive.volume.name_keys import name_key
from ambertime_tui.drive.writing.naming import (
    Placement,
    aside_name,
    cut,
    is_part_name,
    keys_of,
    part_name,
    place,
    place_key,
    sanitized,
    split,
)
from ambertime_tui.library.model import Asset, Resource, Role
from ambertime_tui.safe_text import UNSAFE
from tests.drive.archive_helpers import JULY, PHONE, asset, resource, traits

FILE_SYSTEMS = ["ext4", "exfat", "vfat", "ntfs3", "apfs", "btrfs", "some-new-one"]
LIVE = (Role.PHOTO, Role.PAIRED_VIDEO)
EDITED = (*LIVE, Role.EDITED_PHOTO, Role.EDIT_ADJUSTMENTS)

any_text = st.text(st.characters(codec=None), max_size=300)
odd_names = st.one_of(
    any_text,
    st.sampled_from(
        ["CON", "nul.HEIC", "com1.tar.jpg", "a:b?.JPG", "..", "../../etc/passwd", ".hidden", "x.", "x ", ""]
    ),
    st.sampled_from(
        ["IMG_0001.HEIC", "img_0001.heic", "Straße.JPG", "STRASSE.jpg", "e\u0301te.HEIC", "éte.HEIC"]
    ),
    st.integers(200, 300).map(lambda n: "ä" * n + ".HEIC"),
    st.integers(240, 260).map(lambda n: "x" * n + ".JPG"),
    st.integers(100, 300).map(lambda n: "🏖" * n + ".mov"),
)
file_systems = st.sampled_from(FILE_SYSTEMS).map(traits)
role_sets = st.lists(st.sampled_from(list(Role)), min_size=1, max_size=9, unique=True)


@st.composite
def assets(draw: st.DrawFn) -> Asset:
    made = asset(
        draw(st.integers(1, 2**32 - 1)),
        draw(role_sets),
        name=draw(odd_names),
        created=draw(st.one_of(st.none(), st.floats(-5e9, 5e9))),
        zone_offset=draw(st.one_of(st.none(), st.integers(-43200, 50400))),
    )
    if draw(st.booleans()):
        names = draw(st.lists(odd_names, min_size=len(made.resources), max_size=len(made.resources)))
        resources = tuple(replace(r, name=n) for r, n in zip(made.resources, names, strict=True))
        made = replace(made, resources=resources)
    return made


def nothing(folder: str) -> frozenset[str]:
    return frozenset()


def names_of(found: Placement) -> list[str]:
    return [file.name for file in found.files]


def recorded_as(found: Placement, of: Asset) -> RecordedAsset:
    files = tuple(
        RecordedFile(
            role=file.resource.role,
            folder=found.folder,
            name=file.name,
            true_name=file.true_name,
            size=1,
            sha256="0" * 64,
            modified_at=None,
            read_back=ReadBack.FROM_DRIVE,
            written_at=0.0,
            source_path=file.resource.path,
            generation=file.generation,
        )
        for file in found.files
    )
    return RecordedAsset(PHONE, of.uuid, of.original_filename, found.folder, found.stem, files, 0.0)


def assert_holdable(name: str, on: FileSystemTraits) -> None:
    assert name not in ("", ".", "..")
    assert not name.startswith("."), "a leading dot is reserved for parts"
    assert on.name_length(name) <= on.max_name
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in name)
    assert not UNSAFE.search(name)
    assert not set(name) & (on.forbidden_characters | {"/"})
    name.encode("utf-8")
    if on.windows_names:
        assert name[-1] not in ". "
        assert name.split(".")[0].rstrip(" ").casefold() not in {"con", "prn", "aux", "nul", "com1", "lpt9"}


def test_an_edited_live_photo_has_four_files_with_one_stem() -> None:
    assert names_of(place(asset(1, EDITED, name="IMG_4821.HEIC"), traits(), nothing)) == [
        "IMG_4821.HEIC",
        "IMG_4821.MOV",
        "IMG_4821_edited.HEIC",
        "IMG_4821.AAE",
    ]


def test_a_name_that_would_be_shown_in_another_order_gets_an_underscore_and_its_true_name_is_kept() -> None:
    tricky = "IMG\u202egpj.exe\u2066\x9b\x7f.HEIC"
    (file,) = place(asset(1, (Role.PHOTO,), name=tricky), traits(), nothing).files
    assert file.name == "IMG_gpj.exe___.HEIC"
    assert file.true_name == tricky


def test_the_cameras_adjustment_data_gets_the_plain_name_first() -> None:
    roles = (Role.PHOTO, Role.ADJUSTMENT_DATA, Role.EDITED_PHOTO, Role.EDIT_ADJUSTMENTS)
    assert names_of(place(asset(1, roles, name="IMG_1.HEIC"), traits(), nothing)) == [
        "IMG_1.HEIC",
        "IMG_1.AAE",
        "IMG_1_edited.HEIC",
        "IMG_1_edited.AAE",
    ]


def test_the_month_is_in_the_time_zone_of_capture() -> None:
    new_years_eve = 1_735_689_600.0 - 3600
    assert place(asset(1, created=new_years_eve), traits(), nothing).folder == "Photos/2024-12"
    in_tokyo = asset(1, created=new_years_eve, zone_offset=9 * 3600)
    assert place(in_tokyo, traits(), nothing).folder == "Photos/2025-01"
    assert place(asset(1, created=None), traits(), nothing).folder == "Photos/undated"


@pytest.mark.parametrize(
    ("there", "comes"),
    [
        ("IMG_0001.HEIC", "img_0001.heic"),
        ("e\u0301t\u00e9.HEIC", "\u00e9te\u0301.heic"),
        ("STRASSE.HEIC", "Straße.heic"),
        ("IMG_0001.MOV", "IMG_0001.HEIC"),
    ],
    ids=["case", "NFC and NFD", "sharp s", "only the other half"],
)
def test_a_taken_name_adds_the_uuid_to_all_files(there: str, comes: str) -> None:
    item = asset(0x3F9AC01D, LIVE, name=comes)
    found = place(item, traits(), lambda folder: {name_key(there)})
    stem, _ = split(comes)
    assert all(name.startswith(f"{stem}_3f9ac01d.") for name in names_of(found))


def test_two_files_with_one_stem_are_one_asset() -> None:
    """An unrelated photo and video must not look like a Live Photo."""
    photo, video = asset(1), asset(2, (Role.VIDEO,), name="IMG_0001.MOV")
    taken = keys_of(names_of(place(photo, traits(), nothing)))
    assert names_of(place(video, traits(), lambda folder: taken)) == ["IMG_0001_00000002.MOV"]
    assert place_key(photo, traits()) == place_key(video, traits())
    assert place_key(asset(3, name="a?b.HEIC"), traits("exfat")) == place_key(
        asset(4, name="A*B.HEIC"), traits("exfat")
    )
    assert place_key(photo, traits()) != place_key(asset(5, created=None), traits())


def test_a_namesake_leaves_the_plain_name_to_the_first() -> None:
    assert names_of(place(asset(2, LIVE), traits(), nothing, namesake=True)) == [
        "IMG_0001_00000002.HEIC",
        "IMG_0001_00000002.MOV",
    ]


def test_a_second_collision_uses_more_of_the_uuid() -> None:
    item = asset(0x3F9AC01D, name="A.HEIC")
    taken = {name_key("A.HEIC"), name_key("A_3f9ac01d.HEIC")}
    assert names_of(place(item, traits(), lambda folder: taken)) == ["A_3f9ac01d11114222.HEIC"]


def test_a_new_edit_is_added_beside_the_old_one() -> None:
    item = asset(1, EDITED, name="IMG_7.HEIC")
    first = place(item, traits(), nothing)
    taken = {name_key(name) for name in names_of(first)}
    edits = item.edits
    second = place(item, traits(), lambda f: taken, resources=edits, recorded=recorded_as(first, item))
    assert names_of(second) == ["IMG_7_edited_2.HEIC", "IMG_7_edited_2.AAE"]
    assert {file.generation for file in second.files} == {2}


def test_a_first_edit_after_the_backup_uses_the_stem_of_its_original() -> None:
    item = asset(0xABCDEF01, EDITED, name="IMG_7.HEIC")
    taken = {name_key("IMG_7.HEIC")}
    before = place(item, traits(), lambda f: taken, resources=item.originals)
    assert before.stem == "IMG_7_abcdef01"
    after = place(item, traits(), lambda f: taken, resources=item.edits, recorded=recorded_as(before, item))
    assert names_of(after) == ["IMG_7_abcdef01_edited.HEIC", "IMG_7_abcdef01.AAE"]


def test_an_original_that_changed_on_the_phone_gets_a_number() -> None:
    item = asset(1, LIVE, name="IMG_7.HEIC")
    first = place(item, traits(), nothing)
    taken = {name_key(name) for name in names_of(first)}
    again = place(
        item, traits(), lambda f: taken, resources=item.resources[:1], recorded=recorded_as(first, item)
    )
    assert names_of(again) == ["IMG_7_2.HEIC"]


@pytest.mark.parametrize(
    ("name", "on_exfat"),
    [
        ("a:b?.JPG", "a_b_.JPG"),
        ("CON.JPG", "_CON.JPG"),
        ("con.tar.JPG", "_con.tar.JPG"),
        (".hidden.JPG", "_hidden.JPG"),
        ("../../up.JPG", "_._.._up.JPG"),
        ("line\nend.JPG", "line_end.JPG"),
        ("trailing. ", "trailing__"),
    ],
)
def test_characters_that_the_drive_cannot_store_are_replaced(name: str, on_exfat: str) -> None:
    item = asset(1, name=name)
    item = replace(item, resources=(replace(item.resources[0], name=split(name)[0] + split(name)[1]),))
    (file,) = place(item, traits("exfat"), nothing).files
    assert file.name == on_exfat
    assert file.true_name == name or "/" in name


def test_ext4_keeps_names_that_windows_cannot_store() -> None:
    assert names_of(place(asset(1, name="a:b?.HEIC"), traits("ext4"), nothing)) == ["a:b?.HEIC"]


def test_the_longest_possible_name_is_not_cut() -> None:
    longest = "x" * 250 + ".HEIC"
    assert names_of(place(asset(1, name=longest), traits("ext4"), nothing)) == [longest]
    cut_name = names_of(place(asset(1, name="x" + longest), traits("ext4"), nothing))[0]
    assert cut_name.endswith("xxx.HEIC")
    assert len(cut_name) < len(longest)


def test_both_halves_of_a_live_photo_are_cut_equally() -> None:
    found = place(asset(1, EDITED, name="ü" * 200 + ".HEIC"), traits("ext4"), nothing)
    stems = {split(name)[0].removesuffix("_edited") for name in names_of(found)}
    assert len(stems) == 1


@given(assets(), file_systems)
def test_every_name_can_be_stored_by_the_drive(item: Asset, on: FileSystemTraits) -> None:
    found = place(item, on, nothing)
    assert found.folder.startswith("Photos/")
    assert found.folder.count("/") == 1
    for file in found.files:
        assert_holdable(file.name, on)


@given(assets(), file_systems)
def test_files_of_one_asset_never_share_a_name(item: Asset, on: FileSystemTraits) -> None:
    keys = [name_key(name) for name in names_of(place(item, on, nothing))]
    assert len(set(keys)) == len(keys)


@given(st.lists(assets(), min_size=1, max_size=6, unique_by=lambda item: item.uuid), file_systems)
def test_no_two_assets_share_a_name_and_recorded_names_stay(
    library: list[Asset], on: FileSystemTraits
) -> None:
    taken: dict[str, set[str]] = {}
    given_names: dict[str, list[str]] = {}
    for item in library:
        found = place(item, on, lambda folder: taken.setdefault(folder, set()))
        keys = {name_key(name) for name in names_of(found)}
        assert not keys & taken.setdefault(found.folder, set())
        taken[found.folder] |= keys
        given_names[item.uuid] = names_of(found)
        assert place(item, on, nothing) == place(item, on, nothing)
    assert len(given_names) == len(library)


@given(assets(), file_systems, st.data())
def test_the_names_of_some_resources_are_the_same_as_among_all(
    item: Asset, on: FileSystemTraits, data: st.DataObject
) -> None:
    some: Sequence[Resource] = data.draw(
        st.lists(st.sampled_from(item.resources), min_size=1, unique_by=lambda r: r.role)
    )
    everything = {file.resource: file.name for file in place(item, on, nothing).files}
    assert names_of(place(item, on, nothing, resources=some)) == [everything[part] for part in some]


@given(assets(), file_systems)
def test_later_files_of_an_asset_avoid_the_earlier_names(item: Asset, on: FileSystemTraits) -> None:
    first = place(item, on, nothing)
    taken = {name_key(name) for name in names_of(first)}
    later = place(item, on, lambda f: taken, recorded=recorded_as(first, item))
    assert later.folder == first.folder
    assert not {name_key(name) for name in names_of(later)} & taken
    for name in names_of(later):
        assert_holdable(name, on)


@given(odd_names, file_systems, st.integers(1, 30))
def test_hidden_names_fit_and_are_never_the_name_of_a_file(
    name: str, on: FileSystemTraits, attempt: int
) -> None:
    held = cut(sanitized(name, on), on, on.max_name)
    part = part_name(held, on, attempt)
    assert is_part_name(part)
    assert not is_part_name(held)
    assert on.name_length(part) <= on.max_name
    assert on.name_length(aside_name(held, on, attempt)) <= on.max_name
    assert part != part_name(held, on, attempt + 1)


@given(any_text)
def test_a_name_key_is_the_same_in_any_case_and_composition(name: str) -> None:
    key = name_key(name)
    assert name_key(unicodedata.normalize("NFD", name)) == key
    assert name_key(unicodedata.normalize("NFC", name)) == key
    assert name_key(key) == key


@given(st.text(string.ascii_letters + "äöüéñøç", min_size=1, max_size=20))
def test_a_name_key_has_no_case(name: str) -> None:
    assert name_key(name.upper()) == name_key(name.lower()) == name_key(name)


def test_two_resources_of_one_role_both_get_a_name() -> None:
    item = asset(1, (Role.PHOTO,), created=JULY)
    item = replace(item, resources=(*item.resources, resource(Role.PHOTO, 2)))
    assert len(set(names_of(place(item, traits(), nothing)))) == 2
