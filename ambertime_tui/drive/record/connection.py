"""Opening SQLite databases that somebody else may have prepared.

SQLite follows a link in the place of the database, reads a pipe, and writes through a hard link. A journal
may name a further file, which SQLite then deletes, or give the database any size. None of that is possible
with files that AmberTime left.
"""

from __future__ import annotations

import os
import sqlite3
import struct
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from ambertime_tui.drive.errors import Obstacle, ObstacleInArchive, RecordDamaged
from ambertime_tui.drive.record.byte_locks import PATIENCE, READER_PATIENCE, lacks_locks
from ambertime_tui.drive.volume.root_folder import obstacle_of
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.drive.volume.system_calls import closing as closing_file

SIDE_FILES = ("-journal", "-wal", "-shm")
"""Endings of the files that SQLite keeps beside a database."""
_JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
"""At the end of a journal it says that the name of a super-journal precedes (see pager.c of SQLite)."""
_JOURNAL_HEADER = struct.Struct(">8sIIIII")
"""Magic, number of pages in it, a random number, pages of the database, bytes of a sector and of a page."""
_HEADER_BYTES = 20
_WRITE_VERSION, _READ_VERSION = 18, 19
"""Offsets in the header of a database; 2 stands for a write-ahead log (see fileformat2.html of SQLite)."""
_BLOCK = 1 << 20
_OPEN_FILES = "/dev/fd"


def check_database(path: Path, calls: SystemCalls) -> None:
    """Check a database and SQLite's files beside it before SQLite opens them.

    Raises:
        RecordDamaged: it has a write-ahead log, which AmberTime does not use, or its journal names another
            file, which SQLite would delete, or does not fit it.
        ObstacleInArchive: one is a link or a special file.
        OSError: the drive cannot be read.
    """
    size = 0
    for ending in ("", *SIDE_FILES):
        file = Path(f"{path}{ending}")
        with suppress(FileNotFoundError):
            facts = calls.stat(file)
            obstacle = obstacle_of(facts.st_mode)
            if obstacle is not Obstacle.FILE:
                raise ObstacleInArchive(file, obstacle, "file")
            if ending in ("", "-journal") and facts.st_size:
                with closing_file(calls, calls.open_read(file)) as fd:
                    if ending:
                        _check_journal(path, size, fd)
                    else:
                        size = facts.st_size
                        _check_header(path, fd)


def _check_header(path: Path, fd: int) -> None:
    header = os.pread(fd, _HEADER_BYTES, 0)
    if len(header) == _HEADER_BYTES and 2 in (header[_WRITE_VERSION], header[_READ_VERSION]):
        raise RecordDamaged(path, "another program gave it a write-ahead log")


def _check_journal(path: Path, size: int, fd: int) -> None:
    """Check the journal of a database of `size` bytes. A transaction starts with no more than these."""
    length = os.fstat(fd).st_size
    if os.pread(fd, len(_JOURNAL_MAGIC), max(0, length - len(_JOURNAL_MAGIC))) == _JOURNAL_MAGIC:
        raise RecordDamaged(path, "its journal names another file")
    header = os.pread(fd, _JOURNAL_HEADER.size, 0)
    if len(header) == _JOURNAL_HEADER.size:
        magic, _, _, pages, _, page_size = _JOURNAL_HEADER.unpack(header)
        if magic == _JOURNAL_MAGIC and pages * page_size > size:
            raise RecordDamaged(path, "its journal does not fit it")


def connect(path: Path, calls: SystemCalls, *, mode: str = "rw") -> sqlite3.Connection:
    """Open a database that `check_database` accepts. Create it if it does not exist, unless read-only.

    Args:
        path: the file.
        calls: the operating system.
        mode: "rw" or "ro".

    Raises:
        RecordDamaged, OSError: see `check_database`.
        sqlite3.Error: SQLite cannot open it.
    """
    check_database(path, calls)
    if mode == "rw":
        calls.create_empty(path)
    address = f"file:{quote(os.fsencode(path))}?mode={mode}"
    connection = _open(address, path, calls, PATIENCE if mode == "rw" else READER_PATIENCE)
    if mode == "rw" and lacks_locks(connection, path):
        connection.close()
        # Every writer holds the lock of the target, so SQLite's own locks are not needed.
        connection = _open(f"{address}&vfs=unix-none", path, calls, PATIENCE)
    return connection


def _open(address: str, path: Path, calls: SystemCalls, patience: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        address, uri=True, isolation_level=None, check_same_thread=False, timeout=patience
    )
    try:
        _check_opened(path, calls)
    except BaseException:
        connection.close()
        raise
    return connection


def replace_shared_files(path: Path, calls: SystemCalls) -> None:
    """Give a database its own file if it has another name elsewhere, as after ``cp -al``.

    The same goes for SQLite's files beside it. The bytes stay the same, so a crash in between is harmless.

    Raises:
        OSError: nothing was changed, or only some of the files.
    """
    for ending in ("", *SIDE_FILES):
        file = Path(f"{path}{ending}")
        with suppress(FileNotFoundError):
            if calls.stat(file).st_nlink > 1:
                scratch = Path(f"{path}.own{ending}")
                copy_file(file, scratch, calls)
                calls.replace(scratch, file)
                calls.fsync_folder(file.parent)


def copy_file(source: Path, target: Path, calls: SystemCalls) -> None:
    """Copy a file of ours to a new synced file. A temporary file with that name is removed first.

    Raises:
        OSError: the drive cannot be read or written.
    """
    with suppress(FileNotFoundError):
        calls.unlink(target)
    with closing_file(calls, calls.open_read(source)) as reading:
        writing = calls.create(target)
        try:
            while block := os.read(reading, _BLOCK):
                rest = memoryview(block)
                while rest:
                    rest = rest[calls.write(writing, rest) :]
            calls.fsync(writing)
        finally:
            calls.close(writing)


def is_blank(path: Path, calls: SystemCalls) -> bool:
    """Whether a database has no tables: after a first start, or because the drive lost its content."""
    with (
        suppress(sqlite3.Error, RecordDamaged, UnicodeDecodeError),
        closing(connect(path, calls, mode="ro")) as database,
    ):
        (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return not tables
    return False


def _check_opened(path: Path, calls: SystemCalls) -> None:
    """Check that SQLite opened this file, and not another one through a link that was there for a moment.

    Raises:
        ObstacleInArchive: this process has not opened the file.
    """
    wanted = calls.stat(path)
    if obstacle_of(wanted.st_mode) is not Obstacle.FILE:
        raise ObstacleInArchive(path, obstacle_of(wanted.st_mode), "file")
    try:
        numbers = [int(name) for name in os.listdir(_OPEN_FILES)]  # noqa: PTH208 - numbers, not paths
    except OSError:
        return
    for fd in numbers:
        with suppress(OSError):
            if os.path.samestat(os.fstat(fd), wanted):
                return
    raise ObstacleInArchive(path, Obstacle.LINK, "file")
