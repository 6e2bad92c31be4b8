"""Databases as large and as mixed as those of real libraries, on request."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from ambertime_tui.library.photos_db import read_library
from ambertime_tui.library.private_copy import private_copy
from ambertime_tui.simulator.library import (
    LibraryRecipe,
    LiveLibrary,
    LiveWriter,
    MadeLibrary,
    invariant_broken,
    make_library,
)
from tests.library.test_real_libraries import LIBRARIES, NAMES

ASSETS = 600
PLAIN = LibraryRecipe(assets=ASSETS, media=False, fingerprints=False)
COMPUTED = (
    "ZSCENEPRINT",
    "ZSCENECLASSIFICATION",
    "ZDETECTEDFACE",
    "ZDETECTEDFACEPRINT",
    "ZFACECROP",
    "ZCOMPUTEDASSETATTRIBUTES",
    "ZMEDIAANALYSISASSETATTRIBUTES",
    "ZEXTENDEDATTRIBUTES",
    "ZCLOUDMASTERMEDIAMETADATA",
    "ZCHARACTERRECOGNITIONATTRIBUTES",
    "ZVISUALSEARCHATTRIBUTES",
    "ATRANSACTION",
    "ACHANGE",
)


@pytest.fixture(scope="module", params=[13, 18], ids=lambda ios: f"iOS {ios}")
def grown(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> MadeLibrary:
    recipe = replace(PLAIN, ios=request.param, grown=True)
    return make_library(tmp_path_factory.mktemp("grown"), recipe)


@contextmanager
def opened(database: Path) -> Iterator[sqlite3.Connection]:
    with private_copy(database) as copy, closing(sqlite3.connect(copy)) as rows:
        yield rows


def beside_its_own(rows: sqlite3.Connection, table: str) -> float:
    """The share of a table's pages beside another page of it."""
    pages = {page for (page,) in rows.execute("SELECT pageno FROM dbstat WHERE name = ?", (table,))}
    return sum(not pages.isdisjoint((page - 1, page + 1)) for page in pages) / len(pages)


def size_of(rows: sqlite3.Connection) -> int:
    return int(rows.execute("SELECT sum(pgsize) FROM dbstat").fetchone()[0])


def shape(rows: sqlite3.Connection) -> dict[str, tuple[float, float]]:
    """By table: rows for each asset, and bytes of each row."""
    tables = {name for (name,) in rows.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    main = "ZASSET" if "ZASSET" in tables else "ZGENERICASSET"
    (count,) = rows.execute(f"SELECT count(*) FROM {main}").fetchone()
    found = {}
    for table in tables.intersection(COMPUTED):
        (number,) = rows.execute(f"SELECT count(*) FROM {table}").fetchone()
        (size,) = rows.execute("SELECT sum(payload) FROM dbstat WHERE name = ?", (table,)).fetchone()
        if number:
            found[table] = (number / count, size / number)
    return found


def test_each_asset_takes_ten_to_fifteen_kilobytes(grown: MadeLibrary, tmp_path: Path) -> None:
    empty = make_library(tmp_path, replace(PLAIN, ios=grown.recipe.ios, assets=0))
    with opened(grown.database) as rows, opened(empty.database) as nothing:
        each = (size_of(rows) - size_of(nothing)) / ASSETS
        assert rows.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert 10_000 <= each <= 15_000, f"{each:.0f} bytes"


def test_tables_alternate_as_in_a_database_that_grew(grown: MadeLibrary, tmp_path: Path) -> None:
    plain = make_library(tmp_path, replace(PLAIN, ios=grown.recipe.ios))
    with opened(grown.database) as rows, opened(plain.database) as others:
        mixed, sorted_by_table = (beside_its_own(one, "ZINTERNALRESOURCE") for one in (rows, others))
    assert mixed < 0.3
    assert mixed < sorted_by_table / 2


def test_it_reads_as_the_same_library(grown: MadeLibrary, tmp_path: Path) -> None:
    plain = make_library(tmp_path, replace(PLAIN, ios=grown.recipe.ios))
    with private_copy(grown.database) as copy, private_copy(plain.database) as other:
        assert read_library(copy).assets == read_library(other).assets


def test_it_can_be_written_to_and_stays_consistent(grown: MadeLibrary) -> None:
    with LiveWriter(grown, per_second=200) as writer, closing(LiveLibrary(grown)) as live:
        asset = next(asset for asset in grown.own() if asset.state == "local")
        live.flag_purged(asset.uuid)
        writer.wait_for(20)
    with opened(grown.database) as rows:
        assert invariant_broken(rows) == ""


def test_its_tables_are_filled_as_in_real_libraries(grown: MadeLibrary) -> None:
    real: dict[str, list[tuple[float, float]]] = {}
    for name in NAMES:
        database = LIBRARIES / name / "Photos.sqlite"
        if not database.is_file():
            pytest.skip(f"the real libraries are not there: no file {database}")
        with opened(database) as rows:
            for table, numbers in shape(rows).items():
                real.setdefault(table, []).append(numbers)
    with opened(grown.database) as rows:
        made = shape(rows)
    for table, (per_asset, row_bytes) in made.items():
        if table not in real:
            continue
        most = max(each for each, _ in real[table])
        sizes = [size for _, size in real[table]]
        assert per_asset <= most * 1.5, f"{table}: {per_asset:.2f} rows for each asset, not {most:.2f}"
        assert min(sizes) / 2 <= row_bytes <= max(sizes) * 2, f"{table}: {row_bytes:.0f} bytes, not {sizes}"
    expected = {"ZSCENEPRINT", "ZSCENECLASSIFICATION", "ZDETECTEDFACEPRINT", "ZFACECROP", "ACHANGE"}
    assert expected <= made.keys() & real.keys()
