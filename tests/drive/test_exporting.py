"""Items are copied out of an archive whole and verified, and nothing is replaced on either side."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from ambertime_tui.drive.errors import (
    ArchiveObstructed,
    DriveError,
    ExportIntoArchive,
    TargetInUse,
    TargetMissing,
)
from ambertime_tui.drive.exporting import Export, ExportedFile, Layout, export_items, files_to_export
from ambertime_tui.drive.finding import Query, find_items
from ambertime_tui.library.model import Role
from tests.drive.archive_helpers import LIBRARY, asset, backup, flip_a_bit, tree

LIVE = asset(1, (Role.PHOTO, Role.PAIRED_VIDEO), name="IMG_1.HEIC")
STILL, VIDEO = "Photos/2024-07/IMG_1.HEIC", "Photos/2024-07/IMG_1.MOV"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    archive = tmp_path / "archive"
    archive.mkdir()
    return archive


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where to; not made yet."""
    return tmp_path / "out"


def exported(
    root: Path, folder: Path, layout: Layout = Layout.PLAIN, *, edits: bool = True
) -> dict[str, ExportedFile]:
    """Export everything; return the result of each file, by its path in the archive."""
    done: dict[str, ExportedFile] = {}
    items = find_items(root, Query())
    assert items is not None
    selected = files_to_export(items, edits=edits)
    export_items(root, selected, folder, layout, lambda file: done.update({file.path: file}))
    return done


def outcomes(done: dict[str, ExportedFile]) -> dict[str, str]:
    return {path: file.outcome.value for path, file in done.items()}


def everything(folder: Path) -> list[str]:
    """All files of a folder, also hidden ones."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_plain_has_the_files_as_in_the_archive_with_their_times(root: Path, folder: Path) -> None:
    backup(root)
    before = tree(root)
    done = exported(root, folder)
    assert {file.outcome for file in done.values()} == {Export.COPIED}
    photos = {path: data for path, data in before.items() if path.startswith("Photos/")}
    assert tree(folder) == photos
    assert everything(folder) == sorted(photos)
    for path in photos:
        assert (folder / path).stat().st_mtime == pytest.approx((root / path).stat().st_mtime, abs=1e-3)
    assert tree(root) == before


def test_flat_has_one_folder_and_items_of_two_months_keep_their_pairs_apart(root: Path, folder: Path) -> None:
    roles = (Role.PHOTO, Role.PAIRED_VIDEO)
    august = asset(2, roles, name="IMG_1.HEIC", created=1_723_000_000.0)
    backup(root, (LIVE, august, asset(3, name="IMG_1.HEIC", created=None)))
    exported(root, folder, Layout.FLAT)
    assert everything(folder) == [
        "2024-07_IMG_1.HEIC",
        "2024-07_IMG_1.MOV",
        "2024-08_IMG_1.HEIC",
        "2024-08_IMG_1.MOV",
        "undated_IMG_1.HEIC",
    ]


def test_edits_can_be_left_out(root: Path, folder: Path) -> None:
    backup(root)
    done = exported(root, folder, edits=False)
    assert not [path for path in done if "_edited" in path or path.endswith(".AAE")]
    assert any(path.endswith(".dng") for path in done), "a RAW is no edit"


def test_what_is_there_is_compared_and_another_file_is_never_replaced(root: Path, folder: Path) -> None:
    backup(root, (LIVE,))
    assert set(outcomes(exported(root, folder)).values()) == {"copied"}
    same_size = folder / STILL
    same_size.write_bytes(b"x" * same_size.stat().st_size)
    again = exported(root, folder)
    assert outcomes(again) == {STILL: "exists", VIDEO: "present"}
    assert "was not replaced" in again[STILL].sentence
    assert same_size.read_bytes()[:1] == b"x"


def test_a_damaged_file_is_left_out_and_named(root: Path, folder: Path) -> None:
    backup(root, LIBRARY)
    damaged, missing = root / "Photos/2024-07/IMG_0001.HEIC", root / "Photos/2024-07/IMG_0001.MOV"
    flip_a_bit(damaged, 100)
    missing.unlink()
    done = exported(root, folder)
    left = {path: file.outcome for path, file in done.items() if file.outcome.is_left}
    assert left == {
        "Photos/2024-07/IMG_0001.HEIC": Export.DAMAGED,
        "Photos/2024-07/IMG_0001.MOV": Export.MISSING,
    }
    assert everything(folder) == sorted(done.keys() - left.keys())


def test_a_link_in_the_archive_is_not_followed(root: Path, folder: Path, tmp_path: Path) -> None:
    backup(root, (LIVE,))
    secret = tmp_path / "secret"
    (root / STILL).rename(secret)
    (root / STILL).symlink_to(secret)
    assert outcomes(exported(root, folder)) == {STILL: "damaged", VIDEO: "copied"}


def test_a_link_in_the_folder_is_not_followed(root: Path, folder: Path, tmp_path: Path) -> None:
    backup(root, (LIVE,))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder.mkdir()
    (folder / "Photos").symlink_to(elsewhere)
    with pytest.raises(ArchiveObstructed):
        exported(root, folder)
    assert not list(elsewhere.iterdir())


def test_an_interrupted_export_leaves_no_half_pair_and_can_be_run_again(root: Path, folder: Path) -> None:
    backup(root, (LIVE,))
    items = find_items(root, Query())
    assert items is not None
    blocks: list[int] = []

    def interrupt_at_the_second(count: int) -> None:
        blocks.append(count)
        if len(blocks) == 2:
            raise KeyboardInterrupt

    selected = files_to_export(items, edits=True)
    with pytest.raises(KeyboardInterrupt):
        export_items(root, selected, folder, Layout.PLAIN, lambda file: None, interrupt_at_the_second)
    assert everything(folder) == []
    assert set(outcomes(exported(root, folder)).values()) == {"copied"}


def test_the_part_of_a_killed_export_is_replaced(root: Path, folder: Path) -> None:
    backup(root, (LIVE,))
    items = find_items(root, Query())
    assert items is not None
    if not (pid := os.fork()):
        selected = files_to_export(items, edits=True)
        export_items(root, selected, folder, Layout.FLAT, lambda file: None, lambda count: os._exit(9))
    os.waitpid(pid, 0)
    (part,) = everything(folder)
    assert part.startswith(".")
    exported(root, folder, Layout.FLAT)
    assert everything(folder) == ["2024-07_IMG_1.HEIC", "2024-07_IMG_1.MOV"]


@pytest.mark.parametrize("below", [".", "Photos/2024-07", "new"])
def test_an_archive_is_never_exported_into(root: Path, below: str) -> None:
    backup(root, (LIVE,))
    before = everything(root)
    with pytest.raises(DriveError, match="archive"):
        exported(root, root / below)
    assert everything(root) == before


def test_another_archive_is_refused_as_well(root: Path, folder: Path) -> None:
    folder.mkdir()
    backup(root, (LIVE,))
    backup(folder, ())
    with pytest.raises(ExportIntoArchive):
        exported(root, folder)


def test_a_folder_that_cannot_be_used_is_named(root: Path, folder: Path) -> None:
    backup(root, (LIVE,))
    with pytest.raises(TargetMissing):
        exported(root, folder / "deeper")
    folder.mkdir()
    fd = os.open(folder, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    with pytest.raises(TargetInUse, match="another export"):
        exported(root, folder)
    os.close(fd)
