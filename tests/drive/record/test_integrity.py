"""Record, backup copy, SHA256SUMS and integrity hashes, and what happens when one is damaged."""

from __future__ import annotations

import gc
import hashlib
import os
import random
import shutil
import sqlite3
import subprocess
import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest

from ambertime_tui.drive.record import checksums, integrity
from ambertime_tui.drive.record.checksums import each_checksum
from ambertime_tui.drive.record.record_model import ReadBack, RecordedAsset, RecordedFile
from ambertime_tui.drive.record.verdicts import Verdict
from ambertime_tui.drive.target import open_target
from ambertime_tui.drive.verify.verify import verify
from ambertime_tui.library.model import Role
from tests.drive.archive_helpers import (
    LIBRARY,
    PHONE,
    assert_complete,
    assert_promise,
    asset,
    backup,
    copied,
    drive_at,
    recorded_assets,
    recorded_in,
    tree,
    verdicts_of,
)

LIVE = (Role.PHOTO, Role.PAIRED_VIDEO)


def test_another_computer_continues_where_this_one_stopped(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    backup(here, LIBRARY[:2])
    here.rename(there)
    backup(there, LIBRARY)
    assert_complete(there)


@pytest.mark.parametrize(
    "harm", ["garbage", "truncated", "foreign", "gone", "empty", "blank", "zeroed", "another role"]
)
def test_a_damaged_record_is_rebuilt_and_nothing_copied_twice(tmp_path: Path, harm: str) -> None:
    backup(tmp_path, LIBRARY[:2])
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        copied(target, LIBRARY[2])
    record = tmp_path / ".ambertime/record.sqlite3"
    data = record.read_bytes()
    if harm == "garbage":
        record.write_bytes(data[:200] + os.urandom(len(data) - 200))
    elif harm == "truncated":
        record.write_bytes(data[: len(data) // 2])
    elif harm == "foreign":
        record.write_bytes(b"These are my notes, not a database at all.")
    elif harm == "empty":
        record.write_bytes(b"")
    elif harm == "zeroed":
        record.write_bytes(bytes(len(data)))
    elif harm == "blank":
        record.unlink()
        sqlite3.connect(record).execute("PRAGMA user_version = 0").connection.close()
    elif harm == "another role":
        with closing(sqlite3.connect(record, isolation_level=None)) as connection:
            connection.execute("UPDATE file SET role = 'photograph' WHERE role = 'photo'")
    else:
        record.unlink()
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        assert len(target.notices) == 1
        assert "was rebuilt from" in target.notices[0]
        assert set(recorded_assets(target.record, PHONE)) == {item.uuid for item in LIBRARY[:2]}
    if harm != "gone":
        assert len(list((tmp_path / ".ambertime").glob("record.damaged-*.sqlite3"))) == 1
    backup(tmp_path)
    assert_complete(tmp_path)


@pytest.mark.parametrize("lost", ["the last items", "everything"])
def test_a_late_file_gets_the_stem_of_its_item_after_a_rebuild(tmp_path: Path, lost: str) -> None:
    """The names reserved for it are lost with the record; those of the files on the drive say the stem."""
    backup(tmp_path, LIBRARY[2:3])
    plain, namesake = (asset(number, LIVE, name="IMG_0007.HEIC") for number in (7, 8))
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        for item in (plain, namesake):
            copied(target, item, resources=item.resources[:1], namesake=item is namesake)
        if lost == "everything":
            target.finish()
    ours = tmp_path / ".ambertime"
    (ours / "record.sqlite3").unlink()
    if lost == "everything":
        (ours / "record.backup.sqlite3").unlink()
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        other = copied(target, asset(9, LIVE[1:], name="IMG_0007.HEIC"))
        assert other.files[0].name == "IMG_0007_00000009.MOV", "one stem is one item"
        for item, stem in ((plain, "IMG_0007"), (namesake, "IMG_0007_00000008")):
            copied(target, item, resources=item.resources[:1], namesake=item is namesake)
            late = copied(target, item, resources=item.resources[1:], namesake=item is namesake)
            assert [file.name for file in late.files] == [f"{stem}.HEIC", f"{stem}.MOV"]
        target.finish()
    assert verify(tmp_path).sound
    assert len(list((tmp_path / "Photos/2024-07").glob("IMG_0007*"))) == 5


def test_a_flipped_bit_in_the_record_is_detected(tmp_path: Path) -> None:
    """A database with one changed letter in a name, or one digit in a size, is still valid to SQLite."""
    backup(tmp_path)
    record = tmp_path / ".ambertime/record.sqlite3"
    truth, data = recorded_in(tmp_path), record.read_bytes()
    chance = random.Random(5)
    in_use = [at for at in range(len(data)) if data[at]]
    for at in chance.sample(in_use, 30):
        harmed = bytearray(data)
        harmed[at] ^= 1 << chance.randrange(8)
        record.write_bytes(harmed)
        assert "bytes have changed" in verify(tmp_path).notices[0], at
        assert not backup(tmp_path)
        assert recorded_in(tmp_path) == truth
        assert_complete(tmp_path)


def test_a_backup_copy_with_a_flipped_bit_is_not_used(tmp_path: Path) -> None:
    backup(tmp_path)
    before = tree(tmp_path)
    for name in ("record.sqlite3", "record.backup.sqlite3"):
        path = tmp_path / ".ambertime" / name
        data = path.read_bytes()
        assert data.count(b"Photos/2024-07") > 2
        path.write_bytes(data.replace(b"Photos/2024-07", b"Photos/2024-17", 1))
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        assert "from SHA256SUMS" in target.notices[0]
    assert not backup(tmp_path)
    assert_complete(tmp_path)
    assert tree(tmp_path) == before


def test_a_backup_copy_with_an_unknown_value_is_not_used(tmp_path: Path) -> None:
    """Like a row of a later version, without integrity hashes."""
    backup(tmp_path)
    ours = tmp_path / ".ambertime"
    with closing(sqlite3.connect(ours / "record.backup.sqlite3")) as copy:
        copy.execute("UPDATE file SET role = 'hologram' WHERE role = 'photo'")
        copy.commit()
    (ours / "seal.json").unlink()
    (ours / "record.sqlite3").unlink()
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        assert not recorded_assets(target.record, PHONE), "only SHA256SUMS lists the files"
    assert not backup(tmp_path)
    assert_complete(tmp_path)


def test_a_journal_of_a_missing_record_is_not_applied_to_the_new_one(tmp_path: Path) -> None:
    backup(tmp_path)
    record = tmp_path / ".ambertime/record.sqlite3"
    record.unlink()
    Path(f"{record}-journal").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(4000))
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        assert set(recorded_assets(target.record, PHONE)) == {item.uuid for item in LIBRARY}
    assert len(list((tmp_path / ".ambertime").glob("record.damaged-*-journal"))) == 1


def test_a_run_that_changes_nothing_writes_nothing(tmp_path: Path) -> None:
    backup(tmp_path)
    files = [tmp_path / "SHA256SUMS", *(tmp_path / ".ambertime").glob("*[!k]")]
    before = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}
    assert {path.name for path in files} >= {"record.sqlite3", "record.backup.sqlite3", "seal.json"}
    backup(tmp_path)
    assert {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in files} == before
    (tmp_path / "SHA256SUMS").unlink()
    backup(tmp_path)
    assert_complete(tmp_path)
    assert len(dict(each_checksum(tmp_path))) == 9, "a removed file is written again"


@pytest.mark.parametrize("bin_", ["#recycle", "Photos/@eaDir", ".Trash-1000/files"])
def test_lines_into_recycle_bins_are_not_kept(tmp_path: Path, bin_: str) -> None:
    """Bins are emptied without notice: such a line would make `sha256sum -c` and `verify` fail afterwards."""
    backup(tmp_path)
    sums, thrown_away = tmp_path / "SHA256SUMS", tmp_path / bin_ / "IMG_1.HEIC"
    thrown_away.parent.mkdir(parents=True)
    thrown_away.write_bytes(b"abc")
    with sums.open("a") as lines:
        lines.write(f"{hashlib.sha256(b'abc').hexdigest()}  {bin_}/IMG_1.HEIC\n")
    assert bin_ not in "".join(verdicts_of(tmp_path))
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        older_version = {f"{bin_}/IMG_2.HEIC": "ab" * 32}
        target.record.add_loose(older_version.items())
        target.finish()
    assert bin_ not in sums.read_text()
    shutil.rmtree(tmp_path / bin_)
    assert verify(tmp_path).sound
    assert subprocess.run(["sha256sum", "-c", "--quiet", sums], cwd=tmp_path, check=False).returncode == 0


def test_lines_of_other_tools_in_sha256sums_are_kept(tmp_path: Path) -> None:
    sums = tmp_path / "SHA256SUMS"
    names = [b"mine.txt", b"letter\xe9.txt", b"gone.txt"]
    for name in names[:2]:
        (tmp_path / os.fsdecode(name)).write_bytes(b"abc")
    digest = hashlib.sha256(b"abc").hexdigest().encode()
    tagged = b"SHA256 (%s) = %s\n" % (names[0], digest)
    sums.write_bytes(b"# by hand\n" + tagged + digest + b"  " + names[1] + b"\n")
    backup(tmp_path, LIBRARY[:1])
    with sums.open("ab") as stream:
        stream.write(digest + b"  " + names[2] + b"\nnonsense\n")
    backup(tmp_path, LIBRARY)
    lines = sums.read_bytes().splitlines()
    assert lines[0] == b"# by hand"
    assert {digest + b"  " + name for name in names[:2]} <= set(lines)
    assert not [line for line in lines if b"gone" in line or b"nonsense" in line]
    assert (
        subprocess.run(["sha256sum", "-c", "--strict", "--quiet", sums], cwd=tmp_path, check=False).returncode
        == 0
    )
    report = verify(tmp_path)
    assert report.sound
    assert report.count(Verdict.WHOLE) == 9 + 2


def test_sha256sums_lists_each_file_once_folder_by_folder(tmp_path: Path) -> None:
    (tmp_path / "zzz.txt").write_bytes(b"abc")
    (tmp_path / "SHA256SUMS").write_text(f"{hashlib.sha256(b'abc').hexdigest()}  zzz.txt\n")
    backup(tmp_path)
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        for item in LIBRARY:  # a second phone with the same photos: two assets share each file
            assert all(file.preexisting for file in copied(target, item, udid="ANOTHER").files)
        target.finish()
    paths = [line[66:] for line in (tmp_path / "SHA256SUMS").read_text().splitlines()]
    assert paths[-1] == "zzz.txt"
    photos = [(Path(path).parent, path) for path in paths[:-1]]
    assert photos == sorted(set(photos))


def test_memory_does_not_grow_with_sha256sums(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integrity, "_BLOCK", 1 << 12)  # a buffer of 1 MiB would hide the rest
    monkeypatch.setattr(checksums, "_LINES_AT_ONCE", 64)
    peaks = []
    for number, folders in enumerate((20, 200)):
        root = tmp_path / str(number)
        root.mkdir()
        with open_target(root, drive=drive_at(root)) as target:
            for folder in range(folders):
                target.record.commit(
                    [
                        many(f"Photos/{2000 + folder}-01", f"IMG_{picture:04}.HEIC", f"{folder}-{picture}")
                        for picture in range(50)
                    ]
                )
            target.finish()  # now SHA256SUMS exists, and is replaced next time
            target.record.commit([many("Photos/2024-07", "IMG_9999.HEIC", "one more")])
            gc.collect()
            tracemalloc.start()
            target.finish()
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert len(dict(each_checksum(root))) == 50 * folders + 1
    assert peaks[1] < 1.5 * peaks[0], "ten times as many lines"


def many(folder: str, name: str, uuid: str) -> RecordedAsset:
    photo = RecordedFile(
        role=Role.PHOTO,
        folder=folder,
        name=name,
        true_name=name,
        size=3,
        sha256=hashlib.sha256(uuid.encode()).hexdigest(),
        modified_at=1.5,
        read_back=ReadBack.FROM_DRIVE,
        written_at=2.5,
        source_path="DCIM/100APPLE/" + name,
    )
    return RecordedAsset(PHONE, uuid, name, folder, name, (photo,), 2.5)


def test_without_record_and_backup_copy_all_files_are_recognized_by_their_bytes(tmp_path: Path) -> None:
    backup(tmp_path)
    for name in ("record.sqlite3", "record.backup.sqlite3"):
        (tmp_path / ".ambertime" / name).unlink()
    before = tree(tmp_path)
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        assert len(list(target.record.iter_loose())) == len(before) - 1
        for item in LIBRARY:
            assert all(file.preexisting for file in copied(target, item).files)
        assert not list(target.record.iter_loose())
        target.finish()
    assert tree(tmp_path) == before
    assert_promise(tmp_path)
