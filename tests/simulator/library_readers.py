"""Read generated libraries independently: media files with small parsers, the database with plain SQL."""

from __future__ import annotations

import os
import shutil
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from ambertime_tui.simulator.library import MadeLibrary

DATE_TIME_ORIGINAL, OFFSET_TIME_ORIGINAL, SUB_SECONDS = 0x9003, 0x9011, 0x9291


@dataclass(frozen=True)
class Box:
    """A box of an ISO base media file."""

    kind: str
    start: int
    """Start of the payload."""
    end: int


def boxes(data: bytes, start: int = 0, end: int | None = None) -> list[Box]:
    """Return the boxes between two offsets, which they must fill completely."""
    end = len(data) if end is None else end
    found = []
    while start < end:
        size, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start + 8)
            head = 16
        assert size >= head, f"a box of {size} bytes at {start}"
        assert start + size <= end, f"a box at {start} ends after {end}"
        found.append(Box(kind.decode("latin-1"), start + head, start + size))
        start += size
    return found


def box(data: bytes, path: str, skip: int = 0) -> Box:
    """Return the first box on a path such as ``moov/trak``, skipping the version of a meta box."""
    start, end = skip, len(data)
    found = None
    for kind in path.split("/"):
        found = next(b for b in boxes(data, start, end) if b.kind == kind)
        start, end = found.start + (4 if kind == "meta" else 0), found.end
    assert found is not None
    return found


def tiff_tags(tiff: bytes) -> dict[int, str]:
    """Return the text values of a TIFF structure's first directory and of its Exif directory."""
    assert tiff[:4] == b"MM\x00\x2a"
    texts: dict[int, str] = {}
    directories = [struct.unpack_from(">I", tiff, 4)[0]]
    while directories:
        start = directories.pop()
        (count,) = struct.unpack_from(">H", tiff, start)
        tags = []
        for index in range(count):
            at = start + 2 + 12 * index
            tag, kind, length = struct.unpack_from(">HHI", tiff, at)
            tags.append(tag)
            if tag == 0x8769:
                directories.append(struct.unpack_from(">I", tiff, at + 8)[0])
            elif kind == 2:
                place = at + 8 if length <= 4 else struct.unpack_from(">I", tiff, at + 8)[0]
                texts[tag] = tiff[place : place + length].rstrip(b"\x00").decode("ascii")
        assert tags == sorted(tags), "the tags of a directory are sorted"
    return texts


def jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield markers and payloads up to the scan."""
    assert data[:2] == b"\xff\xd8"
    at = 2
    while True:
        assert data[at] == 0xFF
        marker = data[at + 1]
        (length,) = struct.unpack_from(">H", data, at + 2)
        yield marker, data[at + 4 : at + 2 + length]
        if marker == 0xDA:
            return
        at += 2 + length


def exif_of(data: bytes) -> dict[int, str]:
    """Return the EXIF text values of a JPEG, PNG, HEIC or DNG."""
    if data[:4] == b"\x89PNG":
        at = 8
        while True:
            length, kind = struct.unpack_from(">I4s", data, at)
            if kind == b"eXIf":
                return tiff_tags(data[at + 8 : at + 8 + length])
            at += 12 + length
    if data[:2] == b"MM":
        return tiff_tags(data)
    if data[4:8] == b"ftyp":
        items = heic_items(data)
        offset, length = items["Exif"]
        item = data[offset : offset + length]
        (skip,) = struct.unpack_from(">I", item)
        return tiff_tags(item[4 + skip :])
    for marker, payload in jpeg_segments(data):
        if marker == 0xE1 and payload[:6] == b"Exif\x00\x00":
            return tiff_tags(payload[6:])
    raise AssertionError("no EXIF")


def heic_items(data: bytes) -> dict[str, tuple[int, int]]:
    """Return offset and length of each item of a HEIC file, by item type."""
    kinds = {}
    entries = box(data, "meta/iinf")
    for entry in boxes(data, entries.start + 6, entries.end):
        number, _, kind = struct.unpack_from(">HH4s", data, entry.start + 4)
        kinds[number] = kind.decode()
    places = box(data, "meta/iloc")
    at = places.start + 8
    (count,) = struct.unpack_from(">H", data, places.start + 6)
    found = {}
    for _ in range(count):
        number, _, extents, offset, length = struct.unpack_from(">HHHII", data, at)
        assert extents == 1
        found[kinds[number]] = (offset, length)
        at += 14
    return found


def capture_of(exif: dict[int, str]) -> datetime | None:
    """Return the capture time in EXIF: in UTC if it has no offset, None if it has no date."""
    if (text := exif.get(DATE_TIME_ORIGINAL)) is None:
        return None
    zone = UTC
    if offset := exif.get(OFFSET_TIME_ORIGINAL):
        hours, minutes = int(offset[1:3]), int(offset[4:6])
        zone = timezone((-1 if offset[0] == "-" else 1) * timedelta(hours=hours, minutes=minutes))
    moment = datetime.strptime(text, "%Y:%m:%d %H:%M:%S").replace(tzinfo=zone)
    return moment + timedelta(milliseconds=int(exif.get(SUB_SECONDS, "0")))


@contextmanager
def copied_database(
    library: MadeLibrary, into: Path, *, with_log: bool = True
) -> Iterator[sqlite3.Connection]:
    """Open a copy of the database, with its log (which SQLite replays) or without."""
    into.mkdir(parents=True, exist_ok=True)
    copy = into / "Photos.sqlite"
    shutil.copyfile(library.database, copy)
    log = library.database.with_name("Photos.sqlite-wal")
    if with_log:
        shutil.copyfile(log, copy.with_name(log.name))
    uri = f"{copy.as_uri()}{'' if with_log else '?immutable=1'}"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        yield connection


def tables_of(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """Return the columns of each table."""
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {
        name: [row[1] for row in connection.execute(f'PRAGMA table_info("{name}")')]
        for name in names
        if not name.startswith("sqlite_")
    }


def indexes_of(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the SQL of each index."""
    return dict(
        connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        ).fetchall()
    )


def tree_of(folder: Path) -> dict[str, tuple[int, float]]:
    """Return size and modification time of every file in a folder tree, by relative path."""
    found = {}
    for root, _, names in os.walk(folder):
        for name in names:
            path = Path(root, name)
            status = path.stat()
            found[str(path.relative_to(folder))] = (status.st_size, status.st_mtime)
    return found
