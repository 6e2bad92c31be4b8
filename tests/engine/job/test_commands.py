"""The commands that a running job takes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ambertime_tui.engine.api.client import Command, CommandName, EngineClient, EngineError, Pane
from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.api.status import Condition, Outcome, Phase
from ambertime_tui.simulator.faults import Faults, PathFault
from ambertime_tui.simulator.library import MadeLibrary
from ambertime_tui.simulator.link import Link
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.engine.backups import (
    archived,
    backup,
    ended,
    engine,
    in_part,
    incomplete,
    resume,
    start_paused,
    strangers,
    until,
    whole,
)


async def order(client: EngineClient, name: CommandName, argument: str = "") -> None:
    """Send a command."""
    await client.command(Command(name, argument))


def test_a_paused_job_copies_nothing_until_it_is_resumed(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    async def story() -> None:
        async with engine() as client:
            await start_paused(client, JobSpec(str(target)))
            status = await until(client, lambda status: status.condition is Condition.PAUSED)
            assert status.write.written.count == 0
            assert not (target / "Photos").exists()
            await resume(client)
            await ended(client)

    asyncio.run(story())
    assert incomplete(made, target) == []


def test_a_stopped_job_leaves_only_complete_files_and_the_next_run_copies_the_rest(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    async def story() -> None:
        async with engine() as client:
            await start_paused(client, JobSpec(str(target)))
            phone.link = Link(0.005, 200_000)
            await resume(client)
            await until(client, lambda status: status.write.written.count > 0)
            await order(client, CommandName.STOP)
            done = await ended(client)
            assert done.status.outcome is Outcome.INTERRUPTED
            assert done.status.stop_after_file
            assert done.status.census is not None
            assert done.status.census.holds
            assert any(left.reason == "not_reached" for left in done.report.left)

    asyncio.run(story())
    first = archived(target)
    assert 0 < len(first) < sum(a.availability == "local" for a in made.own())
    assert strangers(target) == set()
    phone.link = Link()
    done = asyncio.run(backup(JobSpec(str(target))))
    assert incomplete(made, target) == []
    assert done.status.write.already.count == len(first.keys() - in_part(made, target))


def test_stopping_now_discards_unfinished_files(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    async def story() -> None:
        async with engine() as client:
            await start_paused(client, JobSpec(str(target)))
            phone.link = Link(0.0, 20_000)
            await resume(client)
            await until(client, lambda status: len(status.write.current_files) > 0)
            await order(client, CommandName.STOP_NOW)
            done = await ended(client)
            assert done.status.outcome is Outcome.INTERRUPTED

    asyncio.run(story())
    assert strangers(target) == set()
    assert phone.open_files == 0


def test_failed_items_can_be_retried(made: MadeLibrary, phone: SimulatedPhone, target: Path) -> None:
    local = [a for a in made.own() if a.availability == "local" and not a.trashed and len(a.resources) == 1]
    bad, slow = local[0], local[-1]

    async def story() -> None:
        async with engine() as client:
            await start_paused(client, JobSpec(str(target)))
            fast, phone.link = (
                phone.link,
                Link(0.0, 200_000),
            )  # slow, or everything else is done before the first failure
            phone.faults = Faults(
                paths=(
                    PathFault(f"/{bad.originals[0].path}"),
                    PathFault(f"/{slow.originals[0].path}"),
                )
            )
            await resume(client)
            await until(client, lambda status: status.write.failed > 0)
            rows = await client.rows(Pane.LEFT, 0, 1000)
            assert "unreadable" in {row.state for row in rows.rows}
            phone.faults, phone.link = Faults(), fast
            await order(client, CommandName.RETRY_FAILED)
            done = await ended(client)
            assert done.status.write.failed == 0

    asyncio.run(story())
    assert whole(made, target, bad)
    assert whole(made, target, slow)


def test_a_skipped_item_is_left_out_and_listed(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    async def story() -> str:
        async with engine() as client:
            await start_paused(client, JobSpec(str(target)))
            rows = await client.rows(Pane.WRITE, 0, 1000)
            waiting = next(row for row in reversed(rows.rows) if row.state == "waiting")
            await order(client, CommandName.SKIP, waiting.uuid)
            await resume(client)
            done = await ended(client)
            assert {left.uuid: left.reason for left in done.report.left}[waiting.uuid] == "skipped"
            assert done.status.write.planned.count == done.status.write.written.count
            return waiting.uuid

    skipped = asyncio.run(story())
    assert skipped not in archived(target)
    assert len(incomplete(made, target)) == 1


def test_a_command_that_is_not_possible_now_says_why(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    async def story() -> None:
        async with engine() as client:
            with pytest.raises(EngineError) as no_job:
                await order(client, CommandName.PAUSE)
            assert no_job.value.kind == "NoJob"
            await start_paused(client, JobSpec(str(target)))
            for name in (CommandName.FINISH, CommandName.RETRY_FAILED, CommandName.SHOW_CODE):
                with pytest.raises(EngineError) as refused:
                    await order(client, name)
                assert refused.value.kind == "NotNow"
            with pytest.raises(EngineError) as second:
                await client.start(JobSpec(str(target)))
            assert second.value.kind == "JobRunning"
            await resume(client)
            await ended(client)
            with pytest.raises(EngineError) as too_late:
                await order(client, CommandName.PAUSE)
            assert too_late.value.kind == "NotNow"

    asyncio.run(story())


def test_every_list_can_be_read_by_page(made: MadeLibrary, phone: SimulatedPhone, target: Path) -> None:
    async def story() -> None:
        async with engine() as client:
            await start_paused(client, JobSpec(str(target)))
            for pane in Pane:
                whole_list = await client.rows(pane, 0, 1000)
                assert whole_list.total == len(whole_list.rows) > 0
                page = await client.rows(pane, 3, 2)
                assert page.rows == whole_list.rows[3:5]
            status = await until(client, lambda status: status.phase is Phase.COPYING)
            assert (await client.rows(Pane.SCAN, 0, 0)).total == status.scan.selected
            await resume(client)
            done = await ended(client)
            written = await client.rows(Pane.WRITE, 0, 1000)
            assert {row.state for row in written.rows} == {"written"}
            assert len(written.rows) == done.status.write.written.count

    asyncio.run(story())
