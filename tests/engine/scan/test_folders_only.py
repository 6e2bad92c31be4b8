"""A phone with an unreadable library database: what its folders show is archived and reported as such."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path

from ambertime_tui.engine.api.client import EngineClient
from ambertime_tui.engine.api.spec import JobSpec, Selection
from ambertime_tui.engine.api.status import Outcome
from ambertime_tui.library.date_range import DateRange
from ambertime_tui.library.fallback import NOTICE
from ambertime_tui.simulator.library import MadeLibrary
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.engine.backups import archived, backup, engine


def spoil(made: MadeLibrary) -> None:
    """Overwrite the database with something else."""
    made.database.write_bytes(b"spoilt" * 1000)
    made.database.with_name("Photos.sqlite-wal").unlink(missing_ok=True)


def on_the_phone(made: MadeLibrary) -> set[str]:
    """SHA-256 of every file in the folders of originals and of their edits."""
    roots = [made.media / "DCIM", made.media / "PhotoData/CPLAssets", made.media / "PhotoData/Mutations"]
    files = [path for root in roots for path in root.rglob("*") if path.is_file()]
    return {sha256(path.read_bytes()).hexdigest() for path in files if not path.name.startswith(".")}


def hashes(target: Path) -> set[str]:
    return {file.sha256 for asset in archived(target).values() for file in asset.files}


def test_everything_that_is_on_the_phone_is_archived_and_it_is_not_called_complete(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    spoil(made)
    done = asyncio.run(backup(JobSpec(str(target))))
    originals = {
        sha256((made.media / r.path).read_bytes()).hexdigest()
        for asset in made.own()
        for r in asset.originals
        if r.present
    }
    assert originals <= hashes(target) <= on_the_phone(made)
    edits = {r.path for a in made.own() for r in a.resources if r.present and not r.is_original}
    assert edits
    there = {file.source_path for asset in archived(target).values() for file in asset.files}
    assert any(path in there for path in edits)
    assert done.status.outcome is Outcome.LEFT
    assert "only in iCloud are not known" in done.status.sentence
    assert done.status.census is not None and done.status.census.holds
    assert NOTICE in done.status.scan.notices


def test_a_range_means_the_dates_of_the_files(made: MadeLibrary, phone: SimulatedPhone, target: Path) -> None:
    spoil(made)
    chosen = DateRange(date(2020, 1, 1), date(2021, 12, 31))
    done = asyncio.run(backup(JobSpec(str(target), selection=Selection(range=chosen))))
    of_range = {
        r.path
        for asset in made.own()
        for r in asset.originals[:1]
        if r.present
        and datetime.fromtimestamp((made.media / r.path).stat().st_mtime, UTC).year in (2020, 2021)
    }
    there = {file.source_path for asset in archived(target).values() for file in asset.files}
    assert of_range
    assert of_range <= there
    assert done.status.write.planned.count < done.status.scan.own


def test_a_scan_tells_how_much_there_is(made: MadeLibrary, phone: SimulatedPhone) -> None:
    spoil(made)

    async def story(client: EngineClient) -> None:
        overview = await client.overview((await client.survey(None)).phone.udid, Selection())
        assert not overview.from_database
        assert overview.selected.local.bytes > 0
        assert overview.selected.icloud.count == 0
        assert overview.months

    async def scanned() -> None:
        async with engine() as client:
            await story(client)

    asyncio.run(scanned())


def test_a_name_that_is_not_utf8_does_not_cost_the_others(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    spoil(made)
    odd = os.fsencode(made.media / "DCIM/100APPLE") + b"/caf\xe9.JPG"
    os.makedirs(os.path.dirname(odd), exist_ok=True)  # noqa: PTH103, PTH120 - the name is not text
    with open(odd, "wb") as file:  # noqa: PTH123 - the name is not text
        file.write(b"an original with an odd name" * 100)
    asyncio.run(backup(JobSpec(str(target))))
    originals = {
        sha256((made.media / r.path).read_bytes()).hexdigest()
        for asset in made.own()
        for r in asset.originals
        if r.present
    }
    assert originals | {sha256(b"an original with an odd name" * 100).hexdigest()} <= hashes(target)
