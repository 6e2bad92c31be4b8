"""Reading an archive's record without its lock: what `verify` needs beside a running job, and on a read-only
drive."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from ambertime_tui.drive.errors import RecordDamaged, ScratchFull, drive_error
from ambertime_tui.drive.layout import OURS, RECORD
from ambertime_tui.drive.record.integrity import hash_of, read_integrity
from ambertime_tui.drive.record.rows import sizes_in
from ambertime_tui.drive.record.schema import checked_version, record_error
from ambertime_tui.library.model import Role

T = TypeVar("T")
_NEEDS_A_WRITER = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN})


def read_record(root: Path, read: Callable[[sqlite3.Connection], T]) -> T | None:
    """What `read` makes of the record of a target, as it is at one moment; None where there is none.

    Args:
        root: the target.
        read: is called again, from the beginning, where only a private copy of the record can be read.

    Raises:
        RecordDamaged: it is no sound record, or not what the last run left.
        RecordTooNew: a newer version has written it.
        RecordFailed, DriveError: the drive cannot be read.
        ScratchFull: only a private copy could be, and there is no room for one.
    """
    path = root / OURS / RECORD
    if not path.is_file():
        return None
    _check_integrity(root, path)
    return _read_file(path, read)


def read_sizes(root: Path, udid: str, take: Callable[[Iterable[tuple[str, Role, int]]], T]) -> T:
    """What `take` makes of the recorded files of a phone: uuid, role and bytes, of one role the newest last.
    It is given none where there is no record that can be read. The integrity is not asked: for a preview the
    record need not be read twice.

    Raises:
        RecordTooNew: a newer version has written the record.
        RecordFailed, DriveError: the drive cannot be read.
    """
    path = root / OURS / RECORD
    with suppress(RecordDamaged):
        if path.is_file():
            return _read_file(path, lambda connection: take(sizes_in(connection, udid)))
    return take(())


def _check_integrity(root: Path, path: Path) -> None:
    """A running job breaks the seal before it changes the record: only one that stands can be held against
    it.

    Raises:
        RecordDamaged: the record is not what the last run left.
    """
    try:
        integrity = read_integrity(root)
        if integrity is not None and hash_of(path) != integrity.record and read_integrity(root) == integrity:
            raise RecordDamaged(path, "its bytes have changed since the last run")
    except OSError as error:
        raise drive_error(error, path, doing="reading") from error


def _read_file(path: Path, read: Callable[[sqlite3.Connection], T]) -> T:
    """What `read` makes of the record. Where only a writer could open it (a dead job left its journal, and
    the drive is read-only), it is read from a private copy."""
    try:
        return _read_at(path, path, "mode=ro", read)
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _NEEDS_A_WRITER:
            raise record_error(error, path) from error
    try:
        scratch = tempfile.TemporaryDirectory(prefix="ambertime-")
    except OSError as error:
        raise ScratchFull(str(error.strerror).lower()) from error
    with scratch as folder:
        copy = Path(folder) / path.name
        try:
            shutil.copyfile(path, copy)
            journal = Path(f"{path}-journal")
            if journal.exists():
                shutil.copyfile(journal, f"{copy}-journal")
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise ScratchFull(os.strerror(error.errno).lower()) from error
            raise drive_error(error, path, doing="reading") from error
        try:
            return _read_at(copy, path, "mode=rw", read)
        except sqlite3.Error as error:
            raise record_error(error, path) from error


def _read_at(file: Path, named: Path, mode: str, read: Callable[[sqlite3.Connection], T]) -> T:
    address = f"file:{quote(str(file))}?{mode}"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None, timeout=30.0)) as connection:
        if not checked_version(connection, named):
            raise RecordDamaged(named, "it is empty")
        try:
            connection.execute("BEGIN")
            return read(connection)
        except (ValueError, KeyError, TypeError) as error:
            raise RecordDamaged(named, f"one of its rows makes no sense: {error}") from error
