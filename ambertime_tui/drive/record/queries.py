"""Queries on an open record."""

from __future__ import annotations

import json
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from ambertime_tui.drive.record.bloom_filter import BloomFilter
from ambertime_tui.drive.record.record_model import (
    ForgottenAsset,
    Proof,
    ReadBack,
    RecordedAsset,
    proof_of,
)
from ambertime_tui.drive.record.rows import (
    READ_BACKS,
    ROLES,
    KnownFile,
    assets_in,
    files_in,
    known_files_in,
    rows_of,
)
from ambertime_tui.drive.volume.name_keys import name_key
from ambertime_tui.drive.volume.relative_path import checked_archive_path, checked_name, checked_path
from ambertime_tui.drive.volume.service_folders import service_in
from ambertime_tui.library.model import Role

_SUPERSEDED_OR_LOOSE = "SELECT 1 FROM superseded WHERE path = ? UNION ALL SELECT 1 FROM loose WHERE path = ?"
_LISTED = "(SELECT value FROM json_each(?))"
_NOT_FORGOTTEN = "(udid, uuid) NOT IN (SELECT udid, uuid FROM forgotten)"


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

    def find_asset(self, udid: str, uuid: str) -> RecordedAsset | None:
        """What is recorded of one asset; None if nothing is."""
        # New assets are looked up often, and should not wait for another thread's transaction.
        if not self._filters().assets.may_contain((udid, uuid)):
            return None
        with self._read() as connection:
            return next(assets_in(connection, "WHERE udid = ? AND uuid = ?", (udid, uuid)), None)

    def known_files(self, udid: str, uuids: Sequence[str]) -> dict[str, dict[Role, KnownFile]]:
        """The newest recorded file of each role, by uuid, for some assets of a phone."""
        with self._read() as connection:
            found: dict[str, dict[Role, KnownFile]] = {}
            for uuid, role, known in known_files_in(connection, udid, json.dumps(uuids)):
                found.setdefault(uuid, {})[role] = known
            return found

    def recorded_uuids(self, udid: str, uuids: Sequence[str]) -> frozenset[str]:
        """The uuids that are recorded."""
        with self._read() as connection:
            rows = connection.execute(
                f"SELECT uuid FROM asset WHERE udid = ? AND uuid IN {_LISTED}", (udid, json.dumps(uuids))
            )
            return frozenset(uuid for (uuid,) in rows)

    def count_originals(self, udid: str, without: Collection[str] = ()) -> dict[ReadBack, int]:
        """Number of original files of a phone on the drive, by how they were read back.

        A file that several of its assets share counts once, and those of forgotten assets do not count.

        Args:
            udid: the phone's.
            without: paths that do not count, because the files are damaged or missing.
        """
        counts: dict[ReadBack, int] = {}
        with self._read() as connection:
            for read_back, _ in self._originals(connection, udid, without):
                counts[read_back] = counts.get(read_back, 0) + 1
        return counts

    def count_proofs(self, udid: str, without: Collection[str] = ()) -> dict[Proof, int]:
        """Number of original files of a phone on the drive, by what Apple's fingerprint says. See above."""
        counts = dict.fromkeys(Proof, 0)
        with self._read() as connection:
            for _, proof in self._originals(connection, udid, without):
                counts[proof] += 1
        return counts

    def _originals(
        self, connection: sqlite3.Connection, udid: str, without: Collection[str]
    ) -> Iterator[tuple[ReadBack, Proof]]:
        """Each original file of a phone on the drive. DIFFERS if it differs for one of its assets."""
        roles = json.dumps([role.value for role in Role if role.is_original])
        rows = connection.execute(
            "SELECT folder, name, read_back, fingerprint, library_fingerprint FROM file "
            f"WHERE udid = ? AND role IN {_LISTED} AND {_NOT_FORGOTTEN} ORDER BY folder, name_key, name",
            (udid, roles),
        )
        for place, group in groupby(rows, key=itemgetter(0, 1)):
            if without and "/".join(filter(None, place)) in without:
                continue
            files = list(group)
            proofs = {proof_of(*file[3:]) for file in files}
            proof = next(p for p in (Proof.DIFFERS, Proof.PROVED, Proof.UNPROVED) if p in proofs)
            yield READ_BACKS[files[0][2]], proof

    def files_by_folder(self, udid: str) -> Iterator[tuple[str, list[RecordedName]]]:
        """The recorded files of a phone, folder by folder, without those of forgotten assets.

        Holds the lock until exhausted.
        """
        with self._read() as connection:
            rows = connection.execute(
                "SELECT folder, uuid, role, generation, name, size FROM file "
                f"WHERE udid = ? AND {_NOT_FORGOTTEN} ORDER BY folder",
                (udid,),
            )
            for folder, group in groupby(rows, key=itemgetter(0)):
                checked_archive_path(folder, "x")
                yield (
                    folder,
                    [
                        RecordedName(uuid, ROLES[role], generation, checked_name(name), size)
                        for _, uuid, role, generation, name, size in group
                    ],
                )

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
                yield FileOwner(udid, uuid, checked_archive_path(folder, name), digest.hex())

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
        """Path and SHA-256 in hex of the recorded files, folder by folder, without forgotten ones.

        Reads and checks complete rows, because SHA256SUMS is written from them. Holds the lock until
        exhausted.
        """
        with self._read() as connection:
            for _, group in groupby(files_in(connection), key=lambda file: file.path.rpartition("/")[0]):
                # Assets of two phones may share a file. If they disagree, the newest one is right.
                newest = {file.path: file.sha256 for file in sorted(group, key=lambda file: file.written_at)}
                for path, digest in sorted(newest.items()):
                    yield path, digest.hex()

    def iter_loose(self) -> Iterator[tuple[str, str]]:
        """Path and SHA-256 in hex of loose files: known from a line of SHA256SUMS, but part of no asset.

        Leaves out files in recycle bins and the like, which older versions added. Holds the lock until
        exhausted.
        """
        with self._read() as connection:
            for path, digest in rows_of(connection, "loose", "ORDER BY path"):
                if not service_in(checked_path(path)):
                    yield path, digest.hex()

    def name_keys_in(self, folder: str) -> frozenset[str]:
        """The `name_key`s of all recorded files in a folder."""
        with self._read() as connection:
            rows = connection.execute("SELECT name_key FROM file WHERE folder = ?", (folder,))
            return frozenset(key for (key,) in rows)

    def reserved_names_in(self, folder: str) -> frozenset[str]:
        """The names in a folder that are reserved for files that are not recorded yet."""
        with self._read() as connection:
            rows = connection.execute("SELECT name FROM reserved WHERE folder = ?", (folder,))
            return frozenset(checked_name(name) for (name,) in rows)

    def forgotten_assets(self) -> tuple[ForgottenAsset, ...]:
        """The assets that are marked as forgotten, ordered by folder and name."""
        with self._read() as connection:
            marks = [ForgottenAsset(*row) for row in rows_of(connection, "forgotten")]
        return tuple(sorted(marks, key=lambda mark: (mark.folder, mark.original_filename, mark.uuid)))

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
