"""Fingerprints in a generated database are Apple's, computed from the files' bytes."""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
from pathlib import Path

import pytest

from ambertime_tui.simulator.library import LibraryRecipe, LiveLibrary, MadeLibrary, make_library
from ambertime_tui.simulator.library.fingerprint import fingerprint_of

from .library_readers import copied_database, tables_of

SAMPLES = Path(__file__).parents[3] / "shared" / "photos-libraries" / "fingerprints"
REAL = {
    "076244D2-88EE-4E3C-AC89-143641C9A598.jpeg": "AVz9rBg6dj545oO5JYFJqHkczrcc",
    "9488FC07-B06D-40F2-9F8F-5BE76D7E8215.jpeg": "AUYcoI67SWhTl3sp47nYN+sQCb0E",
}
"""Fingerprints in the database of the real library that contains these files."""
RESOURCE_TYPES = {"photo": 0, "video": 1, "paired_video": 3, "alternate_photo": 4, "adjustment_data": 5}


def apple_fingerprint(data: bytes) -> str:
    """Compute the formula independently of the simulator."""
    salt = b"com.apple.XattrObjectSalt\0com.apple.DataObjectSalt\0"
    return base64.b64encode(b"\x01" + hashlib.sha1(salt + data).digest()).decode()


def stored(database: sqlite3.Connection) -> dict[tuple[str, int], str | None]:
    """Return ZFINGERPRINT of the originals, by UUID and resource type."""
    table = "ZASSET" if "ZASSET" in tables_of(database) else "ZGENERICASSET"
    rows = database.execute(
        "SELECT ZUUID, ZRESOURCETYPE, ZFINGERPRINT FROM ZINTERNALRESOURCE r"
        f" JOIN {table} a ON a.Z_PK = r.ZASSET WHERE ZVERSION = 0 AND ZRECIPEID = 0"
    )
    return {(row[0], row[1]): row[2] for row in rows}


@pytest.fixture(scope="module", params=[13, 16, 18, 26])
def library(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> MadeLibrary:
    recipe = LibraryRecipe(assets=120, seed=4, ios=request.param)
    return make_library(tmp_path_factory.mktemp("fingerprints"), recipe)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the real originals are not part of the repository")
@pytest.mark.parametrize("name", REAL)
def test_a_real_original_has_the_fingerprint_of_its_library(name: str) -> None:
    data = (SAMPLES / name).read_bytes()
    assert fingerprint_of([data[:1000], data[1000:]]) == REAL[name]


def test_the_formula_of_a_small_sample() -> None:
    assert fingerprint_of([]) == "AW2cWT2PxzWixMKuuNMTHJ8CJ3sH"
    assert fingerprint_of([b"Amber", b"Time"]) == apple_fingerprint(b"AmberTime")


def test_every_original_in_icloud_photos_has_the_fingerprint_of_its_bytes(
    library: MadeLibrary, tmp_path: Path
) -> None:
    with copied_database(library, tmp_path) as database:
        found = stored(database)
    checked = 0
    for asset in library.own():
        for resource in asset.originals:
            value = found[asset.uuid, RESOURCE_TYPES[resource.role]]
            if resource.present:
                assert value == apple_fingerprint((library.media / resource.path).read_bytes())
            assert value == resource.fingerprint
            checked += 1
    assert checked > 100


def test_an_original_downloaded_from_icloud_has_its_fingerprint(library: MadeLibrary) -> None:
    asset = next(a for a in library.own() if a.state == "icloud" and a.variant == "live")
    with LiveLibrary(library) as live:
        live.arrive(asset.uuid)
        for resource in asset.originals:
            assert apple_fingerprint((library.media / resource.path).read_bytes()) == resource.fingerprint
        live.purge(asset.uuid)


def test_the_main_original_has_a_copy_in_the_column_of_its_ios(library: MadeLibrary, tmp_path: Path) -> None:
    column = "ZMASTERFINGERPRINT" if library.recipe.ios < 18 else "ZORIGINALSTABLEHASH"
    with copied_database(library, tmp_path) as database:
        table = "ZASSET" if "ZASSET" in tables_of(database) else "ZGENERICASSET"
        copies = dict(
            database.execute(
                f"SELECT ZUUID, {column} FROM ZADDITIONALASSETATTRIBUTES t"
                f" JOIN {table} a ON a.Z_PK = t.ZASSET"
            ).fetchall()
        )
    assert copies == {asset.uuid: asset.fingerprint for asset in library.assets}


def test_a_recipe_may_leave_fingerprints_out(tmp_path: Path) -> None:
    library = make_library(tmp_path / "made", LibraryRecipe(assets=30, fingerprints=False))
    with copied_database(library, tmp_path) as database:
        assert set(stored(database).values()) == {None}
        query = "SELECT count(ZORIGINALSTABLEHASH) FROM ZADDITIONALASSETATTRIBUTES"
        assert database.execute(query).fetchone()[0] == 0


def test_a_library_of_an_older_simulator_can_be_loaded(tmp_path: Path) -> None:
    """It had one fingerprint per asset and called the variant "form"."""
    made = make_library(tmp_path, LibraryRecipe(assets=3, fingerprints=False))
    document = json.loads((tmp_path / "truth.json").read_text("utf-8"))
    for raw in document["assets"]:
        raw["form"] = raw.pop("variant")
        raw["fingerprint"] = "AAAA"
        for resource in raw["resources"]:
            del resource["fingerprint"]
    del document["recipe"]["fingerprints"]
    (tmp_path / "truth.json").write_text(json.dumps(document), "utf-8")
    assert MadeLibrary.load(tmp_path).assets == made.assets
