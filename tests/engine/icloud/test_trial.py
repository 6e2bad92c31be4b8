"""A way of asking that is new for a phone is tried on a few items first; the person then decides."""

from __future__ import annotations

import asyncio
import os
import stat
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from ambertime_tui.engine.api.client import Command, CommandName, EngineClient
from ambertime_tui.engine.api.spec import FetchWay, JobSpec, TrialMode
from ambertime_tui.engine.api.status import JobStatus, Outcome
from ambertime_tui.engine.api.trial import TrialResult, TrialState
from ambertime_tui.engine.api.trial_memory import FOLDER, TrialMemory
from ambertime_tui.paths import paths_from
from ambertime_tui.simulator.icloud import ICloud
from ambertime_tui.simulator.icloud_thread import RunningICloud
from ambertime_tui.simulator.library import LibraryRecipe, MadeLibrary, make_library
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.engine.backups import until
from tests.engine.icloud import stories
from tests.engine.icloud.stories import Person, away, followed, has_all_originals, host, not_whole

PATIENCE = 60.0
pytestmark = pytest.mark.usefixtures("icloud")


@pytest.fixture
def made(tmp_path: Path) -> MadeLibrary:
    """A library of which most is only in iCloud."""
    return make_library(
        tmp_path / "phone", LibraryRecipe(assets=160, seed=5, icloud_share=0.95, oddities=False)
    )


def spec(target: Path, way: FetchWay, mode: TrialMode) -> JobSpec:
    return replace(stories.spec(target, way, PATIENCE), trial=mode)


def results(phone: SimulatedPhone) -> tuple[TrialResult, ...]:
    return TrialMemory(paths_from(os.environ).state).results(phone.udid)


async def at(client: EngineClient, state: TrialState) -> JobStatus:
    return await until(client, lambda s: s.fetch.trial is not None and s.fetch.trial.state is state)


def opens_what_is_listed(icloud: RunningICloud, made: MadeLibrary, status: JobStatus) -> list[str]:
    """Open in Photos what the sentence names, and return the uuids."""
    named = [a.uuid for a in away(made) if a.original_filename in status.fetch.sentence]
    icloud.open_in_photos(named)
    return named


def test_by_hand_one_item_of_each_kind_is_asked_for_first(
    made: MadeLibrary, phone: SimulatedPhone, icloud: RunningICloud, target: Path
) -> None:
    async def story() -> None:
        async with host() as client:
            await client.start(spec(target, FetchWay.BY_HAND, TrialMode.ASK))
            status = await until(client, lambda s: "First a trial" in s.fetch.sentence)
            assert status.fetch.trial is not None
            assert 0 < status.fetch.trial.asked == status.fetch.asked.count < 10
            opens_what_is_listed(icloud, made, status)
            asking = await at(client, TrialState.ASKING)
            assert asking.fetch.trial is not None
            told = " ".join(asking.fetch.trial.findings)
            assert "items arrived (" in told
            assert "videos" in told
            assert "Apple's fingerprint" in told
            assert "The other " in told
            assert asking.fetch.trial.continues_at is not None
            await client.command(Command(CommandName.TRIAL))
            await until(client, lambda s: "one by one" in s.fetch.sentence or s.fetch.waiting.count == 0)
            icloud.open_in_photos([a.uuid for a in away(made)])
            done = await followed(client, lambda status: None)
            assert has_all_originals(done)

    asyncio.run(story())
    [result] = results(phone)
    assert (result.way, result.ios_version) == (FetchWay.BY_HAND, phone.facts.model.ios_version)
    assert result.items == sum(kind.arrived > 0 for kind in result.kinds) or result.items > 0
    assert result.proved > 0
    for file in (paths_from(os.environ).state / FOLDER).iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert phone.udid not in file.name


def test_without_a_person_the_shortcut_is_tried_and_the_job_continues(
    made: MadeLibrary, phone: SimulatedPhone, icloud: RunningICloud, target: Path
) -> None:
    person = Person(icloud)
    states: list[TrialState] = []

    def look(status: JobStatus) -> None:
        person.look(status)
        if status.fetch.trial is not None and status.fetch.trial.state not in states[-1:]:
            states.append(status.fetch.trial.state)

    async def story() -> None:
        async with host() as client:
            await client.start(spec(target, FetchWay.SHORTCUT, TrialMode.UNATTENDED))
            done = await followed(client, look)
            assert {one.reason for one in done.report.left} <= {"not_by_this_way", "in_part"}
            assert any("The trial is over" in event.text for event in done.status.events)

    asyncio.run(story())
    assert states == [TrialState.RUNNING, TrialState.DONE]
    assert len(person.scanned) >= 2
    assert [result.way for result in results(phone)] == [FetchWay.SHORTCUT]
    assert results(phone)[0].worked


def test_keep_originals_is_judged_by_its_first_arrivals_and_tried_only_once(
    made: MadeLibrary, phone: SimulatedPhone, icloud: RunningICloud, target: Path, tmp_path: Path
) -> None:
    icloud.change(bytes_per_second=100_000.0)

    async def story(to: Path) -> JobStatus:
        async with host() as client:
            await client.start(spec(to, FetchWay.KEEP_ORIGINALS, TrialMode.UNATTENDED))
            await until(client, lambda s: "Download and Keep Originals" in s.fetch.sentence)
            icloud.set_keep_originals(True)
            return (await followed(client, lambda status: None)).status

    assert asyncio.run(story(target)).fetch.trial is not None
    [result] = results(phone)
    assert result.items >= 6
    assert result.bytes_per_second is not None
    icloud.set_keep_originals(False)
    for asset in made.own():
        if asset.uploaded and not asset.trashed:
            icloud.do(partial(ICloud.offload, uuid=asset.uuid))
    other = tmp_path / "other"
    other.mkdir()
    assert asyncio.run(story(other)).fetch.trial is None


def test_a_way_that_brings_nothing_can_be_changed_during_the_job(
    made: MadeLibrary, phone: SimulatedPhone, icloud: RunningICloud, target: Path
) -> None:
    async def story() -> None:
        async with host() as client:
            job = replace(spec(target, FetchWay.SHORTCUT, TrialMode.ASK), patience=30.0)
            await client.start(job)
            first = await until(client, lambda s: s.fetch.code != "")
            assert "First a trial" in first.fetch.code_sentence
            asking = await at(client, TrialState.ASKING)  # nobody scans the codes
            assert asking.fetch.trial is not None
            assert "Nothing arrived" in asking.fetch.trial.findings[0]
            assert FetchWay.BY_HAND in asking.fetch.trial.others
            await client.command(Command(CommandName.WAY, FetchWay.BY_HAND))
            status = await until(client, lambda s: "Open in Photos" in s.fetch.sentence)
            assert status.spec.way is FetchWay.BY_HAND
            assert status.fetch.not_by_this_way.count == 0
            assert status.fetch.code == ""
            await client.command(Command(CommandName.TRIAL))
            icloud.open_in_photos([a.uuid for a in away(made)])
            done = await followed(client, lambda status: None)
            assert has_all_originals(done)

    asyncio.run(story())
    assert not_whole(made, target) == {}
    assert not any(result.worked for result in results(phone))


def test_a_person_can_leave_after_the_trial(made: MadeLibrary, icloud: RunningICloud, target: Path) -> None:
    async def story() -> None:
        async with host() as client:
            await client.start(spec(target, FetchWay.BY_HAND, TrialMode.ASK))
            status = await until(client, lambda s: "First a trial" in s.fetch.sentence)
            named = opens_what_is_listed(icloud, made, status)
            await at(client, TrialState.ASKING)
            await client.command(Command(CommandName.FINISH))
            done = await followed(client, lambda status: None)
            assert done.status.outcome is Outcome.LEFT
            assert not {left.uuid for left in done.report.left if left.reason == "icloud"} & set(named)

    asyncio.run(story())
