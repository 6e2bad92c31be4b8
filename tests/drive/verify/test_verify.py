"""Verification reports files that changed, and the next backup repairs them."""

from __future__ import annotations

import os
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ambertime_tui.drive.errors import TargetGone, TargetMissing
from ambertime_tui.drive.record.verdicts import Verdict, last_verified, load_findings, verdict_of
from ambertime_tui.drive.target import open_target
from ambertime_tui.drive.verify.report import VerifyProgress
from ambertime_tui.drive.verify.verify import verify
from ambertime_tui.library.model import Role
from tests.drive.archive_helpers import (
    PHONE,
    assert_complete,
    asset,
    backup,
    content,
    copied,
    drive_at,
    flip_a_bit,
    resource,
    verdicts_of,
)

LIVE = (Role.PHOTO, Role.PAIRED_VIDEO)


def truncate_like_a_drive(path: Path, size: int) -> None:
    """Cut a file; its modification time stays."""
    facts = path.stat()
    os.truncate(path, size)
    os.utime(path, ns=(facts.st_mtime_ns, facts.st_mtime_ns))


def test_one_flipped_bit_in_each_of_100_files_is_found_in_exactly_those(tmp_path: Path) -> None:
    backup(tmp_path, [asset(n, name=f"IMG_{n:04}.HEIC") for n in range(1, 151)], group=50)
    assert verify(tmp_path).count(Verdict.WHOLE) == 150
    chance = random.Random(3)
    files = sorted((tmp_path / "Photos/2024-07").iterdir())
    harmed = chance.sample(files, 100)
    for path in harmed:
        flip_a_bit(path, chance.randrange(8 * path.stat().st_size))
    report = verify(tmp_path)
    assert {tmp_path / file.path for file in report.not_whole} == set(harmed)
    assert report.count(Verdict.DAMAGED) == 100
    assert report.count(Verdict.WHOLE) == 50
    assert not report.sound


def test_each_kind_of_damage_has_its_verdict(tmp_path: Path) -> None:
    backup(tmp_path, [asset(n, name=f"IMG_{n}.HEIC") for n in range(1, 8)])
    folder = tmp_path / "Photos/2024-07"
    (folder / "IMG_1.HEIC").unlink()
    truncate_like_a_drive(folder / "IMG_2.HEIC", 10)
    with (folder / "IMG_3.HEIC").open("ab") as file:
        file.write(b"<edited by a program>")
    (folder / "IMG_4.HEIC").rename(folder / "beach.HEIC")
    swapped = folder / "swap"
    (folder / "IMG_5.HEIC").rename(swapped)
    (folder / "IMG_6.HEIC").rename(folder / "IMG_5.HEIC")
    swapped.rename(folder / "IMG_6.HEIC")
    verdicts = {Path(path).stem: file for path, file in verdicts_of(tmp_path).items()}
    assert {stem: file.verdict for stem, file in verdicts.items()} == {
        "IMG_1": Verdict.MISSING,
        "IMG_2": Verdict.DAMAGED,
        "IMG_3": Verdict.CHANGED,
        "IMG_4": Verdict.WHOLE,
        "IMG_5": Verdict.CHANGED,
        "IMG_6": Verdict.CHANGED,
        "IMG_7": Verdict.WHOLE,
    }
    assert verdicts["IMG_4"].moved_to == "Photos/2024-07/beach.HEIC"
    assert (
        verdicts["IMG_5"].sentence
        == "Photos/2024-07/IMG_5.HEIC has the content of Photos/2024-07/IMG_6.HEIC."
    )
    assert "(10 instead of" in verdicts["IMG_2"].sentence


@pytest.mark.parametrize("found_size", [40, 100, 140])
@pytest.mark.parametrize(
    ("found_time", "expected"),
    [
        (5.0, Verdict.DAMAGED),
        (6.9, Verdict.DAMAGED),
        (3.1, Verdict.DAMAGED),
        (7.1, Verdict.CHANGED),
        (-900.0, Verdict.CHANGED),
        (900.0, Verdict.CHANGED),
    ],
)
def test_damage_keeps_the_modification_time_and_a_change_does_not(
    found_size: int, found_time: float, expected: Verdict
) -> None:
    assert verdict_of(100, 5.0, found_size, found_time, 50.0) is expected


@pytest.mark.parametrize(("found_time", "expected"), [(40.0, Verdict.DAMAGED), (60.0, Verdict.CHANGED)])
def test_a_file_whose_time_was_not_recorded_changed_if_it_was_written_later(
    found_time: float, expected: Verdict
) -> None:
    assert verdict_of(100, None, 100, found_time, 50.0) is expected


def test_bytes_that_a_drive_lost_in_a_preexisting_file_are_damage(tmp_path: Path) -> None:
    """Its own modification time is not the capture time, which the record has."""
    item = asset(1)
    old = tmp_path / "old.heic"
    old.write_bytes(content(item, item.resources[0]))
    os.utime(old, (1_000_000_000, 1_000_000_000))
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        assert copied(target, item).files[0].path == "old.heic"
        target.finish()
    flip_a_bit(old, 100)
    (found,) = verify(tmp_path).not_whole
    assert found.verdict is Verdict.DAMAGED
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        assert copied(target, item, repair=True).files[0].path == "old.heic"
    assert (tmp_path / "old_damaged.heic").exists()


def test_verification_needs_no_lock_and_changes_only_its_own_note(tmp_path: Path) -> None:
    backup(tmp_path, [asset(1, LIVE)])
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        with target.writer(PHONE, asset(2)) as writer:
            writer.begin(resource(Role.PHOTO, 2), None, 0.0).write(b"in the middle of it")
            assert verify(tmp_path).sound
        copied(target, asset(3))

    def others() -> dict[Path, bytes]:
        files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "verified.json"]
        return {path: path.read_bytes() for path in files}

    before = others()
    assert verify(tmp_path, clock=lambda: 1_234.5).count(Verdict.WHOLE) == 3
    assert others() == before
    assert last_verified(tmp_path) == 1_234.5
    verify(tmp_path, sample=0.5, clock=lambda: 9_999.0)
    assert last_verified(tmp_path) == 1_234.5, "a sample is not the whole archive"


def test_some_of_the_files_can_be_verified(tmp_path: Path) -> None:
    backup(tmp_path, [asset(n, name=f"{n}.HEIC") for n in range(1, 41)], group=40)
    sampled = verify(tmp_path, sample=0.05, chance=random.Random(1))
    assert (sampled.looked_at, sampled.skipped) == (2, 38)
    nothing = verify(tmp_path, since=4e9)
    assert (nothing.looked_at, nothing.skipped) == (0, 40)
    assert verify(tmp_path, since=1e9).looked_at == 40


def test_progress_is_reported(tmp_path: Path) -> None:
    backup(tmp_path, [asset(1, LIVE)])
    seen: list[VerifyProgress] = []
    verify(tmp_path, on_progress=seen.append)
    assert seen[-1].files_done == seen[-1].files_total == 2
    assert seen[-1].bytes_done == seen[-1].bytes_total > 0


def test_without_a_record_the_checksums_are_verified(tmp_path: Path) -> None:
    backup(tmp_path, [asset(1, LIVE)])
    for path in (tmp_path / ".ambertime").glob("record*"):
        path.unlink()
    flip_a_bit(tmp_path / "Photos/2024-07/IMG_0001.MOV", 9)
    report = verify(tmp_path)
    assert [file.path for file in report.not_whole] == ["Photos/2024-07/IMG_0001.MOV"]
    assert "SHA256SUMS" in report.notices[0]


def test_of_an_empty_record_the_checksums_are_verified(tmp_path: Path) -> None:
    """A drive that lost data can leave an empty record. One line in SHA256SUMS is enough to detect it."""
    backup(tmp_path, [asset(1)])
    (tmp_path / ".ambertime/seal.json").unlink()
    record = tmp_path / ".ambertime/record.sqlite3"
    record.unlink()
    with closing(sqlite3.connect(record)) as blank:
        blank.execute("PRAGMA user_version = 0")
        blank.execute("VACUUM")
    report = verify(tmp_path)
    assert report.count(Verdict.WHOLE) == 1
    assert "SHA256SUMS only" in report.notices[0]
    record.unlink()
    assert "There is no record on this drive" in verify(tmp_path).notices[0]
    (tmp_path / "SHA256SUMS").unlink()
    assert verify(tmp_path).notices == ()


def test_without_a_valid_record_the_files_are_still_verified(tmp_path: Path) -> None:
    backup(tmp_path, [asset(1, LIVE)])
    (tmp_path / ".ambertime/record.sqlite3").write_bytes(b"x" * 5000)
    report = verify(tmp_path)
    assert report.sound
    assert report.count(Verdict.WHOLE) == 2
    assert "cannot be read" in report.notices[0]


def test_a_missing_target_is_reported(tmp_path: Path) -> None:
    with pytest.raises(TargetMissing):
        verify(tmp_path / "nowhere")


def test_a_damaged_file_is_read_again_after_its_time_changed(tmp_path: Path) -> None:
    """Other programs, or a manual repair, change the time of a file. Only its bytes decide."""
    backup(tmp_path, [asset(1)])
    photo = tmp_path / "Photos/2024-07/IMG_0001.HEIC"
    good = photo.read_bytes()
    flip_a_bit(photo, 100)
    verify(tmp_path)
    os.utime(photo, (7, 7))
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        assert target.inspect(PHONE).broken
        photo.write_bytes(good)
        assert not target.inspect(PHONE).broken


def test_an_interrupted_verification_keeps_its_findings(tmp_path: Path) -> None:
    backup(tmp_path, [asset(n, name=f"IMG_{n}.HEIC") for n in range(1, 4)])
    flip_a_bit(tmp_path / "Photos/2024-07/IMG_1.HEIC", 100)

    def broken_off(progress: VerifyProgress) -> None:
        if progress.files_done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verify(tmp_path, on_progress=broken_off)
    assert set(load_findings(tmp_path)) == {"Photos/2024-07/IMG_1.HEIC"}


def test_an_unplugged_drive_is_not_a_thousand_missing_files(tmp_path: Path) -> None:
    backup(tmp_path, [asset(n, name=f"IMG_{n}.HEIC") for n in range(1, 4)])

    def pulled(progress: VerifyProgress) -> None:
        if progress.files_done == 1 and tmp_path.exists():
            tmp_path.rename(tmp_path.with_name("elsewhere"))

    with pytest.raises(TargetGone):
        verify(tmp_path, on_progress=pulled)


def test_a_folder_that_became_a_link_blocks_nothing_else(tmp_path: Path) -> None:
    backup(tmp_path, [asset(1), asset(2, created=None)])
    (tmp_path / "Photos/undated").rename(tmp_path / ".away")
    (tmp_path / "Photos/undated").symlink_to("undated")
    found = verdicts_of(tmp_path)
    assert found["Photos/2024-07/IMG_0001.HEIC"].verdict is Verdict.WHOLE
    assert found["Photos/undated/IMG_0001.HEIC"].verdict is Verdict.CHANGED
    assert "Photos/undated is a link" in found["Photos/undated/IMG_0001.HEIC"].sentence
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        assert set(target.inspect(PHONE).broken) == {asset(2).uuid}
        assert copied(target, asset(3, name="IMG_3.HEIC")), "and nothing is blocked"


def test_a_record_with_a_flipped_bit_after_a_crash_is_rebuilt_by_the_next_backup(tmp_path: Path) -> None:
    """Without integrity hashes, the checksum of the row finds it."""
    item = asset(1)
    backup(tmp_path, [item])
    (tmp_path / ".ambertime/seal.json").unlink()
    with closing(sqlite3.connect(tmp_path / ".ambertime/record.sqlite3", isolation_level=None)) as record:
        record.execute("UPDATE file SET sha256 = zeroblob(32)")
    report = verify(tmp_path)
    assert report.sound
    assert "checksum of a row" in report.notices[0]
    assert not backup(tmp_path, [item])
    assert_complete(tmp_path, [item])
    assert verify(tmp_path).notices == ()


@pytest.mark.parametrize("harm", ["gone", "a line less", "another hash"])
def test_checksums_that_disagree_with_the_record_are_reported_and_rewritten(
    tmp_path: Path, harm: str
) -> None:
    backup(tmp_path, [asset(1, LIVE)])
    sums = tmp_path / "SHA256SUMS"
    before = sums.read_bytes()
    if harm == "gone":
        sums.unlink()
    else:
        first, second = before.splitlines(keepends=True)
        sums.write_bytes(first if harm == "a line less" else first + b"0" * 64 + second[64:])
    (bad,) = verify(tmp_path).not_whole
    assert (bad.path, bad.verdict) == ("SHA256SUMS", Verdict.DAMAGED)
    assert ("2 files" if harm == "gone" else "1 file") in bad.sentence
    backup(tmp_path, [asset(1, LIVE)])
    assert sums.read_bytes() == before
    assert verify(tmp_path).sound
