"""A library in use: originals are purged and restored, and the database changes while it is read."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from ambertime_tui.simulator.library import (
    LibraryRecipe,
    LiveLibrary,
    LiveWriter,
    MadeAsset,
    MadeLibrary,
    Planted,
    invariant_broken,
    make_library,
)
from tests.simulator.library_readers import copied_database

NOW = 1_750_000_000.0
CORE_DATA_NOW = NOW - 978_307_200
RESOURCES = (
    "SELECT r.* FROM ZINTERNALRESOURCE r JOIN {} a ON a.Z_PK = r.ZASSET"
    " WHERE a.ZUUID = ? AND ZDATASTORECLASSID = 0 AND ZVERSION = 0 AND ZRECIPEID = 0 ORDER BY ZRESOURCETYPE"
)


@pytest.fixture(params=(13, 18, 26), ids=lambda version: f"iOS {version}")
def library(request: pytest.FixtureRequest, tmp_path: Path) -> MadeLibrary:
    recipe = LibraryRecipe(
        assets=80, ios=request.param, seed=2, icloud_share=0.4, planted=Planted(partial_live=1)
    )
    return make_library(tmp_path / "phone", recipe)


@pytest.fixture
def live(library: MadeLibrary) -> Iterator[LiveLibrary]:
    with LiveLibrary(library, clock=lambda: NOW) as live:
        yield live


def one(library: MadeLibrary, state: str, variant: str) -> MadeAsset:
    return next(a for a in library.own() if (a.state, a.variant) == (state, variant))


def rows(library: MadeLibrary, asset: MadeAsset, into: Path) -> list[sqlite3.Row]:
    table = "ZGENERICASSET" if library.recipe.ios == 13 else "ZASSET"
    with copied_database(library, into) as database:
        assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        return database.execute(RESOURCES.format(table), (asset.uuid,)).fetchall()


def test_a_restored_original_is_identical_byte_for_byte(
    library: MadeLibrary, live: LiveLibrary, tmp_path: Path
) -> None:
    asset = one(library, "icloud", "live")
    assert live.arrive(asset.uuid) == sum(resource.size for resource in asset.originals)
    assert live.where(asset.uuid) == {"photo": (True, True), "paired_video": (True, True)}
    for resource in asset.originals:
        data = (library.media / resource.path).read_bytes()
        assert sha256(data).hexdigest() == library.content(asset, resource).sha256()
    for row, resource in zip(rows(library, asset, tmp_path / "copy"), asset.originals, strict=True):
        assert row["ZLOCALAVAILABILITY"] == 1
        assert row["ZDATASTOREKEYDATA"] is not None
        assert row["ZFILEID"] == (library.media / resource.path).stat().st_ino
        assert row["ZCLOUDLASTONDEMANDDOWNLOADDATE"] == CORE_DATA_NOW


def test_a_purge_deletes_the_files_and_updates_the_flags(
    library: MadeLibrary, live: LiveLibrary, tmp_path: Path
) -> None:
    asset = one(library, "local", "live")
    before = [(library.media / resource.path).read_bytes() for resource in asset.originals]
    live.purge(asset.uuid)
    assert live.where(asset.uuid) == {"photo": (False, False), "paired_video": (False, False)}
    for row in rows(library, asset, tmp_path / "copy"):
        assert row["ZLOCALAVAILABILITY"] == -1
        assert row["ZDATASTOREKEYDATA"] is None
        assert row["ZFILEID"] == -1
        assert row["ZCLOUDPRUNEDAT"] == CORE_DATA_NOW
    live.arrive(asset.uuid)
    assert [(library.media / resource.path).read_bytes() for resource in asset.originals] == before


def test_the_halves_of_a_live_photo_may_come_apart(library: MadeLibrary, live: LiveLibrary) -> None:
    asset = one(library, "icloud", "live")
    live.arrive(asset.uuid, ["paired_video"])
    assert live.where(asset.uuid) == {"photo": (False, False), "paired_video": (True, True)}
    live.place_files(asset.uuid, ["photo"])
    assert live.where(asset.uuid)["photo"] == (False, True)
    live.flag_arrived(asset.uuid, ["photo"])
    assert live.where(asset.uuid)["photo"] == (True, True)


def test_every_change_is_in_the_log_and_stays_there_after_closing(
    library: MadeLibrary, tmp_path: Path
) -> None:
    asset = one(library, "icloud", "live")
    database = library.database.read_bytes()
    with LiveLibrary(library) as live:
        live.arrive(asset.uuid)
        assert sorted(p.name for p in library.media.glob("PhotoData/*Photos*")) == [
            "Photos.sqlite",
            "Photos.sqlite-shm",
            "Photos.sqlite-wal",
        ]
    assert library.database.read_bytes() == database
    assert all(row["ZLOCALAVAILABILITY"] == 1 for row in rows(library, asset, tmp_path / "copy"))
    assert [p.name for p in library.folder.iterdir() if p.name.startswith(".")] == []


def test_a_purged_original_leaves_its_derivatives(library: MadeLibrary, live: LiveLibrary) -> None:
    for asset in [a for a in library.own() if a.state == "local" and a.variant == "heic"]:
        live.purge(asset.uuid)
        assert (
            library.media / f"PhotoData/Thumbnails/V2/{asset.directory}/{asset.filename}/5005.JPG"
        ).is_file()
    assert list(library.media.glob("PhotoData/Metadata/**/*.JPG"))


def test_the_writer_keeps_its_tables_in_step_and_its_log_within_bounds(
    library: MadeLibrary, tmp_path: Path
) -> None:
    with LiveWriter(library, per_second=2000) as writer:
        writer.wait_for(200)
    assert writer.transactions >= 200
    with copied_database(library, tmp_path / "after") as database:
        assert invariant_broken(database) == ""
        (changes,) = database.execute("SELECT count(*) FROM ACHANGE").fetchone()
        assert changes == 3 * writer.transactions
    # A checkpoint every 1000 pages, as on a phone: 4.1 MB, plus the transaction that exceeded it.
    assert library.database.with_name("Photos.sqlite-wal").stat().st_size < 4_500_000


def restart_log(writer: LiveWriter, log: Path) -> None:
    """Let the writer run until it has a new log with two transactions."""
    generation = log.read_bytes()[:32]
    for _ in range(200):
        writer.checkpoint()
        writer.wait_for(writer.transactions + 2)
        if log.read_bytes()[:32] != generation:
            return
    pytest.fail("the log was never restarted")


def test_a_copy_that_mixes_two_states_is_detected(tmp_path: Path) -> None:
    """Combine the database of one moment with the log of a later one."""
    library = make_library(tmp_path / "phone", LibraryRecipe(assets=600, media=False))
    torn = tmp_path / "torn"
    torn.mkdir()
    log = library.database.with_name("Photos.sqlite-wal")
    with LiveWriter(library, per_second=100) as writer:
        restart_log(writer, log)
        shutil.copyfile(library.database, torn / "Photos.sqlite")
        writer.wait_for(writer.transactions + 5)
        restart_log(writer, log)
    shutil.copyfile(log, torn / "Photos.sqlite-wal")
    with closing(sqlite3.connect(torn / "Photos.sqlite")) as database:
        try:
            assert invariant_broken(database)
        except sqlite3.DatabaseError as error:
            assert "malformed" in str(error)
    with copied_database(library, tmp_path / "whole") as database:
        assert invariant_broken(database) == ""


def test_originals_can_be_purged_while_the_database_is_written(library: MadeLibrary, tmp_path: Path) -> None:
    local = [a for a in library.own() if a.state == "local"][:10]
    with LiveWriter(library, per_second=300), LiveLibrary(library) as live:
        for asset in local:
            live.purge(asset.uuid)
        assert all(not any(live.where(a.uuid)["photo" if a.kind == "photo" else "video"]) for a in local)
    with copied_database(library, tmp_path / "after") as database:
        assert invariant_broken(database) == ""
