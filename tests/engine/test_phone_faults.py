"""What a phone can do to a job, and that the job survives it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ambertime_tui.engine.spec import JobSpec
from ambertime_tui.engine.status import Condition, Outcome, Phase
from ambertime_tui.engine.timing import Timing
from ambertime_tui.phone.session import Tempo
from ambertime_tui.simulator.afc_packets import AfcStatus
from ambertime_tui.simulator.background import BackgroundUsbmuxd
from ambertime_tui.simulator.faults import Faults, PathFault
from ambertime_tui.simulator.library import MadeAsset, MadeLibrary
from ambertime_tui.simulator.phone import SimulatedPhone, Trust
from tests.conftest import PhoneFactory
from tests.engine.backups import (
    archived,
    backup,
    ended,
    engine,
    incomplete,
    offload,
    resume,
    run_here,
    selected,
    start_paused,
    strangers,
    until,
    whole,
)


def some_local(made: MadeLibrary) -> MadeAsset:
    """A photo of one's own that is on the phone, at a path that AFC spells as the library does."""
    return next(
        asset
        for asset in selected(made)
        if asset.availability == "local" and len(asset.resources) == 1 and asset.originals[0].path.isascii()
    )


def test_a_cable_pulled_in_mid_copy_and_put_back_costs_nothing(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    async def story() -> Outcome | None:
        async with engine() as client:
            await start_paused(client, JobSpec(str(target)))
            phone.faults = Faults(cable_pulled_after=150_000, replugged_after=0.5)
            await resume(client)
            waiting = await until(client, lambda status: status.condition is Condition.WAITING)
            assert "Plug it in again" in waiting.sentence
            done = await ended(client)
            assert done.status.write.failed == 0
            return done.status.outcome

    assert asyncio.run(story()) is Outcome.LEFT
    assert incomplete(made, target) == []
    assert strangers(target) == set()


def test_a_phone_that_stays_away_ends_the_job_with_its_sentence_and_the_next_run_goes_on(
    made: MadeLibrary, phone: SimulatedPhone, target: Path, usbmux: BackgroundUsbmuxd
) -> None:
    async def story() -> None:
        async with engine() as client:
            await start_paused(client, JobSpec(str(target), patience=0.5))
            phone.faults = Faults(cable_pulled_after=150_000)
            await resume(client)
            done = await ended(client)
            assert done.status.outcome is Outcome.FAILED
            assert phone.udid in done.status.sentence
            assert done.status.census is not None
            assert done.status.census.holds
            assert {"not_reached"} <= {left.reason for left in done.report.left}

    asyncio.run(story())
    assert strangers(target) == set()
    there_before = set(archived(target))
    usbmux.attach(phone)
    done = asyncio.run(backup(JobSpec(str(target))))
    assert incomplete(made, target) == []
    assert done.status.write.already.count == len(there_before)


def test_a_phone_that_is_locked_is_waited_for(made: MadeLibrary, phone: SimulatedPhone, target: Path) -> None:
    async def story() -> None:
        async with engine() as client:
            await start_paused(client, JobSpec(str(target)))
            phone.faults = Faults(locked_files_denied=True)
            phone.locked = True
            await resume(client)
            waiting = await until(client, lambda status: status.condition is Condition.WAITING)
            assert "is locked" in waiting.sentence
            phone.locked = False
            done = await ended(client)
            assert done.status.write.failed == 0

    asyncio.run(story())
    assert incomplete(made, target) == []


def test_short_replies_are_put_together(made: MadeLibrary, phone: SimulatedPhone, target: Path) -> None:
    phone.faults = Faults(afc_reply_limit=1000)
    asyncio.run(backup(JobSpec(str(target))))
    assert incomplete(made, target) == []


def test_a_phone_that_says_nothing_more_is_waited_for_until_it_does(
    made: MadeLibrary, phone: SimulatedPhone, target: Path, tmp_path: Path
) -> None:
    async def story() -> None:
        timing = Timing(phone=Tempo(stall_after=0.5, step_within=2.0))
        job = asyncio.create_task(run_here(JobSpec(str(target)), timing, tmp_path / "state"))
        phone.faults = Faults(afc_hangs_after=400_000)
        async with asyncio.timeout(30):
            while phone.journal.services["com.apple.afc"] < 3:  # noqa: ASYNC110 - it is asked again and again
                await asyncio.sleep(0.05)
        phone.faults = Faults()
        status = await job
        assert status.outcome is Outcome.LEFT

    asyncio.run(story())
    assert incomplete(made, target) == []


def test_a_read_error_that_passes_is_tried_again(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    asset = some_local(made)
    phone.faults = Faults(paths=(PathFault(f"/{asset.originals[0].path}", times=2),))
    done = asyncio.run(backup(JobSpec(str(target))))
    assert done.status.write.failed == 0
    assert whole(made, target, asset)


@pytest.mark.parametrize(
    ("status", "reason"), [(AfcStatus.IO_ERROR, "unreadable"), (AfcStatus.PERM_DENIED, "forbidden")]
)
def test_a_file_that_cannot_be_read_is_listed_and_the_others_are_copied(
    made: MadeLibrary, phone: SimulatedPhone, target: Path, status: AfcStatus, reason: str
) -> None:
    asset = some_local(made)
    phone.faults = Faults(paths=(PathFault(f"/{asset.originals[0].path}", on="open", status=status),))
    done = asyncio.run(backup(JobSpec(str(target))))
    assert done.status.outcome is Outcome.LEFT
    left = {left.uuid: left for left in done.report.left}
    assert left[asset.uuid].reason == reason
    assert asset.originals[0].name in left[asset.uuid].sentence
    assert incomplete(made, target) == [asset.original_filename]
    assert done.status.census is not None
    assert done.status.census.count("failed") == 1


def test_an_original_offloaded_while_the_job_runs_is_listed_as_in_icloud(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    asset = next(a for a in selected(made) if a.availability == "local" and a.uploaded)

    async def story() -> None:
        async with engine() as client:
            await start_paused(client, JobSpec(str(target)))
            offload(made, asset)
            await resume(client)
            done = await ended(client)
            reasons = {left.uuid: left.reason for left in done.report.left}
            assert reasons[asset.uuid] == "offloaded"
            assert done.status.census is not None
            assert done.status.census.holds

    asyncio.run(story())
    assert asset.uuid not in archived(target)


def test_a_library_without_a_readable_database_is_copied_as_its_folders_show_it(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    made.database.with_name("Photos.sqlite-wal").unlink(missing_ok=True)
    made.database.write_bytes(b"this is no database" * 1000)
    done = asyncio.run(backup(JobSpec(str(target))))
    assert done.status.outcome is Outcome.LEFT
    assert done.status.phase is Phase.ENDED
    assert any("database" in notice for notice in done.status.scan.notices)
    hashes = {file.sha256 for asset in archived(target).values() for file in asset.files}
    for asset in made.own():
        for original in asset.originals:
            if original.present and Path(original.name).suffix:
                assert made.content(asset, original).sha256() in hashes


def test_a_job_waits_while_the_trust_dialog_is_open(
    made: MadeLibrary, phone_factory: PhoneFactory, target: Path
) -> None:
    phone = phone_factory(made.media, trust=Trust.ASKS, paired=False)

    async def story() -> None:
        async with engine() as client:
            await client.start(JobSpec(str(target)))
            waiting = await until(client, lambda status: status.condition is Condition.WAITING)
            assert waiting.phase is Phase.CONNECTING
            assert "tap Trust" in waiting.sentence
            phone.answer_trust(True)
            await ended(client)

    asyncio.run(story())
    assert incomplete(made, target) == []


def test_a_phone_that_refuses_trust_ends_the_job_with_what_to_do(
    made: MadeLibrary, phone_factory: PhoneFactory, target: Path
) -> None:
    phone_factory(made.media, trust=Trust.REFUSES, paired=False)
    done = asyncio.run(backup(JobSpec(str(target))))
    assert done.status.outcome is Outcome.FAILED
    assert "Don't Trust" in done.status.sentence
    assert done.report.census is None


def test_a_backup_over_tls_is_byte_identical_too(
    made: MadeLibrary, phone_factory: PhoneFactory, target: Path
) -> None:
    phone_factory(made.media, tls=True)
    asyncio.run(backup(JobSpec(str(target))))
    assert incomplete(made, target) == []
