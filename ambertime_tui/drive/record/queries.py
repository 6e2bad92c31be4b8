"""Queries on an open record."""

from __future__ import annotations

import json
import sqlite3
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from ambertime_tui.drive.record.bloom_filter import BloomFilter
from ambertime_tui.drive.record.record_model import AsideFile, ReadBack, RecordedAsset
from ambertime_tui.drive.record.rows import READ_BACKS, ROLES, assets_in
from ambertime_tui.drive.volume.name_keys import name_key
from ambertime_tui.library.model import Role

_SUPERSEDED_OR_LOOSE = "SELECT 1 FROM superseded WHERE path = ? UNION ALL SELECT 1 FROM loose WHERE path = ?"
_LISTED = "(SELECT value FROM json_each(?))"


class RecordedName(NamedTuple):
    """A recorded file in its folder."""

    uuid: str
    role: Role
    generation: int
    name: str
    size: int


class FileOwner(NamedTuple):
    """A recorded file and its asset."""

    udid: str
    uuid: str
    path: str
    sha256: str


class _Filters:
    """Bloom filters of what the record contains."""

    def __init__(self) -> None:
        self.assets = BloomFilter()
        """Items are (udid, uuid)."""
        self.sizes = BloomFilter()
        """Items are sizes in bytes."""

    def add(self, asset: RecordedAsset) -> None:
        self.assets.add((asset.udid, asset.uuid))
        for file in asset.files:
            self.sizes.add(file.size)


class RecordQueries(ABC):
    """The queries of `Record`. They are safe to call from any thread.

    All raise RecordFailed if the drive cannot be read, and RecordDamaged if a row is not valid.
    """

    def __init__(self) -> None:
        self._loaded_filters: _Filters | None = None

    @abstractmethod
    def _read(self) -> AbstractContextManager[sqlite3.Connection]:
        """Lock the connection; translate its errors."""

    def check_rows(self) -> None:
        """Read every row, to find invalid values that SQLite's own checks cannot see.

        Raises:
            RecordDamaged: a row is not valid.
        """
        with self._read() as connection:
            deque(assets_in(connection), maxlen=0)
        deque(self.iter_loose(), maxlen=0)
        self.aside_files()

    def find_asset(self, udid: str, uuid: str) -> RecordedAsset | None:
        """What is recorded of one asset; None if nothing is."""
        # New assets are looked up often, and should not wait for another thread's transaction.
        if not self._filters().assets.may_contain((udid, uuid)):
            return None
        with self._read() as connection:
            return next(assets_in(connection, "WHERE udid = ? AND uuid = ?", (udid, uuid)), None)

    def sizes(self, udid: str, uuids: Sequence[str]) -> dict[str, dict[Role, int]]:
        """Bytes of the newest recorded file of each role, by uuid, for some assets of a phone."""
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

    def recorded_uuids(self, udid: str, uuids: Sequence[str]) -> frozenset[str]:
        """The uuids that are recorded."""
        with self._read() as connection:
            rows = connection.execute(
                f"SELECT uuid FROM asset WHERE udid = ? AND uuid IN {_LISTED}", (udid, json.dumps(uuids))
            )
            return frozenset(uuid for (uuid,) in rows)

    def count_originals(self, udid: str) -> dict[ReadBack, int]:
        """Number of recorded originals of a phone, by how they were read back."""
        roles = [role.value for role in Role if role.is_original]
        with self._read() as connection:
            rows = connection.execute(
                f"SELECT read_back, count(*) FROM file WHERE udid = ? AND role IN {_LISTED} "
                "GROUP BY read_back",
                (udid, json.dumps(roles)),
            )
            return {READ_BACKS[how]: count for how, count in rows}

    def files_by_folder(self, udid: str) -> Iterator[tuple[str, list[RecordedName]]]:
        """All recorded files of a phone, folder by folder. Holds the lock until exhausted."""
        with self._read() as connection:
            rows = connection.execute(
                "SELECT folder, uuid, role, generation, name, size FROM file WHERE udid = ? ORDER BY folder",
                (udid,),
            )
            for folder, group in groupby(rows, key=itemgetter(0)):
                yield folder, [RecordedName(uuid, ROLES[role], *rest) for _, uuid, role, *rest in group]

    def files_of_size(self, size: int, sha256: str = "") -> Generator[FileOwner, None, None]:
        """All recorded files of `size` bytes, once per asset. Holds the lock until it is closed.

        Args:
            size: in bytes.
            sha256: only files with this hash (in hex); empty: all.
        """
        if not self.may_have_size(size):
            return
        condition, values = (
            ("size = ?", (size,))
            if not sha256
            else ("size = ? AND sha256 = ?", (size, bytes.fromhex(sha256)))
        )
        with self._read() as connection:
            rows = connection.execute(
                f"SELECT udid, uuid, folder, name, sha256 FROM file WHERE {condition}", values
            )
            for udid, uuid, folder, name, digest in rows:
                yield FileOwner(udid, uuid, f"{folder}/{name}" if folder else name, digest.hex())

    def owners_at(self, path: str) -> list[tuple[str, str]]:
        """The assets (udid, uuid) that have a file."""
        folder, _, name = path.rpartition("/")
        with self._read() as connection:
            return connection.execute(
                "SELECT DISTINCT udid, uuid FROM file WHERE folder = ? AND name_key = ? AND name = ?",
                (folder, name_key(name), name),
            ).fetchall()

    def may_have_size(self, size: int) -> bool:
        """False if no recorded file has `size` bytes. Usually answered without reading the database."""
        return self._filters().sizes.may_contain(size)

    def iter_hashes(self) -> Iterator[tuple[str, str]]:
        """Path and SHA-256 in hex of all recorded files, folder by folder. Holds the lock until exhausted."""
        with self._read() as connection:
            rows = connection.execute("SELECT folder, name, sha256 FROM file ORDER BY folder")
            for folder, group in groupby(rows, key=itemgetter(0)):
                # Assets of two phones may share a file.
                for name, digest in sorted({name: digest for _, name, digest in group}.items()):
                    yield f"{folder}/{name}" if folder else name, digest.hex()

    def iter_loose(self) -> Iterator[tuple[str, str]]:
        """Path and SHA-256 in hex of loose files: known from a line of SHA256SUMS, but part of no asset.

        Holds the lock until exhausted.
        """
        with self._read() as connection:
            for path, digest in connection.execute("SELECT path, sha256 FROM loose ORDER BY path"):
                yield path, digest.hex()

    def name_keys_in(self, folder: str) -> frozenset[str]:
        """The `name_key`s of all recorded files in a folder."""
        with self._read() as connection:
            rows = connection.execute("SELECT name_key FROM file WHERE folder = ?", (folder,))
            return frozenset(key for (key,) in rows)

    def aside_files(self) -> tuple[AsideFile, ...]:
        """All damaged files that were renamed."""
        with self._read() as connection:
            rows = connection.execute("SELECT path, instead_of, moved_at FROM aside ORDER BY path")
            return tuple(AsideFile(*row) for row in rows)

    def _filters(self) -> _Filters:
        """The Bloom filters: filled at the first use, then updated by `_add_to_filters`."""
        if self._loaded_filters is None:
            with self._read() as connection:
                filters = _Filters()
                for key in connection.execute("SELECT udid, uuid FROM asset"):
                    filters.assets.add(key)
                for (size,) in connection.execute("SELECT size FROM file"):
                    filters.sizes.add(size)
                self._loaded_filters = filters
        return self._loaded_filters

    def _add_to_filters(self, asset: RecordedAsset) -> None:
        """Note an asset. Call with the lock held, before it is recorded."""
        if self._loaded_filters is not None:
            self._loaded_filters.add(asset)

    def _not_recorded(self, lines: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
        """The lines whose files are neither recorded, nor superseded by a renamed copy, nor loose."""
        for folder, group in groupby(lines, key=lambda line: line[0].rpartition("/")[0]):
            with self._read() as connection:
                rows = connection.execute("SELECT name FROM file WHERE folder = ?", (folder,))
                names = {name for (name,) in rows}
                unknown = [
                    (path, digest)
                    for path, digest in group
                    if path.rpartition("/")[2] not in names
                    and connection.execute(_SUPERSEDED_OR_LOOSE, (path, path)).fetchone() is None
                ]
            yield from unknown
