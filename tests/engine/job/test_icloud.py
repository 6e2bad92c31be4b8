"""Originals that iOS downloads while a job waits for them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ambertime_tui.engine.api.client import Command, CommandName, Pane
from ambertime_tui.engine.api.spec import FetchOrder, JobSpec, OriginalsChoice
from ambertime_tui.engine.api.status import FetchState, Outcome, Phase
from ambertime_tui.simulator.library import MadeAsset, MadeLibrary
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.engine.backups import (
    archived,
    backup,
    bring_down,
    ended,
    engine,
    in_part,
    incomplete,
    offload,
    resume,
    selected,
    start_paused,
    until,
    whole,
)


def in_icloud(made: MadeLibrary) -> list[MadeAsset]:
    """The selected assets that wait for iCloud."""
    return [asset for asset in selected(made) if asset.availability in ("icloud", "partial")]


def spec(target: Path, patience: float | None = 30.0) -> JobSpec:
    """A job that waits for iCloud."""
    return JobSpec(str(target), originals=OriginalsChoice.ICLOUD, patience=patience)


def test_arrivals_are_copied_and_the_job_is_complete(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    async def story() -> None:
        async with engine() as client:
            await client.start(spec(target))
            await until(client, lambda status: status.phase is Phase.FETCHING)
            for asset in in_icloud(made):
                bring_down(made, asset)
            done = await ended(client)
            assert done.report.left == ()
            assert done.status.outcome is Outcome.COMPLETE
            assert done.status.fetch.written.count == len(in_icloud(made))
            assert done.status.write.planned == done.status.write.written

    asyncio.run(story())
    assert [asset.original_filename for asset in selected(made) if not whole(made, target, asset)] == []


def test_a_live_photo_is_copied_half_by_half_and_has_arrived_with_both(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    live = next(asset for asset in in_icloud(made) if asset.live_photo)
    others = [asset for asset in in_icloud(made) if asset is not live]

    async def story() -> None:
        async with engine() as client:
            await client.start(spec(target))
            await until(client, lambda status: status.phase is Phase.FETCHING)
            for asset in others:
                bring_down(made, asset)
            bring_down(made, live, ["photo"])
            await until(client, lambda status: status.fetch.written.count == len(others))
            status = await until(client, lambda status: status.fetch.arriving.count == 1)
            assert [item.uuid for item in status.fetch.head] == [live.uuid]
            assert not whole(made, target, live)
            await until(client, lambda status: live.uuid in archived(target))
            bring_down(made, live, ["paired_video"])
            assert (await ended(client)).status.outcome is Outcome.COMPLETE

    asyncio.run(story())
    assert whole(made, target, live)
    assert (
        len({Path(file.path).stem for file in archived(target)[live.uuid].files if file.role.is_original})
        == 1
    )


def test_a_file_that_still_grows_has_not_arrived(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    asset = next(a for a in in_icloud(made) if len(a.originals) == 1)
    original = asset.originals[0]
    path = made.media / original.path

    async def story() -> None:
        async with engine() as client:
            await client.start(spec(target))
            await until(client, lambda status: status.phase is Phase.FETCHING)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"the beginning of it")
            status = await until(client, lambda status: status.fetch.arriving.count == 1)
            assert status.fetch.arrived.count == status.fetch.written.count == 0
            bring_down(made, asset)
            await until(client, lambda status: status.fetch.written.count == 1)
            await client.command(Command(CommandName.FINISH))
            done = await ended(client)
            assert done.status.outcome is Outcome.LEFT

    asyncio.run(story())
    assert whole(made, target, asset)


def test_without_arrivals_the_job_ends_after_its_patience_and_lists_the_rest(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    done = asyncio.run(backup(spec(target, patience=2.0)))
    assert done.status.outcome is Outcome.LEFT
    assert {left.uuid for left in done.report.left} == {asset.uuid for asset in in_icloud(made)}
    reasons = {left.uuid: left.reason for left in done.report.left}
    assert {uuid for uuid, reason in reasons.items() if reason == "in_part"} == in_part(made, target)
    assert {reasons[uuid] for uuid in reasons.keys() - in_part(made, target)} == {"gave_up"}
    assert done.status.fetch.gave_up.count == len(in_icloud(made))
    assert done.status.census is not None
    assert done.status.census.holds
    assert incomplete(made, target) == []


def test_an_asset_offloaded_before_its_turn_waits_for_icloud(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    asset = next(a for a in selected(made) if a.availability == "local" and a.uploaded and not a.edited)

    async def story() -> None:
        async with engine() as client:
            await start_paused(client, spec(target))
            offload(made, asset)
            await resume(client)
            status = await until(client, lambda status: status.phase is Phase.FETCHING)
            assert status.fetch.waiting.count == len(in_icloud(made)) + 1
            for one in (*in_icloud(made), asset):
                bring_down(made, one)
            assert (await ended(client)).status.outcome is Outcome.COMPLETE

    asyncio.run(story())
    assert whole(made, target, asset)


def test_the_queue_can_be_reordered_and_an_item_skipped(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    async def story() -> None:
        async with engine() as client:
            await client.start(spec(target))
            await until(client, lambda status: status.phase is Phase.FETCHING)
            await client.command(Command(CommandName.ORDER, FetchOrder.SMALLEST))
            rows = (await client.rows(Pane.FETCH, 0, 1000)).rows
            assert [row.bytes for row in rows] == sorted(row.bytes for row in rows)
            await client.command(Command(CommandName.SKIP, rows[0].uuid))
            rows_after = (await client.rows(Pane.FETCH, 0, 1000)).rows
            assert rows_after[-1].uuid == rows[0].uuid
            assert rows_after[-1].state == FetchState.SKIPPED
            await client.command(Command(CommandName.FINISH))
            done = await ended(client)
            reasons = {left.uuid: left.reason for left in done.report.left}
            assert reasons[rows[0].uuid] == "skipped"
            assert done.status.census is not None
            assert done.status.census.count("icloud") == len(in_icloud(made))

    asyncio.run(story())
