"""Reading an archive's record without its lock: what `verify` needs beside a running job, and on a read-only
drive."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from ambertime_tui.drive.checksums import read_checksums
from ambertime_tui.drive.claim import OURS
from ambertime_tui.drive.errors import RecordDamaged, drive_error
from ambertime_tui.drive.naming import is_text
from ambertime_tui.drive.rebuild import is_blank
from ambertime_tui.drive.record_rows import assets_in, sizes_in
from ambertime_tui.drive.record_schema import checked_version, record_error
from ambertime_tui.drive.recorded import RecordedAsset
from ambertime_tui.drive.seal import RECORD, hash_of, read_seal
from ambertime_tui.library.model import Role

T = TypeVar("T")
_NEEDS_A_WRITER = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN})


@dataclass(frozen=True, slots=True)
class Archive:
    """What should be on a target."""

    assets: tuple[RecordedAsset, ...]
    loose: tuple[tuple[str, str], ...]
    """Files known by a line of SHA256SUMS only: path and SHA-256 in hex."""
    aside: frozenset[str]
    """Paths of damaged files that were renamed to make room."""
    sums: Mapping[str, str]
    """What SHA256SUMS says: path -> SHA-256 in hex."""
    notices: tuple[str, ...] = ()


def read_archive(root: Path) -> Archive:
    """What the record says, or SHA256SUMS where the record is damaged or missing.

    Raises:
        RecordTooNew: a newer version has written the record.
        RecordFailed, DriveError: the drive cannot be read.
    """
    path = root / OURS / RECORD
    sums = read_checksums(root)
    if not path.is_file():
        notice = "There is no record here; the files are compared with SHA256SUMS alone." if sums else ""
        return Archive((), tuple(sums.items()), frozenset(), sums, (notice,) if notice else ())
    try:
        _compare_with_seal(root, path)
        archive = _reading(path, partial(_archive, sums))
        if not archive.assets and is_blank(path) and sums:
            raise RecordDamaged(path, "it is empty")
    except RecordDamaged as error:
        notice = f"{error} Until then the files are compared with SHA256SUMS alone."
        return Archive((), tuple(sums.items()), frozenset(), sums, (notice,))
    others = tuple((file, digest) for file, digest in sums.items() if not is_text(file))
    return replace(archive, loose=archive.loose + others)


def read_sizes(root: Path, udid: str, take: Callable[[Iterable[tuple[str, Role, int]]], T]) -> T:
    """What `take` makes of the recorded files of a phone: uuid, role and bytes, of one role the newest last.
    It is given none where there is no sound record.

    Raises:
        RecordTooNew: a newer version has written the record.
        RecordFailed, DriveError: the drive cannot be read.
    """
    path = root / OURS / RECORD
    if not path.is_file():
        return take(())
    try:
        _compare_with_seal(root, path)
        return _reading(path, lambda connection: take(sizes_in(connection, udid)))
    except RecordDamaged:
        return take(())


def _compare_with_seal(root: Path, path: Path) -> None:
    """A running job breaks the seal before it changes the record: only one that stands can be held against
    it.

    Raises:
        RecordDamaged: the record is not what the last run left.
    """
    try:
        seal = read_seal(root)
        if seal is not None and hash_of(path) != seal.record and read_seal(root) == seal:
            raise RecordDamaged(path, "its bytes have changed since the last run")
    except OSError as error:
        raise drive_error(error, path, doing="reading") from error


def _archive(sums: Mapping[str, str], connection: sqlite3.Connection) -> Archive:
    connection.execute("BEGIN")
    loose = connection.execute("SELECT path, sha256 FROM loose ORDER BY path").fetchall()
    aside = connection.execute("SELECT path FROM aside").fetchall()
    return Archive(
        assets=tuple(assets_in(connection)),
        loose=tuple((path, digest.hex()) for path, digest in loose),
        aside=frozenset(path for (path,) in aside),
        sums=sums,
    )


def _reading(path: Path, read: Callable[[sqlite3.Connection], T]) -> T:
    """What `read` makes of the record. Where only a writer could open it (a dead job left its journal, and
    the drive is read-only), it is read from a private copy."""
    try:
        return _read_at(path, path, "mode=ro", read)
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _NEEDS_A_WRITER:
            raise record_error(error, path) from error
    with tempfile.TemporaryDirectory(prefix="ambertime-") as scratch:
        copy = Path(scratch) / path.name
        try:
            shutil.copyfile(path, copy)
            journal = Path(f"{path}-journal")
            if journal.exists():
                shutil.copyfile(journal, f"{copy}-journal")
        except OSError as error:
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
            return read(connection)
        except (ValueError, KeyError, TypeError) as error:
            raise RecordDamaged(named, f"one of its rows makes no sense: {error}") from error
