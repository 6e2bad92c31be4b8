"""A job survives whatever the phone does."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.api.status import Condition, Outcome, Phase
from ambertime_tui.engine.timing import Timing
from ambertime_tui.library.fallback import NOTICE
from ambertime_tui.phone.afc import LARGEST_READ
from ambertime_tui.phone.session import PhoneTimeouts
from ambertime_tui.simulator.afc_packets import AfcStatus
from ambertime_tui.simulator.background import BackgroundUsbmuxd
from ambertime_tui.simulator.faults import Faults, PathFault
from ambertime_tui.simulator.library import (
    LibraryRecipe,
    MadeAsset,
    MadeLibrary,
    Mix,
    Sizes,
    make_library,
)
from ambertime_tui.simulator.phone import SimulatedPhone, Trust
from tests.conftest import PhoneFactory
from tests.engine.backups import (
    archived,
    backup,
    ended,
    engine,
    in_part,
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
    """An own photo on the phone whose path AFC spells as the library does."""
    return next(
        asset
        for asset in selected(made)
        if asset.availability == "local" and len(asset.resources) == 1 and asset.originals[0].path.isascii()
    )


def test_unplugging_the_phone_during_a_copy_loses_nothing(
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


def test_a_phone_that_stays_away_ends_the_job_and_the_next_run_continues(
    made: MadeLibrary, phone: SimulatedPhone, target: Path, usbmux: BackgroundUsbmuxd
) -> None:
    async def story() -> None:
        async with engine() as client:
            await start_paused(client, JobSpec(str(target), patience=0.5))
            phone.faults = Faults(cable_pulled_after=150_000)
            await resume(client)
            done = await ended(client)
            assert done.status.outcome is Outcome.FAILED
            assert f"{phone.facts.name} is not connected." in done.status.sentence
            assert phone.udid not in done.status.sentence
            assert done.status.census is not None
            assert done.status.census.holds
            assert {"not_reached"} <= {left.reason for left in done.report.left}

    asyncio.run(story())
    assert strangers(target) == set()
    there_before = set(archived(target))
    usbmux.attach(phone)
    done = asyncio.run(backup(JobSpec(str(target))))
    assert incomplete(made, target) == []
    assert done.status.write.already.count == len(there_before - in_part(made, target))


def test_the_job_waits_for_a_locked_phone(made: MadeLibrary, phone: SimulatedPhone, target: Path) -> None:
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


def test_short_replies_are_joined(made: MadeLibrary, phone: SimulatedPhone, target: Path) -> None:
    phone.faults = Faults(afc_reply_limit=1000)
    asyncio.run(backup(JobSpec(str(target))))
    assert incomplete(made, target) == []


def test_the_job_waits_for_a_phone_that_stops_responding(
    made: MadeLibrary, phone: SimulatedPhone, target: Path, tmp_path: Path
) -> None:
    async def story() -> None:
        timing = Timing(phone=PhoneTimeouts(stall_after=0.5, step_within=2.0))
        job = asyncio.create_task(run_here(JobSpec(str(target)), timing, tmp_path / "state"))
        phone.faults = Faults(afc_hangs_after=400_000)
        async with asyncio.timeout(30):
            while phone.journal.services["com.apple.afc"] < 3:  # noqa: ASYNC110 - the simulator sets no event
                await asyncio.sleep(0.05)
        phone.faults = Faults()
        status = await job
        assert status.outcome is Outcome.LEFT

    asyncio.run(story())
    assert incomplete(made, target) == []


def test_a_temporary_read_error_is_retried(made: MadeLibrary, phone: SimulatedPhone, target: Path) -> None:
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


def test_an_original_offloaded_during_the_job_is_listed_as_in_icloud(
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


def test_a_phone_that_refuses_trust_ends_the_job_with_instructions(
    made: MadeLibrary, phone_factory: PhoneFactory, target: Path
) -> None:
    phone_factory(made.media, trust=Trust.REFUSES, paired=False)
    done = asyncio.run(backup(JobSpec(str(target))))
    assert done.status.outcome is Outcome.FAILED
    assert "Don't Trust" in done.status.sentence
    assert done.report.census is None


def test_a_backup_over_tls_is_byte_identical(
    made: MadeLibrary, phone_factory: PhoneFactory, target: Path
) -> None:
    phone_factory(made.media, tls=True)
    asyncio.run(backup(JobSpec(str(target))))
    assert incomplete(made, target) == []


@pytest.mark.parametrize("handles", [1, 2, 5])
def test_a_phone_that_allows_few_open_files_is_read_a_few_at_a_time(
    made: MadeLibrary, phone: SimulatedPhone, target: Path, handles: int
) -> None:
    phone.faults = Faults(handle_limit=handles)
    done = asyncio.run(backup(JobSpec(str(target))))
    assert done.status.write.failed == 0
    assert incomplete(made, target) == []


@pytest.mark.parametrize("requests", [20, 60])
def test_repeated_disconnects_lose_no_file(
    made: MadeLibrary, phone: SimulatedPhone, target: Path, requests: int
) -> None:
    phone.faults = Faults(afc_drops_after=requests)
    done = asyncio.run(backup(JobSpec(str(target))))
    assert done.status.write.failed == 0
    assert incomplete(made, target) == []
    assert strangers(target) == set()


def test_a_large_file_resumes_after_a_disconnect(
    tmp_path: Path, phone_factory: PhoneFactory, target: Path
) -> None:
    """No connection is long enough for a complete video."""
    mix = Mix(video=0.5, live=0.0, edited=0.0)
    recipe = LibraryRecipe(assets=12, seed=5, icloud_share=0.0, sizes=Sizes.SPARSE, mix=mix, oddities=False)
    made = make_library(tmp_path / "videos", recipe)
    largest = max(original.size for asset in selected(made) for original in asset.originals)
    requests = 6
    assert largest > requests * LARGEST_READ
    phone = phone_factory(made.media)

    async def story() -> None:
        async with engine() as client:
            await start_paused(client, JobSpec(str(target)))
            phone.faults = Faults(afc_drops_after=requests)
            await resume(client)
            assert (await ended(client)).status.outcome is Outcome.COMPLETE

    asyncio.run(story())
    assert incomplete(made, target) == []
    assert strangers(target) == set()
    assert phone.journal.requests["afc.FILE_SEEK"] > 0


def test_a_file_that_has_changed_is_copied_from_its_beginning(
    tmp_path: Path, phone_factory: PhoneFactory, usbmux: BackgroundUsbmuxd, target: Path
) -> None:
    recipe = LibraryRecipe(
        assets=1,
        seed=4,
        icloud_share=0.0,
        sizes=Sizes.SPARSE,
        mix=Mix(video=1.0, live=0.0),
        oddities=False,
        fingerprints=False,
    )
    made = make_library(tmp_path / "videos", recipe)
    (asset,) = selected(made)
    path = made.media / asset.originals[0].path

    async def story() -> bytes:
        async with engine() as client:
            await start_paused(client, JobSpec(str(target)))
            phone.faults = Faults(cable_pulled_after=LARGEST_READ + 100_000)
            await resume(client)
            await until(client, lambda status: status.condition is Condition.WAITING)
            content = b"another film " + path.read_bytes()[13:]
            path.write_bytes(content)
            phone.faults = Faults()
            usbmux.attach(phone)
            assert (await ended(client)).status.outcome is Outcome.COMPLETE
            return content

    phone = phone_factory(made.media)
    content = asyncio.run(story())
    (file,) = archived(target)[asset.uuid].files
    assert (target / file.path).read_bytes() == content


def test_a_temporary_error_reading_the_database_is_retried(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    phone.faults = Faults(paths=(PathFault("/PhotoData/Photos.sqlite", times=2),))
    done = asyncio.run(backup(JobSpec(str(target))))
    assert NOTICE not in done.status.scan.notices
    assert incomplete(made, target) == []


@pytest.mark.parametrize("status", [AfcStatus.IO_ERROR, AfcStatus.PERM_DENIED])
@pytest.mark.parametrize("file", ["Photos.sqlite", "Photos.sqlite-wal"])
def test_without_access_to_the_database_the_folders_are_copied(
    made: MadeLibrary, phone: SimulatedPhone, target: Path, status: AfcStatus, file: str
) -> None:
    phone.faults = Faults(paths=(PathFault(f"/PhotoData/{file}", on="open", status=status),))
    done = asyncio.run(backup(JobSpec(str(target))))
    assert done.status.outcome is Outcome.LEFT
    assert any(file in notice for notice in done.status.scan.notices)
    assert NOTICE in done.status.scan.notices
    assert archived(target)


def test_the_job_waits_for_a_phone_locked_before_the_scan(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    async def story() -> None:
        phone.faults = Faults(locked_files_denied=True)
        async with engine() as client:
            await client.start(JobSpec(str(target)))
            phone.locked = True
            await until(client, lambda status: status.condition is Condition.WAITING)
            phone.locked = False
            done = await ended(client)
            assert NOTICE not in done.status.scan.notices

    asyncio.run(story())
    assert incomplete(made, target) == []


def test_a_read_error_for_an_absent_file_means_that_it_is_absent(
    made: MadeLibrary, phone: SimulatedPhone, target: Path, tmp_path: Path
) -> None:
    """Some versions of iOS reply so. Here the database has no log, and offloaded files leave no folder."""
    with closing(sqlite3.connect(made.database)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    for left in (made.media / "PhotoData").glob("Photos.sqlite-*"):
        left.unlink()
    for folder in sorted((made.media / "PhotoData/CPLAssets").glob("*")):
        if not any(folder.iterdir()):
            folder.rmdir()
    phone.faults = Faults(absent_is_read_error=True)
    done = asyncio.run(backup(JobSpec(str(target))))
    assert incomplete(made, target) == []
    reasons = {left.uuid: left.reason for left in done.report.left}
    away = [asset for asset in selected(made) if asset.availability == "icloud"]
    assert {reasons[asset.uuid] for asset in away} <= {"icloud", "in_part"}


def test_a_usbmuxd_without_events_is_polled(
    made: MadeLibrary, phone: SimulatedPhone, usbmux: BackgroundUsbmuxd, target: Path
) -> None:
    usbmux.usbmuxd.tells_events = False

    async def story() -> None:
        async with engine() as client:
            await start_paused(client, JobSpec(str(target)))
            phone.faults = Faults(cable_pulled_after=100_000, replugged_after=1.5)
            await resume(client)
            await until(client, lambda status: status.condition is Condition.WAITING)
            await ended(client)

    asyncio.run(story())
    assert incomplete(made, target) == []


def test_an_unreachable_phone_ends_the_job_after_its_patience(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    phone.faults = Faults(refused_connects=1_000_000)
    done = asyncio.run(backup(JobSpec(str(target), patience=1.0)))
    assert done.status.outcome is Outcome.FAILED
