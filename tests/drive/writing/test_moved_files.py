"""Files that a person moved or renamed are recorded where they are, and not copied again."""

from __future__ import annotations

from pathlib import Path

import pytest

from ambertime_tui.drive.record.record_model import ReservedName
from ambertime_tui.drive.record.verdicts import Verdict
from ambertime_tui.drive.target import open_target
from ambertime_tui.drive.verify.verify import verify
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.drive.writing.moved_files import MovedFile
from ambertime_tui.library.model import Role
from tests.drive.archive_helpers import (
    LIBRARY,
    PHONE,
    asset,
    backup,
    content,
    copied,
    drive_at,
    recorded_assets,
    tree,
    with_role,
)

LIVE = (Role.PHOTO, Role.PAIRED_VIDEO)
MONTH = "Photos/2024-07"


def moved_in(root: Path, udid: str = PHONE) -> dict[str, str]:
    """What the next job finds moved; it must find nothing to copy again."""
    with open_target(root, drive=drive_at(root)) as target:
        found = target.inspect(udid)
        assert not found.broken
        assert not target.inspect(udid).moved, "the record follows"
        target.finish()
    return {one.before: one.now for one in found.moved}


@pytest.mark.parametrize(
    ("photo", "video"),
    [
        (f"{MONTH}/beach.HEIC", f"{MONTH}/beach.MOV"),
        ("Photos/Trip/IMG_0001.HEIC", "Photos/Trip/IMG_0001.MOV"),
        ("Photos/Trip/IMG_0001.HEIC", f"{MONTH}/IMG_0001.MOV"),
        (f"{MONTH}/IMG_0001.HEIC", "Videos/2024/waves.mov"),
        ("one/IMG_0001.HEIC", "another/IMG_0001.MOV"),
    ],
)
def test_each_file_of_a_pair_is_recorded_where_it_is(tmp_path: Path, photo: str, video: str) -> None:
    item = asset(1, LIVE)
    backup(tmp_path, [item])
    for name, new in (("IMG_0001.HEIC", photo), ("IMG_0001.MOV", video)):
        (tmp_path / new).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / MONTH / name).rename(tmp_path / new)
    before = tree(tmp_path)
    expected = {f"{MONTH}/IMG_0001.HEIC": photo, f"{MONTH}/IMG_0001.MOV": video}
    assert moved_in(tmp_path) == {old: new for old, new in expected.items() if old != new}
    after = tree(tmp_path)
    del before["SHA256SUMS"], after["SHA256SUMS"]
    assert after == before
    assert verify(tmp_path).count(Verdict.WHOLE) == 2
    assert not verify(tmp_path).not_whole


def test_a_renamed_folder_and_a_new_place_for_a_whole_month(tmp_path: Path) -> None:
    backup(tmp_path)
    (tmp_path / MONTH).rename(tmp_path / "Photos/Summer")
    moved = moved_in(tmp_path)
    assert set(moved.values()) == {
        path.relative_to(tmp_path).as_posix() for path in (tmp_path / "Photos/Summer").iterdir()
    }
    assert not verify(tmp_path).not_whole
    assert [line.split("  ")[1].partition("/")[2] for line in (tmp_path / "SHA256SUMS").open()]
    assert MONTH not in (tmp_path / "SHA256SUMS").read_text()


def test_two_files_that_exchanged_their_names(tmp_path: Path) -> None:
    backup(tmp_path, [asset(1, LIVE)])
    photo, video = tmp_path / MONTH / "IMG_0001.HEIC", tmp_path / MONTH / "IMG_0001.MOV"
    photo.rename(tmp_path / "aside")
    video.rename(photo)
    (tmp_path / "aside").rename(video)
    assert moved_in(tmp_path) == {
        f"{MONTH}/IMG_0001.HEIC": f"{MONTH}/IMG_0001.MOV",
        f"{MONTH}/IMG_0001.MOV": f"{MONTH}/IMG_0001.HEIC",
    }
    assert not verify(tmp_path).not_whole


def test_a_file_that_took_the_name_of_a_deleted_one(tmp_path: Path) -> None:
    first, second = asset(1), asset(2, LIVE[1:], name="IMG_0002.HEIC")
    backup(tmp_path, [first, second])
    (tmp_path / MONTH / "IMG_0001.HEIC").rename(tmp_path / MONTH / "IMG_0002.MOV")
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        found = target.inspect(PHONE)
        assert found.moved == (MovedFile(f"{MONTH}/IMG_0001.HEIC", f"{MONTH}/IMG_0002.MOV"),)
        assert set(found.broken) == {second.uuid}
        again = copied(target, second, repair=True)
        assert again.files[0].name == "IMG_0002_2.MOV"
        target.finish()
    assert not verify(tmp_path).not_whole


def test_an_edit_made_later_joins_the_photo_where_it_is_now(tmp_path: Path) -> None:
    item = asset(1, LIVE)
    backup(tmp_path, [item])
    (tmp_path / "Photos/Trip").mkdir()
    for name, new in (("IMG_0001.HEIC", "beach.HEIC"), ("IMG_0001.MOV", "beach.MOV")):
        (tmp_path / MONTH / name).rename(tmp_path / "Photos/Trip" / new)
    moved_in(tmp_path)
    edited = with_role(item, Role.EDITED_PHOTO)
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        later = copied(target, edited, resources=edited.edits)
    assert later.files[-1].path == "Photos/Trip/beach_edited.HEIC"


def test_the_names_of_files_that_come_later_follow_too(tmp_path: Path) -> None:
    item = asset(1, LIVE)
    photo, video = item.resources
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        in_part = copied(target, item, resources=[photo])
        assert in_part.reserved == (ReservedName(Role.PAIRED_VIDEO, MONTH, "IMG_0001.MOV"),)
        target.finish()
    (tmp_path / "Photos/Trip").mkdir()
    (tmp_path / MONTH / "IMG_0001.HEIC").rename(tmp_path / "Photos/Trip/beach.HEIC")
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        target.inspect(PHONE)
        found = recorded_assets(target.record)[item.uuid]
        assert found.reserved == (ReservedName(Role.PAIRED_VIDEO, "Photos/Trip", "beach.MOV"),)
        assert target.record.reserved_names_in(MONTH) == frozenset()
        other = copied(target, asset(2, LIVE[1:], name="IMG_0001.HEIC"))
        assert other.files[0].path == f"{MONTH}/IMG_0001.MOV", "the old name is free"
        assert copied(target, item, resources=[video]).files[-1].path == "Photos/Trip/beach.MOV"


def test_another_phone_that_shares_the_file_follows(tmp_path: Path) -> None:
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        copied(target, asset(1))
        copied(target, asset(1), udid="ANOTHER")
        target.finish()
    (tmp_path / MONTH / "IMG_0001.HEIC").rename(tmp_path / "beach.HEIC")
    moved_in(tmp_path)
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        for udid in (PHONE, "ANOTHER"):
            assert recorded_assets(target.record, udid)[asset(1).uuid].files[0].path == "beach.HEIC"


def test_a_moved_file_that_was_also_rewritten_is_not_the_recorded_one(tmp_path: Path) -> None:
    backup(tmp_path, [asset(1)])
    photo = tmp_path / MONTH / "IMG_0001.HEIC"
    photo.write_bytes(photo.read_bytes()[:-1] + b"!")
    photo.rename(tmp_path / MONTH / "beach.HEIC")
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        found = target.inspect(PHONE)
    assert not found.moved
    assert set(found.broken) == {asset(1).uuid}


def test_only_files_of_the_missing_sizes_are_read(tmp_path: Path) -> None:
    backup(tmp_path)
    lost = tmp_path / MONTH / "IMG_0001.HEIC"
    size = lost.stat().st_size
    lost.unlink()
    (tmp_path / "other.HEIC").write_bytes(b"x" * size)
    (tmp_path / "more.HEIC").write_bytes(b"x" * (size + 1))
    read: set[str] = set()

    class Watched(SystemCalls):
        def open_read(self, path: Path, *, direct: bool = False) -> int:
            read.add(path.name)
            return super().open_read(path, direct=direct)

    with open_target(tmp_path, drive=drive_at(tmp_path), calls=Watched()) as target:
        assert set(target.inspect(PHONE).broken) == {LIBRARY[0].uuid}
    assert {name for name in read if name.endswith(".HEIC")} == {"other.HEIC"}


def test_files_moved_to_a_recycle_bin_are_copied_again(tmp_path: Path) -> None:
    backup(tmp_path, [asset(1)])
    (tmp_path / "#recycle").mkdir()
    (tmp_path / MONTH / "IMG_0001.HEIC").rename(tmp_path / "#recycle/IMG_0001.HEIC")
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        assert not target.inspect(PHONE).moved
        assert copied(target, asset(1), repair=True).files[0].path == f"{MONTH}/IMG_0001.HEIC"
    assert (tmp_path / MONTH / "IMG_0001.HEIC").read_bytes() == content(asset(1), asset(1).resources[0])
