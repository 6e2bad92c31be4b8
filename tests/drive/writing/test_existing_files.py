"""Using files that are already on the target instead of writing them a second time."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

import pytest

from ambertime_tui.drive.errors import DriveError
from ambertime_tui.drive.record.queries import FileOwner
from ambertime_tui.drive.record.record import Record
from ambertime_tui.drive.record.record_model import ReadBack, RecordedAsset, RecordedFile
from ambertime_tui.drive.record.verdicts import Verdict
from ambertime_tui.drive.target import Target, open_target
from ambertime_tui.drive.verify.verify import verify
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.drive.writing.asset_writer import SourceFacts
from ambertime_tui.drive.writing.existing_files import ExistingFiles
from ambertime_tui.drive.writing.read_back import Reader
from ambertime_tui.library.model import Asset, Role
from tests.drive.archive_helpers import (
    JULY,
    PHONE,
    asset,
    content,
    copied,
    drive_at,
    stage,
    tree,
)

LIVE = (Role.PHOTO, Role.PAIRED_VIDEO)
SERVICE_FOLDERS = ("#recycle", "@Recycle/2023", "RECYCLER", "#snapshot/GMT+01-2026.11.20", "Photos/@eaDir/x")


def test_files_of_an_earlier_archive_are_recorded_where_they_are(tmp_path: Path) -> None:
    item = asset(1, LIVE)
    for part in item.resources:
        old = tmp_path / "old archive/DCIM" / part.name
        old.parent.mkdir(parents=True, exist_ok=True)
        old.write_bytes(content(item, part))
    before = tree(tmp_path)
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        found = copied(target, item)
        assert all(file.preexisting for file in found.files)
        assert found.folder == "old archive/DCIM"
        assert tree(tmp_path) == before
        edited = asset(1, (*LIVE, Role.EDITED_PHOTO))
        later = copied(target, edited, resources=edited.edits)
        assert later.files[-1].path == "old archive/DCIM/IMG_0001_edited.HEIC"


@pytest.mark.parametrize("folder", SERVICE_FOLDERS)
def test_files_in_recycle_bins_and_snapshots_are_not_the_archive(tmp_path: Path, folder: str) -> None:
    item = asset(1, LIVE)
    for part in item.resources:
        deleted = tmp_path / folder / part.name
        deleted.parent.mkdir(parents=True, exist_ok=True)
        deleted.write_bytes(content(item, part))
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        found = copied(target, item)
        target.finish()
    assert [file.path for file in found.files] == [
        "Photos/2024-07/IMG_0001.HEIC",
        "Photos/2024-07/IMG_0001.MOV",
    ]
    report = verify(tmp_path)
    assert report.count(Verdict.WHOLE) == 2
    assert not report.count(Verdict.EXTRA)


def test_an_older_version_recorded_files_in_a_recycle_bin_and_they_are_copied_again(tmp_path: Path) -> None:
    item = asset(1, LIVE)
    bin_folder = "#recycle/Old/Photos/2023-11"
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        proper = copied(target, item)
        (tmp_path / bin_folder).mkdir(parents=True)
        for file in proper.files:
            (tmp_path / file.path).rename(tmp_path / bin_folder / file.name)
        moved = tuple(replace(file, folder=bin_folder, preexisting=True) for file in proper.files)
        target.record.commit([replace(proper, folder=bin_folder, files=moved)])
        target.finish()
    deleted = tree(tmp_path / "#recycle")
    report = verify(tmp_path)
    assert report.count(Verdict.MISSING) == 2
    assert "is in a recycle bin" in report.not_whole[0].sentence
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        again = copied(target, item, repair=True)
        target.finish()
    assert [file.path for file in again.files] == [file.path for file in proper.files]
    assert again.folder == "Photos/2024-07"
    assert tree(tmp_path / "#recycle") == deleted
    assert verify(tmp_path).sound
    assert "#recycle" not in (tmp_path / "SHA256SUMS").read_text()


def recorded_as(item: Asset, size: int, sha256: str) -> RecordedAsset:
    """An asset as it is recorded, without a file on the drive."""
    file = RecordedFile(
        Role.ADJUSTMENT_DATA,
        "Photos/2024-07",
        f"{item.uuid}.AAE",
        item.filename,
        size,
        sha256,
        JULY,
        ReadBack.FROM_DRIVE,
        JULY,
        item.filename,
    )
    return RecordedAsset(PHONE, item.uuid, item.original_filename, file.folder, item.uuid, (file,), JULY)


def test_half_a_live_photo_of_an_earlier_archive_does_not_split_the_pair(tmp_path: Path) -> None:
    item = asset(1, LIVE)
    (tmp_path / "beach.heic").write_bytes(content(item, item.resources[0]))
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        found = copied(target, item)
    assert [file.path for file in found.files] == [
        "Photos/2024-07/IMG_0001.HEIC",
        "Photos/2024-07/IMG_0001.MOV",
    ]


def test_an_earlier_archive_with_separate_photos_and_videos_is_recorded_completely(tmp_path: Path) -> None:
    item = asset(1, LIVE)
    for part, folder in zip(item.resources, ("pictures", "movies"), strict=True):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / part.name).write_bytes(content(item, part))
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        found = copied(target, item)
    assert [file.path for file in found.files] == ["pictures/IMG_0001.HEIC", "movies/IMG_0001.MOV"]


def twin(number: int) -> Asset:
    """An asset with the same bytes as the first."""
    return replace(asset(1), uuid=f"{number:08X}-0000-4000-8000-000000000000")


def stage_twin(target: Target, item: Asset, udid: str = PHONE) -> RecordedAsset:
    data = content(asset(1), asset(1).resources[0])
    with target.writer(udid, item) as writer:
        file = writer.begin(item.resources[0], len(data), item.created)
        file.write(data)
        file.finish()
        (outcome,) = target.commit([writer.stage()])
    assert isinstance(outcome, RecordedAsset), outcome
    return outcome


def test_two_photos_of_one_phone_with_the_same_bytes_get_two_files(tmp_path: Path) -> None:
    (tmp_path / "old.heic").write_bytes(content(asset(1), asset(1).resources[0]))
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        assert stage_twin(target, asset(1)).files[0].path == "old.heic"
        assert stage_twin(target, twin(2)).files[0].path == "Photos/2024-07/IMG_0001.HEIC"


def test_a_second_phone_with_the_same_photo_shares_the_file(tmp_path: Path) -> None:
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        first = stage_twin(target, asset(1), "OLD")
        second = stage_twin(target, twin(2), "NEW")
        third = stage_twin(target, twin(3), "NEW")
        target.finish()
    assert first.files[0].path == second.files[0].path == "Photos/2024-07/IMG_0001.HEIC"
    assert second.files[0].preexisting
    assert third.files[0].path != first.files[0].path, "two photos of one phone, two files"
    assert len(list((tmp_path / "Photos/2024-07").iterdir())) == 2
    report = verify(tmp_path)
    assert report.sound
    assert report.count(Verdict.WHOLE) == 2, "a file shared by two phones is read once"
    (tmp_path / first.files[0].path).write_bytes(b"x" * first.files[0].size)
    verify(tmp_path)
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        broken = {udid: set(target.inspect(udid).broken) for udid in ("OLD", "NEW")}
    assert broken == {"OLD": {asset(1).uuid}, "NEW": {twin(2).uuid}}


def test_after_a_phone_is_set_up_again_its_photos_match_the_recorded_files(tmp_path: Path) -> None:
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        before = stage_twin(target, asset(1))
        target.set_library(PHONE, lambda uuid: uuid == twin(2).uuid)
        size = before.files[0].size
        assert target.count_existing(PHONE, [size, size, size + 1]) == (1, size)
        assert stage_twin(target, twin(2)).files[0].path == before.files[0].path
    assert len(list((tmp_path / "Photos/2024-07").iterdir())) == 1


def test_existing_files_are_found_by_hash_before_a_byte_is_written(tmp_path: Path) -> None:
    item = asset(1, LIVE)
    for part in item.resources:
        (tmp_path / part.name).write_bytes(content(item, part))
    made: list[str] = []

    class Watched(SystemCalls):
        def create(self, path: Path) -> int:
            made.append(path.name)
            return super().create(path)

    sizes = {part: len(content(item, part)) for part in item.resources}
    read = {
        part: SourceFacts(size, hashlib.sha256(content(item, part)).hexdigest(), item.created, None)
        for part, size in sizes.items()
    }
    with open_target(tmp_path, drive=drive_at(tmp_path), calls=Watched()) as target:
        with target.writer(PHONE, item) as writer:
            assert writer.may_exist(sizes) == set(item.resources)
            assert writer.use_existing(read) == set(item.resources)
            (outcome,) = target.commit([writer.stage()])
        assert isinstance(outcome, RecordedAsset)
        assert [file.path for file in outcome.files] == ["IMG_0001.HEIC", "IMG_0001.MOV"]
        with target.writer("ANOTHER", asset(2, LIVE)) as writer:
            other = dict.fromkeys(asset(2, LIVE).resources, 7)
            assert writer.may_exist(other) == frozenset(), "no file here has seven bytes"
    assert not [name for name in made if name.endswith(".part")]


def test_a_partial_match_by_hash_is_released(tmp_path: Path) -> None:
    item = asset(1, LIVE)
    photo, video = item.resources
    (tmp_path / "beach.heic").write_bytes(content(item, photo))
    (tmp_path / "beach.mov").write_bytes(b"x" * len(content(item, video)))
    read = {
        part: SourceFacts(
            len(content(item, part)), hashlib.sha256(content(item, part)).hexdigest(), None, None
        )
        for part in item.resources
    }
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        with target.writer(PHONE, item) as writer:
            assert writer.may_exist({part: facts.size for part, facts in read.items()}) == {photo, video}
            assert writer.use_existing(read) == frozenset()
        assert copied(target, asset(1)).files[0].path == "beach.heic", "another asset may have it"


def test_a_file_that_was_rewritten_while_the_job_ran_is_read_again(tmp_path: Path) -> None:
    old = tmp_path / "old.heic"
    data = content(asset(1), asset(1).resources[0])
    old.write_bytes(data)
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        writer = target.writer(PHONE, asset(1))
        facts = SourceFacts(len(data), hashlib.sha256(data).hexdigest(), None, None)
        assert writer.use_existing({asset(1).resources[0]: facts})
        writer.discard()
        old.write_bytes(data[:-1] + b"!")
        assert copied(target, asset(1)).files[0].path == "Photos/2024-07/IMG_0001.HEIC"


class RecordFailsOnce(SystemCalls):
    """The first transaction after the creation of the schema fails."""

    def __init__(self) -> None:
        self.commits = 0

    def commit(self, connection: sqlite3.Connection) -> None:
        self.commits += 1
        if self.commits == 3:
            raise sqlite3.OperationalError("disk I/O error")
        super().commit(connection)


def test_after_a_failed_transaction_the_same_job_recognizes_its_files(tmp_path: Path) -> None:
    with open_target(tmp_path, drive=drive_at(tmp_path), calls=RecordFailsOnce()) as target:
        copied(target, asset(9, name="before.HEIC"))
        (failed,) = target.commit([stage(target, asset(1, LIVE))])
        assert isinstance(failed, DriveError)
        written = tree(tmp_path)
        assert all(file.preexisting for file in copied(target, asset(1, LIVE)).files)
        assert tree(tmp_path) == written


class RecordOfASlowDrive(Record):
    """Blocks on one folder until the test allows it."""

    asked, may_answer = threading.Event(), threading.Event()

    def name_keys_in(self, folder: str) -> frozenset[str]:
        if folder == "later":
            self.asked.set()
            assert self.may_answer.wait(30)
        return super().name_keys_in(folder)


def test_a_query_waits_until_the_drive_is_listed(tmp_path: Path) -> None:
    (tmp_path / "later").mkdir()
    (tmp_path / "later/beach.heic").write_bytes(b"seven!!")
    drive, calls = drive_at(tmp_path), SystemCalls()
    record = RecordOfASlowDrive(tmp_path / "record.sqlite3", calls)
    existing = ExistingFiles(tmp_path, record, Reader(drive.traits, drive.device, calls), calls)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(existing.has_size, PHONE, 7)
        assert record.asked.wait(30)
        second = pool.submit(existing.has_size, PHONE, 7)
        too_early, _ = wait([second], timeout=0.2)
        record.may_answer.set()
        assert not too_early
        assert first.result()
        assert second.result()
    record.close()


MANY = 60


class CountingRecord(Record):
    """Counts the recorded files that are looked at."""

    looked_at = 0

    def files_of_size(self, size: int, sha256: str = "") -> Generator[FileOwner, None, None]:
        for owner in super().files_of_size(size, sha256):
            self.looked_at += 1
            yield owner


def same_size(number: int) -> Asset:
    """An asset whose file has as many bytes as those of all others."""
    return asset(number, name=f"IMG_{number:04}.HEIC")


@pytest.mark.parametrize("equal_bytes", [False, True])
def test_many_recorded_files_of_one_size_are_looked_at_once(tmp_path: Path, equal_bytes: bool) -> None:
    drive, calls = drive_at(tmp_path), SystemCalls()
    record = CountingRecord(tmp_path / "record.sqlite3", calls)
    existing = ExistingFiles(tmp_path, record, Reader(drive.traits, drive.device, calls), calls)
    for number in range(1, MANY + 1):
        digest = hashlib.sha256(b"" if equal_bytes else str(number).encode()).hexdigest()
        existing.has_size(PHONE, 744)
        assert existing.take(PHONE, 744, digest, f"Photos/2024-07/IMG_{number:04}.AAE") is None
        record.commit([recorded_as(same_size(number), 744, digest)])
        existing.note_recorded(PHONE, [744])
    record.close()
    assert record.looked_at < 4 * MANY


@pytest.mark.parametrize("equal_bytes", [False, True])
def test_many_unrecorded_files_of_one_size_are_read_once(tmp_path: Path, equal_bytes: bool) -> None:
    read: list[str] = []

    class Watched(SystemCalls):
        def open_read(self, path: Path, *, direct: bool = False) -> int:
            read.append(path.name)
            return super().open_read(path, direct=direct)

    drive, calls = drive_at(tmp_path), Watched()
    record = Record(tmp_path / "record.sqlite3", calls)
    existing = ExistingFiles(tmp_path, record, Reader(drive.traits, drive.device, calls), calls)
    data = [b"same" if equal_bytes else f"{number:04}".encode() for number in range(MANY)]
    for number, content_of in enumerate(data):
        (tmp_path / f"old_{number:04}.AAE").write_bytes(content_of)
    taken = [
        existing.take(PHONE, 4, hashlib.sha256(one).hexdigest(), "IMG_0001.AAE") for one in reversed(data)
    ]
    assert len({found[0] for found in taken if found is not None}) == MANY
    assert existing.take(PHONE, 4, hashlib.sha256(data[0]).hexdigest(), "IMG_0001.AAE") is None
    record.close()
    opened_per_file = len(read) / MANY
    assert opened_per_file <= 3, "synced, then read, perhaps past the cache"


def test_a_file_of_another_phone_is_shared_among_many_of_one_size(tmp_path: Path) -> None:
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        stage_twin(target, asset(1), "OLD")
        for number in range(2, 12):
            copied(target, same_size(number))
        assert stage_twin(target, twin(20)).files[0].path == "Photos/2024-07/IMG_0001.HEIC"
        stage_twin(target, twin(30), "OLD")
        assert stage_twin(target, twin(40)).files[0].path.endswith("IMG_0001_0000001e.HEIC"), "recorded later"
