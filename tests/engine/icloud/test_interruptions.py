"""Interruptions between iCloud, phone and drive lose nothing."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from ambertime_tui.engine.api.client import Command, CommandName, EngineClient, EngineError
from ambertime_tui.engine.api.status import Condition, JobStatus, Outcome, Phase
from ambertime_tui.engine.job.copier import ASSETS_AT_ONCE
from ambertime_tui.paths import paths_from
from ambertime_tui.simulator.background import BackgroundUsbmuxd
from ambertime_tui.simulator.faults import Faults
from ambertime_tui.simulator.icloud_thread import RunningICloud
from ambertime_tui.simulator.library import MadeLibrary
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.engine.backups import (
    archived,
    ended,
    gone,
    in_part,
    offload,
    resume,
    selected,
    start_paused,
    strangers,
    until,
)
from tests.engine.icloud.stories import away, has_all_originals, host, not_whole, spec

SLOW = 20_000.0
"""Bytes per second: the thirty originals take about ten seconds."""


async def some_written(client: EngineClient) -> JobStatus:
    """True if some originals from iCloud are on the drive and others are still missing."""
    status = await until(client, lambda s: s.fetch.written.count > 0)
    assert status.fetch.asked.count + status.fetch.waiting.count > 0
    return status


def test_the_network_goes_and_comes_back(made: MadeLibrary, icloud: RunningICloud, target: Path) -> None:
    icloud.change(bytes_per_second=SLOW, grows_in_place=True)

    async def story() -> None:
        async with host() as client:
            await client.start(spec(target))
            icloud.set_keep_originals(True)
            await some_written(client)
            icloud.change(online=False)
            before = icloud.do(lambda cloud: cloud.arrivals)
            await asyncio.sleep(7)  # long enough to mistake an unchanged partial file for a complete one
            assert icloud.do(lambda cloud: cloud.arrivals) == before
            icloud.change(online=True)
            assert has_all_originals(await ended(client))

    asyncio.run(story())
    assert not_whole(made, target) == {}


def test_the_phone_is_unplugged_and_comes_back_as_another_device(
    made: MadeLibrary, phone: SimulatedPhone, icloud: RunningICloud, usbmux: BackgroundUsbmuxd, target: Path
) -> None:
    icloud.change(bytes_per_second=SLOW)

    async def story() -> None:
        async with host() as client:
            await client.start(spec(target))
            icloud.set_keep_originals(True)
            await some_written(client)
            old = usbmux.do(lambda: usbmux.usbmuxd.device_ids(phone))
            usbmux.unplug(phone)
            await until(client, lambda s: s.condition is Condition.WAITING)
            usbmux.attach(phone)
            assert set(usbmux.do(lambda: usbmux.usbmuxd.device_ids(phone))).isdisjoint(old)
            assert has_all_originals(await ended(client))

    asyncio.run(story())
    assert not_whole(made, target) == {}


def test_the_phone_is_locked_for_a_while(
    made: MadeLibrary, phone: SimulatedPhone, icloud: RunningICloud, target: Path
) -> None:
    icloud.change(bytes_per_second=SLOW)

    async def story() -> None:
        async with host() as client:
            await client.start(spec(target))
            icloud.set_keep_originals(True)
            await some_written(client)
            phone.faults = Faults(locked_files_denied=True)
            phone.locked = True
            waiting = await until(client, lambda s: s.condition is Condition.WAITING)
            assert "locked" in waiting.sentence
            phone.locked = False
            phone.faults = Faults()
            assert has_all_originals(await ended(client))

    asyncio.run(story())
    assert not_whole(made, target) == {}


def test_after_the_host_is_killed_new_arrivals_are_copied_first(
    made: MadeLibrary, icloud: RunningICloud, target: Path
) -> None:
    icloud.change(bytes_per_second=SLOW)

    async def first_run() -> None:
        client = await EngineClient.launch(paths_from(os.environ), os.environ)
        await client.start(spec(target))
        await until(client, lambda status: status.phase is Phase.FETCHING)  # all local ones are written
        icloud.set_keep_originals(True)
        await some_written(client)
        os.kill(client.hello.pid, signal.SIGKILL)
        try:
            await ended(client)
        except EngineError as error:
            assert error.kind == "HostGone"
        await client.aclose()
        await gone(client.hello.pid)

    asyncio.run(first_run())
    there_before, in_part_before = set(archived(target)), in_part(made, target)
    icloud.change(bytes_per_second=None)
    while icloud.do(lambda cloud: cloud.waiting):
        pass
    local = {asset.uuid for asset in selected(made) if asset.availability == "local"}
    assert local - there_before == set(), "the local ones were written before anything arrived"
    written_first: list[str] = []

    async def second_run() -> None:
        async with host() as client:
            await client.start(spec(target))
            done = await ended(client)
            assert has_all_originals(done)
            assert done.status.write.already.count == len(there_before - in_part_before)
            written_first.extend(set(archived(target)) - there_before)

    asyncio.run(second_run())
    assert set(written_first) <= {asset.uuid for asset in away(made)}
    assert not_whole(made, target) == {}
    assert strangers(target) == set()


def test_requested_originals_that_have_arrived_are_copied_first(
    made: MadeLibrary, icloud: RunningICloud, target: Path
) -> None:
    """A job is stopped before it copies anything; then iOS downloads some originals."""

    async def stopped() -> None:
        async with host() as client:
            await start_paused(client, spec(target))
            await client.command(Command(CommandName.STOP_NOW))
            assert (await ended(client)).status.outcome is Outcome.INTERRUPTED

    asyncio.run(stopped())
    assert archived(target) == {}
    came = [asset for asset in away(made) if asset.availability == "icloud"][:5]
    icloud.open_in_photos([asset.uuid for asset in came])
    while icloud.do(lambda cloud: cloud.waiting):
        pass

    async def next_run() -> list[str]:
        async with host() as client:
            await start_paused(client, spec(target))
            await resume(client)
            await client.command(Command(CommandName.FINISH))
            await ended(client)
        recorded = sorted(archived(target).values(), key=lambda a: a.completed_at)
        return [asset.uuid for asset in recorded]

    order = asyncio.run(next_run())
    places = sorted(order.index(asset.uuid) for asset in came)
    assert places[-1] < len(came) + ASSETS_AT_ONCE, "they are among the first to be copied"


def test_the_next_run_continues_a_stopped_job(made: MadeLibrary, icloud: RunningICloud, target: Path) -> None:
    icloud.change(bytes_per_second=SLOW)

    async def story() -> None:
        async with host() as client:
            await client.start(spec(target))
            icloud.set_keep_originals(True)
            await some_written(client)
            await client.command(Command(CommandName.STOP))
            done = await ended(client)
            assert done.status.outcome is Outcome.INTERRUPTED
            assert done.report.left
        async with host() as client:
            await client.start(spec(target))
            assert has_all_originals(await ended(client))

    asyncio.run(story())
    assert not_whole(made, target) == {}


def test_what_was_offloaded_between_arrival_and_copy_waits_again(
    made: MadeLibrary, icloud: RunningICloud, target: Path
) -> None:
    asset = next(a for a in away(made) if a.availability == "icloud")

    async def story() -> None:
        async with host() as client:
            await client.start(spec(target))
            await until(client, lambda s: s.phase is Phase.FETCHING)
            await client.command(Command(CommandName.PAUSE))
            icloud.open_in_photos([asset.uuid])
            await until(client, lambda s: s.fetch.arrived.count == 1)
            icloud.do(lambda cloud: cloud.offload(asset.uuid))
            await client.command(Command(CommandName.RESUME))
            status = await until(client, lambda s: s.fetch.arrived.count == 0)
            assert status.fetch.written.count == 0
            icloud.set_keep_originals(True)
            assert has_all_originals(await ended(client))

    asyncio.run(story())
    assert not_whole(made, target) == {}


def test_a_partial_file_is_never_copied(made: MadeLibrary, icloud: RunningICloud, target: Path) -> None:
    """The scan finds a partly downloaded file, and the phone has no network."""
    asset = next(a for a in away(made) if a.availability == "icloud" and len(a.originals) == 1)
    original = asset.originals[0]
    path = made.media / original.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(made.content(asset, original).bytes()[: original.size // 2])

    async def story() -> None:
        async with host() as client:
            await client.start(spec(target, patience=8.0))
            done = await ended(client)
            assert {left.uuid for left in done.report.left} == {a.uuid for a in away(made)}
            mine = next(left for left in done.report.left if left.uuid == asset.uuid)
            assert "downloaded only part of it" in mine.sentence
        offload(made, asset)
        icloud.set_keep_originals(True)
        async with host() as client:
            await client.start(spec(target))
            assert has_all_originals(await ended(client))

    asyncio.run(story())
    assert not_whole(made, target) == {}
