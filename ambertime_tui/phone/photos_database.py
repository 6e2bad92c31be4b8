"""A consistent copy of the phone's library database, made while the phone keeps writing to it.

Photos.sqlite is in WAL mode: commits are appended to the log (Photos.sqlite-wal) and copied into the
database at checkpoints. After a complete checkpoint, the next commit restarts the log with a new header
(new salts). So the complete database is read, then the complete log, and the pair is accepted only if

A. the log's header was the same before, in the copy, and after. Every page that a checkpoint may have
   changed during the copy is then still in this log, and SQLite applies it when it opens the copy; or
B. the database was not written meanwhile (same size and time, and a second reading gives the same bytes),
   and the log as read is of one generation. Size and time alone do not count: whether AFC reports a new time
   with each write is not confirmed.

A restarted log never has the old header: its first salt is incremented, its second is random. An
incomplete end of the log is harmless: SQLite replays frames only while their checksums match, up to the
last commit. Sources: https://www.sqlite.org/walformat.html and SQLite's wal.c.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ambertime_tui.phone.afc import LARGEST_READ, MediaFolder, MediaStat
from ambertime_tui.phone.cleanup import forget
from ambertime_tui.phone.errors import (
    DatabaseNeverRests,
    DatabaseNotThere,
    MediaBusy,
    MediaChanged,
    MediaNotFound,
    NoRoomForDatabase,
)

DATABASE = "PhotoData/Photos.sqlite"
LOG = DATABASE + "-wal"
LOG_HEADER_BYTES = 32
ATTEMPTS = 10
LOOK_EVERY = 8 << 20
"""Bytes to read from the database between checks of the log's header."""
TIME_RESOLUTION = 0.02
"""Seconds. Twice the coarsest tick of file system timestamps (100 Hz)."""
_HASHED_AT_MOST = 64 << 20
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 15.0


@dataclass(frozen=True, slots=True)
class FetchProgress:
    """Progress of the copy."""

    attempt: int
    """Starting at 1."""
    bytes_done: int
    bytes_total: int
    """Size of database and log when the attempt began."""


@dataclass(frozen=True, slots=True)
class FetchedDatabase:
    """A consistent copy. SQLite replays the log next to it when it opens `database`."""

    database: Path
    wal: Path | None
    header: bytes
    """The log's 32-byte header; empty without a log."""
    attempts: int
    bytes: int


@dataclass(frozen=True, slots=True)
class DatabaseStamp:
    """Cheap facts that change with every commit: equal stamps mean an unchanged database.

    Without the hash of the log, that rests on what AFC reports as its size and time.
    """

    log_header: bytes
    log_size: int
    log_modified_ns: int | None
    database_size: int
    database_modified_ns: int | None
    log_hash: bytes = b""
    """SHA-256 of the log; empty if it was not read."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The state of the database and its log before a copy."""

    log_header: bytes
    """Empty: no log."""
    database: MediaStat | None
    """None: it was being written at that moment."""

    def log_is_the_same(self, header: bytes) -> bool:
        """Rule A for one check: the log is of the same generation."""
        return bool(self.log_header) and header == self.log_header

    def database_is_the_same(self, stat: MediaStat | None) -> bool:
        """Rule B for one check: the database was not written."""
        return self.database is not None and stat == self.database and stat.modified_ns is not None

    def still_acceptable(self, header: bytes, stat: MediaStat | None) -> bool:
        """Whether a running copy can still become consistent."""
        return self.log_is_the_same(header) or self.database_is_the_same(stat)

    def accepts(self, log_as_read: bytes, header_after: bytes, stat_after: MediaStat | None) -> bool:
        """Whether a finished copy is consistent.

        Args:
            log_as_read: the first 32 bytes of the copied log; empty: no log.
            header_after: the log's header after copying it.
            stat_after: size and time of the database after copying.
        """
        if log_as_read != header_after:
            return False
        return self.still_acceptable(header_after, stat_after)


Sleep = Callable[[float], Awaitable[None]]


async def fetch_database(
    media: MediaFolder,
    into: Path,
    *,
    on_progress: Callable[[FetchProgress], None] | None = None,
    attempts: int = ATTEMPTS,
    sleep: Sleep = asyncio.sleep,
) -> FetchedDatabase:
    """Copy the library database and its log into a folder.

    Args:
        media: the phone's media folder.
        into: destination folder, created private (0700) with private files (0600). The caller deletes it.
        on_progress: called every few megabytes.
        attempts: maximum number of attempts. Pauses between them grow from 0.25 to 15 s.
        sleep: waits; replaced in tests.

    Raises:
        DatabaseNotThere: the phone has no database.
        DatabaseNeverRests: Photos wrote to it during every attempt.
        NoRoomForDatabase: the copy cannot be written.
        PhoneError: the phone is disconnected, locked or not responding, or refuses access.
    """
    pause = _FIRST_PAUSE
    for attempt in range(1, attempts + 1):
        try:
            await asyncio.to_thread(_make_private, into)
            fetched = await _Attempt(media, into, attempt, on_progress, sleep).run()
        except OSError as error:
            raise NoRoomForDatabase(str(into), error.strerror or str(error)) from error
        if fetched is not None:
            return fetched
        if attempt < attempts:
            await sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
    raise DatabaseNeverRests(attempts)


async def database_stamp(media: MediaFolder, *, hash_log: bool = False) -> DatabaseStamp:
    """Return the stamp of the database now.

    Args:
        media: the phone's media folder.
        hash_log: also read the log, which usually has up to 4 MB; at most 64 MB are read.

    Raises:
        DatabaseNotThere, PhoneError: as for `fetch_database`.
    """
    header, log, database = await asyncio.gather(
        _log_header(media), _stat_or_none(media, LOG), _stat_or_none(media, DATABASE)
    )
    if database is None:
        raise DatabaseNotThere(DATABASE)
    log_hash = await _log_hash(media) if hash_log else b""
    return DatabaseStamp(
        log_hash=log_hash,
        log_header=header,
        log_size=log.size if log else 0,
        log_modified_ns=log.modified_ns if log else None,
        database_size=database.size,
        database_modified_ns=database.modified_ns,
    )


_GROWTH = 1 << 30
"""Bytes that database and log may grow while they are copied, besides doubling. A file without an end would
fill this computer's disk."""


class _Attempt:
    """One attempt to copy the database."""

    def __init__(
        self,
        media: MediaFolder,
        into: Path,
        number: int,
        on_progress: Callable[[FetchProgress], None] | None,
        sleep: Sleep,
    ) -> None:
        self._media = media
        self._database = into / "Photos.sqlite"
        self._log = into / "Photos.sqlite-wal"
        self._number = number
        self._on_progress = on_progress or (lambda progress: None)
        self._sleep = sleep
        self._done = 0
        self._total = 0

    async def run(self) -> FetchedDatabase | None:
        """Copy the database; None if the phone wrote to it in a way that makes the copy inconsistent."""
        before = await self._look_before()
        database_hash = await self._copy_database(before)
        if database_hash is None:
            return None
        log_as_read = await self._copy_log()
        header_after, stat_after = await self._look()
        if not before.accepts(log_as_read, header_after, stat_after):
            return None
        if not before.log_is_the_same(log_as_read) and not await self._reads_same_twice(
            before, database_hash, log_as_read
        ):
            return None
        return FetchedDatabase(
            database=self._database,
            wal=self._log if log_as_read else None,
            header=log_as_read,
            attempts=self._number,
            bytes=self._done,
        )

    async def _look_before(self) -> Baseline:
        first = await _stat_or_none(self._media, DATABASE)
        if first is None:
            raise DatabaseNotThere(DATABASE)
        # A second write within one tick of the phone's clock keeps the same time, so wait for the next tick.
        await self._sleep(TIME_RESOLUTION)
        header, second = await self._look()
        log = await _stat_or_none(self._media, LOG)
        self._total = (second or first).size + (log.size if log else 0)
        return Baseline(header, second if second == first else None)

    async def _look(self) -> tuple[bytes, MediaStat | None]:
        return await asyncio.gather(_log_header(self._media), _stat_or_none(self._media, DATABASE))

    async def _copy_database(self, before: Baseline) -> bytes | None:
        """Copy the database and return its hash; None as soon as the copy cannot become consistent."""
        looked_at = 0
        look: asyncio.Task[bool] | None = None
        digest = hashlib.sha256()
        await asyncio.to_thread(self._log.unlink, missing_ok=True)
        with _private_file(self._database) as file:
            try:
                async with aclosing(self._media.read(DATABASE, chunk=LARGEST_READ)) as pieces:
                    async for piece in pieces:
                        await asyncio.to_thread(_write_and_hash, file, piece, digest)
                        self._advance(len(piece))
                        if look is not None and look.done():
                            if not look.result():
                                return None
                            look = None
                        if look is None and self._done - looked_at >= LOOK_EVERY:
                            looked_at = self._done
                            look = asyncio.create_task(self._may_become_consistent(before))
                            look.add_done_callback(forget)
            except MediaNotFound as error:
                raise DatabaseNotThere(DATABASE) from error
            finally:
                if look is not None:
                    look.cancel()
        return digest.digest()

    async def _may_become_consistent(self, before: Baseline) -> bool:
        """Look at the log while the database is open, but only if the database has been written: a phone may
        allow a single open file. On such a phone, the end of the copy decides."""
        stat = await _stat_or_none(self._media, DATABASE)
        if before.database_is_the_same(stat):
            return True
        try:
            return before.log_is_the_same(await _log_header(self._media))
        except MediaBusy:
            return True

    async def _copy_log(self) -> bytes:
        """Copy the log and return its header; empty if there is no log or it is empty."""
        header = b""
        with _private_file(self._log) as file:
            try:
                async with aclosing(self._media.read(LOG, chunk=LARGEST_READ)) as pieces:
                    async for piece in pieces:
                        header += piece[: LOG_HEADER_BYTES - len(header)]
                        await asyncio.to_thread(file.write, piece)
                        self._advance(len(piece))
            except MediaNotFound:
                header = b""
        if len(header) < LOG_HEADER_BYTES:
            await asyncio.to_thread(self._log.unlink)
            return b""
        return header

    async def _reads_same_twice(self, before: Baseline, expected: bytes, log_header: bytes) -> bool:
        """Without the log as evidence, require that the database reads the same twice."""
        digest = hashlib.sha256()
        async with aclosing(self._media.read(DATABASE, chunk=LARGEST_READ)) as pieces:
            async for piece in pieces:
                await asyncio.to_thread(digest.update, piece)
        header, stat = await self._look()
        return digest.digest() == expected and header == log_header and before.database_is_the_same(stat)

    def _advance(self, count: int) -> None:
        self._done += count
        if self._done > 2 * self._total + _GROWTH:
            raise MediaChanged(DATABASE, self._total, self._done)
        self._on_progress(FetchProgress(self._number, self._done, max(self._total, self._done)))


async def _log_hash(media: MediaFolder) -> bytes:
    """Return the hash of the log, or of its first part if it is very large."""
    digest, read = hashlib.sha256(), 0
    try:
        async with aclosing(media.read(LOG, chunk=LARGEST_READ)) as pieces:
            async for piece in pieces:
                digest.update(piece)
                read += len(piece)
                if read >= _HASHED_AT_MOST:
                    break
    except MediaNotFound:
        return b""
    return digest.digest()


async def _log_header(media: MediaFolder) -> bytes:
    """Return the log's header; empty without a log or for an empty one."""
    try:
        header = await media.read_head(LOG, LOG_HEADER_BYTES)
    except MediaNotFound:
        return b""
    return header if len(header) == LOG_HEADER_BYTES else b""


async def _stat_or_none(media: MediaFolder, path: str) -> MediaStat | None:
    try:
        return await media.stat(path)
    except MediaNotFound:
        return None


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


def _private_file(path: Path) -> BinaryIO:
    return open(path, "wb", opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW, 0o600))


def _write_and_hash(file: BinaryIO, piece: bytearray, digest: hashlib._Hash) -> None:
    file.write(piece)
    digest.update(piece)
