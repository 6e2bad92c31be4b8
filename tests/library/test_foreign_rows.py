"""A bad row gives one notice that names the asset, and does not affect other assets."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ambertime_tui.library.folder_names import NO_NAMES, FolderNames
from ambertime_tui.library.media_paths import is_media_directory
from ambertime_tui.library.model import Availability, Library, Role
from ambertime_tui.library.photos_db import read_library
from tests.library.planted import COCOA_EPOCH, IOS_18, Planted, catalogue_of, change, uuid_of

NOW = 750_000_000.0 + COCOA_EPOCH
BAD = 2
"""The asset with the bad value; 1 and 3 are its neighbours."""


@cache
def three() -> bytes:
    """A database of three edited Live Photos in an album."""
    with TemporaryDirectory() as folder:
        planted = Planted(Path(folder) / "Photos.sqlite", IOS_18)
        for _ in range(3):
            about = {"ZTITLE": "t", "ZTIMEZONENAME": "GMT+0200"}
            key = planted.asset(ZKINDSUBTYPE=2, edited=1, about=about)
            planted.resource(key, kind=3, subtype=18)
            planted.resource(key, version=2, subtype=2, recipe=65938)
        planted.album("All", [1, 2, 3])
        return planted.written().read_bytes()


def planted_three(path: Path) -> Path:
    path.write_bytes(three())
    return path


def read_with(path: Path, table: str, column: str, value: object) -> Library:
    """Read the library of three with one value of the second asset replaced."""
    replace_value(planted_three(path), table, column, value, BAD)
    return read_library(path, now=NOW)


def replace_value(path: Path, table: str, column: str, value: object, key: int) -> None:
    where = "Z_PK" if table == "ZASSET" else "ZASSET"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA synchronous = OFF")
        database.execute(f"UPDATE {table} SET {column} = ? WHERE {where} = ?", (value, key))


def in_table(table: str, columns: str) -> list[tuple[str, str]]:
    return [(table, column) for column in columns.split()]


COLUMNS = [
    *in_table(
        "ZASSET",
        "ZUUID ZDIRECTORY ZFILENAME ZDATECREATED ZADDEDDATE ZKIND ZKINDSUBTYPE ZHIDDEN ZTRASHEDSTATE "
        "ZFAVORITE ZADJUSTMENTSSTATE ZAVALANCHEUUID ZSAVEDASSETTYPE ZCLOUDBATCHPUBLISHDATE ZBUNDLESCOPE "
        "ZLIBRARYSCOPE ZMASTER",
    ),
    *in_table(
        "ZADDITIONALASSETATTRIBUTES",
        "ZASSET ZORIGINALFILENAME ZTIMEZONEOFFSET ZTIMEZONENAME ZTITLE ZORIGINALFILESIZE",
    ),
    *in_table(
        "ZINTERNALRESOURCE",
        "ZASSET ZRESOURCETYPE ZDATASTORESUBTYPE ZDATASTORECLASSID ZVERSION ZRECIPEID ZLOCALAVAILABILITY "
        "ZREMOTEAVAILABILITY ZCLOUDLOCALSTATE ZDATALENGTH ZCOMPACTUTI",
    ),
]
VALUES = [
    None,
    "not a number",
    b"\xff\x00\xfe",
    1.5,
    float("inf"),
    -1,
    2**63 - 1,
    -(2**63),
    "",
    "\0",
    "../../etc",
]


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_any_value_in_any_column_leaves_the_neighbours_alone(table: str, column: str, tmp_path: Path) -> None:
    whole = {a.uuid: a for a in read_library(planted_three(tmp_path / "whole.sqlite")).assets}
    for number, value in enumerate(VALUES):
        library = read_with(tmp_path / f"{number}.sqlite", table, column, value)
        found = {a.uuid: a for a in library.assets}
        for neighbour in (1, 3):
            assert found[uuid_of(neighbour)] == whole[uuid_of(neighbour)], (value, library.notices)
        assert is_safe(library)
        titles = catalogue_of(tmp_path / f"{number}.sqlite").titles
        assert {uuid_of(1), uuid_of(3)} <= titles.keys(), value


NOT_NULL = [
    *in_table(
        "ZASSET",
        "ZDIRECTORY ZFILENAME ZDATECREATED ZKIND ZKINDSUBTYPE ZHIDDEN ZTRASHEDSTATE ZFAVORITE "
        "ZADJUSTMENTSSTATE ZSAVEDASSETTYPE",
    ),
    *in_table(
        "ZINTERNALRESOURCE",
        "ZRESOURCETYPE ZDATASTORESUBTYPE ZDATASTORECLASSID ZVERSION ZRECIPEID ZLOCALAVAILABILITY "
        "ZREMOTEAVAILABILITY",
    ),
]
WRONG = [
    (table, column, value)
    for table, column in NOT_NULL
    for value in (None, "text", b"\xff")
    if not (value == "text" and column in ("ZDIRECTORY", "ZFILENAME"))
]


@pytest.mark.parametrize(("table", "column", "value"), WRONG)
def test_a_null_or_a_value_of_the_wrong_type_is_told_with_the_assets_name(
    table: str, column: str, value: object, tmp_path: Path
) -> None:
    library = read_with(tmp_path / "Photos.sqlite", table, column, value)
    assert len(library.assets) == 3
    assert any(uuid_of(BAD) in notice for notice in library.notices), library.notices


def test_an_asset_without_identifier_is_left_out_and_named_by_its_file(tmp_path: Path) -> None:
    library = read_with(tmp_path / "Photos.sqlite", "ZASSET", "ZUUID", None)
    assert [a.uuid for a in library.assets] == [uuid_of(1), uuid_of(3)]
    assert "IMG_0002.HEIC" in library.notices[0]
    assert catalogue_of(tmp_path / "Photos.sqlite").albums[0].asset_uuids == (uuid_of(1), uuid_of(3))


def test_of_two_assets_with_one_identifier_the_first_counts(tmp_path: Path) -> None:
    library = read_with(tmp_path / "Photos.sqlite", "ZASSET", "ZUUID", uuid_of(1))
    assert [a.filename for a in library.assets] == ["IMG_0001.HEIC", "IMG_0003.HEIC"]
    assert any("IMG_0002.HEIC" in notice for notice in library.notices)


def test_rows_that_belong_to_no_asset_are_counted(tmp_path: Path) -> None:
    library = read_with(tmp_path / "Photos.sqlite", "ZINTERNALRESOURCE", "ZASSET", None)
    assert any("3 rows of ZINTERNALRESOURCE" in notice for notice in library.notices)
    lost = library.assets[BAD - 1]
    assert [(r.role, r.availability) for r in lost.originals] == [(Role.PHOTO, Availability.MISSING)]
    assert any(uuid_of(BAD) in notice for notice in library.notices)
    listing = {"DCIM/100APPLE": FolderNames(["IMG_0002.HEIC"])}
    found = read_library(tmp_path / "Photos.sqlite", listing=listing)
    assert found.assets[BAD - 1].availability is Availability.LOCAL


@pytest.mark.parametrize(
    ("date", "zone"),
    [(123_456_789_012_345, 0), (-1e300, 0), (float("inf"), 0), (None, None), (900_000_000.0, 0)],
)
def test_a_date_that_cannot_be_makes_the_asset_undated(date: Any, zone: Any, tmp_path: Path) -> None:
    library = read_with(tmp_path / "Photos.sqlite", "ZASSET", "ZDATECREATED", date)
    assert [a.day is None for a in library.assets] == [False, True, False]
    assert any(uuid_of(BAD) in notice and "undated" in notice for notice in library.notices)


def is_safe(library: Library) -> bool:
    """Whether every path to read from the phone is inside the media folder."""
    for asset in library.assets:
        for resource in asset.resources:
            path = PurePosixPath(resource.path)
            assert not path.is_absolute(), resource
            assert ".." not in path.parts, resource
            assert "\0" not in resource.path, resource
            assert "/" not in resource.name, resource
    assert all(is_media_directory(r.directory) for a in library.assets for r in a.resources if r.directory)
    return True


EVIL = [
    "../../etc",
    "DCIM/../../..",
    "..",
    ".",
    "DCIM//100APPLE",
    "DCIM/\0",
    "",
    "/",
    "//",
    "/etc/../etc",
    "a/./b",
]


@pytest.mark.parametrize("directory", EVIL)
def test_a_directory_that_leads_elsewhere_is_refused_by_name(directory: str, tmp_path: Path) -> None:
    library = read_with(tmp_path / "Photos.sqlite", "ZASSET", "ZDIRECTORY", directory)
    bad = library.assets[BAD - 1]
    assert is_safe(library)
    if directory == "/":
        assert bad.directory == "/"  # a Mac's library that references a file in the root of its disk
    else:
        assert {r.availability for r in bad.resources} == {Availability.MISSING}
        assert any(uuid_of(BAD) in notice and "refused" in notice for notice in library.notices)


@pytest.mark.parametrize("name", ["../IMG.HEIC", "/etc/passwd", "..", ".", "", "a\0b", "a/b"])
def test_a_file_name_that_is_a_path_is_refused_by_name(name: str, tmp_path: Path) -> None:
    library = read_with(tmp_path / "Photos.sqlite", "ZASSET", "ZFILENAME", name)
    bad = library.assets[BAD - 1]
    assert is_safe(library)
    assert bad.filename == ""
    assert {r.availability for r in bad.resources} == {Availability.MISSING}
    assert any(uuid_of(BAD) in notice and "refused" in notice for notice in library.notices)


@pytest.mark.parametrize("name", ["../../.profile", "/etc/passwd", "..", "1/2 <3.JPG"])
def test_an_original_name_is_a_name_and_never_part_of_a_path(name: str, tmp_path: Path) -> None:
    path = tmp_path / "Photos.sqlite"
    library = read_with(path, "ZADDITIONALASSETATTRIBUTES", "ZORIGINALFILENAME", name)
    bad = library.assets[BAD - 1]
    assert is_safe(library)
    assert bad.original_filename == name
    assert bad.originals[0].path == "DCIM/100APPLE/IMG_0002.HEIC"


def test_a_file_on_a_macs_disk_is_listed_but_never_asked_for(tmp_path: Path) -> None:
    library = read_with(tmp_path / "Photos.sqlite", "ZASSET", "ZDIRECTORY", "/Users/ada/Pictures")
    bad = library.assets[BAD - 1]
    assert bad.directory == "/Users/ada/Pictures"
    assert {r.directory for r in bad.resources} == {""}
    listing = {"DCIM/100APPLE": NO_NAMES, "": FolderNames(["IMG_0002.HEIC"])}
    with_root = read_library(tmp_path / "Photos.sqlite", listing=listing)
    assert with_root.assets[BAD - 1].availability in (Availability.ICLOUD, Availability.MISSING)


def test_notices_stay_short_however_much_is_wrong(tmp_path: Path) -> None:
    planted = Planted(tmp_path / "Photos.sqlite", IOS_18)
    for _ in range(500):
        planted.asset(ZDATECREATED=None)
    (notice,) = read_library(planted.written()).notices
    assert "and 480 more" in notice
    assert len(notice) < 2_000


def test_a_notice_carries_no_control_characters(tmp_path: Path) -> None:
    planted = Planted(tmp_path / "Photos.sqlite", IOS_18)
    planted.asset("\x1b[31mred\x07.HEIC", ZHIDDEN=None)
    (notice,) = read_library(planted.written()).notices
    assert notice.isprintable()


any_value = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(max_size=20),
    st.binary(max_size=20),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.sampled_from(COLUMNS), any_value, st.integers(1, 3)), max_size=12))
def test_any_values_in_the_rows_leave_the_library_readable(
    changes: list[tuple[tuple[str, str], object, int]], tmp_path: Path
) -> None:
    path = planted_three(tmp_path / "Photos.sqlite")
    for (table, column), value, key in changes:
        if isinstance(value, str):
            value = value.encode("utf-8", "surrogatepass")
            replace_value(path, table, column, None, key)
            change(
                path, f"UPDATE {table} SET {column} = CAST(x'{value.hex()}' AS TEXT) WHERE {column} IS NULL"
            )
        else:
            replace_value(path, table, column, value, key)
    library = read_library(path)
    assert is_safe(library)
    for asset in library.assets:
        assert asset.uuid
        assert asset.original_filename
        assert asset.day is None or asset.local_time is not None
        assert isinstance(asset.availability, Availability)


def test_text_that_is_not_utf_8_is_a_value_of_the_wrong_type(tmp_path: Path) -> None:
    path = planted_three(tmp_path / "Photos.sqlite")
    change(path, f"UPDATE ZASSET SET ZFILENAME = CAST(x'494d47ff2e48454943' AS TEXT) WHERE Z_PK = {BAD}")
    library = read_library(path)
    assert [a.filename for a in library.assets] == ["IMG_0001.HEIC", "", "IMG_0003.HEIC"]
    assert any(uuid_of(BAD) in notice for notice in library.notices)


@pytest.mark.parametrize("size", [2**63 - 1, 2**44 + 1, 0, -1])
def test_an_impossible_size_is_unknown(tmp_path: Path, size: int) -> None:
    path = planted_three(tmp_path / "Photos.sqlite")
    for key in (1, 2, 3):
        replace_value(path, "ZINTERNALRESOURCE", "ZDATALENGTH", size, key)
        replace_value(path, "ZADDITIONALASSETATTRIBUTES", "ZORIGINALFILESIZE", size, key)
    for asset in read_library(path, now=NOW).assets:
        assert [resource.size for resource in asset.resources] == [None] * len(asset.resources)
