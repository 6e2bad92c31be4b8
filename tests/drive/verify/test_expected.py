"""Expected and found files, in a temporary database that copes with any size of archive."""

from __future__ import annotations

import os
import random
import sqlite3
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ambertime_tui.drive.record.checksums import checksum_line
from ambertime_tui.drive.record.verdicts import Verdict
from ambertime_tui.drive.target import open_target
from ambertime_tui.drive.verify.expected import ExpectedFiles
from ambertime_tui.drive.verify.report import FileVerdict
from ambertime_tui.drive.verify.verify import verify
from tests.drive.archive_helpers import asset, backup, copied, drive_at, verdicts_of

ALL = (None, None, random.Random(0))


def write_sums(root: Path, count: int) -> None:
    with (root / "SHA256SUMS").open("w") as sums:
        sums.writelines(checksum_line(f"Photos/2024-07/IMG_{n:07}.HEIC", f"{n:064x}") for n in range(count))


@pytest.fixture
def expected() -> Iterator[ExpectedFiles]:
    with ExpectedFiles() as made:
        yield made


def test_a_hundred_thousand_files_need_little_memory(expected: ExpectedFiles, tmp_path: Path) -> None:
    write_sums(tmp_path, 100_000)
    tracemalloc.start()
    try:
        expected.add_found(f"Photos/2024-07/IMG_{n:07}.HEIC" for n in range(100_001))
        expected.load_expected(tmp_path)
        alike = sum(file.in_sums == file.sha256 for file in expected.iter_files(expected.select(*ALL)))
        assert list(expected.extra(tmp_path)) == ["Photos/2024-07/IMG_0100000.HEIC"]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert alike == 100_000
    assert peak < 8 << 20


def test_files_are_ordered_by_path_and_a_sample_has_the_requested_share(
    expected: ExpectedFiles, tmp_path: Path
) -> None:
    write_sums(tmp_path, 5000)
    expected.load_expected(tmp_path)
    everything = [file.path for file in expected.iter_files(expected.select(*ALL))]
    assert everything == sorted(everything)
    subset = expected.select(None, 0.1, random.Random(4))
    some = [file.path for file in expected.iter_files(subset)]
    assert len(some) == subset.count == 500
    assert some == sorted(set(some) & set(everything))
    assert some != [file.path for file in expected.iter_files(expected.select(None, 0.1, random.Random(5)))]


def test_a_file_with_an_undecodable_name_is_verified(tmp_path: Path) -> None:
    """A name from another program, which the record cannot store."""
    backup(tmp_path, [asset(1)])
    odd = os.fsdecode(b"Photos/2024-07/caf\xe9.jpg")
    try:
        (tmp_path / odd).write_bytes(b"espresso")
    except OSError as error:
        pytest.skip(f"this file system keeps text only: {error.strerror}")
    assert verdicts_of(tmp_path)[odd].verdict is Verdict.EXTRA
    with (tmp_path / "SHA256SUMS").open("ab") as sums:
        sums.write(b"5" * 64 + b"  " + os.fsencode(odd) + b"\n")
    assert verdicts_of(tmp_path)[odd].verdict is Verdict.DAMAGED


def test_files_recorded_meanwhile_by_a_running_job_are_not_extra(
    expected: ExpectedFiles, tmp_path: Path
) -> None:
    backup(tmp_path, [asset(1)])
    with open_target(tmp_path, drive=drive_at(tmp_path)) as target:
        expected.add_found(["Photos/2024-07/IMG_0001.HEIC", "Photos/2024-07/IMG_2.HEIC", "Photos/x.HEIC"])
        expected.load_expected(tmp_path)
        copied(target, asset(2, name="IMG_2.HEIC"))
        assert list(expected.extra(tmp_path)) == ["Photos/x.HEIC"]


def test_a_record_damaged_meanwhile_changes_no_count(tmp_path: Path) -> None:
    backup(tmp_path, [asset(1), asset(2, name="IMG_2.HEIC")])
    (tmp_path / "Photos/2024-07/extra.HEIC").write_bytes(b"extra")
    (tmp_path / ".ambertime/seal.json").unlink()

    def harm(found: FileVerdict) -> None:
        with closing(sqlite3.connect(tmp_path / ".ambertime/record.sqlite3", isolation_level=None)) as record:
            record.execute("UPDATE file SET role = 'hologram' WHERE name = 'IMG_2.HEIC'")

    report = verify(tmp_path, on_file=harm)
    assert (report.count(Verdict.WHOLE), report.count(Verdict.EXTRA), report.skipped) == (2, 1, 0)


def test_the_bytes_of_another_file_are_found_among_many(expected: ExpectedFiles, tmp_path: Path) -> None:
    write_sums(tmp_path, 5000)
    expected.load_expected(tmp_path)
    assert expected.path_with_hash(f"{4321:064x}") == "Photos/2024-07/IMG_0004321.HEIC"
    assert expected.path_with_hash("f" * 64) is None
    assert "Photos/2024-07/IMG_0004321.HEIC" in expected
    assert "Photos/2024-07/IMG_9999999.HEIC" not in expected
