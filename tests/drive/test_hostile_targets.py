"""A target that somebody prepared: nothing outside it changes, nothing hangs, and a sentence says why."""

from __future__ import annotations

import os
import socket
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest

from ambertime_tui.drive.errors import ArchiveObstructed, DriveError
from ambertime_tui.drive.record import checksums
from ambertime_tui.drive.verify.verify import verify
from tests.drive.archive_helpers import asset, backup, drive_at, verdicts_of

OWN_FILES = [
    "SHA256SUMS",
    *(
        f".ambertime/{name}"
        for name in (
            "lock",
            "target.json",
            "record.sqlite3",
            "record.sqlite3-journal",
            "record.backup.sqlite3",
            "seal.json",
            "parts",
            "findings.json",
            "verified.json",
            "absent.json",
        )
    ),
]


def put_link(path: Path, outside: Path) -> None:
    path.symlink_to(outside / "precious")


def put_pipe(path: Path, outside: Path) -> None:
    os.mkfifo(path)


def put_folder(path: Path, outside: Path) -> None:
    path.mkdir()


def put_socket(path: Path, outside: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the path of a socket must be short
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(here)


PUT: dict[str, Callable[[Path, Path], None]] = {
    "a link": put_link,
    "a named pipe": put_pipe,
    "a folder": put_folder,
    "a socket": put_socket,
}


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder beside the target that must not change."""
    folder = tmp_path / "outside"
    (folder / "2024-07").mkdir(parents=True)
    (folder / "precious").write_bytes(b"")  # an empty file is a valid SQLite database
    (folder / "letter.txt").write_text("dear")
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An archive of one photo."""
    folder = tmp_path / "drive"
    folder.mkdir()
    assert not backup(folder, [asset(1)])
    return folder


def snapshot(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Every name below a folder with its kind, inode and bytes."""
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mode,
            path.lstat().st_ino,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(folder.rglob("*"))
    }


@pytest.mark.parametrize("kind", PUT)
@pytest.mark.parametrize("name", OWN_FILES)
def test_something_else_in_the_place_of_our_file_is_refused_with_a_sentence(
    root: Path, outside: Path, name: str, kind: str
) -> None:
    path, before = root / name, snapshot(outside)
    path.unlink(missing_ok=True)
    PUT[kind](path, outside)
    (error,) = backup(root, [asset(1), asset(2)])
    assert isinstance(error, ArchiveObstructed)
    assert f"{path} is {kind}" in str(error)
    with pytest.raises(DriveError, match=kind):
        verify(root)
    assert snapshot(outside) == before


@pytest.mark.parametrize("name", [".ambertime", "Photos"])
def test_a_linked_folder_of_ours_is_refused(root: Path, outside: Path, name: str) -> None:
    before = snapshot(outside)
    (root / name).rename(root / "away")
    (root / name).symlink_to(outside)
    (error,) = backup(root, [asset(1), asset(2)])
    assert f"{root / name} is a link" in str(error)
    with pytest.raises(ArchiveObstructed):
        verify(root)
    assert snapshot(outside) == before


def test_a_linked_month_takes_no_file_and_is_not_whole(root: Path, outside: Path) -> None:
    month = root / "Photos/2024-07"
    (outside / "2024-07").rmdir()
    month.rename(outside / "2024-07")
    month.symlink_to(outside / "2024-07")
    before = snapshot(outside)
    found = verdicts_of(root)["Photos/2024-07/IMG_0001.HEIC"]
    assert found.verdict.value == "changed"
    assert f"{month} is a link" in found.sentence
    errors = backup(root, [asset(1), asset(2, name="IMG_2.HEIC")])
    assert all(f"{month} is a link" in str(error) for error in errors)
    assert errors
    assert snapshot(outside) == before


@pytest.mark.parametrize("folder", ["../outside", "/tmp", "Photos/../../outside", ".ambertime"])
def test_a_record_that_leads_out_of_the_target_is_rebuilt(root: Path, outside: Path, folder: str) -> None:
    before = snapshot(outside)
    (root / ".ambertime/seal.json").unlink()
    with closing(sqlite3.connect(root / ".ambertime/record.sqlite3", isolation_level=None)) as record:
        record.execute("UPDATE file SET folder = ?, name = 'letter.txt', name_key = 'letter.txt'", (folder,))
        record.execute("UPDATE asset SET folder = ?", (folder,))
    verify(root)
    assert not backup(root, [asset(1), asset(2, name="IMG_2.HEIC")])
    assert snapshot(outside) == before
    assert verify(root).sound


@pytest.mark.parametrize("name", ["lock", "record.sqlite3", "record.sqlite3-journal"])
def test_a_file_with_a_second_name_elsewhere_gets_a_file_of_its_own(
    root: Path, outside: Path, name: str
) -> None:
    os.link(root / ".ambertime" / name, outside / name)
    before = snapshot(outside)
    assert not backup(root, [asset(1), asset(2, name="IMG_2.HEIC")])
    assert snapshot(outside) == before
    assert verify(root).sound


def test_two_archives_with_one_lock_file_do_not_lock_each_other(root: Path, tmp_path: Path) -> None:
    from ambertime_tui.drive.errors import TargetInUse
    from ambertime_tui.drive.target import open_target

    other = tmp_path / "other"
    with open_target(root, drive=drive_at(root)):
        (other / ".ambertime").mkdir(parents=True)
        os.link(root / ".ambertime/lock", other / ".ambertime/lock")
        with open_target(other, drive=drive_at(other)):
            for path in (root, other):
                with pytest.raises(TargetInUse), open_target(path, drive=drive_at(path)):
                    pass


JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")


def geometry(root: Path) -> tuple[int, int]:
    """Bytes of a page of the record, and its number of pages."""
    with closing(sqlite3.connect(root / ".ambertime/record.sqlite3")) as record:
        ((page,), (pages,)) = (
            record.execute("PRAGMA page_size").fetchone(),
            record.execute("PRAGMA page_count").fetchone(),
        )
    return page, pages


def plant_journal(root: Path, pages: int, tail: bytes = b"") -> None:
    """Leave a journal as after a crash, of a transaction that began with this number of pages."""
    (root / ".ambertime/seal.json").unlink()
    page, _ = geometry(root)
    numbers = (0, 0, pages, 512, page)
    header = (JOURNAL_MAGIC + b"".join(n.to_bytes(4, "big") for n in numbers)).ljust(512, b"\0")
    (root / ".ambertime/record.sqlite3-journal").write_bytes(header + tail)


def test_a_journal_that_names_another_file_does_not_remove_it(root: Path, outside: Path) -> None:
    """SQLite deletes the super-journal that a journal names, wherever it is."""
    victim = str(outside / "letter.txt").encode()
    before = snapshot(outside)
    page, pages = geometry(root)
    lock_page = (2**30 // page + 1).to_bytes(4, "big")
    length, checksum = len(victim).to_bytes(4, "big"), sum(victim).to_bytes(4, "big")
    plant_journal(root, pages, lock_page + victim + length + checksum + JOURNAL_MAGIC)
    verify(root)
    assert not backup(root, [asset(1), asset(2, name="IMG_2.HEIC")])
    assert snapshot(outside) == before


@pytest.mark.parametrize("name", ["record.sqlite3", "record.backup.sqlite3"])
def test_a_journal_cannot_make_the_record_fill_the_drive(root: Path, name: str) -> None:
    """SQLite gives a database the size that a journal says: here 16 TB."""
    plant_journal(root, 0xFFFFFFFF)
    (root / ".ambertime/record.sqlite3-journal").rename(root / f".ambertime/{name}-journal")
    verify(root)
    assert not backup(root, [asset(1), asset(2, name="IMG_2.HEIC")])
    assert all(path.stat().st_size < 10 << 20 for path in (root / ".ambertime").iterdir())
    assert verify(root).sound


@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "no seal"])
@pytest.mark.parametrize("name", ["record.sqlite3", "record.backup.sqlite3"])
def test_a_sparse_record_of_terabytes_is_not_read_to_its_end(root: Path, name: str, sealed: bool) -> None:
    os.truncate(root / ".ambertime" / name, 1 << 42)
    if not sealed:
        (root / ".ambertime/seal.json").unlink()
    assert not backup(root, [asset(1), asset(2, name="IMG_2.HEIC")])
    assert verify(root).sound


def test_a_sparse_list_of_checksums_is_not_read_to_its_end(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checksums, "LONGEST_FILE", 1 << 20)
    os.truncate(root / "SHA256SUMS", 1 << 42)
    assert not backup(root, [asset(1), asset(2, name="IMG_2.HEIC")])
    assert (root / "SHA256SUMS").stat().st_size < 1 << 20
    assert verify(root).sound


def test_a_record_with_a_write_ahead_log_is_rebuilt(root: Path) -> None:
    with closing(sqlite3.connect(root / ".ambertime/record.sqlite3")) as record:
        record.execute("PRAGMA journal_mode = WAL")
    (root / ".ambertime/seal.json").unlink()
    (root / ".ambertime/record.sqlite3-wal").write_bytes(b"\x37\x7f\x06\x82" + bytes(5000))
    assert not backup(root, [asset(1), asset(2, name="IMG_2.HEIC")])
    assert not (root / ".ambertime/record.sqlite3-wal").exists()
    assert verify(root).sound


def test_a_month_that_is_swapped_for_a_link_during_the_job_takes_nothing_outside(
    root: Path, outside: Path
) -> None:
    before, ended = snapshot(outside), threading.Event()
    month, away = root / "Photos/2024-07", root / "Photos/away"

    def swap() -> None:
        while not ended.is_set():
            with suppress(OSError):
                month.rename(away)
                month.symlink_to(outside / "2024-07")
                month.unlink()
                away.rename(month)

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        for start in range(2, 62, 20):
            backup(root, [asset(n, name=f"IMG_{n}.HEIC") for n in range(start, start + 20)])
    finally:
        ended.set()
        swapper.join()
    assert snapshot(outside) == before
