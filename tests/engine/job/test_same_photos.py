"""The same photos again: on a second phone, on a phone that was set up again, or deleted from the phone."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import ExitStack, closing
from datetime import date
from pathlib import Path

from ambertime_tui.drive.verify.verify import verify
from ambertime_tui.engine.api.spec import JobSpec, Selection
from ambertime_tui.engine.api.status import Outcome
from ambertime_tui.library.date_range import DateRange
from ambertime_tui.simulator.library import MadeLibrary
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.conftest import PhoneFactory
from tests.drive.archive_helpers import recorded_in
from tests.drive.real_drives import mount
from tests.engine.backups import archived, backup, strangers


def files_of(target: Path) -> dict[str, int]:
    """All files below Photos/ with their inodes: a rewritten file has a different inode."""
    return {
        path.relative_to(target).as_posix(): path.stat().st_ino
        for path in (target / "Photos").rglob("*")
        if path.is_file()
    }


def on_the_phone(made: MadeLibrary, statement: str) -> None:
    """A change to the library by the user or iOS."""
    with closing(sqlite3.connect(made.media / "PhotoData/Photos.sqlite", isolation_level=None)) as database:
        for (trigger,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            database.execute(f'DROP TRIGGER "{trigger}"')
        database.execute(statement)


def test_a_second_phone_with_the_same_library_writes_nothing(
    made: MadeLibrary, phone: SimulatedPhone, phone_factory: PhoneFactory, target: Path
) -> None:
    first = asyncio.run(backup(JobSpec(str(target), udid=phone.udid)))
    before = files_of(target)
    other = phone_factory(made.media)
    second = asyncio.run(backup(JobSpec(str(target), udid=other.udid)))
    assert files_of(target) == before
    assert second.status.write.written.count == first.status.write.written.count
    assert second.status.proof == first.status.proof
    by_phone: dict[str, set[str]] = {}
    for asset in recorded_in(target):
        by_phone.setdefault(asset.udid, set()).update(file.path for file in asset.files)
    assert by_phone[phone.udid] == by_phone[other.udid] == set(before)
    assert verify(target).sound
    again = asyncio.run(backup(JobSpec(str(target), udid=other.udid)))
    assert again.status.write.files_written == 0


def test_a_phone_that_was_set_up_again_writes_nothing(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    asyncio.run(backup(JobSpec(str(target))))
    before = files_of(target)
    on_the_phone(made, "UPDATE ZASSET SET ZUUID = 'FFFF' || substr(ZUUID, 5)")
    second = asyncio.run(backup(JobSpec(str(target))))
    assert second.status.write.already.count == 0
    assert second.status.write.written.count > 0
    assert files_of(target) == before
    assert verify(target).sound


def test_files_already_on_the_drive_need_no_room(
    made: MadeLibrary, phone: SimulatedPhone, phone_factory: PhoneFactory, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        drive = mount("ext4", tmp_path, stack, megabytes=130)
        asyncio.run(backup(JobSpec(str(drive.path), udid=phone.udid)))
        before = files_of(drive.path)
        facts = os.statvfs(drive.path)
        with (drive.path / "filler").open("wb") as filler:
            os.posix_fallocate(filler.fileno(), 0, facts.f_bavail * facts.f_frsize - (16 << 20))
        second = asyncio.run(backup(JobSpec(str(drive.path), udid=phone_factory(made.media).udid)))
        assert second.status.outcome is Outcome.LEFT, second.status.sentence
        assert second.status.census is not None
        assert second.status.census.count("copied") > 0
        assert files_of(drive.path) == before


def test_a_damaged_file_of_a_deleted_photo_is_listed_at_the_end(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    asyncio.run(backup(JobSpec(str(target))))
    gone, elsewhere, *_ = sorted(
        (asset for asset in archived(target).values() if asset.folder.count("-")), key=lambda a: a.uuid
    )
    for asset in (gone, elsewhere):
        (target / asset.files[0].path).unlink()
    on_the_phone(made, f"DELETE FROM ZASSET WHERE ZUUID = '{gone.uuid}'")
    nothing = Selection(range=DateRange(date(1990, 1, 1), date(1990, 1, 2)))
    ended = asyncio.run(backup(JobSpec(str(target), selection=nothing)))
    assert ended.status.outcome is Outcome.LEFT
    assert "2 files of earlier backups" in ended.status.sentence
    assert "2 damaged" in ended.status.proof
    said = {left.uuid: (left.reason, left.sentence) for left in ended.report.left}
    assert set(said) == {gone.uuid, elsewhere.uuid}
    assert all(reason == "not_whole" for reason, _ in said.values())
    assert "look for it in another backup" in said[gone.uuid][1]
    assert "run a backup that includes it" in said[elsewhere.uuid][1]
    everything = asyncio.run(backup(JobSpec(str(target))))
    assert (target / elsewhere.files[0].path).exists()
    assert {left.uuid for left in everything.report.left if left.reason == "not_whole"} == {gone.uuid}
    assert strangers(target) == set()
