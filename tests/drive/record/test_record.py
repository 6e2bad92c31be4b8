"""The record: durability, versions and errors."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from ambertime_tui.drive.errors import RecordDamaged, RecordFailed, RecordTooNew, ScratchFull
from ambertime_tui.drive.record.record import Record
from ambertime_tui.drive.record.record_model import AsideFile, ReadBack, RecordedAsset, RecordedFile
from ambertime_tui.drive.record.rows import rows_of
from ambertime_tui.drive.record.schema import APPLICATION_ID, SCHEMA_VERSION
from ambertime_tui.drive.volume.name_keys import name_key
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.library.model import Role
from tests.drive.archive_helpers import recorded_assets, recorded_in


def recorded(uuid: str = "A", name: str = "IMG_1.HEIC", udid: str = "PHONE") -> RecordedAsset:
    file = RecordedFile(
        role=Role.PHOTO,
        folder="Photos/2024-07",
        name=name,
        true_name=name,
        size=3,
        sha256="ab" * 32,
        modified_at=1.5,
        read_back=ReadBack.FROM_DRIVE,
        written_at=2.5,
        source_path="DCIM/100APPLE/" + name,
    )
    return RecordedAsset(udid, uuid, name, "Photos/2024-07", "IMG_1", (file,), 2.5)


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return Record(tmp_path / "record.sqlite3", SystemCalls())


def test_committed_assets_are_found_after_reopening(record: Record) -> None:
    first, second = recorded("A"), recorded("B", "IMG_2.HEIC")
    record.commit([first, second])
    record.close()
    again = Record(record.path, SystemCalls())
    assert again.find_asset("PHONE", "A") == first
    assert again.find_asset("PHONE", "C") is None
    assert recorded_assets(again, "PHONE") == {"A": first, "B": second}
    assert recorded_assets(again, "ANOTHER") == {}
    assert again.name_keys_in("Photos/2024-07") == {name_key("IMG_1.HEIC"), name_key("IMG_2.HEIC")}


def test_an_asset_is_found_after_an_earlier_query_found_nothing(record: Record) -> None:
    assert record.find_asset("PHONE", "A") is None
    assert list(record.files_of_size(3)) == []
    record.commit([recorded("A")])
    assert record.find_asset("PHONE", "A") == recorded("A")
    assert [owner.uuid for owner in record.files_of_size(3)] == ["A"]
    assert record.find_asset("ANOTHER", "A") is None
    assert list(record.files_of_size(4)) == []


def test_a_transaction_takes_effect_completely_or_not_at_all(record: Record) -> None:
    record.commit([recorded("A")])
    torn = recorded("C", "IMG_3.HEIC")
    with pytest.raises(RecordFailed):
        record.commit(
            [recorded("B", "IMG_2.HEIC"), replace(torn, files=(replace(torn.files[0], sha256="ab"),))]
        )
    assert set(recorded_assets(record, "PHONE")) == {"A"}
    record.commit([recorded("B", "IMG_2.HEIC")])
    assert set(recorded_assets(record, "PHONE")) == {"A", "B"}


def test_a_new_generation_is_added_and_the_same_one_replaced(record: Record) -> None:
    first = recorded("A")
    record.commit([first])
    edit = replace(first.files[0], role=Role.EDITED_PHOTO, name="IMG_1_edited.HEIC")
    second_edit = replace(edit, name="IMG_1_edited_2.HEIC", generation=2)
    record.commit([replace(first, files=(edit,))])
    record.commit(
        [replace(first, files=(second_edit, replace(first.files[0], read_back=ReadBack.THROUGH_CACHE)))]
    )
    found = record.find_asset("PHONE", "A")
    assert found is not None
    assert [(file.name, file.generation) for file in found.files] == [
        ("IMG_1.HEIC", 1),
        ("IMG_1_edited.HEIC", 1),
        ("IMG_1_edited_2.HEIC", 2),
    ]
    assert found.files[0].read_back is ReadBack.THROUGH_CACHE
    assert found.current(Role.EDITED_PHOTO) == found.files[2]


def test_loose_files_are_kept_until_they_belong_to_an_asset(record: Record) -> None:
    record.commit([recorded("A")])
    record.add_loose({"Photos/2024-07/IMG_1.HEIC": "cd" * 32, "Photos/2024-07/IMG_2.HEIC": "ab" * 32}.items())
    assert dict(record.iter_loose()) == {"Photos/2024-07/IMG_2.HEIC": "ab" * 32}
    record.commit([recorded("B", "IMG_2.HEIC")], [AsideFile("x_damaged", "x", 1.0)])
    assert dict(record.iter_loose()) == {}
    with closing(sqlite3.connect(record.path)) as connection:
        assert list(rows_of(connection, "aside")) == [["x_damaged", "x", 1.0]]


class Watching(SystemCalls):
    """Reads the durability settings of the database."""

    def __init__(self) -> None:
        self.manners: set[tuple[object, ...]] = set()

    def commit(self, connection: sqlite3.Connection) -> None:
        asked = ("PRAGMA synchronous", "PRAGMA journal_mode", "PRAGMA fullfsync")
        self.manners.add(tuple(connection.execute(question).fetchone()[0] for question in asked))
        super().commit(connection)


def test_every_commit_is_synchronous(tmp_path: Path) -> None:
    calls = Watching()
    record = Record(tmp_path / "record.sqlite3", calls)
    record.commit([recorded("A")])
    full = 2
    assert calls.manners == {(full, "truncate", 1)}


def test_it_is_journalled_so_that_a_commit_survives_a_power_cut(record: Record) -> None:
    record.commit([recorded()])
    connection = sqlite3.connect(record.path)
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    connection.close()
    assert record.path.with_name("record.sqlite3-journal").stat().st_size == 0, "truncated, not deleted"
    assert not record.path.with_name("record.sqlite3-wal").exists(), "no shared memory needed"


@pytest.mark.parametrize(
    "harm", [b"not a database, but long enough to be one" * 20, b"SQLite format 3\0" + b"\xff" * 4000]
)
def test_a_damaged_record_is_distinguished_from_an_unreadable_one(tmp_path: Path, harm: bytes) -> None:
    path = tmp_path / "record.sqlite3"
    path.write_bytes(harm)
    with pytest.raises(RecordDamaged):
        Record(path, SystemCalls())
    assert path.read_bytes() == harm
    with pytest.raises(RecordFailed):
        Record(tmp_path / "no folder/record.sqlite3", SystemCalls())


def test_another_programs_database_is_not_a_record(tmp_path: Path) -> None:
    path = tmp_path / "record.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE notes (text TEXT)")
    connection.close()
    with pytest.raises(RecordDamaged, match="not an AmberTime record"):
        Record(path, SystemCalls())


def test_a_record_of_a_newer_version_is_not_changed(record: Record) -> None:
    record.close()
    connection = sqlite3.connect(record.path)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(RecordTooNew, match="Update AmberTime"):
        Record(record.path, SystemCalls())


def test_it_can_be_read_during_a_job_and_with_the_journal_of_an_interrupted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = tmp_path / ".ambertime"
    ours.mkdir()
    record = Record(ours / "record.sqlite3", SystemCalls())
    record.commit([recorded("A")])
    assert [asset.uuid for asset in recorded_in(tmp_path)] == ["A"]
    dying = sqlite3.connect(record.path, isolation_level=None)
    dying.execute("PRAGMA cache_size = 1")
    dying.execute("PRAGMA synchronous = OFF")
    dying.execute("BEGIN IMMEDIATE")
    dying.execute("CREATE TABLE filler (x)")
    dying.executemany("INSERT INTO filler VALUES (?)", (("x" * 4000,) for _ in range(50)))
    elsewhere = tmp_path / "copy/.ambertime"
    elsewhere.mkdir(parents=True)
    for name in ("record.sqlite3", "record.sqlite3-journal"):
        (elsewhere / name).write_bytes((ours / name).read_bytes())
    dying.execute("ROLLBACK")
    dying.close()
    assert (elsewhere / "record.sqlite3-journal").stat().st_size > 0
    assert [asset.uuid for asset in recorded_in(elsewhere.parent)] == ["A"]
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(ScratchFull, match="set TMPDIR"):
        recorded_in(elsewhere.parent)


VERSION_1 = (
    """
    CREATE TABLE asset (
        udid TEXT NOT NULL, uuid TEXT NOT NULL, original_filename TEXT NOT NULL, folder TEXT NOT NULL,
        stem TEXT NOT NULL, completed_at REAL NOT NULL, PRIMARY KEY (udid, uuid)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE file (
        udid TEXT NOT NULL, uuid TEXT NOT NULL, role TEXT NOT NULL, generation INTEGER NOT NULL,
        folder TEXT NOT NULL, name TEXT NOT NULL, name_key TEXT NOT NULL, true_name TEXT NOT NULL,
        size INTEGER NOT NULL, sha256 BLOB NOT NULL CHECK (length(sha256) = 32), modified_at REAL,
        read_back TEXT NOT NULL, written_at REAL NOT NULL, source_path TEXT NOT NULL,
        source_modified_at REAL, adopted INTEGER NOT NULL,
        PRIMARY KEY (udid, uuid, role, generation),
        FOREIGN KEY (udid, uuid) REFERENCES asset (udid, uuid)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE UNIQUE INDEX file_by_name ON file (folder, name_key)",
    """
    CREATE TABLE loose (
        path TEXT NOT NULL PRIMARY KEY, sha256 BLOB NOT NULL CHECK (length(sha256) = 32)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE aside (
        path TEXT NOT NULL PRIMARY KEY, instead_of TEXT NOT NULL, moved_at REAL NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    f"PRAGMA application_id = {APPLICATION_ID}",
    "PRAGMA user_version = 1",
    "INSERT INTO asset VALUES ('PHONE', 'A', 'IMG_1.HEIC', 'Photos/2024-07', 'IMG_1', 2.5)",
    f"""
    INSERT INTO file VALUES ('PHONE', 'A', 'photo', 1, 'Photos/2024-07', 'IMG_1.HEIC', 'img_1.heic',
        'IMG_1.HEIC', 3, x'{"ab" * 32}', 1.5, 'drive', 2.5, 'DCIM/100APPLE/IMG_1.HEIC', NULL, 0)
    """,
    f"INSERT INTO loose VALUES ('old.jpg', x'{'cd' * 32}')",
)
"""The tables of schema version 1."""


def test_an_older_record_is_upgraded_in_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / "record.sqlite3"
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in VERSION_1:
        connection.execute(statement)
    connection.close()
    before = path.stat().st_ino
    record = Record(path, SystemCalls())
    assert recorded_assets(record, "PHONE") == {"A": recorded("A")}
    assert dict(record.iter_loose()) == {"old.jpg": "cd" * 32}
    assert path.stat().st_ino != before, "on exFAT the record must not grow in place"
    grown = path.stat()
    record.commit([recorded("B", "IMG_2.HEIC")])
    assert (path.stat().st_ino, path.stat().st_size) == (grown.st_ino, grown.st_size)
    assert [owner.uuid for owner in record.files_of_size(3)] == ["A", "B"]
    record.close()
    assert not list(tmp_path.glob("*.larger*"))
    assert set(recorded_assets(Record(path, SystemCalls()), "PHONE")) == {"A", "B"}


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE file SET role = 'photograph'",
        "UPDATE file SET read_back = 'perhaps'",
        "UPDATE file SET name = CAST(x'ff41' AS TEXT)",
        "UPDATE aside SET path = CAST(x'ff41' AS TEXT)",
    ],
)
def test_an_invalid_row_counts_as_damage(record: Record, harm: str) -> None:
    record.commit([recorded("A")], [AsideFile("x_damaged", "x", 1.0)])
    record.close()
    connection = sqlite3.connect(record.path, isolation_level=None)
    connection.execute(harm)
    connection.close()
    with pytest.raises(RecordDamaged):
        Record(record.path, SystemCalls(), check_all=True)


def test_a_superseded_file_is_not_loose(record: Record) -> None:
    first = recorded("A")
    record.commit([first])
    record.commit([replace(first, files=(replace(first.files[0], name="IMG_1_2.HEIC"),))])
    record.add_loose({"Photos/2024-07/IMG_1.HEIC": "ab" * 32, "theirs.jpg": "cd" * 32}.items())
    assert dict(record.iter_loose()) == {"theirs.jpg": "cd" * 32}


def test_integrity_hashes_are_removed_before_the_first_change_and_not_by_reading(tmp_path: Path) -> None:
    path = tmp_path / "record.sqlite3"
    Record(path, SystemCalls()).close()
    before, seen = path.read_bytes(), list[bytes]()
    opened = Record(path, SystemCalls(), lambda: seen.append(path.read_bytes()))
    list(opened.iter_loose())
    opened.add_loose({}.items())
    assert opened.unchanged
    assert seen == []
    opened.commit([recorded("A")])
    opened.commit([recorded("B", "IMG_2.HEIC")])
    assert seen == [before]
    assert not opened.unchanged


def test_if_integrity_hashes_cannot_be_removed_the_record_is_not_changed(tmp_path: Path) -> None:
    Record(tmp_path / "record.sqlite3", SystemCalls()).close()

    def refused() -> None:
        raise OSError(5, "Input/output error")

    record = Record(tmp_path / "record.sqlite3", SystemCalls(), refused)
    for _ in range(2):
        with pytest.raises(RecordFailed):
            record.commit([recorded("A")])
    assert recorded_assets(record, "PHONE") == {}


def test_many_assets_are_read_together(tmp_path: Path) -> None:
    record = Record(tmp_path / "record.sqlite3", SystemCalls())
    record.commit([recorded(f"{n:032x}", f"IMG_{n}.HEIC") for n in range(5_000)])
    assert len(recorded_assets(record, "PHONE")) == 5_000


def test_a_backup_copy_is_a_complete_record(record: Record, tmp_path: Path) -> None:
    record.commit([recorded("A")])
    record.back_up(tmp_path / "copy.sqlite3")
    assert recorded_assets(Record(tmp_path / "copy.sqlite3", SystemCalls()), "PHONE") == recorded_assets(
        record, "PHONE"
    )


def test_it_never_grows_in_place(record: Record) -> None:
    """On exFAT a power cut while a file grows can destroy it, so a new file replaces the old one."""
    before, grown = record.path.stat(), 0
    for start in range(0, 12_000, 100):
        names = [f"IMG_{number}.HEIC" for number in range(start, start + 100)]
        record.commit([recorded(name, name) for name in names])
        now = record.path.stat()
        assert now.st_size == before.st_size or now.st_ino != before.st_ino
        grown += now.st_ino != before.st_ino
        before = now
    assert 1 <= grown <= 4, "rarely, because the space doubles each time"
    assert len(recorded_assets(record, "PHONE")) == 12_000


class NoRoomForAnother(SystemCalls):
    """A drive on which the larger record cannot replace the old one."""

    def replace(self, source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")


def test_a_record_that_cannot_grow_is_unchanged(record: Record) -> None:
    record.commit([recorded("A")])
    record.close()
    full = Record(record.path, NoRoomForAnother())
    many = [recorded(f"{n}", f"IMG_{n}.HEIC") for n in range(1000, 5000)]
    with pytest.raises(RecordFailed, match="No space left"):
        full.commit(many)
    assert set(recorded_assets(full, "PHONE")) == {"A"}
    full.commit([recorded("B", "IMG_2.HEIC")])
    full.close()
    again = Record(record.path, SystemCalls())
    again.commit(many)
    assert len(recorded_assets(again, "PHONE")) == 4002
