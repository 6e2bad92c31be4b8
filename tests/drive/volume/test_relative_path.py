"""A path from a file on the drive is used only if it stays inside the target."""

from __future__ import annotations

import pytest

from ambertime_tui.drive.volume.relative_path import (
    UnsafePath,
    checked_archive_path,
    checked_folder,
    checked_name,
    checked_path,
    is_safe_path,
)


@pytest.mark.parametrize(
    "path",
    [
        "Photos/2024-07/IMG_1.HEIC",
        "a",
        "..a/b..",
        "Photos/IMG_\udcff.JPG",
        "back\\slash",
        "x" * 255,
        "\N{PERSONAL COMPUTER}" * 255,
        "/".join(["a"] * 2000),
    ],
)
def test_a_path_inside_the_target_is_returned_as_it_is(path: str) -> None:
    assert checked_path(path) == path
    assert checked_folder(path) == path


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/etc/passwd", "is absolute"),
        ("//x", "is absolute"),
        ("..", "has '..' as a part"),
        ("Photos/../../x", "has '..' as a part"),
        ("Photos/..", "has '..' as a part"),
        ("./x", "has '.' as a part"),
        ("Photos/.", "has '.' as a part"),
        ("Photos//x", "has an empty part"),
        ("Photos/", "has an empty part"),
        ("", "is empty"),
        ("a\0b", "has a NUL character"),
        ("Photos/\ud800", "is not valid text"),
        ("x" * 1025, "has a name that is too long"),
        ("/".join(["ab"] * 2000), "is too long"),
        (None, "is not text"),
        (b"Photos/x", "is not text"),
        (7, "is not text"),
    ],
)
def test_any_other_path_is_refused_with_its_reason(path: object, why: str) -> None:
    with pytest.raises(UnsafePath, match=why):
        checked_path(path)
    assert not is_safe_path(path)


def test_a_name_has_no_slash() -> None:
    assert checked_name("IMG_1.HEIC") == "IMG_1.HEIC"
    for name in ("a/b", "/a", "..", ".", "", "a\0"):
        with pytest.raises(UnsafePath):
            checked_name(name)


def test_the_target_itself_is_a_folder_but_not_a_file() -> None:
    assert checked_folder("") == ""
    assert checked_archive_path("", "a.jpg") == "a.jpg"


@pytest.mark.parametrize("folder", [".ambertime", ".AmberTime", ".ambertime/parts", "../Photos", "Photos/"])
def test_no_archived_file_is_in_our_own_folder_or_outside(folder: str) -> None:
    with pytest.raises(UnsafePath):
        checked_archive_path(folder, "record.sqlite3")


def test_sha256sums_is_no_archived_file() -> None:
    with pytest.raises(UnsafePath, match="a file of AmberTime"):
        checked_archive_path("", "sha256sums")


def test_the_reason_shows_a_hostile_path_short_and_escaped() -> None:
    with pytest.raises(UnsafePath) as refused:
        checked_path("/\x1b[31m\u202e" + "x" * 5000)
    assert str(refused.value).isprintable() and len(str(refused.value)) < 100
