"""Each way to have iOS download originals, from the sentence on the screen to the files on the drive."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from ambertime_tui.engine.api.client import Command, CommandName, Pane
from ambertime_tui.engine.api.spec import FetchOrder, FetchWay, OriginalsChoice
from ambertime_tui.engine.api.status import JobStatus, Outcome, Phase
from ambertime_tui.phone.originals import KEPT_FREE
from ambertime_tui.simulator.icloud_thread import RunningICloud
from ambertime_tui.simulator.library import MadeLibrary
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.engine.backups import ended, until
from tests.engine.icloud.stories import Person, away, followed, host, missing, not_whole, reachable, spec


def test_keep_originals_is_explained_and_the_user_reminded_to_switch_it_back(
    made: MadeLibrary, icloud: RunningICloud, target: Path
) -> None:
    async def story() -> None:
        async with host() as client:
            await client.start(spec(target))
            status = await until(client, lambda s: "Download and Keep Originals" in s.fetch.sentence)
            assert status.fetch.asked.count == 0
            icloud.change(bytes_per_second=100_000.0, halves_apart=2.0)
            icloud.set_keep_originals(True)
            status = await until(client, lambda s: s.fetch.asked.count > 0)
            assert status.fetch.waiting.count == 0
            done = await ended(client)
            assert done.status.outcome is Outcome.COMPLETE
            assert done.report.left == ()
            assert "switch back" in done.status.events[-1].text
            assert "switch back" in done.status.afterwards

    asyncio.run(story())
    assert not_whole(made, target) == {}


def test_a_shortcut_requests_slices_that_fit_on_the_phone(
    made: MadeLibrary, phone: SimulatedPhone, icloud: RunningICloud, target: Path
) -> None:
    able = [a for a in away(made) if reachable(made, a)]
    total = sum(r.size for a in able for r in a.originals)
    icloud.change(storage=KEPT_FREE + int(total * 0.6), keeps_free=KEPT_FREE, kept_for=5.0)
    unable = {a.uuid for a in away(made) if reachable(made, a) != missing(made, a)}
    person = Person(icloud)
    full: list[JobStatus] = []

    def look(status: JobStatus) -> None:
        person.look(status)
        if status.fetch.code:
            assert "camera" in status.fetch.sentence
            full.append(status)

    async def story() -> None:
        async with host() as client:
            await client.start(spec(target, FetchWay.SHORTCUT, 16.0))
            done = await followed(client, look)
            assert {left.uuid for left in done.report.left} <= unable
            assert done.status.fetch.code == ""

    asyncio.run(story())
    assert len(person.scanned) >= 3
    assert set(not_whole(made, target)) <= unable


def test_the_next_code_follows_a_finished_slice_and_can_be_shown_again(
    made: MadeLibrary, phone: SimulatedPhone, icloud: RunningICloud, target: Path
) -> None:
    phone.facts = replace(phone.facts, free_bytes=KEPT_FREE + 130_000)

    async def story() -> None:
        async with host() as client:
            await client.start(spec(target, FetchWay.SHORTCUT, patience=60.0))
            first = await until(client, lambda s: s.fetch.code != "")
            icloud.open_url(first.fetch.code)
            await until(client, lambda s: s.fetch.code == "")
            await client.command(Command(CommandName.SHOW_CODE))
            shown = await until(client, lambda s: s.fetch.code != "")
            assert shown.fetch.code == first.fetch.code
            second = await until(client, lambda s: s.fetch.code not in ("", first.fetch.code))
            assert second.fetch.written.count + second.fetch.arrived.count > 0
            assert second.fetch.asked.count < len(away(made))
            await client.command(Command(CommandName.FINISH))
            done = await ended(client)
            assert done.status.outcome is Outcome.LEFT
            assert done.status.fetch.ending
            left = [one for one in done.report.left if one.reason == "icloud"]
            assert left
            assert all("when you stopped waiting" in one.sentence for one in left)

    asyncio.run(story())


def test_a_failed_download_is_requested_again_in_a_later_slice(
    made: MadeLibrary, icloud: RunningICloud, target: Path
) -> None:
    fails = next(a for a in away(made) if reachable(made, a) == missing(made, a))
    icloud.do(lambda cloud: cloud.fail([fails.uuid], 1))
    person = Person(icloud)

    async def story() -> None:
        async with host() as client:
            await client.start(spec(target, FetchWay.SHORTCUT, 16.0))
            await followed(client, person.look)

    asyncio.run(story())
    assert fails.uuid not in not_whole(made, target)
    assert len(person.scanned) >= 2


def test_by_hand_the_job_lists_what_to_open(made: MadeLibrary, icloud: RunningICloud, target: Path) -> None:
    async def story() -> None:
        async with host() as client:
            await client.start(spec(target, FetchWay.BY_HAND))
            status = await until(client, lambda s: s.phase is Phase.FETCHING and s.fetch.sentence != "")
            assert "Photos" in status.fetch.sentence
            await client.command(Command(CommandName.ORDER, FetchOrder.NEWEST))
            rows = (await client.rows(Pane.FETCH, 0, 1000)).rows
            assert {row.uuid for row in rows} == {asset.uuid for asset in away(made)}
            for row in rows:
                assert (made.media / row.note).is_file(), "the list names an existing thumbnail"
            assert status.fetch.head[0].thumbnail
            for row in rows:
                icloud.open_in_photos([row.uuid])
            done = await ended(client)
            assert done.status.outcome is Outcome.COMPLETE

    asyncio.run(story())
    assert not_whole(made, target) == {}


def test_a_job_without_icloud_requests_nothing(
    made: MadeLibrary, icloud: RunningICloud, target: Path
) -> None:
    icloud.change(online=False)

    async def story() -> None:
        async with host() as client:
            await client.start(replace(spec(target), originals=OriginalsChoice.LOCAL))
            done = await ended(client)
            assert {left.reason for left in done.report.left} == {"icloud", "in_part"}

    asyncio.run(story())
    assert set(not_whole(made, target)) == {asset.uuid for asset in away(made)}
    assert icloud.do(lambda cloud: cloud.waiting) == 0
