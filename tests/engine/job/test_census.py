"""The census over random libraries, selections, faults and runs: every asset of the library is in exactly one
bucket, and every selected one is either complete on the drive or listed with a reason.

The long form, 200 of them: `AMBERTIME_LONG=1 python -m pytest tests/engine/job/test_census.py`.
"""

from __future__ import annotations

import asyncio
import errno
import os
import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from ambertime_tui.drive.errors import DriveError
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.engine.api.spec import JobSpec, Selection
from ambertime_tui.engine.api.status import Census, Left, Outcome
from ambertime_tui.engine.job.job import open_job
from ambertime_tui.engine.scan.surveyor import Surveyor
from ambertime_tui.engine.timing import Timing
from ambertime_tui.library.date_range import DateRange
from ambertime_tui.paths import paths_from
from ambertime_tui.phone.session import PhoneTimeouts
from ambertime_tui.simulator.afc_packets import AfcStatus
from ambertime_tui.simulator.faults import Faults, PathFault
from ambertime_tui.simulator.library import LibraryRecipe, MadeAsset, MadeLibrary, Planted, make_library
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.conftest import PhoneFactory
from tests.drive.faulty_calls import failing
from tests.engine.backups import archived, bring_down, offload, strangers, whole

LIBRARIES = 200 if os.environ.get("AMBERTIME_LONG") else 8
PATIENCE = 60.0
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Run:
    """How a job ended."""

    outcome: Outcome | None
    census: Census | None
    left: tuple[Left, ...]


async def run(spec: JobSpec, folder: Path, calls: SystemCalls | None = None) -> Run:
    timing, records = (
        Timing(phone=PhoneTimeouts(stall_after=3.0)),
        paths_from(os.environ).data / "pair-records",
    )
    try:
        job = await open_job(
            spec,
            surveyor=Surveyor(records, folder / "scratch", timing),
            pair_records=records,
            reports=folder / "reports",
            timing=timing,
            calls=calls,
        )
    except DriveError:
        return Run(Outcome.FAILED, None, ())
    async with asyncio.timeout(PATIENCE):
        await job.run()
    return Run(job.progress.outcome, job.progress.snapshot().census, job.report(0, 10_000).left)


def some_recipe(rng: random.Random) -> LibraryRecipe:
    assets = rng.choice([0, 8, 20, 40, 90])
    return LibraryRecipe(
        assets=assets,
        seed=rng.randrange(1 << 30),
        ios=rng.choice([13, 14, 15, 16, 18, 26]),
        icloud_share=rng.choice([0.0, 0.2, 0.7, 1.0]),
        planted=Planted(partial_live=1, partial_raw=1, stale=1, fresh=1, missing=1)
        if assets >= 40
        else Planted(),
    )


def some_selection(rng: random.Random) -> Selection:
    days = DateRange()
    if rng.random() < 0.4:
        start = date(2014, 1, 1) + A_DAY * rng.randrange(4000)
        days = DateRange(start, start + A_DAY * rng.randrange(2000))
    return Selection(days, rng.random() < 0.7, rng.random() < 0.3, rng.random() < 0.7)


def some_faults(rng: random.Random, made: MadeLibrary) -> Faults:
    paths = [original.path for asset in made.own() for original in asset.originals]
    wrong = tuple(
        PathFault(
            f"/{path}",
            rng.choice(["read", "open", "stat"]),
            rng.choice([AfcStatus.IO_ERROR, AfcStatus.PERM_DENIED, AfcStatus.READ_ERROR]),
            times=rng.choice([1, 3, None]),
        )
        for path in rng.sample(paths, min(len(paths), rng.randrange(4)))
    )
    return rng.choice(
        [
            Faults(paths=wrong),
            Faults(paths=wrong, cable_pulled_after=rng.randrange(1_500_000), replugged_after=0.05),
            Faults(paths=wrong, afc_reply_limit=rng.randrange(100, 5000)),
            Faults(paths=wrong, afc_drops_after=rng.randrange(20, 400)),
        ]
    )


def some_calls(rng: random.Random) -> SystemCalls | None:
    if rng.random() < 0.5:
        return None
    code = rng.choice([errno.EIO, errno.ENOSPC])
    return failing(rng.randrange(1, 400), code, for_good=rng.random() < 0.5)


def something_happens(rng: random.Random, made: MadeLibrary) -> None:
    """Between two jobs, iOS offloads one asset and downloads another."""
    own = [asset for asset in made.own() if all((made.media / o.path).exists() for o in asset.originals)]
    away = [asset for asset in made.own() if not any((made.media / o.path).exists() for o in asset.originals)]
    if own:
        offload(made, rng.choice(own))
    if away:
        bring_down(made, rng.choice(away))


def surely_selected(made: MadeLibrary, selection: Selection) -> set[str]:
    """Assets whose day is in the range in any time zone."""

    def on(asset: MadeAsset) -> bool:
        if selection.range == DateRange():
            return True
        if asset.undated or asset.created is None:
            return False
        day = datetime.fromtimestamp(asset.created, UTC).date()
        return day - A_DAY in selection.range and day + A_DAY in selection.range

    return {
        asset.uuid
        for asset in made.own()
        if on(asset) and (selection.hidden or not asset.hidden) and (selection.trashed or not asset.trashed)
    }


@pytest.mark.parametrize("seed", range(LIBRARIES))
def test_the_census_adds_up_whatever_happens(
    phone_factory: PhoneFactory, home: Path, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    made = make_library(tmp_path / "phone", some_recipe(rng))
    phone: SimulatedPhone = phone_factory(made.media)
    target = tmp_path / "drive"
    target.mkdir()

    def judge(selection: Selection, done: Run) -> None:
        if done.census is None:
            assert done.outcome is Outcome.FAILED
            return
        assert done.census.holds
        assert done.census.library == len(made.assets)
        there, left = archived(target), {one.uuid for one in done.left}
        assert all(one.reason and one.sentence for one in done.left)
        assert surely_selected(made, selection) <= left | there.keys()
        if done.outcome is Outcome.COMPLETE:
            assert not left
        # Files of an asset may be on the drive while others are not; a job that failed on the drive may have
        # committed assets without reporting them.
        partly = {"in_part", "smaller", "differs"} | (
            {"not_reached"} if done.outcome is Outcome.FAILED else set()
        )
        assert {one.reason for one in done.left if one.uuid in there} <= partly
        for file in (file for asset in there.values() for file in asset.files):
            assert sha256((target / file.path).read_bytes()).hexdigest() == file.sha256
        by_uuid = {asset.uuid: asset for asset in made.assets}
        wanted = surely_selected(made, selection)
        broken = {uuid for uuid in there if not whole(made, target, by_uuid[uuid])}
        assert broken & wanted <= left, "what is there only in part is listed"

    async def story() -> None:
        for number in range(rng.randrange(1, 4)):
            selection = some_selection(rng)
            phone.faults = some_faults(rng, made)
            spec = JobSpec(str(target), selection=selection, patience=2.0)
            judge(selection, await run(spec, tmp_path / f"job{number}", some_calls(rng)))
            phone.faults = Faults()
            something_happens(rng, made)
        done = await run(JobSpec(str(target)), tmp_path / "last")
        assert done.census is not None
        judge(Selection(), done)
        known = sum(one.reason in ("missing", "in_part") for one in done.left)
        assert done.census.count("failed") <= 1 + known

    asyncio.run(story())
    assert strangers(target) == set()
