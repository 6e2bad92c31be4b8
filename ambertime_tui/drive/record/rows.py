"""Conversion between rows of the record and RecordedAsset and RecordedFile.

Reading works for all versions of the schema, because a preview or a verification reads an older record
without upgrading it. Each row is checked as it is read: its checksum (from version 3), and that its paths
stay inside the target.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from ambertime_tui.drive.record.record_model import ReadBack, RecordedAsset, RecordedFile, ReservedName
from ambertime_tui.drive.record.row_checksums import TABLES, checked_row, with_checksum
from ambertime_tui.drive.volume.name_keys import name_key
from ambertime_tui.drive.volume.relative_path import checked_archive_path
from ambertime_tui.library.model import Role

WITH_CHECKSUMS = 3
"""The first version of the schema whose rows have checksums."""
_SINCE_3 = ("fingerprint", "library_fingerprint", "library_size")
ROLES = {role.value: role for role in Role}
READ_BACKS = {how.value: how for how in ReadBack}
_SIMPLE_NAME = re.compile(r"\w[\w. ()-]{0,200}", re.ASCII)
"""Most names. They need no further check, which halves the time of a complete check."""
_ROLE_ORDER = {role.value: number for number, role in enumerate(Role)}


class KnownFile(NamedTuple):
    """What a plan needs to know of a recorded file, to find out whether the original changed."""

    size: int
    source_modified_at: float | None
    """Modification time on the phone when it was copied; None if it is not known."""
    fingerprint: str | None
    library_fingerprint: str | None
    library_size: int | None
    """See `RecordedFile`."""
    generation: int = 1


class FileRow(NamedTuple):
    """A recorded file, as a verification needs it."""

    path: str
    sha256: bytes
    size: int
    modified_at: float | None
    """None for a file that was there before: it has its own time."""
    written_at: float
    udid: str
    uuid: str
    role: Role
    fingerprint: str | None
    library_fingerprint: str | None


def asset_row(asset: RecordedAsset) -> tuple[object, ...]:
    """The row of an asset, with its checksum."""
    return with_checksum(
        "asset",
        (
            asset.udid,
            asset.uuid,
            storable_text(asset.original_filename),
            asset.folder,
            asset.stem,
            asset.completed_at,
        ),
    )


def file_row(asset: RecordedAsset, file: RecordedFile) -> tuple[object, ...]:
    """The row of a file, with its checksum."""
    return with_checksum(
        "file",
        (
            asset.udid,
            asset.uuid,
            file.role.value,
            file.generation,
            file.folder,
            file.name,
            name_key(file.name),
            storable_text(file.true_name),
            file.size,
            bytes.fromhex(file.sha256),
            file.modified_at,
            file.read_back.value,
            file.written_at,
            storable_text(file.source_path),
            file.source_modified_at,
            int(file.preexisting),
            file.fingerprint,
            file.library_fingerprint,
            file.library_size,
        ),
    )


def reserved_row(asset: RecordedAsset, name: ReservedName) -> tuple[object, ...]:
    """The row of a reserved name, with its checksum."""
    return with_checksum(
        "reserved", (asset.udid, asset.uuid, name.role.value, name.folder, name.name, name_key(name.name))
    )


def storable_text(name: str) -> str:
    """A name from the phone that SQLite can store: bytes that are not UTF-8 become question marks."""
    return name.encode("utf-8", "replace").decode()


def version_of(connection: sqlite3.Connection) -> int:
    """The version of a record's schema."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def rows_of(
    connection: sqlite3.Connection, table: str, clauses: str = "", parameters: Sequence[object] = ()
) -> Iterator[Sequence[Any]]:
    """The rows of a table in the columns of TABLES. Columns and tables that an older record lacks are empty.

    Raises:
        ValueError: the checksum of a row does not fit.
    """
    if version_of(connection) >= WITH_CHECKSUMS:
        rows = connection.execute(f"SELECT * FROM {table} {clauses}", parameters)
        return (checked_row(table, row) for row in rows)
    there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if table not in there:
        return iter(())
    columns = ("NULL" if column in _SINCE_3 else column for column in TABLES[table])
    return connection.execute(f"SELECT {', '.join(columns)} FROM {table} {clauses}", parameters)


def assets_in(
    connection: sqlite3.Connection, where: str = "", parameters: tuple[str, ...] = ()
) -> Iterator[RecordedAsset]:
    """The recorded assets that `where` selects, ordered by udid and uuid.

    Reads three tables in parallel and holds one asset in memory at a time.

    Raises:
        ValueError, KeyError, TypeError: a row is not valid.
    """
    clauses = f"{where} ORDER BY udid, uuid"
    files = _Groups(rows_of(connection, "file", clauses, parameters))
    reserved = _Groups(rows_of(connection, "reserved", clauses, parameters))
    folders: dict[str, str] = {}
    for row in rows_of(connection, "asset", clauses, parameters):
        udid, uuid, original_filename, folder, stem, completed_at = row
        key = (udid, uuid)
        own = [_file(folders, *columns) for _, _, *columns in files.of(key)]
        own.sort(key=lambda file: (_ROLE_ORDER[file.role], file.generation))
        names = [_reserved(*columns) for _, _, *columns in reserved.of(key)]
        names.sort(key=lambda name: _ROLE_ORDER[name.role])
        folder = _checked_folder(folder)
        yield RecordedAsset(
            udid,
            uuid,
            original_filename,
            folders.setdefault(folder, folder),
            stem,
            tuple(own),
            completed_at,
            tuple(names),
        )
    files.expect_end()
    reserved.expect_end()


class _Groups:
    """Rows that are sorted by their first two columns, read group by group."""

    def __init__(self, rows: Iterable[Sequence[Any]]) -> None:
        self._groups: Iterator[tuple[Any, Iterator[Sequence[Any]]]] = groupby(rows, key=itemgetter(0, 1))
        self._next = next(self._groups, None)

    def of(self, key: tuple[object, object]) -> list[Sequence[Any]]:
        """The rows of a key. Ask for the keys in the order of the rows.

        Raises:
            ValueError: there are rows of a key that was not asked for.
        """
        if self._next is None or self._next[0] > key:
            return []
        if self._next[0] != key:
            raise ValueError("a file belongs to no asset")
        rows = list(self._next[1])
        self._next = next(self._groups, None)
        return rows

    def expect_end(self) -> None:
        """Raise ValueError if there are more rows."""
        if self._next is not None:
            raise ValueError("a file belongs to no asset")


def known_files_in(
    connection: sqlite3.Connection, udid: str, uuids: str | None = None
) -> Iterator[tuple[str, Role, KnownFile]]:
    """Uuid, role and facts of each recorded file of a phone; newest of a role last.

    Args:
        connection: the record's.
        udid: the phone's.
        uuids: a JSON list; None: all.
    """
    selected = "" if uuids is None else "AND uuid IN (SELECT value FROM json_each(?))"
    new = ", ".join(_SINCE_3 if version_of(connection) >= WITH_CHECKSUMS else ["NULL"] * len(_SINCE_3))
    rows = connection.execute(
        f"SELECT uuid, role, size, source_modified_at, {new}, generation "
        f"FROM file WHERE udid = ? {selected} "
        "ORDER BY uuid, role, generation",
        (udid,) if uuids is None else (udid, uuids),
    )
    return ((uuid, ROLES[role], KnownFile(*facts)) for uuid, role, *facts in rows)


def files_in(connection: sqlite3.Connection, *, forgotten: bool = False) -> Iterator[FileRow]:
    """Each recorded file, folder by folder; those of forgotten assets only on request.

    Raises:
        ValueError, KeyError, TypeError: a row is not valid.
    """
    left_out: set[tuple[object, object]] = set()
    if not forgotten:
        left_out = {(udid, uuid) for udid, uuid, *_ in rows_of(connection, "forgotten")}
    for row in rows_of(connection, "file", "ORDER BY folder"):
        (udid, uuid, role, _, folder, name, key, _, size, sha256, modified_at, _, written_at) = row[:13]
        adopted, fingerprint, library_fingerprint, _ = row[15:]
        if (udid, uuid) in left_out:
            continue
        yield FileRow(
            _checked_path(folder, name, key),
            digest_of(sha256),
            int(size),
            None if modified_at is None or adopted else float(modified_at),
            float(written_at),
            str(udid),
            str(uuid),
            ROLES[role],
            fingerprint,
            library_fingerprint,
        )


def digest_of(column: object) -> bytes:
    """Check a SHA-256 from a row.

    Raises:
        TypeError: it is not one.
    """
    if not isinstance(column, bytes):
        raise TypeError(f"{column!r} is not a hash")
    return column


def _checked_path(folder: str, name: str, key: str) -> str:
    """The path of a file from its columns.

    Raises:
        ValueError: it is not one of the archive, or `name_key` does not fit the name.
    """
    if folder and _SIMPLE_NAME.fullmatch(name):
        path = f"{_checked_folder(folder)}/{name}"
    else:
        path = checked_archive_path(folder, name)
    if key != name_key(name):
        raise ValueError(f"the key of {path} does not fit its name")
    return path


@lru_cache(maxsize=4096)
def _checked_folder(folder: str) -> str:
    checked_archive_path(folder, "x")
    return folder


def _reserved(role: str, folder: str, name: str, key: str) -> ReservedName:
    _checked_path(folder, name, key)
    return ReservedName(ROLES[role], folder, name)


def _file(
    folders: dict[str, str],
    role: str,
    generation: int,
    folder: str,
    name: str,
    key: str,
    true_name: str,
    size: int,
    sha256: bytes,
    modified_at: float | None,
    read_back: str,
    written_at: float,
    source_path: str,
    source_modified_at: float | None,
    adopted: int,
    fingerprint: str | None,
    library_fingerprint: str | None,
    library_size: int | None,
) -> RecordedFile:
    _checked_path(folder, name, key)
    if size < 0 or generation < 1:
        raise ValueError(f"{size} bytes, generation {generation}")
    return RecordedFile(
        role=ROLES[role],
        folder=folders.setdefault(folder, folder),
        name=name,
        true_name=true_name,
        size=size,
        sha256=sha256.hex(),
        modified_at=modified_at,
        read_back=READ_BACKS[read_back],
        written_at=written_at,
        source_path=source_path,
        source_modified_at=source_modified_at,
        generation=generation,
        preexisting=bool(adopted),
        fingerprint=fingerprint,
        library_fingerprint=library_fingerprint,
        library_size=library_size,
    )
