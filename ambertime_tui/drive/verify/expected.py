"""The files that should be on a target and the files that are, in a temporary database on this computer.

A database, because the lists of a large archive do not fit into memory."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Self
from zlib import crc32

from ambertime_tui.drive.errors import RecordDamaged, ScratchFull
from ambertime_tui.drive.record.checksums import each_checksum, refused_lines
from ambertime_tui.drive.record.reader import read_record
from ambertime_tui.drive.record.record_model import ReadBack
from ambertime_tui.drive.record.rows import digest_of, files_in
from ambertime_tui.drive.record.updates import ComputedFingerprint
from ambertime_tui.drive.verify.walk import files_below
from ambertime_tui.drive.volume.name_keys import is_text
from ambertime_tui.drive.volume.service_folders import service_in
from ambertime_tui.drive.writing.read_back import Reader
from ambertime_tui.library.model import Role

_ROWS_AT_ONCE = 2048
_TABLES = (
    # Paths are bytes, because names on the drive may not be valid text.
    "CREATE TABLE expected (path BLOB PRIMARY KEY, sha256 BLOB, size, modified_at, written_at, udid, uuid, "
    "role, fingerprint, library_fingerprint) WITHOUT ROWID",
    "CREATE TABLE aside (path BLOB PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE checksums (path BLOB PRIMARY KEY, sha256 BLOB, is_text) WITHOUT ROWID",
    "CREATE TABLE found (path BLOB PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE computed (path BLOB PRIMARY KEY, sha256 BLOB, fingerprint) WITHOUT ROWID",
    # Files that may have been moved: size and hash are filled in when they are needed.
    "CREATE TABLE candidate (path BLOB PRIMARY KEY, size, sha256 BLOB, read_back) WITHOUT ROWID",
    "CREATE INDEX candidate_by_bytes ON candidate (size, sha256)",
)
_NO_LONGER_EXTRA = "DELETE FROM {} WHERE path IN (SELECT path FROM expected UNION ALL SELECT path FROM aside)"
_INSERT = (
    # Assets that share a file may differ in what their library says of it.
    "INSERT INTO expected VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (path) DO UPDATE SET "
    "sha256 = excluded.sha256, size = excluded.size, modified_at = excluded.modified_at, "
    "written_at = excluded.written_at, udid = excluded.udid, uuid = excluded.uuid, role = excluded.role, "
    "fingerprint = ifnull(excluded.fingerprint, fingerprint), "
    "library_fingerprint = ifnull(excluded.library_fingerprint, library_fingerprint)"
)
_INSERT_LOOSE = "INSERT OR IGNORE INTO expected VALUES (?, ?, NULL, NULL, 0.0, '', '', NULL, NULL, NULL)"
_INSERT_CHECKSUMS = (
    "INSERT OR IGNORE INTO expected "
    "SELECT path, sha256, NULL, NULL, 0.0, '', '', NULL, NULL, NULL FROM checksums"
)


@dataclass(frozen=True, slots=True)
class Expected:
    """A file that should be on the target."""

    path: str
    """Relative to the target."""
    sha256: str
    size: int | None
    """Bytes; None if only SHA256SUMS lists the file."""
    modified_at: float | None
    """The modification time that it should have; None if that is not known."""
    written_at: float | None
    """When it was recorded; None if only SHA256SUMS lists it."""
    udid: str
    uuid: str
    role: Role | None
    in_sums: str | None
    """Its hash in SHA256SUMS; None if it is not listed."""
    fingerprint: str | None = None
    """Apple's fingerprint of its bytes, as recorded."""
    library_fingerprint: str | None = None
    """What the phone's library says it is; None if it has none, or if that is not known."""

    @property
    def recorded(self) -> bool:
        """True if it belongs to a recorded asset."""
        return self.role is not None


@dataclass(frozen=True, slots=True)
class Subset:
    """The files to verify."""

    since: float
    """Only files written at or after this time, seconds since 1970."""
    selected: bytearray | None
    """One flag for each of these files, ordered by path; None means all."""
    count: int
    """Number of selected files."""
    bytes: int
    """Total size of the selected files that are recorded."""


class ExpectedFiles:
    """A temporary database, which SQLite removes when it is closed. A context manager.

    All methods raise ScratchFull if this computer has no space for it.
    """

    def __init__(self) -> None:
        self._table = sqlite3.connect("", isolation_level=None)
        self._has_candidates = False
        for statement in ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", *_TABLES):
            self._table.execute(statement)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._table.close()

    def add_found(self, paths: Iterable[str]) -> None:
        """Add the paths of files that are on the drive."""
        self._insert("INSERT OR IGNORE INTO found VALUES (?)", ((os.fsencode(path),) for path in paths))

    def load_expected(self, root: Path) -> tuple[str, ...]:
        """Load the record or, if it is damaged or missing, SHA256SUMS. Returns notices about that.

        Raises:
            RecordTooNew: a newer version wrote the record.
            RecordFailed, DriveError: the drive cannot be read.
        """
        self._insert(
            "INSERT OR REPLACE INTO checksums VALUES (?, ?, ?)",
            ((os.fsencode(path), bytes.fromhex(sum), is_text(path)) for path, sum in each_checksum(root)),
        )
        sums, refused = self._count("checksums") > 0, refused_lines(root)
        try:
            if read_record(root, self._load_record) is None:
                self._query(_INSERT_CHECKSUMS)
                notice = "There is no record on this drive. The files are compared with SHA256SUMS only."
                return (notice, *refused) if sums else refused
        except RecordDamaged as error:
            self._forget_record()
            self._query(_INSERT_CHECKSUMS)
            return (f"{error} Until then the files are compared with SHA256SUMS only.", *refused)
        self._query(f"{_INSERT_CHECKSUMS} WHERE NOT is_text")  # the record cannot store such names
        return refused

    def __len__(self) -> int:
        """Number of files that should be on the target."""
        return self._count("expected")

    def select(self, since: float | None, sample: float | None, chance: random.Random) -> Subset:
        """Select files to verify.

        Args:
            since: only those written at or after this time, seconds since 1970; None: all.
            sample: only this share of them, at least one file; None: all.
            chance: random numbers for the sample.
        """
        ever = float("-inf") if since is None else since
        ((count, size),) = self._query(
            "SELECT count(*), ifnull(sum(size), 0) FROM expected WHERE written_at >= ?", (ever,)
        )
        subset = Subset(ever, None, count, size)
        if sample is None or not count:
            return subset
        number, selected = max(1, round(count * min(1.0, max(0.0, sample)))), bytearray(count)
        for place in chance.sample(range(count), number):
            selected[place] = True
        subset = Subset(ever, selected, number, 0)
        return replace(subset, bytes=sum(file.size or 0 for file in self.iter_files(subset)))

    def only_part(self, subset: Subset, number: int, parts: int) -> Subset:
        """Keep only the files of one part: a file is always in the same one, by the hash of its path.

        Args:
            subset: without a sample.
            number: of the part, from 0.
            parts: how many there are.
        """
        selected, count, size = bytearray(subset.count), 0, 0
        for place, file in enumerate(self.iter_files(subset)):
            if crc32(os.fsencode(file.path)) % parts == number:
                selected[place], count, size = True, count + 1, size + (file.size or 0)
        return replace(subset, selected=selected, count=count, bytes=size)

    def iter_files(self, subset: Subset) -> Iterator[Expected]:
        """The selected files, ordered by path."""
        rows = self._by_path(
            "SELECT path, expected.sha256, size, modified_at, written_at, udid, uuid, role, "
            "checksums.sha256, fingerprint, library_fingerprint "
            "FROM expected LEFT JOIN checksums USING (path) WHERE path > ? AND written_at >= ?",
            subset.since,
        )
        for place, row in enumerate(rows):
            path, sha256, size, modified_at, written_at, udid, uuid, role, in_sums, *fingerprints = row
            if subset.selected is None or subset.selected[place]:
                yield Expected(
                    os.fsdecode(path),
                    sha256.hex(),
                    size,
                    modified_at,
                    None if role is None else written_at,
                    udid,
                    uuid,
                    None if role is None else Role(role),
                    None if in_sums is None else in_sums.hex(),
                    *fingerprints,
                )

    def path_with_hash(self, sha256: str) -> str | None:
        """Path of a file that should have this SHA-256 (in hex); None if there is none."""
        self._query("CREATE INDEX IF NOT EXISTS by_bytes ON expected (sha256)")
        ((path,),) = self._query("SELECT max(path) FROM expected WHERE sha256 = ?", (bytes.fromhex(sha256),))
        return None if path is None else os.fsdecode(path)

    def note_fingerprint(self, path: str, sha256: str, fingerprint: str) -> None:
        """Note a fingerprint that the record lacks."""
        self._query(
            "INSERT OR REPLACE INTO computed VALUES (?, ?, ?)",
            (os.fsencode(path), bytes.fromhex(sha256), fingerprint),
        )

    def computed(self) -> Iterator[ComputedFingerprint]:
        """The fingerprints that were noted, ordered by path."""
        for path, sha256, fingerprint in self._by_path("SELECT * FROM computed WHERE path > ?"):
            yield ComputedFingerprint(os.fsdecode(path), sha256.hex(), fingerprint)

    def find_moved(self, root: Path, file: Expected, reader: Reader) -> tuple[str, ReadBack] | None:
        """Find a file that should not be on the target and has the bytes of a missing one.

        Only files of its size are read, and each only once. Returns its path and how it was read; it is not
        found again, and not extra. None: there is none.
        """
        if file.size is None:
            return None
        if not self._has_candidates:
            self._has_candidates = True
            self._insert("INSERT OR IGNORE INTO candidate VALUES (?, ?, NULL, NULL)", _with_sizes(root))
            self._query(_NO_LONGER_EXTRA.format("candidate"))
        wanted = (file.size, bytes.fromhex(file.sha256))
        while True:
            known = self._query(
                "SELECT path, read_back FROM candidate WHERE (size, sha256) = (?, ?) ORDER BY path LIMIT 1",
                wanted,
            )
            for path, read_back in known:
                for table in ("candidate", "found"):
                    self._query(f"DELETE FROM {table} WHERE path = ?", (path,))
                return os.fsdecode(path), ReadBack(read_back)
            unread = self._query(
                "SELECT path FROM candidate WHERE size = ? AND sha256 IS NULL ORDER BY path LIMIT 1",
                wanted[:1],
            )
            if not unread:
                return None
            self._read_candidate(root, unread[0][0], reader)

    def _read_candidate(self, root: Path, path: bytes, reader: Reader) -> None:
        try:
            found = reader.digest(root / os.fsdecode(path))
        except OSError:
            self._query("DELETE FROM candidate WHERE path = ?", (path,))
        else:
            self._query(
                "UPDATE candidate SET size = ?, sha256 = ?, read_back = ? WHERE path = ?",
                (found.size, bytes.fromhex(found.sha256), found.read_back.value, path),
            )

    def __contains__(self, path: object) -> bool:
        """Whether a path should be on the target."""
        wanted = os.fsencode(path) if isinstance(path, str) else b""
        return bool(self._query("SELECT 1 FROM expected WHERE path = ?", (wanted,)))

    def extra(self, root: Path) -> Iterator[str]:
        """Paths of files that should not be there, sorted. Call it last.

        It reads the record again, so that files recorded meanwhile by a running job do not count.

        Raises:
            DriveError: the drive cannot be read.
        """
        self._query(_NO_LONGER_EXTRA.format("found"))
        if self._count("found"):
            with suppress(RecordDamaged):
                read_record(root, self._load_record)
            self._query(_NO_LONGER_EXTRA.format("found"))
        for (path,) in self._by_path("SELECT path FROM found WHERE path > ?"):
            yield os.fsdecode(path)

    def _load_record(self, record: sqlite3.Connection) -> bool:
        """Replace the content with that of the record. May be called again if reading failed midway."""
        self._forget_record()
        self._insert(
            _INSERT,
            (
                (os.fsencode(path), *facts, role.value, *fingerprints)
                for path, *facts, role, fingerprint, library_fingerprint in files_in(record)
                for fingerprints in ((fingerprint, library_fingerprint),)
            ),
        )
        loose = record.execute("SELECT path, sha256 FROM loose ORDER BY path")
        self._insert(
            _INSERT_LOOSE,
            ((os.fsencode(path), digest_of(digest)) for path, digest in loose if not service_in(str(path))),
        )
        aside = record.execute("SELECT path FROM aside")
        self._insert("INSERT OR IGNORE INTO aside VALUES (?)", ((os.fsencode(path),) for (path,) in aside))
        return True

    def _forget_record(self) -> None:
        for table in ("expected", "aside"):
            self._query(f"DELETE FROM {table}")

    def _by_path(self, query: str, *parameters: object) -> Iterator[tuple[Any, ...]]:
        """All rows of a query, ordered by path, in chunks.

        No cursor stays open, because the loop may take hours and other queries run in between.
        """
        last = b""
        while rows := self._query(f"{query} ORDER BY path LIMIT {_ROWS_AT_ONCE}", (last, *parameters)):
            last = rows[-1][0]
            yield from rows

    def _insert(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        remaining = iter(rows)
        while some := list(
            islice(remaining, _ROWS_AT_ONCE)
        ):  # outside the try: reading the rows may raise its own errors
            try:
                self._table.execute("BEGIN")
                self._table.executemany(statement, some)
                self._table.execute("COMMIT")
            except sqlite3.Error as error:
                raise ScratchFull(str(error)) from error

    def _query(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._table.execute(query, parameters).fetchall()
        except sqlite3.Error as error:
            raise ScratchFull(str(error)) from error

    def _count(self, table: str) -> int:
        ((count,),) = self._query(f"SELECT count(*) FROM {table}")
        assert isinstance(count, int)
        return count


def _with_sizes(root: Path) -> Iterator[tuple[bytes, int]]:
    """All files of a target that can belong to the archive, and their bytes."""
    for path, size in files_below(root):
        yield os.fsencode(path), size
