"""Archives of schema version 2 are taken over in place: nothing is lost or copied again, whatever happens.

`archive_of_version_2.tar.gz` was written by the version of commit ce12bc3: the library of `archive_helpers`,
two of its photos also for a second phone, a later edit, a repaired file and a line of another tool.
"""

from __future__ import annotations

import errno
import random
import shutil
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ambertime_tui.drive.errors import RecordDamaged, RecordTooNew
from ambertime_tui.drive.record.record import Record
from ambertime_tui.drive.record.record_model import Proof
from ambertime_tui.drive.record.row_checksums import TABLES
from ambertime_tui.drive.record.rows import assets_in
from ambertime_tui.drive.record.schema import SCHEMA_VERSION
from ambertime_tui.drive.record.updates import ComputedFingerprint, LibraryFacts
from ambertime_tui.drive.target import open_target
from ambertime_tui.drive.verify.verify import verify
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.library.fingerprint import fingerprint_of
from tests.drive.archive_helpers import LIBRARY, PHONE, backup, content, drive_at, recorded_assets, tree
from tests.drive.faulty_calls import CountingCalls, Killed, PowerCutCalls, failing, killed

FIXTURE = Path(__file__).with_name("archive_of_version_2.tar.gz")
SINCE_3 = {"fingerprint", "library_fingerprint", "library_size"}
STATES = ("sealed", "no seal")


@pytest.fixture(scope="session")
def old_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("old") / "archive"
    with tarfile.open(FIXTURE) as archive:
        archive.extractall(root, filter="data")
    return root


def copy_of(old_archive: Path, root: Path, state: str = "sealed") -> Path:
    shutil.copytree(old_archive, root, dirs_exist_ok=True)
    if state == "no seal":
        (root / ".ambertime/seal.json").unlink()
    return root


def record_at(root: Path) -> Path:
    return root / ".ambertime/record.sqlite3"


def rows_at(path: Path) -> dict[str, list[Any]]:
    """The rows of each table in the columns of version 2."""
    with closing(sqlite3.connect(path)) as connection:
        return {
            table: connection.execute(
                f"SELECT {', '.join(c for c in columns if c not in SINCE_3)} FROM {table} ORDER BY 1, 2"
                if len(columns) > 1
                else f"SELECT * FROM {table} ORDER BY 1"
            ).fetchall()
            for table, columns in TABLES.items()
            if table not in ("reserved", "forgotten") and (table != "superseded")
        }


def version_at(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


@pytest.mark.parametrize("state", STATES)
def test_an_old_archive_is_taken_over_without_copying_anything(
    old_archive: Path, tmp_path: Path, state: str
) -> None:
    root = copy_of(old_archive, tmp_path / "drive", state)
    before, rows = tree(root), rows_at(record_at(root))
    inodes = {path: path.stat().st_ino for path in (root / "Photos").rglob("*")}
    assert not backup(root)
    assert rows_at(record_at(root)) == rows
    assert tree(root) == before
    assert {path: path.stat().st_ino for path in (root / "Photos").rglob("*")} == inodes
    assert verify(root).sound
    kept = root / ".ambertime/record.v2.sqlite3"
    assert (version_at(record_at(root)), version_at(kept)) == (SCHEMA_VERSION, 2)
    assert rows_at(kept) == rows
    assert not list((root / ".ambertime").glob("*damaged*"))
    assert not list((root / ".ambertime").glob("*.new"))


def test_an_old_archive_is_verified_and_previewed_without_taking_it_over(
    old_archive: Path, tmp_path: Path
) -> None:
    root = copy_of(old_archive, tmp_path / "drive")
    record = record_at(root).read_bytes()
    assert verify(root).sound
    assert record_at(root).read_bytes() == record


def test_files_archived_by_an_old_version_are_proved_without_copying(
    old_archive: Path, tmp_path: Path
) -> None:
    root = copy_of(old_archive, tmp_path / "drive")
    before = tree(root)
    with open_target(root, drive=drive_at(root)) as target:
        for item in LIBRARY:
            recorded = target.record.find_asset(PHONE, item.uuid)
            assert recorded is not None
            for resource in item.originals:
                file = recorded.current(resource.role)
                assert file is not None
                stored = fingerprint_of(content(item, resource))
                target.record.set_library_facts(
                    PHONE, [LibraryFacts(item.uuid, resource.role, file.generation, stored, None)]
                )
                computed = fingerprint_of((root / file.path).read_bytes())
                target.record.add_fingerprints([ComputedFingerprint(file.path, file.sha256, computed)])
        assert target.record.count_proofs(PHONE) == {Proof.PROVED: 7, Proof.DIFFERS: 0, Proof.UNPROVED: 0}
        target.finish()
    assert tree(root) == before
    assert verify(root).sound


def migration_calls(old_archive: Path, root: Path) -> CountingCalls:
    """The system calls of opening an old archive."""
    calls = CountingCalls()
    copy_of(old_archive, root)
    with open_target(root, drive=drive_at(root), calls=calls):
        pass
    return calls


def assert_taken_over(root: Path, old_archive: Path) -> None:
    """Check that the archive has lost nothing, and that a backup takes it over."""
    rows = rows_at(record_at(old_archive))
    assert rows_at(record_at(root)) == rows
    assert not backup(root)
    assert rows_at(record_at(root)) == rows
    assert version_at(record_at(root)) == SCHEMA_VERSION
    assert rows_at(root / ".ambertime/record.v2.sqlite3") == rows
    assert tree(root) == tree(old_archive)
    assert verify(root).sound


@pytest.mark.parametrize("kind", ["killed", "fails once", "fails for good", "power cut"])
def test_the_migration_survives_a_fault_at_any_system_call(
    old_archive: Path, tmp_path: Path, kind: str
) -> None:
    total = migration_calls(old_archive, tmp_path / "count").count
    assert total > 15
    for at in range(1, total + 1):
        root = copy_of(old_archive, tmp_path / str(at))
        if kind == "killed":
            calls: CountingCalls = killed(at)
        elif kind == "power cut":
            (tmp_path / f"kept-{at}").mkdir()
            calls = PowerCutCalls(at, tmp_path / f"kept-{at}")
        else:
            calls = failing(at, errno.EIO, for_good=kind == "fails for good")
        try:
            backup(root, calls=calls)
        except Killed:
            calls.bury()
        if isinstance(calls, PowerCutCalls):
            calls.cut(root, random.Random(at))
        assert_taken_over(root, old_archive)
        shutil.rmtree(root)


def test_a_full_drive_leaves_the_old_record(old_archive: Path, tmp_path: Path) -> None:
    total = migration_calls(old_archive, tmp_path / "count").count
    for at in range(1, total + 1, 3):
        root = copy_of(old_archive, tmp_path / str(at))
        errors = backup(root, calls=failing(at, errno.ENOSPC, for_good=True))
        assert all(str(error).endswith(".") for error in errors)
        assert_taken_over(root, old_archive)


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE file SET role = 'photograph' WHERE role = 'photo'",
        "UPDATE file SET size = -1",
        "UPDATE file SET name_key = 'other' WHERE name LIKE '%.MOV'",
        "UPDATE file SET folder = '../outside'",
        "UPDATE file SET sha256 = zeroblob(32) WHERE udid = 'ANOTHER'",
        "DELETE FROM file WHERE name LIKE '%.MOV' OR name LIKE '%HEIC' OR name LIKE '%AAE'",
        "UPDATE loose SET path = '/etc/passwd'",
        "UPDATE aside SET instead_of = 'Photos//x'",
        "UPDATE asset SET stem = '../../x'",
    ],
)
def test_a_damaged_old_record_without_seal_is_rebuilt_and_not_taken_over(
    old_archive: Path, tmp_path: Path, harm: str
) -> None:
    root = copy_of(old_archive, tmp_path / "drive", "no seal")
    rows = rows_at(record_at(root))
    with closing(sqlite3.connect(record_at(root), isolation_level=None)) as connection:
        connection.execute(harm)
    with open_target(root, drive=drive_at(root)) as target:
        assert "rebuilt from its last backup copy" in target.notices[0]
        target.finish()
    assert rows_at(record_at(root)) == rows
    assert not (root / ".ambertime/record.v2.sqlite3").exists(), "only a sound record is kept under that name"
    assert verify(root).sound


@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, 99])
def test_a_newer_version_is_refused_and_left_alone(old_archive: Path, tmp_path: Path, version: int) -> None:
    root = copy_of(old_archive, tmp_path / "drive", "no seal")
    with closing(sqlite3.connect(record_at(root), isolation_level=None)) as connection:
        connection.execute("CREATE TABLE of_tomorrow (word TEXT)")
        connection.execute(f"PRAGMA user_version = {version}")
    before = record_at(root).read_bytes()
    with pytest.raises(RecordTooNew, match=f"format {version}"), open_target(root, drive=drive_at(root)):
        pass
    with pytest.raises(RecordTooNew):
        verify(root)
    assert record_at(root).read_bytes() == before


@pytest.mark.parametrize("bit", range(8))
def test_a_flipped_bit_in_the_version_number_is_damage(tmp_path: Path, bit: int) -> None:
    path = tmp_path / "record.sqlite3"
    Record(path, SystemCalls()).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION ^ (1 << bit)}")
    with pytest.raises(RecordDamaged):
        Record(path, SystemCalls())


def test_the_backup_copy_of_an_old_version_is_taken_over_when_the_record_is_lost(
    old_archive: Path, tmp_path: Path
) -> None:
    root = copy_of(old_archive, tmp_path / "drive")
    rows = rows_at(record_at(root))
    record_at(root).unlink()
    assert not backup(root)
    assert rows_at(record_at(root)) == rows
    with open_target(root, drive=drive_at(root)) as target:
        assert set(recorded_assets(target.record, PHONE)) == {item.uuid for item in LIBRARY}


def test_rows_are_read_alike_before_and_after(old_archive: Path, tmp_path: Path) -> None:
    root = copy_of(old_archive, tmp_path / "drive")
    with closing(sqlite3.connect(record_at(root))) as connection:
        before = list(assets_in(connection))
    backup(root)
    with closing(sqlite3.connect(record_at(root))) as connection:
        assert list(assets_in(connection)) == before
