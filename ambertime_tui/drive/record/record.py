"""The record: an SQLite database on the target of what was copied, from which phone, under which names.

It uses journal_mode=TRUNCATE and synchronous=FULL. A commit that returned survives a power cut on exFAT and
FAT as well as on ext4, because SQLite syncs the truncated journal. (A write-ahead log would need shared
memory.) The file never grows in place (see `reserve`).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import islice
from pathlib import Path

from ambertime_tui.drive.errors import (
    ObstacleInArchive,
    RecordDamaged,
    RecordFailed,
)
from ambertime_tui.drive.os_errors import drive_error
from ambertime_tui.drive.record.connection import connect, copy_file
from ambertime_tui.drive.record.migration import copy_upgraded
from ambertime_tui.drive.record.record_model import AsideFile, RecordedAsset
from ambertime_tui.drive.record.reserve import RESERVE, free_bytes, max_bytes_needed, reserve, size_of
from ambertime_tui.drive.record.row_checksums import (
    TABLES,
    add_checksum_function,
    insert_into,
    with_checksum,
)
from ambertime_tui.drive.record.rows import asset_row, file_row, reserved_row, storable_text
from ambertime_tui.drive.record.schema import (
    SCHEMA_VERSION,
    checked_version,
    configure,
    create_tables,
    record_error,
)
from ambertime_tui.drive.record.soundness import check_everything, check_paths
from ambertime_tui.drive.record.updates import RecordUpdates
from ambertime_tui.drive.volume.system_calls import SystemCalls

_LINES_AT_ONCE = 4096
_PUT_ASSET = f"{insert_into('asset')} ON CONFLICT (udid, uuid) DO UPDATE SET " + ", ".join(
    f"{column} = excluded.{column}" for column in (*TABLES["asset"][2:], "checksum")
)
_PUT_FILE = f"{insert_into('file')} ON CONFLICT (udid, uuid, role, generation) DO UPDATE SET " + ", ".join(
    f"{column} = excluded.{column}" for column in (*TABLES["file"][4:], "checksum")
)
_PUT_RESERVED = insert_into("reserved").replace("INSERT", "INSERT OR REPLACE")
_SUPERSEDE = (
    "INSERT OR IGNORE INTO superseded SELECT path, row_checksum('superseded', path) FROM ("
    "SELECT folder || iif(folder = '', '', '/') || name AS path FROM file "
    "WHERE (udid, uuid, role, generation) = (?, ?, ?, ?) AND (folder, name) <> (?, ?))"
)


class Record(RecordUpdates):
    """An open record. Its methods are safe to call from any thread."""

    def __init__(
        self,
        path: Path,
        calls: SystemCalls,
        before_writing: Callable[[], None] = lambda: None,
        *,
        on_damage: Callable[[str], None] = lambda why: None,
        check_all: bool = False,
    ) -> None:
        """Open or create the record and upgrade its schema.

        Args:
            path: the database file.
            calls: the operating system.
            before_writing: called once, before the first change. Its OSError becomes RecordFailed.
            on_damage: called with the reason when damage is found after opening.
            check_all: check everything, because no integrity hash protects the record.

        Raises:
            RecordDamaged: it is not a valid SQLite database, or not ours.
            RecordTooNew: a newer version wrote it.
            RecordFailed: the drive cannot be read or written.
        """
        super().__init__()
        self._path = path
        self._calls = calls
        self._before_writing: Callable[[], None] | None = before_writing
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._on_damage: Callable[[str], None] = lambda why: None
        try:
            with self._read() as connection:
                version = checked_version(connection, path)
                if version:
                    (check_everything if check_all else check_paths)(connection)
                if version < SCHEMA_VERSION:
                    self._upgrade(connection, version)
        except BaseException:
            self.close()
            raise
        self._on_damage = on_damage

    @property
    def path(self) -> Path:
        """The database file."""
        return self._path

    @property
    def unchanged(self) -> bool:
        """True if nothing was changed since it was opened."""
        return self._before_writing is not None

    def commit(self, assets: Sequence[RecordedAsset], aside: Sequence[AsideFile] = ()) -> None:
        """Record assets in one durable transaction.

        A file of the same role and generation is replaced; other recorded files are kept.

        Raises:
            RecordFailed: nothing was recorded.
        """
        reserved = sum(len(asset.reserved) for asset in assets)
        self._ensure_free_space(assets, len(aside) + 2 * reserved)
        with self._writing() as connection:
            for asset in assets:
                self._add_to_filters(asset)
                key = (asset.udid, asset.uuid)
                connection.execute(_PUT_ASSET, asset_row(asset))
                connection.execute("DELETE FROM forgotten WHERE (udid, uuid) = (?, ?)", key)
                connection.executemany(
                    _SUPERSEDE,
                    (
                        (*key, file.role.value, file.generation, file.folder, file.name)
                        for file in asset.files
                    ),
                )
                connection.executemany(_PUT_FILE, (file_row(asset, file) for file in asset.files))
                connection.executemany(_PUT_RESERVED, (reserved_row(asset, name) for name in asset.reserved))
                connection.executemany(
                    "DELETE FROM reserved WHERE (udid, uuid, role) = (?, ?, ?)",
                    ((*key, file.role.value) for file in asset.files),
                )
                connection.executemany(
                    "DELETE FROM loose WHERE path = ?", ((file.path,) for file in asset.files)
                )
            connection.executemany(
                insert_into("aside").replace("INSERT", "INSERT OR REPLACE"),
                (with_checksum("aside", (file.path, file.instead_of, file.moved_at)) for file in aside),
            )

    def add_loose(
        self, lines: Iterable[tuple[str, str]], wanted: Callable[[str], bool] = lambda path: True
    ) -> None:
        """Add lines of SHA256SUMS (path, SHA-256 in hex) that belong to no asset.

        Args:
            lines: grouped by folder, because the recorded names are read once per group.
            wanted: called with the path of each line that belongs to no asset.

        Raises:
            RecordFailed: some lines may have been added already.
        """
        new = (line for line in self._not_recorded(lines) if wanted(line[0]))
        while chunk := dict(islice(new, _LINES_AT_ONCE)):
            self._ensure_free_space((), len(chunk))
            with self._writing() as connection:
                connection.executemany(
                    insert_into("loose").replace("INSERT", "INSERT OR REPLACE"),
                    (
                        with_checksum("loose", (storable_text(path), bytes.fromhex(digest)))
                        for path, digest in chunk.items()
                    ),
                )

    def back_up(self, into: Path) -> None:
        """Copy the record to a new file and sync it."""
        with self._open_connection() as connection, closing(connect(into, self._calls)) as copy:
            connection.backup(copy)
        self._sync(into)

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            with ExitStack() as undo:
                connection = connect(self._path, self._calls)
                undo.callback(connection.close)
                configure(connection, self._path)
                add_checksum_function(connection)
                checked_version(connection, self._path)
                undo.pop_all()
            self._connection = connection
        return self._connection

    @contextmanager
    def _open_connection(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._connected()
            except RecordDamaged as error:
                self._on_damage(str(error))
                raise
            except sqlite3.Error as error:
                translated = record_error(error, self._path)
                if isinstance(translated, RecordDamaged):
                    self._on_damage(str(error))
                raise translated from error
            except ObstacleInArchive as error:
                raise drive_error(error, self._path) from error
            except OSError as error:
                raise RecordFailed(self._path, error.strerror or str(error)) from error

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        """Lock the connection to read rows. A row that is not valid raises RecordDamaged."""
        try:
            with self._open_connection() as connection:
                yield connection
        except (ValueError, KeyError, TypeError) as error:
            self._on_damage(str(error))
            raise RecordDamaged(self._path, f"one of its rows is not valid: {error}") from error

    def _upgrade(self, connection: sqlite3.Connection, version: int) -> None:
        """Create the tables, or replace the record with one of the current version and keep the old one."""
        if version:
            self._replace(connection, RESERVE, version)
            return
        with self._writing() as connection:
            create_tables(connection)
            reserve(connection, RESERVE)

    def _ensure_free_space(self, assets: Sequence[RecordedAsset], others: int) -> None:
        """Replace the record with a larger copy if a transaction could make it grow (see `reserve`).

        Raises:
            RecordFailed: the record is unchanged.
        """
        with self._open_connection() as connection:
            needed = max_bytes_needed(connection, assets, others)
            if free_bytes(connection) < needed:
                self._replace(connection, needed + RESERVE, SCHEMA_VERSION)

    def _replace(self, connection: sqlite3.Connection, room: int, version: int) -> None:
        """Replace the record with a copy that has the current schema and twice the space.

        `room` is the least number of free bytes to add.
        """
        larger = self._path.with_name(self._path.name + ".larger")
        try:
            self._before_first_change()
            self._remove_leftovers(larger)
            if version == SCHEMA_VERSION:
                self.back_up(larger)
            with closing(connect(larger, self._calls)) as copy:
                copy.execute("BEGIN IMMEDIATE")
                if version != SCHEMA_VERSION:
                    copy_upgraded(connection, copy)
                reserve(copy, max(room, size_of(connection)))
                self._calls.commit(copy)
            self._sync(larger)
            self.close()
            if version != SCHEMA_VERSION:
                self._keep_old(version)
            self._calls.replace(larger, self._path)
            self._calls.fsync_folder(self._path.parent)
        except OSError as error:
            raise RecordFailed(self._path, error.strerror or str(error)) from error

    def _keep_old(self, version: int) -> None:
        """Keep the record of an earlier version under another name, without moving it."""
        kept = self._path.with_name(f"{self._path.stem}.v{version}{self._path.suffix}")
        scratch = kept.with_name(kept.name + ".new")
        self._remove_leftovers(scratch)
        try:
            self._calls.link(self._path, scratch)
        except OSError:  # exFAT and FAT have no hard links
            copy_file(self._path, scratch, self._calls)
        self._calls.replace(scratch, kept)
        self._remove_leftovers(scratch)  # if both names were the same file, replacing did nothing

    def _remove_leftovers(self, file: Path) -> None:
        for leftover in (file, Path(f"{file}-journal")):
            with suppress(FileNotFoundError):
                self._calls.unlink(leftover)

    def _before_first_change(self) -> None:
        if self._before_writing is not None:
            self._before_writing()
            self._before_writing = None

    def _sync(self, file: Path) -> None:
        fd = self._calls.open_read(file)
        try:
            self._calls.fsync(fd)
        finally:
            self._calls.close(fd)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction. After an error the connection is closed, so that the next use reads the file and
        its journal again: cached pages cannot be trusted after a failed fsync."""
        with self._open_connection() as connection:
            try:
                self._before_first_change()
                # SQLite opens its journal by path, so check that the path still leads there.
                self._calls.check_folder(self._path.parent)
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                self._calls.commit(connection)
            except BaseException as error:
                with suppress(sqlite3.Error):
                    self.close()
                if isinstance(error, ObstacleInArchive):
                    raise
                if isinstance(error, OSError):
                    raise RecordFailed(self._path, error.strerror or str(error)) from error
                raise
