"""Encoding of AFC requests and decoding of replies.

Layouts as in pymobiledevice3's services/afc.py and libimobiledevice's afc.c: little-endian 64-bit numbers,
NUL-terminated UTF-8 strings. There are only requests that read, so this module cannot change a phone.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from enum import IntEnum

from ambertime_tui.phone.errors import (
    MediaBusy,
    MediaError,
    MediaForbidden,
    MediaNotFound,
    MediaUnreadable,
)


class Operation(IntEnum):
    """The AFC operations that AmberTime uses."""

    READ_DIR = 0x03
    GET_FILE_INFO = 0x0A
    GET_DEVICE_INFO = 0x0B
    FILE_OPEN = 0x0D
    FILE_READ = 0x0F
    FILE_SEEK = 0x11
    FILE_CLOSE = 0x14


class Status(IntEnum):
    """The AFC statuses that are handled individually."""

    SUCCESS = 0
    NO_RESOURCES = 3
    READ_ERROR = 4
    NOT_FOUND = 8
    IS_FOLDER = 9
    FORBIDDEN = 10
    TIMED_OUT = 12
    END_OF_DATA = 14
    BUSY = 17
    IO_ERROR = 20


_WHY: dict[int, str] = {
    Status.IS_FOLDER: "it is a folder",
    Status.TIMED_OUT: "the phone gave up reading it",
    Status.IO_ERROR: "the phone's storage reported an error",
    Status.READ_ERROR: "the phone reported a read error",
}
MOST_NAMES = 1_000_000
"""Names in a folder. Each takes many times its bytes, and iOS puts about a thousand files into a folder."""
LONGEST_FACTS = 64 << 10
"""Bytes of a reply with keys and values; a real one has about 200."""
LARGEST_FILE = 1 << 44
"""Bytes: 16 TiB. No iPhone has that much storage; a larger size is not one."""
_LARGEST_STORAGE = (1 << 63) - 1
_NAME = re.compile(rb"[^\0]+")
_READ_ONLY = 1
_SEEK_SET = 0


@dataclass(frozen=True, slots=True)
class MediaStat:
    """Facts about a file or folder on the phone."""

    size: int
    """Bytes."""
    modified_at: float | None
    """Seconds since 1970; None if the phone did not report it."""
    is_folder: bool
    modified_ns: int | None = None
    """The same time in nanoseconds, exactly as reported, to distinguish two writes."""


@dataclass(frozen=True, slots=True)
class Space:
    """The phone's storage, in bytes."""

    total: int
    free: int


def error_for(path: str, status: int) -> MediaError:
    """Return the error for an AFC status other than success."""
    if status == Status.NOT_FOUND:
        return MediaNotFound(path)
    if status == Status.FORBIDDEN:
        return MediaForbidden(path)
    if status in (Status.NO_RESOURCES, Status.BUSY):
        return MediaBusy(path)
    return MediaUnreadable(path, _WHY.get(status, f"the phone answered with AFC status {status}"))


def path_payload(path: str) -> bytes:
    """Encode a path for AFC, from the root of the media folder.

    Raises:
        MediaForbidden: the path is not inside the media folder (it contains NUL or ".."). Paths come from a
            database that may be damaged.
    """
    try:
        encoded = path.lstrip("/").encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise MediaForbidden(ascii(path)) from error
    if "\0" in path or ".." in path.split("/"):
        raise MediaForbidden(path.replace("\0", "\N{SYMBOL FOR NULL}"))
    return b"/" + encoded + b"\0"


def open_payload(path: str) -> bytes:
    """Encode an open for reading."""
    return struct.pack("<Q", _READ_ONLY) + path_payload(path)


def read_payload(handle: int, size: int) -> bytes:
    """Encode a read of at most `size` bytes from the current position."""
    return struct.pack("<QQ", handle, size)


def seek_payload(handle: int, offset: int) -> bytes:
    """Encode a seek to an offset from the start of the file."""
    return struct.pack("<QQq", handle, _SEEK_SET, offset)


def close_payload(handle: int) -> bytes:
    """Encode a close."""
    return struct.pack("<Q", handle)


def parse_handle(path: str, data: bytes | bytearray) -> int:
    """Decode the handle from the reply to an open.

    Raises:
        MediaUnreadable: the reply has no handle.
    """
    if len(data) < 8:
        raise MediaUnreadable(path, "the phone returned no file handle")
    handle = int.from_bytes(data[:8], "little")
    if not handle:
        raise MediaUnreadable(path, "the phone returned no file handle")
    return handle


def parse_names(path: str, data: bytes | bytearray) -> tuple[str, ...]:
    """Decode the names in a folder, without "." and "..". Invalid UTF-8 becomes surrogates, so that every
    name stays unique and usable.

    Raises:
        MediaUnreadable: there are more names than MOST_NAMES.
    """
    found: list[str] = []
    for match in _NAME.finditer(data):
        if len(found) == MOST_NAMES:
            raise MediaUnreadable(path, "the phone lists an impossible number of files in it")
        found.append(match[0].decode("utf-8", "surrogateescape"))
    return tuple(name for name in found if name not in (".", ".."))


def parse_pairs(data: bytes | bytearray) -> dict[str, str]:
    """Decode NUL-terminated keys and values. A key without a value at the end is ignored, and so is a reply
    longer than LONGEST_FACTS."""
    if len(data) > LONGEST_FACTS:
        return {}
    parts = [part.decode("utf-8", "replace") for part in data.split(b"\0")[:-1]]
    return dict(zip(parts[::2], parts[1::2], strict=False))


def parse_stat(path: str, data: bytes | bytearray) -> MediaStat:
    """Decode the reply to GetFileInfo.

    Raises:
        MediaUnreadable: the reply has no size.
    """
    fields = parse_pairs(data)
    size, modified = _size(fields.get("st_size"), LARGEST_FILE), _number(fields.get("st_mtime"))
    if modified is not None and not _EARLIEST <= modified < _LATEST:
        modified = None
    if size is None:
        raise MediaUnreadable(path, "the phone does not report its size")
    return MediaStat(
        size=size,
        modified_at=None if modified is None else modified / 1e9,
        is_folder=fields.get("st_ifmt") == "S_IFDIR",
        modified_ns=modified,
    )


def parse_space(data: bytes | bytearray) -> Space | None:
    """Decode the storage from the reply to GetDeviceInfo; None if it is absent."""
    fields = parse_pairs(data)
    total, free = (_size(fields.get(name), _LARGEST_STORAGE) for name in ("FSTotalBytes", "FSFreeBytes"))
    return None if total is None or free is None else Space(total, free)


_EARLIEST, _LATEST = -62_100_000_000 * 10**9, 253_300_000_000 * 10**9
"""Nanoseconds since 1970: the years 2 to 9996, in which Python can handle times in every zone."""
_NUMBER = re.compile(r"\s*\+?(-?\d{1,20})(?:\.0*)?\s*", re.ASCII)


def _number(text: str | None) -> int | None:
    """Parse a whole number as phones write it; None for anything else, and for one of more than 20 digits."""
    match = _NUMBER.fullmatch(text or "")
    return None if match is None else int(match[1])


def _size(text: str | None, most: int) -> int | None:
    """Parse a count of bytes; None if it is negative or more than `most`."""
    number = _number(text)
    return number if number is not None and 0 <= number <= most else None
