"""A job does not wait for originals that its way of asking cannot bring, and names the way that can."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ambertime_tui.engine.api.spec import FetchWay
from ambertime_tui.engine.api.status import JobStatus, Outcome
from ambertime_tui.simulator.icloud_thread import RunningICloud
from ambertime_tui.simulator.library import MadeLibrary
from tests.engine.backups import in_part, until
from tests.engine.icloud.stories import (
    Person,
    away,
    followed,
    has_all_originals,
    host,
    missing,
    not_whole,
    reachable,
    spec,
)

LONGER_THAN_THE_TEST = 3600.0
pytestmark = pytest.mark.usefixtures("phone")


def unable_in(made: MadeLibrary) -> tuple[set[str], set[str]]:
    """The uuids of items of which the Shortcut can bring nothing, and of those that it can bring in part."""
    nothing, part = set(), set()
    for asset in away(made):
        able = reachable(made, asset)
        if not able:
            nothing.add(asset.uuid)
        elif able != missing(made, asset):
            part.add(asset.uuid)
    return nothing, part


def test_the_job_ends_when_everything_the_shortcut_can_bring_has_come(
    made: MadeLibrary, icloud: RunningICloud, target: Path
) -> None:
    nothing, part = unable_in(made)
    assert nothing
    person = Person(icloud)

    async def story() -> None:
        async with host() as client:
            await client.start(spec(target, FetchWay.SHORTCUT, LONGER_THAN_THE_TEST))
            done = await followed(client, person.look)
            assert done.status.outcome is Outcome.LEFT
            reasons = {one.uuid: one.reason for one in done.report.left}
            assert reasons == {uuid: reasons[uuid] for uuid in nothing | part}
            assert set(reasons.values()) <= {"not_by_this_way", "in_part"}
            assert done.status.fetch.not_by_this_way.count == len(nothing | part)
            for one in done.report.left:
                assert "Shortcut" in one.sentence
                assert "Download and Keep Originals can." in one.sentence
            told = [e.text for e in done.status.events if "cannot download" in e.text]
            assert told
            census = done.status.census
            assert census is not None
            assert census.holds
            assert census.count("icloud") == len(nothing | part)

    asyncio.run(story())
    assert set(not_whole(made, target)) == nothing | part
    assert part <= in_part(made, target)


def test_what_arrives_all_the_same_is_copied(made: MadeLibrary, icloud: RunningICloud, target: Path) -> None:
    nothing, _ = unable_in(made)
    edited = next(a for a in away(made) if a.edited and a.uuid in nothing)
    person = Person(icloud)

    async def story() -> None:
        async with host() as client:
            await client.start(spec(target, FetchWay.SHORTCUT, LONGER_THAN_THE_TEST))
            await until(client, lambda s: s.fetch.code != "")
            icloud.open_in_photos([edited.uuid])
            before = await until(client, lambda s: s.fetch.written.count > 0)
            assert before.fetch.not_by_this_way.count < len(nothing)

            def look(status: JobStatus) -> None:
                person.look(status)

            await followed(client, look)

    asyncio.run(story())
    assert edited.uuid not in not_whole(made, target)


def test_the_other_ways_wait_for_everything(made: MadeLibrary, icloud: RunningICloud, target: Path) -> None:
    async def story() -> None:
        async with host() as client:
            await client.start(spec(target, FetchWay.KEEP_ORIGINALS, LONGER_THAN_THE_TEST))
            icloud.set_keep_originals(True)
            done = await followed(client, lambda status: None)
            assert has_all_originals(done)

    asyncio.run(story())
    assert not_whole(made, target) == {}
