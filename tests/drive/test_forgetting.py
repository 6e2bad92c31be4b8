"""Which items can be forgotten, and what forgetting changes: the record, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from ambertime_tui.drive.forgetting import (
    absent_items,
    forget,
    forgotten_items,
    remember,
    remember_returned,
)
from ambertime_tui.drive.layout import ABSENT, OURS
from ambertime_tui.drive.target import open_target
from ambertime_tui.drive.verify.verify import verify
from ambertime_tui.library.model import Asset, Role
from tests.drive.archive_helpers import PHONE, asset, backup, drive_at, tree

LIVE = (Role.PHOTO, Role.PAIRED_VIDEO)
MONTH = "Photos/2024-07"
ITEMS = tuple(asset(number, LIVE, name=f"IMG_{number}.HEIC") for number in range(1, 5))


def archive_without(root: Path, on_the_phone: Collection[Asset], *deleted: str) -> None:
    """An archive of all items, after files were deleted in it and items on the phone."""
    backup(root, ITEMS)
    for name in deleted:
        (root / MONTH / name).unlink()
    with open_target(root, drive=drive_at(root)) as target:
        listed = {item.uuid for item in on_the_phone}
        target.save_absent(PHONE, listed.__contains__)
        target.finish()


def absent_in(root: Path) -> list[str]:
    with open_target(root, drive=drive_at(root)) as target:
        return [item.original_filename for item in absent_items(target)]


def test_an_item_is_absent_if_neither_side_has_it(tmp_path: Path) -> None:
    gone = ("IMG_1.HEIC", "IMG_1.MOV", "IMG_2.HEIC", "IMG_2.MOV", "IMG_3.HEIC")
    archive_without(tmp_path, (ITEMS[1],), *gone)
    assert absent_in(tmp_path) == ["IMG_1.HEIC"], "2 is on the phone, 3 has its video, 4 is in the archive"


def test_a_file_that_was_moved_is_not_absent(tmp_path: Path) -> None:
    archive_without(tmp_path, (), "IMG_1.HEIC")
    (tmp_path / MONTH / "IMG_1.MOV").rename(tmp_path / "waves.MOV")
    assert absent_in(tmp_path) == []


def test_a_damaged_file_is_not_absent_and_a_rewritten_one_is(tmp_path: Path) -> None:
    archive_without(tmp_path, (), "IMG_1.MOV", "IMG_2.MOV")
    for number, keeps_time in ((1, True), (2, False)):
        path = tmp_path / MONTH / f"IMG_{number}.HEIC"
        facts = path.stat()
        path.write_bytes(path.read_bytes()[:50])
        if keeps_time:
            os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert absent_in(tmp_path) == ["IMG_2.HEIC"]


def test_an_item_behind_a_link_is_not_absent_and_its_files_stay(tmp_path: Path) -> None:
    root, outside = tmp_path / "drive", tmp_path / "outside"
    root.mkdir()
    archive_without(root, ())
    (root / MONTH).rename(outside)
    (root / MONTH).symlink_to(outside)
    before = tree(outside)
    assert absent_in(root) == []
    with open_target(root, drive=drive_at(root)) as target:
        assert forget(target, {(PHONE, item.uuid) for item in ITEMS}, 9.0) == ()
    assert tree(outside) == before


def test_nothing_is_absent_before_a_library_was_read(tmp_path: Path) -> None:
    archive_without(tmp_path, (), "IMG_1.HEIC", "IMG_1.MOV")
    (tmp_path / OURS / ABSENT).write_bytes(b"{" * 100_000)
    assert absent_in(tmp_path) == []
    (tmp_path / OURS / ABSENT).unlink()
    assert absent_in(tmp_path) == []


def test_another_phones_items_stay_absent(tmp_path: Path) -> None:
    archive_without(tmp_path, (), "IMG_1.HEIC", "IMG_1.MOV")
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        target.save_absent("ANOTHER", lambda uuid: True)
    assert absent_in(tmp_path) == ["IMG_1.HEIC"]


def test_forgetting_deletes_nothing_and_can_be_undone(tmp_path: Path) -> None:
    archive_without(tmp_path, (), "IMG_1.HEIC", "IMG_1.MOV", "IMG_2.HEIC", "IMG_2.MOV")
    files = tree(tmp_path)
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        (first, second) = absent_items(target)
        assert forget(target, {first.key}, 5.0) == (first,)
        assert [item.key for item in absent_items(target)] == [second.key]
        assert forgotten_items(target) == (replace(first, forgotten_at=5.0),)
        assert set(target.inspect(PHONE).broken) == {second.uuid}
    assert {path: data for path, data in tree(tmp_path).items() if path != "SHA256SUMS"} == {
        path: data for path, data in files.items() if path != "SHA256SUMS"
    }
    assert "IMG_1" not in (tmp_path / "SHA256SUMS").read_text()
    assert {file.path for file in verify(tmp_path).not_whole} == set(second.paths)
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        assert [item.key for item in remember(target, {first.key, second.key})] == [first.key]
        assert forgotten_items(target) == ()
        assert [item.key for item in absent_items(target)] == [first.key, second.key]
    assert "IMG_1" in (tmp_path / "SHA256SUMS").read_text()


def test_an_item_that_came_back_meanwhile_is_not_forgotten(tmp_path: Path) -> None:
    archive_without(tmp_path, (), "IMG_1.HEIC")
    kept = (tmp_path / MONTH / "IMG_1.MOV").read_bytes()
    (tmp_path / MONTH / "IMG_1.MOV").unlink()
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        (item,) = absent_items(target)
        (tmp_path / MONTH / "IMG_1.MOV").write_bytes(kept)
        assert forget(target, {item.key}, 5.0) == ()


def test_an_item_that_the_library_lists_again_is_copied_again(tmp_path: Path) -> None:
    archive_without(tmp_path, (), "IMG_1.HEIC", "IMG_1.MOV")
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        (item,) = absent_items(target)
        forget(target, {item.key}, 5.0)
        remember_returned(target, PHONE, ITEMS[1:])
        assert not target.inspect(PHONE).broken
        remember_returned(target, PHONE, ITEMS)
        assert set(target.inspect(PHONE).broken) == {item.uuid}
