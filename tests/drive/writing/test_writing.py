"""Writing to a target that is shared with other phones, computers and programs."""

from __future__ import annotations

import sqlite3
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ambertime_tui.drive.errors import (
    ArchiveObstructed,
    DriveError,
    FileTooLarge,
    ReadBackDiffers,
    SizeDiffers,
)
from ambertime_tui.drive.record.record_model import RecordedAsset
from ambertime_tui.drive.target import open_target
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.library.model import Role
from tests.drive.archive_helpers import (
    JULY,
    PHONE,
    assert_complete,
    asset,
    backup,
    content,
    copied,
    drive_at,
    recorded_assets,
    resource,
    stage,
    tree,
)
from tests.drive.faulty_calls import CountingCalls

LIVE = (Role.PHOTO, Role.PAIRED_VIDEO)


def test_a_job_copies_everything_once_and_a_second_one_changes_nothing(tmp_path: Path) -> None:
    assert not backup(tmp_path)
    assert_complete(tmp_path)
    before = {path: (tmp_path / path).stat().st_mtime_ns for path in tree(tmp_path) if path != "SHA256SUMS"}
    assert not backup(tmp_path)
    assert {path: (tmp_path / path).stat().st_mtime_ns for path in before} == before


def test_sha256sum_agrees(tmp_path: Path) -> None:
    backup(tmp_path, [asset(1, LIVE), asset(2, name="back\\slash.HEIC"), asset(3, name="zwölf 🏖.HEIC")])
    done = subprocess.run(
        ["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(": OK") == 4


def test_a_file_has_its_capture_time(tmp_path: Path) -> None:
    backup(tmp_path, [asset(1, created=-100_000_000.25)])
    assert (tmp_path / "Photos/1966-10/IMG_0001.HEIC").stat().st_mtime == -100_000_000.25


def test_nothing_is_visible_before_the_commit_and_an_unfinished_file_leaves_nothing(
    tmp_path: Path,
) -> None:
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        staged = stage(target, asset(1, LIVE))
        assert [p for p in tree(tmp_path) if not Path(p).name.startswith(".")] == []
        target.commit([staged])
        committed = tree(tmp_path)
        assert sorted(committed) == ["Photos/2024-07/IMG_0001.HEIC", "Photos/2024-07/IMG_0001.MOV"]
        with target.writer(PHONE, asset(2)) as writer:
            file = writer.begin(asset(2).resources[0], 100, JULY)
            file.write(b"only some")
        assert tree(tmp_path) == committed


@pytest.mark.parametrize(("expected", "sent"), [(10, b"short"), (3, b"too long")])
def test_a_file_of_unexpected_size_is_refused(tmp_path: Path, expected: int, sent: bytes) -> None:
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target, target.writer(PHONE, asset(1)) as writer:
        file = writer.begin(asset(1).resources[0], expected, JULY)
        with pytest.raises(SizeDiffers, match=r"IMG_0001\.HEIC"):
            file.write(sent)
            file.finish()
        assert tree(tmp_path) == {}


def test_fat32_refuses_a_file_of_4_gib_before_a_byte_is_written(tmp_path: Path) -> None:
    with (
        open_target(tmp_path, drive=drive_at(tmp_path, "vfat")) as target,
        target.writer(PHONE, asset(1)) as writer,
        pytest.raises(FileTooLarge, match="4,294,967,296 bytes"),
    ):
        writer.begin(asset(1).resources[0], 1 << 32, JULY)


class LyingDrive(SystemCalls):
    """Returns different bytes than were written."""

    def fsync(self, fd: int) -> None:
        super().fsync(fd)
        path = Path(f"/proc/self/fd/{fd}").readlink()
        if path.name.endswith(".HEIC.part"):
            with path.open("r+b") as file:
                file.write(b"!")


def test_a_drive_that_returns_different_bytes_is_detected(tmp_path: Path) -> None:
    with open_target(tmp_path, drive=drive_at(tmp_path), calls=LyingDrive()) as target:
        with pytest.raises(ReadBackDiffers, match="Replace it"):
            stage(target, asset(1))
        assert tree(tmp_path) == {}
        assert not recorded_assets(target.record, PHONE)


def test_assets_are_staged_in_parallel_and_committed_together(tmp_path: Path) -> None:
    library = [asset(n, LIVE) for n in range(1, 25)]
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        with ThreadPoolExecutor(6) as threads:
            staged = list(threads.map(lambda item: stage(target, item), library))
        outcomes = target.commit(staged)
        assert all(isinstance(outcome, RecordedAsset) for outcome in outcomes)
        assert [o.uuid for o in outcomes if isinstance(o, RecordedAsset)] == [i.uuid for i in library]
    assert_complete(tmp_path, library)


def test_two_phones_share_a_target_without_name_conflicts(tmp_path: Path) -> None:
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        first = copied(target, asset(1, LIVE), udid="PHONE-A")
        second = copied(target, asset(2, LIVE), udid="PHONE-B")
        assert first.files[0].name == "IMG_0001.HEIC"
        assert second.files[0].name == "IMG_0001_00000002.HEIC"
        assert set(recorded_assets(target.record, "PHONE-A")) == {first.uuid}
        assert set(recorded_assets(target.record, "PHONE-B")) == {second.uuid}


def test_an_asset_edited_after_its_backup_keeps_its_earlier_edit(tmp_path: Path) -> None:
    item = asset(1, (Role.PHOTO, Role.EDITED_PHOTO))
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        copied(target, item)
        before = tree(tmp_path)
        again = copied(target, item, resources=item.edits, edition=2)
        assert [file.name for file in again.files] == [
            "IMG_0001.HEIC",
            "IMG_0001_edited.HEIC",
            "IMG_0001_edited_2.HEIC",
        ]
        current = again.current(Role.EDITED_PHOTO)
        assert current is not None
        assert (tmp_path / current.path).read_bytes() == content(item, item.edits[0], 2)
        assert {path: data for path, data in tree(tmp_path).items() if path in before} == before


def test_a_foreign_file_keeps_its_name_and_ours_gets_another(tmp_path: Path) -> None:
    stranger = tmp_path / "Photos/2024-07/img_0001.heic"
    stranger.parent.mkdir(parents=True)
    stranger.write_bytes(b"another program's")
    assert not backup(tmp_path, [asset(0xABCD, LIVE)])
    assert stranger.read_bytes() == b"another program's"
    assert sorted(path.name for path in stranger.parent.iterdir()) == [
        "IMG_0001_0000abcd.HEIC",
        "IMG_0001_0000abcd.MOV",
        "img_0001.heic",
    ]


class StrangerAtTheRename(SystemCalls):
    """Another program takes a name just before the rename, once."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.came = False

    def rename_noreplace(self, source: Path, target: Path) -> None:
        if target.name == self._name and not self.came:
            self.came = True
            target.write_bytes(b"another program's")
        super().rename_noreplace(source, target)


def test_a_foreign_file_created_during_the_rename_is_not_lost(tmp_path: Path) -> None:
    calls = StrangerAtTheRename("IMG_0001.MOV")
    with open_target(tmp_path, drive=drive_at(tmp_path), calls=calls) as target:
        found = copied(target, asset(0xABCD, LIVE))
        assert calls.came
        assert {file.name for file in found.files} == {"IMG_0001_0000abcd.HEIC", "IMG_0001_0000abcd.MOV"}
    assert (tmp_path / "Photos/2024-07/IMG_0001.MOV").read_bytes() == b"another program's"


def test_foreign_parts_survive_and_those_of_interrupted_jobs_do_not(tmp_path: Path) -> None:
    theirs = tmp_path / "Photos/2024-07/.IMG_0001.HEIC.part"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"theirs")
    item = asset(1)
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        part = target.writer(PHONE, item).begin(item.resources[0], None, JULY)
        part.write(b"half of it")
        ours = part.path
    assert ours != theirs
    with open_target(tmp_path, drive=drive_at(tmp_path)):
        assert not ours.exists()
        assert theirs.read_bytes() == b"theirs"


def test_a_tampered_part_journal_removes_nothing_else(tmp_path: Path) -> None:
    outside = tmp_path / ".outside.part"
    outside.write_bytes(b"precious")
    root = tmp_path / "target"
    root.mkdir()
    backup(root)
    (root / "Photos/link").symlink_to(tmp_path)
    victim = sorted((root / "Photos/2024-07").iterdir())[0]
    lines = [
        "../.outside.part",
        str(outside),
        f"Photos/2024-07/{victim.name}",
        "Photos/link/.outside.part",
        7,
    ]
    (root / ".ambertime/parts").write_text("".join(f'"{line}"\n' for line in lines) + '"Photos/torn')
    with open_target(root, drive=drive_at(root)):
        pass
    assert outside.exists()
    assert victim.exists()


def test_a_drive_that_cannot_rename_exclusively_still_replaces_nothing(tmp_path: Path) -> None:
    calls = CountingCalls(exclusive=False)
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.write_bytes(b"ours")
    theirs.write_bytes(b"theirs")
    with pytest.raises(FileExistsError):
        calls.rename_noreplace(ours, theirs)
    assert (ours.read_bytes(), theirs.read_bytes()) == (b"ours", b"theirs")
    calls.rename_noreplace(ours, tmp_path / "free")
    assert (tmp_path / "free").read_bytes() == b"ours"


class LateError(SystemCalls):
    """The drive fails once, just after the record's transaction is complete."""

    def __init__(self) -> None:
        self.commits = 0

    def commit(self, connection: sqlite3.Connection) -> None:
        super().commit(connection)
        self.commits += 1
        if self.commits == 2:
            raise sqlite3.OperationalError("disk I/O error")


def test_an_asset_recorded_despite_an_error_counts_as_copied(tmp_path: Path) -> None:
    with open_target(tmp_path, drive=drive_at(tmp_path), calls=LateError()) as target:
        assert copied(target, asset(1)) == target.record.find_asset(PHONE, asset(1).uuid)


def test_one_failed_asset_does_not_affect_the_others_of_its_group(tmp_path: Path) -> None:
    class OneNameFails(SystemCalls):
        def rename_noreplace(self, source: Path, target: Path) -> None:
            if target.name == "bad.HEIC":
                raise OSError(5, "Input/output error")
            super().rename_noreplace(source, target)

    with open_target(tmp_path, drive=drive_at(tmp_path), calls=OneNameFails()) as target:
        good, bad = asset(1, name="good.HEIC"), asset(2, name="bad.HEIC")
        first, second = target.commit([stage(target, bad), stage(target, good)])
        assert isinstance(first, DriveError)
        assert isinstance(second, RecordedAsset)
        assert list(recorded_assets(target.record, PHONE)) == [good.uuid]
        assert list(tree(tmp_path)) == ["Photos/2024-07/good.HEIC"]


def test_a_writer_of_unfinished_files_is_not_staged(tmp_path: Path) -> None:
    with (
        open_target(tmp_path, drive=drive_at(tmp_path)) as target,
        target.writer(PHONE, asset(1, LIVE)) as writer,
    ):
        writer.begin(resource(Role.PHOTO), None, JULY).write(b"x")
        with pytest.raises(ValueError, match="finish every resource"):
            writer.stage()


@pytest.mark.parametrize("kind", ["link", "file"])
def test_a_link_or_file_in_place_of_a_folder_is_reported_and_not_changed(tmp_path: Path, kind: str) -> None:
    root, elsewhere = tmp_path / "drive", tmp_path / "elsewhere"
    root.mkdir()
    elsewhere.mkdir()
    if kind == "link":
        (root / "Photos").symlink_to(elsewhere)
    else:
        (root / "Photos").write_text("notes")
    (error, *_) = backup(root, [asset(1)])
    assert isinstance(error, ArchiveObstructed)
    assert f"{root}/Photos is a" in str(error)
    assert not list(elsewhere.iterdir())


def test_a_discarded_asset_releases_its_names(tmp_path: Path) -> None:
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        with target.writer(PHONE, asset(1)) as writer:
            assert [file.name for file in writer.place.files] == ["IMG_0001.HEIC"]
        assert [file.name for file in copied(target, asset(2)).files] == ["IMG_0001.HEIC"]
