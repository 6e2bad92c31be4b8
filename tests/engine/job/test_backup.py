"""A complete job: simulated phone, real host, real files."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.api.status import Outcome, Phase
from ambertime_tui.simulator.library import MadeLibrary
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.engine.backups import archived, backup, in_part, selected, strangers, whole


def test_every_original_on_the_phone_is_on_the_drive_byte_for_byte(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    done = asyncio.run(backup(JobSpec(str(target))))
    local = [asset for asset in selected(made) if asset.availability == "local"]
    assert local
    assert [a.original_filename for a in local if not whole(made, target, a)] == []
    assert set(archived(target)) - in_part(made, target) == {asset.uuid for asset in local}
    assert done.status.outcome is Outcome.LEFT
    assert done.status.phase is Phase.ENDED
    assert {left.uuid for left in done.report.left} == {
        asset.uuid for asset in selected(made) if asset.availability != "local"
    }
    assert strangers(target) == set()
    assert phone.journal.refused_writes == []


def test_sha256sum_checks_what_was_written(made: MadeLibrary, phone: SimulatedPhone, target: Path) -> None:
    asyncio.run(backup(JobSpec(str(target))))
    checked = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=target, capture_output=True)
    assert checked.returncode == 0, checked.stdout


def test_the_census_counts_every_asset_of_the_library_once(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    census = asyncio.run(backup(JobSpec(str(target)))).status.census
    assert census is not None
    assert census.holds
    assert census.library == len(made.assets)
    assert census.count("copied") == sum(a.availability == "local" for a in selected(made))
    assert census.count("icloud") == sum(a.availability == "icloud" for a in selected(made))
    assert census.count("excluded") == len(made.assets) - len(selected(made))


def test_a_second_run_copies_nothing(made: MadeLibrary, phone: SimulatedPhone, target: Path) -> None:
    first = asyncio.run(backup(JobSpec(str(target))))
    opened = phone.journal.requests["afc.FILE_OPEN"]
    before = {path: path.stat().st_mtime_ns for path in (target / "Photos").rglob("*")}
    second = asyncio.run(backup(JobSpec(str(target))))
    assert second.status.write.files_written == 0
    already = second.status.write.already.count
    assert already + len(in_part(made, target)) == first.status.write.written.count
    assert second.status.outcome is Outcome.LEFT
    assert {path: path.stat().st_mtime_ns for path in (target / "Photos").rglob("*")} == before
    only_the_database = phone.journal.requests["afc.FILE_OPEN"] - opened
    assert only_the_database < 10


def test_an_edit_only_in_icloud_is_listed_and_copied_once_it_has_arrived(
    made: MadeLibrary, phone: SimulatedPhone, target: Path
) -> None:
    edited = next(
        asset
        for asset in selected(made)
        if asset.availability == "local" and any(r.role == "edited_photo" for r in asset.resources)
    )
    edit = made.media / edited.resource("edited_photo").path
    away = edit.with_name("away")
    edit.rename(away)
    done = asyncio.run(backup(JobSpec(str(target))))
    assert done.status.outcome is Outcome.LEFT
    (named,) = [one for one in done.report.left if one.uuid == edited.uuid]
    assert named.reason == "edit_icloud"
    assert whole(made, target, edited), "its original is there"
    away.rename(edit)
    again = asyncio.run(backup(JobSpec(str(target))))
    assert edited.uuid not in {one.uuid for one in again.report.left}
    assert "edited_photo" in {file.role.value for file in archived(target)[edited.uuid].files}
