"""Files that a person rewrote, moved, renamed or deleted in the archive since the last backup."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ambertime_tui.drive.record.record_model import RecordedAsset
from ambertime_tui.drive.verify.verify import verify
from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.simulator.library import MadeLibrary
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.engine.backups import archived, backup, warnings_of


def with_day(target: Path) -> list[RecordedAsset]:
    """The archived assets in month folders."""
    return sorted((one for one in archived(target).values() if one.folder.count("-")), key=lambda a: a.uuid)


def test_a_rewritten_file_keeps_its_name_and_the_backup_says_so(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    asyncio.run(backup(JobSpec(str(target))))
    rated = with_day(target)[0].files[0]
    path = target / rated.path
    original = path.read_bytes()
    path.write_bytes(original[:-3])
    ended = asyncio.run(backup(JobSpec(str(target))))
    (now,) = [one for one in with_day(target)[0].files if one.role is rated.role]
    assert now.path != rated.path
    assert path.read_bytes() == original[:-3]
    assert (target / now.path).read_bytes() == original
    (warning,) = [text for text in warnings_of(ended.status) if "rewritten" in text]
    assert warning == (
        f"{rated.path} was rewritten by a person or a program. It keeps its name and content; the original "
        f"is now beside it as {now.name}."
    )
    assert verify(target).sound
    again = asyncio.run(backup(JobSpec(str(target))))
    assert not [text for text in warnings_of(again.status) if "rewritten" in text]


def test_moved_and_renamed_files_are_not_copied_again(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    first = asyncio.run(backup(JobSpec(str(target))))
    folder = target / with_day(target)[0].folder
    count = len(list(folder.iterdir()))
    folder.rename(target / "Photos/Our trip")
    ended = asyncio.run(backup(JobSpec(str(target))))
    assert ended.status.write.files_written == 0
    assert ended.status.proof.partition(". ")[0] == first.status.proof.partition(". ")[0]
    (info,) = [event.text for event in ended.status.events if "moved or renamed" in event.text]
    assert info.startswith(
        f"{count} files were moved or renamed in the archive: {folder.relative_to(target)}/"
    )
    assert verify(target).sound
    again = asyncio.run(backup(JobSpec(str(target))))
    assert not [event for event in again.status.events if "moved" in event.text]
