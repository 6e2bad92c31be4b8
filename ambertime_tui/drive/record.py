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
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from ambertime_tui.drive.errors import RecordDamaged, RecordFailed
from ambertime_tui.drive.maybe_set import MaybeSet
from ambertime_tui.drive.record_rows import READ_BACKS, ROLES, assets_in, file_row, text_kept
from ambertime_tui.drive.record_schema import (
    SCHEMA_VERSION,
    checked_version,
    configure,
    migrate,
    record_error,
)
from ambertime_tui.drive.recorded import ReadBack, RecordedAsset
from ambertime_tui.drive.reserve import RESERVE, free_bytes, most_needed, reserve, size_of
from ambertime_tui.drive.system_calls import SystemCalls
from ambertime_tui.library.model import Role

_LISTED = "(SELECT value FROM json_each(?))"


class RecordedPlace(NamedTuple):
    """Where a recorded file should lie in its folder."""

    uuid: str
    role: Role
    generation: int
    name: str
    size: int


class FileOwner(NamedTuple):
    """A recorded file and the asset that has it."""

    udid: str
    uuid: str
    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class AsideFile:
    """A damaged file that was renamed to make room for a good one; paths are relative to the target."""

    path: str
    instead_of: str
    moved_at: float


class _Contents:
    """What may be in the record."""

    def __init__(self) -> None:
        self.assets = MaybeSet()
        """Of (udid, uuid)."""
        self.sizes = MaybeSet()
        """Of bytes."""

    def add(self, asset: RecordedAsset) -> None:
        self.assets.add((asset.udid, asset.uuid))
        for file in asset.files:
            self.sizes.add(file.size)


class Record:
    """One open record. Its methods may be called from any thread."""

    def __init__(
        self, path: Path, calls: SystemCalls, before_writing: Callable[[], None] = lambda: None
    ) -> None:
        """Opens or makes the record and brings its schema up to date.

        Args:
            path: the database file.
            calls: the operating system.
            before_writing: called once, before the first change; an OSError of it is the record's.

        Raises:
            RecordDamaged: it is no sound SQLite database, or not ours.
            RecordTooNew: a newer version has written it.
            RecordFailed: the drive would not let it be read or written.
        """
        self._path = path
        self._calls = calls
        self._before_writing: Callable[[], None] | None = before_writing
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._contents: _Contents | None = None
        with self._translated() as connection:
            version = checked_version(connection, path)
            if version < SCHEMA_VERSION:
                self._bring_up_to_date(connection, version)

    @property
    def path(self) -> Path:
        """The database file."""
        return self._path

    @property
    def unchanged(self) -> bool:
        """True as long as nothing was changed since it was opened."""
        return self._before_writing is not None

    def check_rows(self) -> None:
        """Reads everything: what no index or page check sees is a row that says nothing we know.

        Raises:
            RecordDamaged.
        """
        with self._read() as connection:
            deque(assets_in(connection), maxlen=0)
        self.loose()
        self.aside()

    def asset_files(self, udid: str, uuid: str) -> RecordedAsset | None:
        """What is recorded of one asset."""
        # A new asset is asked for again and again; it need not wait for another's transaction.
        if not self._may_have().assets.may_have((udid, uuid)):
            return None
        with self._read() as connection:
            return next(assets_in(connection, "WHERE udid = ? AND uuid = ?", (udid, uuid)), None)

    def known(self, udid: str) -> Mapping[str, RecordedAsset]:
        """All recorded assets of a phone, by uuid."""
        with self._read() as connection:
            return {asset.uuid: asset for asset in assets_in(connection, "WHERE udid = ?", (udid,))}

    def each(self, udid: str) -> Iterator[RecordedAsset]:
        """All recorded assets of a phone, one at a time; to be read to the end at once."""
        with self._read() as connection:
            yield from assets_in(connection, "WHERE udid = ?", (udid,))

    def sizes(self, udid: str, uuids: Sequence[str]) -> dict[str, dict[Role, int]]:
        """Of some of a phone's assets, by uuid: bytes of the newest file of each role that is recorded."""
        with self._read() as connection:
            rows = connection.execute(
                f"SELECT uuid, role, size FROM file WHERE udid = ? AND uuid IN {_LISTED} "
                "ORDER BY uuid, role, generation",
                (udid, json.dumps(uuids)),
            )
            found: dict[str, dict[Role, int]] = {}
            for uuid, role, size in rows:
                found.setdefault(uuid, {})[ROLES[role]] = size
            return found

    def vouches_for(self, udid: str, uuids: Sequence[str]) -> frozenset[str]:
        """Those of some uuids that are recorded."""
        with self._read() as connection:
            rows = connection.execute(
                f"SELECT uuid FROM asset WHERE udid = ? AND uuid IN {_LISTED}", (udid, json.dumps(uuids))
            )
            return frozenset(uuid for (uuid,) in rows)

    def originals(self, udid: str) -> dict[ReadBack, int]:
        """How many originals of a phone are recorded, by how they were read back."""
        roles = [role.value for role in Role if role.is_original]
        with self._read() as connection:
            rows = connection.execute(
                f"SELECT read_back, count(*) FROM file WHERE udid = ? AND role IN {_LISTED} "
                "GROUP BY read_back",
                (udid, json.dumps(roles)),
            )
            return {READ_BACKS[how]: count for how, count in rows}

    def by_folder(self, udid: str) -> Iterator[tuple[str, list[RecordedPlace]]]:
        """All recorded files of a phone, folder by folder; to be read to the end at once."""
        with self._read() as connection:
            rows = connection.execute(
                "SELECT folder, uuid, role, generation, name, size FROM file WHERE udid = ? ORDER BY folder",
                (udid,),
            )
            for folder, group in groupby(rows, key=itemgetter(0)):
                yield folder, [RecordedPlace(uuid, ROLES[role], *rest) for _, uuid, role, *rest in group]

    def of_size(self, size: int) -> list[FileOwner]:
        """All recorded files of a size in bytes, once for each asset that has one."""
        if not self._may_have().sizes.may_have(size):
            return []
        with self._read() as connection:
            rows = connection.execute(
                "SELECT udid, uuid, folder, name, sha256 FROM file WHERE size = ?", (size,)
            )
            return [
                FileOwner(udid, uuid, f"{folder}/{name}" if folder else name, digest.hex())
                for udid, uuid, folder, name, digest in rows
            ]

    def hashes(self) -> dict[str, str]:
        """SHA-256 in hex of all recorded files of all phones, by path."""
        with self._read() as connection:
            return {
                f"{folder}/{name}" if folder else name: digest.hex()
                for folder, name, digest in connection.execute("SELECT folder, name, sha256 FROM file")
            }

    def names_taken(self, folder: str) -> frozenset[str]:
        """The `name_key`s of all recorded files of a folder."""
        with self._read() as connection:
            rows = connection.execute("SELECT name_key FROM file WHERE folder = ?", (folder,))
            return frozenset(key for (key,) in rows)

    def paths(self) -> frozenset[str]:
        """Paths of all recorded files, relative to the target."""
        with self._read() as connection:
            rows = connection.execute("SELECT folder, name FROM file")
            return frozenset(f"{folder}/{name}" if folder else name for folder, name in rows)

    def loose(self) -> Mapping[str, str]:
        """Files known by a line of SHA256SUMS only, until an asset claims them: path -> SHA-256 in hex."""
        with self._read() as connection:
            return {
                path: digest.hex() for path, digest in connection.execute("SELECT path, sha256 FROM loose")
            }

    def aside(self) -> tuple[AsideFile, ...]:
        """Damaged files that were renamed."""
        with self._read() as connection:
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
                if self._contents is not None:
                    self._contents.add(asset)
                connection.execute(
                    "INSERT INTO asset VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                    "completed_at = excluded.completed_at, original_filename = excluded.original_filename",
                    (
                        asset.udid,
                        asset.uuid,
                        text_kept(asset.original_filename),
                        asset.folder,
                        asset.stem,
                        asset.completed_at,
                    ),
                )
                connection.executemany(
                    "INSERT OR IGNORE INTO superseded SELECT folder || iif(folder = '', '', '/') || name "
                    "FROM file WHERE (udid, uuid, role, generation) = (?, ?, ?, ?) "
                    "AND (folder, name) <> (?, ?)",
                    (
                        (asset.udid, asset.uuid, file.role.value, file.generation, file.folder, file.name)
                        for file in asset.files
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
                    (file_row(asset, file) for file in asset.files),
                )
                connection.executemany(
                    "DELETE FROM loose WHERE path = ?", ((file.path,) for file in asset.files)
                )
            connection.executemany(
                "INSERT OR REPLACE INTO aside VALUES (?, ?, ?)",
                ((file.path, file.instead_of, file.moved_at) for file in aside),
            )

    def remember_loose(self, files: Mapping[str, str]) -> None:
        """Takes over lines of SHA256SUMS (path -> SHA-256 in hex) that no asset accounts for: not now, and
        not before its file was written anew under another name.

        Raises:
            RecordFailed: nothing of it counts.
        """
        with self._read() as connection:
            known = {path for (path,) in connection.execute("SELECT path FROM superseded")}
        known |= self.paths()
        loose = self.loose()
        new = [(path, digest) for path, digest in files.items() if path not in known | loose.keys()]
        if not new:
            return
        self._make_room((), len(new))
        with self._writing() as connection:
            connection.executemany(
                "INSERT INTO loose VALUES (?, ?)",
                ((text_kept(path), bytes.fromhex(digest)) for path, digest in new),
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

    def _may_have(self) -> _Contents:
        """What is recorded, roughly; read once, and kept up to date by `commit`."""
        if self._contents is None:
            with self._read() as connection:
                contents = _Contents()
                for key in connection.execute("SELECT udid, uuid FROM asset"):
                    contents.assets.add(key)
                for (size,) in connection.execute("SELECT size FROM file"):
                    contents.sizes.add(size)
                self._contents = contents
        return self._contents

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = sqlite3.connect(
                self._path, isolation_level=None, check_same_thread=False, timeout=30.0
            )
            try:
                configure(connection, self._path)
                checked_version(connection, self._path)
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

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        """For what turns rows into values: one that has no such value is damage."""
        try:
            with self._translated() as connection:
                yield connection
        except (ValueError, KeyError, TypeError) as error:
            raise RecordDamaged(self._path, f"one of its rows makes no sense: {error}") from error

    def _bring_up_to_date(self, connection: sqlite3.Connection, version: int) -> None:
        if version:
            self._grow(connection, RESERVE, version)
            return
        with self._writing() as connection:
            migrate(connection, version)
            reserve(connection, RESERVE)

    def _make_room(self, assets: Sequence[RecordedAsset], others: int) -> None:
        """Before a transaction that would make the file grow: a larger copy takes its place (see `reserve`).

        Raises:
            RecordFailed: the record stays as it was.
        """
        with self._translated() as connection:
            needed = most_needed(connection, assets, others)
            if free_bytes(connection) < needed:
                self._grow(connection, needed + RESERVE, SCHEMA_VERSION)

    def _grow(self, connection: sqlite3.Connection, room: int, version: int) -> None:
        """Puts a copy in the record's place that has as much room again, `room` bytes at least, and the
        tables of today."""
        larger = self._path.with_name(self._path.name + ".larger")
        try:
            self._about_to_write()
            for leftover in (larger, Path(f"{larger}-journal")):
                with suppress(FileNotFoundError):
                    self._calls.unlink(leftover)
            self.back_up(larger)
            with closing(sqlite3.connect(larger, isolation_level=None)) as copy:
                copy.execute("BEGIN IMMEDIATE")
                migrate(copy, version)
                reserve(copy, max(room, size_of(connection)))
                self._calls.commit(copy)
            self._sync(larger)
            self.close()
            self._calls.replace(larger, self._path)
            self._calls.fsync_folder(self._path.parent)
        except OSError as error:
            raise RecordFailed(self._path, error.strerror or str(error)) from error

    def _about_to_write(self) -> None:
        before, self._before_writing = self._before_writing, None
        try:
            if before is not None:
                before()
        except BaseException:
            self._before_writing = before
            raise

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
                self._about_to_write()
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                self._calls.commit(connection)
            except BaseException as error:
                with suppress(sqlite3.Error):
                    self.close()
                if isinstance(error, OSError):
                    raise RecordFailed(self._path, error.strerror or str(error)) from error
                raise
