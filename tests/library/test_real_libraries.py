"""Databases of real Photo Libraries, compared with the common result of two other readers."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from ambertime_tui.library.dates import COCOA_EPOCH
from ambertime_tui.library.model import Asset, Library
from ambertime_tui.library.photos_db import read_library
from ambertime_tui.library.private_copy import private_copy
from tests.library.planted import catalogue_of

LIBRARIES = Path(__file__).parents[3] / "shared" / "photos-libraries"
NAMES = (
    "Test-10.15.7",
    "Test-10.16.0",
    "Test-12.0.1",
    "Test-13.0.0",
    "Test-Cloud-10.15.6",
    "Test-Media-Types-15.7.2",
)
ROLES = {
    "alternate_raw": "alternate_photo",
    "live_video": "paired_video",
    "capture_adjustment_aae": "adjustment_data",
}


@pytest.fixture(params=NAMES)
def real(request: pytest.FixtureRequest) -> tuple[Library, dict[str, Any]]:
    folder = LIBRARIES / request.param
    if not folder.is_dir():
        pytest.skip(f"the real libraries are not there: no folder {folder}")
    with private_copy(folder / "Photos.sqlite") as copy:
        library = read_library(copy)
        expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
        _take_inferred_zones(expected, copy)
    return library, expected


def _take_inferred_zones(expected: dict[str, Any], database: Path) -> None:
    """The two readers know no ZINFERREDTIMEZONEOFFSET; it counts where there is no other zone."""
    with closing(sqlite3.connect(database)) as rows:
        inferred = dict(
            rows.execute(
                f"SELECT a.ZUUID, x.ZINFERREDTIMEZONEOFFSET FROM {_asset_table(rows)} a "
                "JOIN ZADDITIONALASSETATTRIBUTES x ON x.ZASSET = a.Z_PK"
            )
        )
    for asset in expected["assets"]:
        offset = inferred.get(asset["uuid"])
        if asset["tz_offset"] is None and asset["tz_name"] is None and offset is not None:
            asset["tz_offset"] = offset
            if asset["date_local"] is not None:
                instant = datetime.fromisoformat(asset["date_local"])
                local = instant.astimezone(timezone(timedelta(seconds=offset)))
                asset["date_local"] = local.isoformat(timespec="microseconds")


def facts(asset: Asset) -> dict[str, object]:
    local = asset.local_time
    return {
        "uuid": asset.uuid,
        "directory": asset.directory,
        "filename": asset.filename,
        "original_filename": asset.original_filename,
        "date": local.isoformat(timespec="microseconds") if local else None,
        "zone_offset": asset.zone_offset,
        "zone_name": asset.zone_name,
        "kind": str(asset.kind),
        "subtype": asset.subtype,
        "live_photo": asset.live_photo,
        "raw_pair": asset.raw_pair,
        "hidden": asset.hidden,
        "trashed": asset.trashed,
        "favourite": asset.favourite,
        "edited": asset.edited,
        "burst": asset.burst_uuid,
        "own": asset.ownership.is_archived,
        "originals": sorted((str(r.role), r.size, str(r.availability)) for r in asset.originals),
    }


def expected_facts(expected: dict[str, Any]) -> dict[str, object]:
    return {
        "uuid": expected["uuid"],
        "directory": expected["directory"],
        "filename": expected["filename"],
        "original_filename": expected["original_filename"],
        "date": expected["date_local"],
        "zone_offset": expected["tz_offset"],
        "zone_name": expected["tz_name"],
        "kind": expected["kind"],
        "subtype": expected["subtype"],
        "live_photo": expected["live_photo"],
        "raw_pair": expected["raw_pair"],
        "hidden": expected["hidden"],
        "trashed": expected["trashed"],
        "favourite": expected["favourite"],
        "edited": expected["edited"],
        "burst": expected["burst_uuid"],
        "own": expected["own"],
        "originals": sorted(
            (
                ROLES.get(original["role"], expected["kind"]),
                original["length"],
                original["state"].removesuffix("_only"),
            )
            for original in expected["originals"]
            if original["role"] != "media_metadata"
        ),
    }


def test_every_fact_of_every_asset_is_as_expected(real: tuple[Library, dict[str, Any]]) -> None:
    library, expected = real
    found = {asset.uuid: facts(asset) for asset in library.assets}
    assert library.model_version == expected["model_version"]
    assert len(library.assets) == expected["count"]
    assert found == {asset["uuid"]: expected_facts(asset) for asset in expected["assets"]}


def test_the_inferred_zone_is_the_one_that_the_camera_wrote() -> None:
    """Where a real library has an EXIF time beside an inferred offset, both give the same local time."""
    if not LIBRARIES.is_dir():
        pytest.skip(f"the real libraries are not there: no folder {LIBRARIES}")
    agree = checked = 0
    for name in NAMES:
        with private_copy(LIBRARIES / name / "Photos.sqlite") as copy, closing(sqlite3.connect(copy)) as rows:
            for exif, offset, created in rows.execute(
                f"SELECT x.ZEXIFTIMESTAMPSTRING, x.ZINFERREDTIMEZONEOFFSET, a.ZDATECREATED "
                f"FROM {_asset_table(rows)} a JOIN ZADDITIONALASSETATTRIBUTES x ON x.ZASSET = a.Z_PK "
                "WHERE x.ZINFERREDTIMEZONEOFFSET IS NOT NULL AND x.ZEXIFTIMESTAMPSTRING IS NOT NULL "
                "AND a.ZDATECREATED < 1e9"
            ):
                local = datetime.fromtimestamp(created + COCOA_EPOCH + offset, UTC)
                checked += 1
                agree += local.strftime("%Y:%m:%d %H:%M:%S") == exif[:19]
    assert agree == checked > 12


def _asset_table(rows: sqlite3.Connection) -> str:
    new = rows.execute("SELECT 1 FROM sqlite_master WHERE name = 'ZASSET'").fetchone()
    return "ZASSET" if new else "ZGENERICASSET"


def test_every_original_of_a_real_icloud_library_has_a_fingerprint() -> None:
    folder = LIBRARIES / "Test-Cloud-10.15.6"
    if not folder.is_dir():
        pytest.skip(f"the real libraries are not there: no folder {folder}")
    with private_copy(folder / "Photos.sqlite") as copy:
        library = read_library(copy)
    originals = [r for a in library.assets if a.ownership.is_archived for r in a.originals]
    assert originals
    assert all(original.fingerprint for original in originals)


def test_no_notice_is_given_but_for_the_absurd_date(real: tuple[Library, dict[str, Any]]) -> None:
    library, expected = real
    absurd = [asset["uuid"] for asset in expected["assets"] if asset["date_local"] is None]
    assert len(library.notices) == bool(absurd)
    assert all(uuid in notice for uuid in absurd for notice in library.notices)


def test_albums_and_people_of_the_real_libraries_are_read() -> None:
    folder = LIBRARIES / "Test-12.0.1"
    if not folder.is_dir():
        pytest.skip(f"the real libraries are not there: no folder {folder}")
    with private_copy(folder / "Photos.sqlite") as copy:
        library, catalogue = read_library(copy), catalogue_of(copy)
    names = {asset.uuid: asset.original_filename for asset in library.assets}
    albums = {album.title: [names[uuid] for uuid in album.asset_uuids] for album in catalogue.albums}
    assert set(albums["Pumpkin Farm"]) == {"Pumkins1.jpg", "Pumkins2.jpg", "Pumpkins3.jpg"}
    people = {names[uuid]: set(found) for uuid, found in catalogue.people.items()}
    assert people["Pumkins1.jpg"] == {"Katie", "Suzy"}
