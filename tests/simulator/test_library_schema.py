"""The database has the tables, columns, indexes, numbers and log of the requested iOS version."""

from __future__ import annotations

import plistlib
import re
import shutil
import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import pytest

from ambertime_tui.simulator.library import LibraryRecipe, MadeLibrary, make_library
from tests.simulator.library_readers import copied_database, indexes_of, tables_of

VERSIONS = (13, 14, 15, 16, 18, 26)
REAL = Path(__file__).parents[3] / "shared" / "photos-libraries"
REAL_LIBRARIES = {
    13: "Test-10.15.7",
    14: "Test-10.16.0",
    15: "Test-12.0.1",
    16: "Test-13.0.0",
    18: "Test-Media-Types-15.7.2",
}
MODEL = {13: 13703, 14: 14204, 15: 15323, 16: 16320, 18: 18600, 26: 19063}
ALBUM_JOIN = {
    13: ("Z_26ASSETS", "Z_26ALBUMS", "Z_34ASSETS", "Z_FOK_34ASSETS"),
    14: ("Z_26ASSETS", "Z_26ALBUMS", "Z_3ASSETS"),
    15: ("Z_27ASSETS", "Z_27ALBUMS", "Z_3ASSETS"),
    16: ("Z_28ASSETS", "Z_28ALBUMS", "Z_3ASSETS"),
    18: ("Z_30ASSETS", "Z_30ALBUMS", "Z_3ASSETS"),
    26: ("Z_32ASSETS", "Z_32ALBUMS", "Z_3ASSETS"),
}
ASSET_ALWAYS = (
    "ZUUID ZDIRECTORY ZFILENAME ZDATECREATED ZADDEDDATE ZMODIFICATIONDATE ZKIND ZKINDSUBTYPE "
    "ZPLAYBACKSTYLE ZHIDDEN ZTRASHEDSTATE ZTRASHEDDATE ZFAVORITE ZADJUSTMENTTIMESTAMP ZAVALANCHEUUID "
    "ZAVALANCHEPICKTYPE ZVISIBILITYSTATE ZCOMPLETE ZDURATION ZWIDTH ZHEIGHT ZORIENTATION ZLATITUDE "
    "ZLONGITUDE ZUNIFORMTYPEIDENTIFIER ZSAVEDASSETTYPE ZCLOUDBATCHPUBLISHDATE ZCLOUDISMYASSET "
    "ZCLOUDASSETGUID ZCLOUDLOCALSTATE ZCLOUDDELETESTATE ZMOMENTSHARE ZMASTER ZMOMENT ZMEDIAGROUPUUID"
)
ATTRIBUTES_ALWAYS = (
    "ZASSET ZORIGINALFILENAME ZORIGINALFILESIZE ZORIGINALWIDTH ZORIGINALHEIGHT ZORIGINALORIENTATION "
    "ZTIMEZONENAME ZTIMEZONEOFFSET ZINFERREDTIMEZONEOFFSET ZEXIFTIMESTAMPSTRING "
    "ZORIGINALRESOURCECHOICE ZPHOTOSTREAMTAGID ZIMPORTEDBY ZCAMERACAPTUREDEVICE ZTITLE"
)
RESOURCE_ALWAYS = (
    "ZASSET ZRESOURCETYPE ZDATASTORESUBTYPE ZDATASTORECLASSID ZVERSION ZRECIPEID ZLOCALAVAILABILITY "
    "ZLOCALAVAILABILITYTARGET ZREMOTEAVAILABILITY ZREMOTEAVAILABILITYTARGET ZDATALENGTH "
    "ZDATASTOREKEYDATA ZFILEID ZFINGERPRINT ZTRASHEDSTATE ZCLOUDLOCALSTATE ZCLOUDSOURCETYPE "
    "ZCLOUDPRUNEDAT ZCLOUDPREFETCHCOUNT ZCLOUDLASTPREFETCHDATE ZCLOUDLASTONDEMANDDOWNLOADDATE "
    "ZCLOUDMASTERDATECREATED ZUNORIENTEDWIDTH ZUNORIENTEDHEIGHT"
)
"""Columns of every version from 13 to 26."""
DIFFERS = {
    "ZASSET.ZHASADJUSTMENTS": {13, 14, 15, 16},
    "ZASSET.ZADJUSTMENTSSTATE": {18, 26},
    "ZASSET.ZBUNDLESCOPE": {15, 16, 18, 26},
    "ZASSET.ZSYNDICATIONSTATE": {15, 16, 18, 26},
    "ZASSET.ZLIBRARYSCOPE": {14, 15, 16, 18, 26},
    "ZASSET.ZLIBRARYSCOPESHARESTATE": {16, 18, 26},
    "ZASSET.ZISDETECTEDSCREENSHOT": {18, 26},
    "ZASSET.ZCOLLECTIONSHARE": {26},
    "ZASSET.ZCLOUDPLACEHOLDERKIND": {13, 14, 15, 16, 18},
    "ZASSET.ZDEPTHSTATES": {13},
    "ZASSET.ZHDRTYPE": {15, 16, 18, 26},
    "ZADDITIONALASSETATTRIBUTES.ZMASTERFINGERPRINT": {13, 14, 15, 16},
    "ZADDITIONALASSETATTRIBUTES.ZORIGINALSTABLEHASH": {18, 26},
    "ZINTERNALRESOURCE.ZUNIFORMTYPEIDENTIFIER": {13, 14},
    "ZINTERNALRESOURCE.ZCOMPACTUTI": {15, 16, 18, 26},
    "ZINTERNALRESOURCE.ZSTABLEHASH": {18, 26},
    "ZINTERNALRESOURCE.ZTRANSIENTCLOUDMASTER": {13, 14, 15, 16, 18},
    "ZDETECTEDFACE.ZPERSONFORFACE": {18, 26},
    "ZDETECTEDFACE.ZPERSON": {13, 14, 15, 16},
}
"""Columns of only some versions."""


@pytest.fixture(scope="module", params=VERSIONS, ids=lambda version: f"iOS {version}")
def library(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> MadeLibrary:
    version: int = request.param
    folder = tmp_path_factory.mktemp(f"ios{version}")
    return make_library(folder, LibraryRecipe(assets=120, ios=version, media=False))


def test_it_has_the_tables_and_columns_that_every_version_has(library: MadeLibrary, tmp_path: Path) -> None:
    with copied_database(library, tmp_path) as database:
        tables = tables_of(database)
        asset = "ZGENERICASSET" if library.recipe.ios == 13 else "ZASSET"
        for table, columns in (
            (asset, ASSET_ALWAYS),
            ("ZADDITIONALASSETATTRIBUTES", ATTRIBUTES_ALWAYS),
            ("ZINTERNALRESOURCE", RESOURCE_ALWAYS),
            ("ZCLOUDMASTER", "ZCLOUDLOCALSTATE"),
            ("ZGENERICALBUM", "ZKIND ZTITLE ZTRASHEDSTATE"),
            ("ZPERSON", "ZFULLNAME"),
            ("ZMOMENT", "ZSTARTDATE"),
            ("ZDETECTEDFACE", "ZCENTERX"),
        ):
            assert not set(columns.split()) - set(tables[table]), table
        assert ("ZUNIFORMTYPEIDENTIFIER" in tables) == (library.recipe.ios <= 14)
        assert ("ZSHARE" in tables) == (library.recipe.ios >= 14)


@pytest.mark.parametrize("column", DIFFERS)
def test_it_has_a_column_exactly_where_its_ios_has_it(
    library: MadeLibrary, column: str, tmp_path: Path
) -> None:
    with copied_database(library, tmp_path) as database:
        table, _, name = column.partition(".")
        tables = tables_of(database)
        table = table if table in tables else "ZGENERICASSET"
        assert (name in tables[table]) == (library.recipe.ios in DIFFERS[column])


def test_it_has_the_indexes_of_core_data_and_of_the_cloud_prefetch(
    library: MadeLibrary, tmp_path: Path
) -> None:
    with copied_database(library, tmp_path) as database:
        indexes = indexes_of(database)
        unique = [
            sql for sql in indexes.values() if re.match(r"CREATE UNIQUE INDEX \w+ ON ZINTERNALRESOURCE", sql)
        ]
        assert len(unique) == 1
        for column in ("ZASSET", "ZRESOURCETYPE", "ZVERSION", "ZRECIPEID"):
            assert re.search(rf"\b{column}\b", unique[0])
        if library.recipe.ios >= 15:
            assert indexes["Z_InternalResource_forCloudPrefetch"].endswith(
                "WHERE (ZDATASTORECLASSID = 0 AND ZREMOTEAVAILABILITY = 1 AND ZLOCALAVAILABILITY = -1)"
            )
        assert len(indexes) > 250


def test_entity_numbers_give_the_album_join_and_the_plist_the_model_version(
    library: MadeLibrary, tmp_path: Path
) -> None:
    join, *columns = ALBUM_JOIN[library.recipe.ios]
    with copied_database(library, tmp_path) as database:
        (number,) = database.execute("SELECT Z_ENT FROM Z_PRIMARYKEY WHERE Z_NAME = 'Album'").fetchone()
        assert join == f"Z_{number}ASSETS"
        assert not set(columns) - set(tables_of(database)[join])
        (plist,) = database.execute("SELECT Z_PLIST FROM Z_METADATA").fetchone()
        assert plistlib.loads(plist)["PLModelVersion"] == MODEL[library.recipe.ios]


@pytest.mark.parametrize("version", REAL_LIBRARIES)
def test_its_tables_columns_and_indexes_are_those_of_a_real_library(version: int, tmp_path: Path) -> None:
    if not REAL.is_dir():
        pytest.skip("the real Photos libraries are not here (../shared/photos-libraries)")
    for file in (REAL / REAL_LIBRARIES[version]).glob("Photos.sqlite*"):
        shutil.copyfile(file, tmp_path / file.name)
    library = make_library(tmp_path / "made", LibraryRecipe(assets=0, ios=version, icloud_share=0))
    with (
        closing(sqlite3.connect(tmp_path / "Photos.sqlite")) as real,
        copied_database(library, tmp_path / "copy") as made,
    ):
        assert tables_of(made) == tables_of(real)
        assert indexes_of(made) == indexes_of(real)
        entities = "SELECT Z_ENT, Z_NAME, Z_SUPER FROM Z_PRIMARYKEY ORDER BY Z_ENT"
        assert [tuple(r) for r in made.execute(entities)] == real.execute(entities).fetchall()


def test_it_is_intact_and_laid_out_as_on_a_phone(library: MadeLibrary, tmp_path: Path) -> None:
    with copied_database(library, tmp_path) as database:
        assert database.execute("PRAGMA integrity_check").fetchall()[0][0] == "ok"
        assert database.execute("PRAGMA page_size").fetchone()[0] == 4096
        assert database.execute("PRAGMA auto_vacuum").fetchone()[0] == 2
        assert database.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert library.database.read_bytes()[18:20] == b"\x02\x02"


def test_its_log_has_committed_frames_that_a_reader_needs(library: MadeLibrary, tmp_path: Path) -> None:
    log = library.database.with_name("Photos.sqlite-wal").read_bytes()
    magic, _, page = struct.unpack_from(">III", log)
    assert magic in (0x377F0682, 0x377F0683)
    assert page == 4096
    frames = range(32, len(log), 24 + page)
    commits = [at for at in frames if struct.unpack_from(">I", log, at + 4)[0]]
    assert commits[-1] == frames[-1]
    table = "ZGENERICASSET" if library.recipe.ios == 13 else "ZASSET"
    purged = "SELECT count(*) FROM ZINTERNALRESOURCE WHERE ZCLOUDPRUNEDAT IS NOT NULL"
    with (
        copied_database(library, tmp_path / "with") as whole,
        copied_database(library, tmp_path / "without", with_log=False) as stale,
    ):
        for query in (f"SELECT count(*) FROM {table}", purged):
            assert stale.execute(query).fetchone()[0] < whole.execute(query).fetchone()[0]


def test_an_unknown_ios_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="iOS 12; available: 13, 14, 15, 16, 18, 26"):
        make_library(tmp_path, LibraryRecipe(assets=1, ios=12))
