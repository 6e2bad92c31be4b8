"""After a verification, the next backup repairs what the phone still has."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from ambertime_tui.drive.errors import WriteFailed
from ambertime_tui.drive.record.verdicts import Verdict
from ambertime_tui.drive.target import open_target
from ambertime_tui.drive.verify.verify import verify
from ambertime_tui.library.model import Role
from tests.drive.archive_helpers import (
    PHONE,
    asset,
    backup,
    content,
    copied,
    drive_at,
    flip_a_bit,
    recorded_assets,
    stage,
)
from tests.drive.faulty_calls import CountingCalls

LIVE = (Role.PHOTO, Role.PAIRED_VIDEO)


def test_a_damaged_file_is_renamed_only_when_the_good_copy_is_complete(tmp_path: Path) -> None:
    item = asset(1, LIVE)
    backup(tmp_path, [item])
    photo = tmp_path / "Photos/2024-07/IMG_0001.HEIC"
    flip_a_bit(photo, 100)
    broken = photo.read_bytes()
    verify(tmp_path)
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        (files,) = target.inspect(PHONE).broken.values()
        assert [file.path for file in files] == ["Photos/2024-07/IMG_0001.HEIC"]
        with target.writer(PHONE, item, resources=item.resources[:1], repairs=files) as writer:
            data = content(item, item.resources[0])
            file = writer.begin(item.resources[0], len(data), item.created)
            file.write(data)
            assert photo.read_bytes() == broken
            file.finish()
            staged = writer.stage()
        assert photo.read_bytes() == broken
        target.commit([staged])
        assert photo.read_bytes() == data
        assert (photo.parent / "IMG_0001_damaged.HEIC").read_bytes() == broken
        assert not target.inspect(PHONE).broken
        target.finish()
    report = verify(tmp_path)
    assert report.sound
    assert report.count(Verdict.EXTRA) == 0


def test_a_missing_file_is_copied_again_under_its_name(tmp_path: Path) -> None:
    item = asset(1, LIVE)
    backup(tmp_path, [item])
    (tmp_path / "Photos/2024-07/IMG_0001.MOV").unlink()
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        found = copied(target, item, resources=item.resources[1:], repair=True)
        assert [file.name for file in found.files] == ["IMG_0001.HEIC", "IMG_0001.MOV"]
        assert not target.inspect(PHONE).broken
        target.finish()
    assert verify(tmp_path).sound


@pytest.mark.parametrize("size", ["smaller", "equal", "larger"])
def test_a_rewritten_file_keeps_its_name_and_the_original_goes_beside_it(tmp_path: Path, size: str) -> None:
    item = asset(1, LIVE)
    backup(tmp_path, [item])
    photo = tmp_path / "Photos/2024-07/IMG_0001.HEIC"
    original = photo.read_bytes()
    work = {"smaller": original[:-7], "equal": original[:-7] + b"rotated", "larger": original + b"rated"}[
        size
    ]
    photo.write_bytes(work)
    (found,) = verify(tmp_path).not_whole
    assert found.verdict is Verdict.CHANGED
    assert found.sentence.startswith("Photos/2024-07/IMG_0001.HEIC was rewritten by a person or a program")
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        again = copied(target, item, resources=item.resources[:1], repair=True)
        assert [file.name for file in again.files] == ["IMG_0001_2.HEIC", "IMG_0001.MOV"]
        assert not target.inspect(PHONE).broken
        target.finish()
    assert photo.read_bytes() == work
    assert (photo.parent / "IMG_0001_2.HEIC").read_bytes() == original
    report = verify(tmp_path)
    assert report.sound
    assert report.count(Verdict.EXTRA) == 1, "the person's file"


def test_a_file_that_turns_out_to_be_intact_stays(tmp_path: Path) -> None:
    item = asset(1)
    backup(tmp_path, [item])
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        recorded = recorded_assets(target.record, PHONE)[item.uuid]
        with target.writer(PHONE, item, repairs=recorded.files) as writer:
            data = content(item, item.resources[0])
            file = writer.begin(item.resources[0], len(data), item.created)
            file.write(data)
            file.finish()
            staged = writer.stage()
        target.commit([staged])
        assert recorded_assets(target.record, PHONE)[item.uuid].files == recorded.files
    assert [path.name for path in (tmp_path / "Photos/2024-07").iterdir()] == ["IMG_0001.HEIC"]


def test_a_finding_is_forgotten_when_the_file_is_repaired(tmp_path: Path) -> None:
    item = asset(1)
    backup(tmp_path, [item])
    photo = tmp_path / "Photos/2024-07/IMG_0001.HEIC"
    good = photo.read_bytes()
    flip_a_bit(photo, 5)
    verify(tmp_path)
    photo.write_bytes(good)
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        assert not target.inspect(PHONE).broken


def test_a_damaged_file_gets_its_name_back_if_the_good_copy_cannot_have_it(tmp_path: Path) -> None:
    item = asset(1)
    backup(tmp_path, [item])
    photo = tmp_path / "Photos/2024-07/IMG_0001.HEIC"
    flip_a_bit(photo, 100)
    broken = photo.read_bytes()
    verify(tmp_path)

    def before(number: int, name: str) -> None:
        if name == "_rename_exclusive" and calls.names.count(name) == 2:
            raise OSError(errno.EIO, "Input/output error")

    calls = CountingCalls(before)
    with open_target(tmp_path, drive=drive_at(tmp_path), calls=calls) as target:
        (outcome,) = target.commit([stage(target, item, repair=True)])
        assert isinstance(outcome, WriteFailed)
    assert {path.name: path.read_bytes() for path in photo.parent.iterdir()} == {photo.name: broken}
