"""Detect damage in the write-ahead log of a copied database. SQLite silently ignores everything after the
first invalid frame.

A log ends at the first wrong checksum: the last transaction may be incomplete, and frames of older
generations may follow. But frames of the current generation (same salts) after an invalid one mean damage,
and their content is lost. Source: https://www.sqlite.org/fileformat2.html#walformat.
"""

from __future__ import annotations

import sqlite3
import struct
from pathlib import Path
from typing import BinaryIO

_HEADER = struct.Struct(">8I")
"""Magic, version, page size, checkpoint number, two salts, two checksums."""
_FRAME = struct.Struct(">6I")
"""Page, size of the database after a commit, two salts, two checksums."""
_MAGIC = 0x377F0682
"""The lowest bit is the byte order of the checksums."""
_SMALLEST_PAGE, _LARGEST_PAGE = 512, 65536

HEADER_DAMAGED = (
    "The beginning of the library database's log is damaged, so the latest changes to the library are "
    "missing. Read the library again. If that does not help, restart the phone."
)
FRAMES_DAMAGED = (
    "The library database's log is damaged, so the latest changes to the library are missing. Read the "
    "library again. If that does not help, restart the phone."
)


def log_trouble(database: sqlite3.Connection, log: Path) -> str | None:
    """Return a sentence if part of a log is lost; None if it is intact or there is no log.

    Call it before reading from the database, with the log next to it. SQLite replays the log here.

    Raises:
        sqlite3.Error: the database itself is damaged.
    """
    if not log.is_file() or log.stat().st_size < _HEADER.size:
        return None
    with log.open("rb") as file:
        header = file.read(_HEADER.size)
        magic, _, page_size, _, salt_1, salt_2, *checksum = _HEADER.unpack(header)
        order = ">" if magic & 1 else "<"
        if (
            magic | 1 != _MAGIC | 1
            or not _SMALLEST_PAGE <= page_size <= _LARGEST_PAGE
            or _checksum(header[:24], (0, 0), order) != tuple(checksum)
        ):
            return HEADER_DAMAGED
        (_, replayed, _) = database.execute("PRAGMA wal_checkpoint").fetchone()
        frames = (log.stat().st_size - _HEADER.size) // (_FRAME.size + page_size)
        if replayed < 0 or _is_intact_after(file, replayed, frames, page_size, (salt_1, salt_2), order):
            return None
    return FRAMES_DAMAGED


def _is_intact_after(
    file: BinaryIO, replayed: int, frames: int, page_size: int, salts: tuple[int, int], order: str
) -> bool:
    """Whether no frame of this generation follows the first invalid one."""
    running = _checksum_before(file, replayed, page_size)
    broken = False
    for number in range(replayed, frames):
        file.seek(_HEADER.size + number * (_FRAME.size + page_size))
        head = file.read(_FRAME.size)
        if _FRAME.unpack(head)[2:4] != salts:
            broken = True
            continue
        if broken:
            return False
        running = _checksum(head[:8], running, order)
        running = _checksum(file.read(page_size), running, order)
        broken = running != _FRAME.unpack(head)[4:6]
    return True


def _checksum_before(file: BinaryIO, number: int, page_size: int) -> tuple[int, int]:
    if number == 0:
        file.seek(24)
        first, second = struct.unpack(">2I", file.read(8))
    else:
        file.seek(_HEADER.size + (number - 1) * (_FRAME.size + page_size))
        first, second = _FRAME.unpack(file.read(_FRAME.size))[4:6]
    return first, second


def _checksum(data: bytes, seed: tuple[int, int], order: str) -> tuple[int, int]:
    first, second = seed
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second
