"""No error and no interruption leaves an unfinished file for good."""

from __future__ import annotations

import errno
import os
import random
import shutil
import threading
from pathlib import Path

import pytest

from ambertime_tui.drive.errors import DriveError
from ambertime_tui.drive.target import open_target
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.library.model import Role
from tests.drive.archive_helpers import PHONE, assert_complete, asset, backup, content, drive_at, stage
from tests.drive.faulty_calls import PowerCutCalls

LIVE = (Role.PHOTO, Role.PAIRED_VIDEO)


def parts_in(root: Path) -> list[str]:
    """The unfinished files on a target, and the journal if it is there."""
    return sorted(
        path.name for path in root.rglob("*") if path.name.endswith(".part") or path.name == "parts"
    )


class MakesAndFails(SystemCalls):
    """Creates a part, then reports an error, as a network drive does whose reply is lost."""

    def create(self, path: Path) -> int:
        fd = super().create(path)
        if path.name.endswith(".part"):
            os.close(fd)
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return fd


def test_a_part_that_was_made_although_the_call_failed_is_removed(tmp_path: Path) -> None:
    with (
        open_target(tmp_path, drive=drive_at(tmp_path), calls=MakesAndFails()) as target,
        pytest.raises(DriveError),
    ):
        stage(target, asset(1))
    assert parts_in(tmp_path) == []


class RemovesNothing(SystemCalls):
    """Refuses to remove parts until the test allows it."""

    refuses = True

    def unlink(self, path: Path) -> None:
        if self.refuses and path.name.endswith(".part"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().unlink(path)


@pytest.mark.parametrize("again_at", ["the end of the job", "the next job"])
def test_a_part_that_could_not_be_removed_is_removed_later(tmp_path: Path, again_at: str) -> None:
    calls = RemovesNothing()
    with open_target(tmp_path, drive=drive_at(tmp_path), calls=calls) as target:
        with target.writer(PHONE, asset(1)) as writer:
            writer.begin(asset(1).resources[0], None, 0.0).write(b"half")
        assert parts_in(tmp_path) == [".IMG_0001.HEIC.part", "parts"]
        calls.refuses = again_at == "the next job"
    assert bool(parts_in(tmp_path)) == calls.refuses
    backup(tmp_path)
    assert parts_in(tmp_path) == []
    assert_complete(tmp_path)


class SlowCreate(SystemCalls):
    """Waits in the middle of creating a part."""

    def __init__(self) -> None:
        self.creating, self.may_create = threading.Event(), threading.Event()

    def create(self, path: Path) -> int:
        if path.name.endswith(".part"):
            self.creating.set()
            assert self.may_create.wait(30)
        return super().create(path)


def test_a_part_that_is_made_while_another_thread_discards_the_asset_is_removed(tmp_path: Path) -> None:
    calls = SlowCreate()
    with open_target(tmp_path, drive=drive_at(tmp_path), calls=calls) as target:
        writer = target.writer(PHONE, asset(1))
        errors: list[ValueError] = []

        def begin() -> None:
            try:
                writer.begin(asset(1).resources[0], None, 0.0)
            except ValueError as error:
                errors.append(error)

        thread = threading.Thread(target=begin)
        thread.start()
        assert calls.creating.wait(30)
        writer.discard()
        calls.may_create.set()
        thread.join(30)
        assert errors, "the thread learns that its asset was discarded"
    assert parts_in(tmp_path) == []


def test_a_part_that_a_power_cut_brings_back_is_still_in_the_journal_or_removed_for_good(
    tmp_path: Path,
) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    root = tmp_path / "drive"
    root.mkdir()
    calls = PowerCutCalls(10**9, kept)
    with open_target(root, drive=drive_at(root), calls=calls) as target:
        with target.writer(PHONE, asset(1)) as writer:
            writer.begin(asset(1).resources[0], None, 0.0).write(b"half")
        target.finish()
    for _ in range(8):
        calls.cut(root, random.Random(2))
    backup(root)
    assert parts_in(root) == []


def interrupted_job(root: Path, into: Path) -> None:
    """A copy of a target as it is when the process is killed: one file half written, one complete."""
    item = asset(1, LIVE, name="IMG_0007.HEIC")
    with open_target(root, drive=drive_at(root)) as target:
        target.commit([stage(target, asset(2, name="IMG_0008.HEIC"))])
        with target.writer(PHONE, item) as writer:
            writer.begin(item.resources[0], None, 0.0).write(content(item, item.resources[0])[:700])
            shutil.copytree(root, into)


@pytest.mark.parametrize("lost", [".ambertime", ".ambertime/parts"])
def test_a_part_whose_journal_was_lost_is_removed_when_its_file_is_complete(
    tmp_path: Path, lost: str
) -> None:
    first, root = tmp_path / "first", tmp_path / "after a kill"
    first.mkdir()
    interrupted_job(first, root)
    gone = root / lost
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    foreign = root / "Photos/2024-07/.IMG_0008.HEIC.part"
    foreign.write_bytes(b"another program's")
    assert ".IMG_0007.HEIC.part" in parts_in(root)
    backup(root, [asset(1, LIVE, name="IMG_0007.HEIC"), asset(2, name="IMG_0008.HEIC")])
    assert parts_in(root) == [foreign.name]


def test_an_archive_that_lost_its_records_loses_its_parts_even_if_their_items_are_gone(
    tmp_path: Path,
) -> None:
    first, root = tmp_path / "first", tmp_path / "after a kill"
    first.mkdir()
    backup(first, [asset(3)])
    interrupted_job(first, root)
    shutil.rmtree(root / ".ambertime")
    month = root / "Photos/2024-07"
    foreign = [month / ".holiday.part", month / "trip/.IMG_0001.HEIC.part", root / ".IMG_0001.HEIC.part"]
    for path in foreign:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"another program's")
    assert ".IMG_0007.HEIC.part" in parts_in(root)
    backup(root, [asset(3)])
    assert parts_in(root) == sorted(path.name for path in foreign)


def test_an_unexpected_error_in_the_commit_step_discards_the_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("ambertime_tui.drive.writing.commit.choose_destinations", broken)
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        staged = [stage(target, asset(number, name=f"IMG_{number}.HEIC")) for number in (1, 2)]
        with pytest.raises(RuntimeError):
            target.commit(staged)
    assert parts_in(tmp_path) == []


def test_of_two_parts_of_one_source_the_older_is_removed(tmp_path: Path) -> None:
    from ambertime_tui.drive.writing.part_journal import Checkpoint, PartJournal

    calls = SystemCalls()
    journal = PartJournal(tmp_path, tmp_path / "parts", calls)
    for part in (".a.HEIC.part", ".b.HEIC.part"):
        assert journal.reserve(part)
        journal.register([part])
        (tmp_path / part).write_bytes(content(asset(1), asset(1).resources[0]))
        journal.add_checkpoint(Checkpoint(part, "source", 10, "00" * 32))
    later = PartJournal(tmp_path, tmp_path / "parts", calls)
    later.remove_leftovers()
    assert parts_in(tmp_path) == [".b.HEIC.part", "parts"]
    later.close()
    assert parts_in(tmp_path) == []
