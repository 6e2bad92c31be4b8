"""The record: an SQLite database on the target that says what was copied, from which phone, under which
names.

The rollback journal is truncated, not deleted, and everything is synchronous FULL: a commit that returned
survives a power cut on exFAT and FAT as on ext4 (SQLite syncs the truncated journal), and nothing needs
shared memory as a write-ahead log does. The file does not grow where it lies (see `reserve`).
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from ambertime_tui.drive.errors import RecordDamaged, RecordFailed, RecordTooNew
from ambertime_tui.drive.naming import name_key
from ambertime_tui.drive.recorded import ReadBack, RecordedAsset, RecordedFile
from ambertime_tui.drive.reserve import RESERVE, free_bytes, most_needed, reserve, size_of
from ambertime_tui.drive.system_calls import SystemCalls
from ambertime_tui.library.model import Role

APPLICATION_ID = 0x416D6254
"""'AmbT': tells a record from any other SQLite file."""
_MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE asset (
            udid TEXT NOT NULL,
            uuid TEXT NOT NULL,
            original_filename TEXT NOT NULL,
            folder TEXT NOT NULL,
            stem TEXT NOT NULL,
            completed_at REAL NOT NULL,
            PRIMARY KEY (udid, uuid)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE file (
            udid TEXT NOT NULL,
            uuid TEXT NOT NULL,
            role TEXT NOT NULL,
            generation INTEGER NOT NULL,
            folder TEXT NOT NULL,
            name TEXT NOT NULL,
            name_key TEXT NOT NULL,
            true_name TEXT NOT NULL,
            size INTEGER NOT NULL,
            sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
            modified_at REAL,
            read_back TEXT NOT NULL,
            written_at REAL NOT NULL,
            source_path TEXT NOT NULL,
            source_modified_at REAL,
            adopted INTEGER NOT NULL,
            PRIMARY KEY (udid, uuid, role, generation),
            FOREIGN KEY (udid, uuid) REFERENCES asset (udid, uuid)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE UNIQUE INDEX file_by_name ON file (folder, name_key)",
        """
        CREATE TABLE loose (
            path TEXT NOT NULL PRIMARY KEY,
            sha256 BLOB NOT NULL CHECK (length(sha256) = 32)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE aside (
            path TEXT NOT NULL PRIMARY KEY,
            instead_of TEXT NOT NULL,
            moved_at REAL NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
    ),
)
SCHEMA_VERSION = len(_MIGRATIONS)
_FILE_COLUMNS = (
    "role, generation, folder, name, true_name, size, sha256, modified_at, read_back, written_at, "
    "source_path, source_modified_at, adopted"
)
_LISTED = "(SELECT value FROM json_each(?))"
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})


class RecordedPlace(NamedTuple):
    """Where a recorded file should lie in its folder."""

    uuid: str
    role: Role
    generation: int
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class AsideFile:
    """A damaged file that was renamed to make room for a good one; paths are relative to the target."""

    path: str
    instead_of: str
    moved_at: float


class Record:
    """One open record. Its methods may be called from any thread."""

    def __init__(self, path: Path, calls: SystemCalls) -> None:
        """Opens or makes the record and brings its schema up to date.

        Raises:
            RecordDamaged: it is no sound SQLite database, or not ours.
            RecordTooNew: a newer version has written it.
            RecordFailed: the drive would not let it be read or written.
        """
        self._path = path
        self._calls = calls
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        with self._translated():
            self._connected()

    @property
    def path(self) -> Path:
        """The database file."""
        return self._path

    def asset_files(self, udid: str, uuid: str) -> RecordedAsset | None:
        """What is recorded of one asset."""
        with self._translated() as connection:
            return next(assets_in(connection, "WHERE udid = ? AND uuid = ?", (udid, uuid)), None)

    def known(self, udid: str) -> Mapping[str, RecordedAsset]:
        """All recorded assets of a phone, by uuid."""
        with self._translated() as connection:
            return {asset.uuid: asset for asset in assets_in(connection, "WHERE udid = ?", (udid,))}

    def each(self, udid: str) -> Iterator[RecordedAsset]:
        """All recorded assets of a phone, one at a time; to be read to the end at once."""
        with self._translated() as connection:
            yield from assets_in(connection, "WHERE udid = ?", (udid,))

    def sizes(self, udid: str, uuids: Sequence[str]) -> dict[str, dict[Role, int]]:
        """Of some of a phone's assets, by uuid: bytes of the newest file of each role that is recorded."""
        with self._translated() as connection:
            rows = connection.execute(
                f"SELECT uuid, role, size FROM file WHERE udid = ? AND uuid IN {_LISTED} "
                "ORDER BY uuid, role, generation",
                (udid, json.dumps(uuids)),
            )
            found: dict[str, dict[Role, int]] = {}
            for uuid, role, size in rows:
                found.setdefault(uuid, {})[_ROLES[role]] = size
            return found

    def vouches_for(self, udid: str, uuids: Sequence[str]) -> frozenset[str]:
        """Those of some uuids that are recorded."""
        with self._translated() as connection:
            rows = connection.execute(
                f"SELECT uuid FROM asset WHERE udid = ? AND uuid IN {_LISTED}", (udid, json.dumps(uuids))
            )
            return frozenset(uuid for (uuid,) in rows)

    def originals(self, udid: str) -> dict[ReadBack, int]:
        """How many originals of a phone are recorded, by how they were read back."""
        roles = [role.value for role in Role if role.is_original]
        with self._translated() as connection:
            rows = connection.execute(
                f"SELECT read_back, count(*) FROM file WHERE udid = ? AND role IN {_LISTED} "
                "GROUP BY read_back",
                (udid, json.dumps(roles)),
            )
            return {_READ_BACKS[how]: count for how, count in rows}

    def by_folder(self, udid: str) -> Iterator[tuple[str, list[RecordedPlace]]]:
        """All recorded files of a phone, folder by folder; to be read to the end at once."""
        with self._translated() as connection:
            rows = connection.execute(
                "SELECT folder, uuid, role, generation, name, size FROM file WHERE udid = ? ORDER BY folder",
                (udid,),
            )
            for folder, group in groupby(rows, key=itemgetter(0)):
                yield folder, [RecordedPlace(uuid, _ROLES[role], *rest) for _, uuid, role, *rest in group]

    def hashes(self) -> dict[str, str]:
        """SHA-256 in hex of all recorded files of all phones, by path."""
        with self._translated() as connection:
            return {
                f"{folder}/{name}" if folder else name: digest.hex()
                for folder, name, digest in connection.execute("SELECT folder, name, sha256 FROM file")
            }

    def names_taken(self, folder: str) -> frozenset[str]:
        """The `name_key`s of all recorded files of a folder."""
        with self._translated() as connection:
            rows = connection.execute("SELECT name_key FROM file WHERE folder = ?", (folder,))
            return frozenset(key for (key,) in rows)

    def paths(self) -> frozenset[str]:
        """Paths of all recorded files, relative to the target."""
        with self._translated() as connection:
            rows = connection.execute("SELECT folder, name FROM file")
            return frozenset(f"{folder}/{name}" if folder else name for folder, name in rows)

    def loose(self) -> Mapping[str, str]:
        """Files known by a line of SHA256SUMS only, until an asset claims them: path -> SHA-256 in hex."""
        with self._translated() as connection:
            return {
                path: digest.hex() for path, digest in connection.execute("SELECT path, sha256 FROM loose")
            }

    def aside(self) -> tuple[AsideFile, ...]:
        """Damaged files that were renamed."""
        with self._translated() as connection:
            rows = connection.execute("SELECT path, instead_of, moved_at FROM aside ORDER BY path")
            return tuple(AsideFile(*row) for row in rows)

    def commit(self, assets: Sequence[RecordedAsset], aside: Sequence[AsideFile] = ()) -> None:
        """Records assets, all in one durable transaction. A file already recorded of the same role and
        generation is described anew, any other stays as it is.

        Raises:
            RecordFailed: nothing of it counts.
        """
        self._make_room(assets, len(aside))
        with self._writing() as connection:
            for asset in assets:
                connection.execute(
                    "INSERT INTO asset VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                    "completed_at = excluded.completed_at, original_filename = excluded.original_filename",
                    (
                        asset.udid,
                        asset.uuid,
                        _text(asset.original_filename),
                        asset.folder,
                        asset.stem,
                        asset.completed_at,
                    ),
                )
                connection.executemany(
                    "INSERT INTO file VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                    "ON CONFLICT (udid, uuid, role, generation) DO UPDATE SET folder = excluded.folder, "
                    "name = excluded.name, name_key = excluded.name_key, true_name = excluded.true_name, "
                    "size = excluded.size, sha256 = excluded.sha256, modified_at = excluded.modified_at, "
                    "read_back = excluded.read_back, written_at = excluded.written_at, "
                    "source_path = excluded.source_path, source_modified_at = excluded.source_modified_at, "
                    "adopted = excluded.adopted",
                    (_row(asset, file) for file in asset.files),
                )
                connection.executemany(
                    "DELETE FROM loose WHERE path = ?", ((file.path,) for file in asset.files)
                )
            connection.executemany(
                "INSERT OR REPLACE INTO aside VALUES (?, ?, ?)",
                ((file.path, file.instead_of, file.moved_at) for file in aside),
            )

    def remember_loose(self, files: Iterable[tuple[str, str]]) -> None:
        """Takes over lines of SHA256SUMS (path, SHA-256 in hex) that no asset accounts for."""
        known = self.paths()
        with self._writing() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO loose VALUES (?, ?)",
                ((path, bytes.fromhex(digest)) for path, digest in files if path not in known),
            )

    def back_up(self, into: Path) -> None:
        """Writes a copy of the record to a file that is not there yet, and syncs it."""
        with self._translated() as connection:
            copy = sqlite3.connect(into)
            try:
                connection.backup(copy)
            finally:
                copy.close()
        self._sync(into)

    def close(self) -> None:
        """Closes the database."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = sqlite3.connect(
                self._path, isolation_level=None, check_same_thread=False, timeout=30.0
            )
            try:
                _prepare(connection, self._path, self._calls)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    @contextmanager
    def _translated(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._connected()
            except sqlite3.Error as error:
                raise record_error(error, self._path) from error

    def _make_room(self, assets: Sequence[RecordedAsset], others: int) -> None:
        """Before a transaction that would make the file grow: a larger copy takes its place (see `reserve`).

        Raises:
            RecordFailed: the record stays as it was.
        """
        with self._translated() as connection:
            needed = most_needed(connection, assets, others)
            if free_bytes(connection) >= needed:
                return
            larger = self._path.with_name(self._path.name + ".larger")
            try:
                for leftover in (larger, Path(f"{larger}-journal")):
                    with suppress(FileNotFoundError):
                        self._calls.unlink(leftover)
                self.back_up(larger)
                with closing(sqlite3.connect(larger, isolation_level=None)) as copy:
                    copy.execute("BEGIN IMMEDIATE")
                    reserve(copy, needed + max(RESERVE, size_of(connection)))
                    self._calls.commit(copy)
                self._sync(larger)
                self.close()
                self._calls.replace(larger, self._path)
                self._calls.fsync_folder(self._path.parent)
            except OSError as error:
                raise RecordFailed(self._path, error.strerror or str(error)) from error

    def _sync(self, file: Path) -> None:
        fd = self._calls.open_read(file)
        try:
            self._calls.fsync(fd)
        finally:
            self._calls.close(fd)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction. After an error the connection is given up: what an fsync that failed has left in
        memory is not to be trusted, so the next use reads the file and its journal anew."""
        with self._translated() as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                self._calls.commit(connection)
            except BaseException as error:
                with suppress(sqlite3.Error):
                    self.close()
                if isinstance(error, OSError):
                    raise RecordFailed(self._path, error.strerror or str(error)) from error
                raise


def record_error(error: sqlite3.Error, path: Path) -> RecordDamaged | RecordFailed:
    """The error of ours for what SQLite said."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _DAMAGE:
        return RecordDamaged(path, str(error))
    return RecordFailed(path, str(error))


def _prepare(connection: sqlite3.Connection, path: Path, calls: SystemCalls) -> None:
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")
    connection.execute("PRAGMA foreign_keys = ON")
    if connection.execute("PRAGMA journal_mode = TRUNCATE").fetchone()[0] != "truncate":
        raise RecordFailed(path, "it cannot be journalled")
    version = checked_version(connection, path)
    if version == SCHEMA_VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    for statements in _MIGRATIONS[version:]:
        for statement in statements:
            connection.execute(statement)
    if not version:
        reserve(connection, RESERVE)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    calls.commit(connection)


def checked_version(connection: sqlite3.Connection, path: Path) -> int:
    """The schema version of a sound record; 0 for an empty file.

    Raises:
        RecordDamaged, RecordTooNew: as Record says.
    """
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise RecordDamaged(path, str(verdict))
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not tables and not version:
        return 0
    if application != APPLICATION_ID:
        raise RecordDamaged(path, "it is not a record of AmberTime")
    if version > SCHEMA_VERSION:
        raise RecordTooNew(path, version)
    return int(version)


def _row(asset: RecordedAsset, file: RecordedFile) -> tuple[object, ...]:
    return (
        asset.udid,
        asset.uuid,
        file.role.value,
        file.generation,
        file.folder,
        file.name,
        name_key(file.name),
        _text(file.true_name),
        file.size,
        bytes.fromhex(file.sha256),
        file.modified_at,
        file.read_back.value,
        file.written_at,
        _text(file.source_path),
        file.source_modified_at,
        int(file.adopted),
    )


def _text(name: str) -> str:
    """A name from the phone as SQLite can hold it: bytes that are no UTF-8 become question marks."""
    return name.encode("utf-8", "replace").decode()


_ROLES = {role.value: role for role in Role}
_READ_BACKS = {how.value: how for how in ReadBack}
_ROLE_ORDER = {role.value: number for number, role in enumerate(Role)}


def assets_in(
    connection: sqlite3.Connection, where: str = "", parameters: tuple[str, ...] = ()
) -> Iterator[RecordedAsset]:
    """The recorded assets in an open record, those that `where` selects, in the order of their keys: both
    tables are read side by side, and nothing is held but one asset."""
    order = "ORDER BY udid, uuid"
    rows = connection.execute(f"SELECT udid, uuid, {_FILE_COLUMNS} FROM file {where} {order}", parameters)
    groups = groupby(rows, key=itemgetter(0, 1))
    group = next(groups, None)
    folders: dict[str, str] = {}
    for udid, uuid, original_filename, folder, stem, completed_at in connection.execute(
        f"SELECT udid, uuid, original_filename, folder, stem, completed_at FROM asset {where} {order}",
        parameters,
    ):
        own: list[RecordedFile] = []
        if group is not None and group[0] == (udid, uuid):
            own = [_file(folders, *columns) for _, _, *columns in group[1]]
            own.sort(key=lambda file: (_ROLE_ORDER[file.role], file.generation))
            group = next(groups, None)
        folder = folders.setdefault(folder, folder)
        yield RecordedAsset(udid, uuid, original_filename, folder, stem, tuple(own), completed_at)


def _file(
    folders: dict[str, str],
    role: str,
    generation: int,
    folder: str,
    name: str,
    true_name: str,
    size: int,
    sha256: bytes,
    modified_at: float | None,
    read_back: str,
    written_at: float,
    source_path: str,
    source_modified_at: float | None,
    adopted: int,
) -> RecordedFile:
    return RecordedFile(
        role=_ROLES[role],
        folder=folders.setdefault(folder, folder),
        name=name,
        true_name=true_name,
        size=size,
        sha256=sha256.hex(),
        modified_at=modified_at,
        read_back=_READ_BACKS[read_back],
        written_at=written_at,
        source_path=source_path,
        source_modified_at=source_modified_at,
        generation=generation,
        adopted=bool(adopted),
    )
