"""Whether the write-ahead log of a copied database was damaged: SQLite replays it as far as it is sound, and
says nothing of the rest.

A log ends where a frame's checksum is wrong: the last transaction may just be being written, and what an
older generation left behind follows. But frames of the present generation (its salts) behind a wrong one tell
of damage: what they hold is lost. Source: https://www.sqlite.org/fileformat2.html#walformat.
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
"""The lowest bit tells the byte order of the checksums."""
_SMALLEST_PAGE, _LARGEST_PAGE = 512, 65536

HEADER_DAMAGED = (
    "The log of the library database is damaged at its beginning, so the newest changes in the library are "
    "not known here. Read it again; should that not help, restart the phone."
)
FRAMES_DAMAGED = (
    "The log of the library database is damaged: the newest changes in the library are not known here. Read "
    "it again; should that not help, restart the phone."
)


def log_trouble(database: sqlite3.Connection, log: Path) -> str | None:
    """A sentence where something of a log is lost; None where it is sound, or there is none.

    To be asked before anything is read from the database, with the log beside it; SQLite replays it here.

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
        if replayed < 0 or _is_sound_behind(file, replayed, frames, page_size, (salt_1, salt_2), order):
            return None
    return FRAMES_DAMAGED


def _is_sound_behind(
    file: BinaryIO, replayed: int, frames: int, page_size: int, salts: tuple[int, int], order: str
) -> bool:
    """Whether no frame of this generation follows the first one that is not sound."""
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
