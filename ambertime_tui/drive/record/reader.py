"""Reading the record of an archive without its lock, beside a running job or on a read-only drive."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from ambertime_tui.drive.errors import (
    RecordDamaged,
    ScratchFull,
)
from ambertime_tui.drive.layout import OURS, RECORD
from ambertime_tui.drive.os_errors import drive_error
from ambertime_tui.drive.record.connection import connect
from ambertime_tui.drive.record.damage_mark import leave_mark
from ambertime_tui.drive.record.integrity import hash_of, read_integrity
from ambertime_tui.drive.record.rows import KnownFile, known_files_in
from ambertime_tui.drive.record.schema import checked_version, record_error
from ambertime_tui.drive.volume.lock import no_job_writes
from ambertime_tui.drive.volume.own_files import opened_target
from ambertime_tui.drive.volume.system_calls import SystemCalls
from ambertime_tui.library.model import Role

T = TypeVar("T")
_BLOCK = 1 << 20
_NEEDS_A_WRITER = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN})


def read_record(
    root: Path, read: Callable[[sqlite3.Connection], T], *, marks_damage: bool = True
) -> T | None:
    """Call `read` on a consistent snapshot of a target's record. Returns its result; None without a record.

    Args:
        root: the target.
        read: called a second time, on a private copy, if the record itself cannot be opened read-only.
        marks_damage: whether a mark makes the next backup rebuild a damaged record (see `damage_mark`).

    Raises:
        RecordDamaged: it is not a valid record, or not what the last run left.
        RecordTooNew: a newer version wrote it.
        RecordFailed, DriveError: the drive cannot be read.
        ScratchFull: there is no space for a private copy.
    """
    path = root / OURS / RECORD
    with _opened(root, path) as calls:
        if not calls.exists(path):
            return None
        try:
            _check_integrity(root, path)
            return _read_file(path, calls, read)
        except RecordDamaged as error:
            if marks_damage:
                leave_mark(root, str(error), calls)
            raise


def read_known_files(root: Path, udid: str, take: Callable[[Iterable[tuple[str, Role, KnownFile]]], T]) -> T:
    """Call `take` on the recorded files of a phone (uuid, role, facts; newest of a role last).

    There are none if the record is missing or damaged. The integrity hashes are not checked: that would read
    the record twice, which a preview does not need.

    Raises:
        RecordTooNew: a newer version wrote the record.
        RecordFailed, DriveError: the drive cannot be read.
    """
    path = root / OURS / RECORD
    with suppress(RecordDamaged), _opened(root, path) as calls:
        if calls.exists(path):
            return _read_file(path, calls, lambda connection: take(known_files_in(connection, udid)))
    return take(())


def read_sizes(root: Path, udid: str, take: Callable[[Iterable[tuple[str, Role, int]]], T]) -> T:
    """Call `take` on the sizes of the recorded files of a phone: see `read_known_files`."""
    return read_known_files(
        root, udid, lambda files: take((uuid, role, known.size) for uuid, role, known in files)
    )


@contextmanager
def _opened(root: Path, path: Path) -> Iterator[SystemCalls]:
    """System calls confined to a target, for reading its record.

    Raises:
        DriveError: the drive cannot be read, or a link is in the place of the record.
    """
    calls = SystemCalls()
    with opened_target(root) as target:
        calls.confine(target)
        try:
            yield calls
        except OSError as error:
            raise drive_error(error, path, doing="reading") from error


def _check_integrity(root: Path, path: Path) -> None:
    """Compare the record with its integrity hashes, unless a running job has removed them.

    Raises:
        RecordDamaged: the record is not what the last run left.
        OSError: the drive cannot be read.
    """
    integrity = read_integrity(root)
    if integrity is None or hash_of(root, f"{OURS}/{RECORD}") == integrity.record:
        return
    if read_integrity(root) == integrity:
        raise RecordDamaged(path, "its bytes have changed since the last run")


def _read_file(path: Path, calls: SystemCalls, read: Callable[[sqlite3.Connection], T]) -> T:
    """Call `read` on the record or, if only a writer could open it, on a private copy.

    That happens when an interrupted job left a journal and the drive is read-only. It also happens on a file
    system without byte-range locks, where SQLite reports a locked database.
    """
    try:
        return _read_at(connect(path, calls, mode="ro"), path, read)
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_BUSY:
            with no_job_writes(path.parent.parent):
                return _read_copy(path, calls, read)
        if code not in _NEEDS_A_WRITER:
            raise record_error(error, path) from error
    return _read_copy(path, calls, read)


def _read_copy(path: Path, calls: SystemCalls, read: Callable[[sqlite3.Connection], T]) -> T:
    try:
        scratch = tempfile.TemporaryDirectory(prefix="ambertime-")
    except OSError as error:
        raise ScratchFull(str(error.strerror).lower()) from error
    with scratch as folder:
        copy = Path(folder) / path.name
        try:
            for ending in ("", "-journal"):
                file = Path(f"{path}{ending}")
                if calls.exists(file):
                    with (
                        os.fdopen(calls.open_read(file), "rb") as stream,
                        Path(f"{copy}{ending}").open("xb") as scratch_file,
                    ):
                        shutil.copyfileobj(stream, scratch_file, _BLOCK)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise ScratchFull(os.strerror(error.errno).lower()) from error
            raise drive_error(error, path, doing="reading") from error
        try:
            return _read_at(connect(copy, SystemCalls()), path, read)
        except sqlite3.Error as error:
            raise record_error(error, path) from error


def _read_at(database: sqlite3.Connection, named: Path, read: Callable[[sqlite3.Connection], T]) -> T:
    with closing(database) as connection:
        try:
            if not checked_version(connection, named):
                raise RecordDamaged(named, "it is empty")
            connection.execute("BEGIN")
            return read(connection)
        except (ValueError, KeyError, TypeError) as error:
            raise RecordDamaged(named, f"one of its rows is not valid: {error}") from error
