"""Generated libraries of every schema, with their media folders, compared with what was generated."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ambertime_tui.library.date_range import EVERYTHING
from ambertime_tui.library.dates import offset_of_zone
from ambertime_tui.library.folder_names import NO_NAMES, FolderNames
from ambertime_tui.library.model import Asset, Library, Ownership
from ambertime_tui.library.photos_db import LibraryReader, LibraryUnreadable, read_library
from ambertime_tui.library.private_copy import private_copy
from ambertime_tui.simulator.library import (
    LibraryRecipe,
    MadeAsset,
    MadeLibrary,
    MadeResource,
    Planted,
    make_library,
)
from tests.library.days import by_day
from tests.library.planted import catalogue_of

NOW = datetime(2027, 1, 1, tzinfo=UTC).timestamp()
STATES = Planted(partial_live=4, partial_raw=2, stale=6, fresh=6, missing=5)


@pytest.fixture(scope="module", params=[13, 14, 15, 16, 18, 26], ids=lambda ios: f"iOS {ios}")
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> MadeLibrary:
    recipe = LibraryRecipe(assets=400, seed=request.param, ios=request.param, planted=STATES)
    return make_library(tmp_path_factory.mktemp("made"), recipe)


@pytest.fixture(scope="module")
def flagged(made: MadeLibrary) -> Library:
    with private_copy(made.database) as copy:
        return read_library(copy, now=NOW)


@pytest.fixture(scope="module")
def checked(made: MadeLibrary) -> Library:
    with private_copy(made.database) as copy, closing(LibraryReader(copy, NOW)) as reader:
        return reader.library({folder: names_in(made.media / folder) for folder in reader.folders()})


def names_in(folder: Path) -> FolderNames:
    return FolderNames(p.name for p in folder.iterdir()) if folder.is_dir() else NO_NAMES


def pairs(made: MadeLibrary, library: Library) -> list[tuple[MadeAsset, Asset]]:
    found = {asset.uuid: asset for asset in library.assets}
    return [(planted, found[planted.uuid]) for planted in made.assets]


def originals(resources: tuple[MadeResource, ...], where: str) -> list[tuple[str, int, str]]:
    return [(r.role, r.size, getattr(r, where)) for r in resources if r.is_original]


def test_every_asset_of_the_library_is_listed_once(made: MadeLibrary, flagged: Library) -> None:
    assert sorted(a.uuid for a in flagged.assets) == sorted(a.uuid for a in made.assets)


def test_whose_and_what_an_asset_is(made: MadeLibrary, flagged: Library) -> None:
    for planted, asset in pairs(made, flagged):
        assert (
            asset.ownership, asset.kind, asset.subtype, asset.live_photo, asset.raw_pair, asset.edited,
            asset.hidden, asset.trashed, asset.favourite, asset.burst_uuid,
        ) == (
            Ownership(planted.ownership), planted.kind, planted.subtype, planted.live_photo, planted.raw_pair,
            planted.edited, planted.hidden, planted.trashed, planted.favourite, planted.burst_uuid,
        )  # fmt: skip


def test_names_and_dates(made: MadeLibrary, flagged: Library) -> None:
    for planted, asset in pairs(made, flagged):
        assert (asset.directory, asset.filename) == (planted.directory, planted.filename)
        assert asset.original_filename == (planted.original_filename or planted.filename)
        assert (asset.created is None) == planted.undated
        if not planted.undated:
            assert asset.created == pytest.approx(planted.created, abs=1e-5)
            if planted.zone_offset is not None or planted.zone_name is None:
                assert asset.zone_offset == planted.zone_offset
            else:
                assert asset.zone_offset == offset_of_zone(planted.zone_name, asset.created)
        assert asset.zone_name == planted.zone_name


def test_the_flags_say_where_each_original_is(made: MadeLibrary, flagged: Library) -> None:
    for planted, asset in pairs(made, flagged):
        if planted.is_archived:
            found = [(str(r.role), r.size, str(r.availability)) for r in asset.originals]
            assert found == originals(planted.resources, "flag"), planted


def test_the_files_decide_where_each_original_is(made: MadeLibrary, checked: Library) -> None:
    states = set()
    for planted, asset in pairs(made, checked):
        if planted.is_archived:
            states.add(planted.state)
            found = [(str(r.role), r.size, str(r.availability)) for r in asset.originals]
            assert found == originals(planted.resources, "availability"), planted
            assert str(asset.availability) == planted.availability
    assert states >= {"local", "icloud", "stale", "fresh", "missing", "partial_live", "partial_raw"}


def test_each_file_that_is_there_is_found_under_its_own_name(made: MadeLibrary, checked: Library) -> None:
    for planted, asset in pairs(made, checked):
        if planted.is_archived:
            there = {r.path for r in asset.resources if r.availability == "local"}
            assert there == {r.path for r in planted.resources if r.present}, planted


def test_edits_are_found_with_their_own_availability(made: MadeLibrary, checked: Library) -> None:
    edited = 0
    for planted, asset in pairs(made, checked):
        if planted.is_archived:
            truth = {r.role: r.availability for r in planted.resources if not r.is_original}
            assert {str(r.role): str(r.availability) for r in asset.edits} == truth, planted
            edited += bool(truth)
    assert edited > 5


def test_albums_titles_and_people(made: MadeLibrary) -> None:
    with private_copy(made.database) as copy:
        catalogue = catalogue_of(copy)
    truth = {a.title: sorted(a.assets) for a in made.albums if a.kind == 2 and not a.trashed}
    assert {a.title: sorted(a.asset_uuids) for a in catalogue.albums} == truth
    assert catalogue.titles == {a.uuid: a.title for a in made.assets if a.title}
    people = {uuid: sorted(names) for uuid, names in catalogue.people.items()}
    assert people == {a.uuid: sorted(a.people) for a in made.assets if a.people}


def test_the_days_add_up_to_the_selection(made: MadeLibrary, checked: Library) -> None:
    days = by_day(checked.assets, edits=False)
    own = [a for a in made.own() if not a.trashed]
    total = days.within(EVERYTHING)
    assert total.assets == len(own)
    assert days.undated.assets == sum(a.undated for a in own)
    assert total.icloud.bytes == sum(r.size for a in own for r in a.originals if r.availability == "icloud")


def test_a_reader_that_is_closed_while_it_reads_stops_reading(tmp_path: Path) -> None:
    """As when a job is stopped during its scan, which would crash the process with plain SQLite."""
    made = make_library(tmp_path / "made", LibraryRecipe(assets=3000, seed=1, icloud_share=1.0))
    reading = threading.Event()
    with private_copy(made.database) as copy, ThreadPoolExecutor(1) as pool:
        reader = LibraryReader(copy, NOW)
        work = pool.submit(reader.library, None, begin=lambda: lambda asset: reading.set())
        assert reading.wait(20.0)
        reader.close()
        with pytest.raises(LibraryUnreadable):
            work.result(20.0)
