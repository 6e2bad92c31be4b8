"""AFC requests and replies as bytes: the payloads AmberTime sends, and the reading of what comes back.

Layouts as in pymobiledevice3's services/afc.py and libimobiledevice's afc.c: little-endian 64-bit numbers,
NUL-terminated UTF-8 strings. Only requests that read are here; nothing can be written with this module.
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
    """The operations that AmberTime asks for."""

    READ_DIR = 0x03
    GET_FILE_INFO = 0x0A
    GET_DEVICE_INFO = 0x0B
    FILE_OPEN = 0x0D
    FILE_READ = 0x0F
    FILE_SEEK = 0x11
    FILE_CLOSE = 0x14


class Status(IntEnum):
    """The statuses that mean something of their own here."""

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
_READ_ONLY = 1
_SEEK_SET = 0


@dataclass(frozen=True, slots=True)
class MediaStat:
    """What the phone says of a file or folder."""

    size: int
    """Bytes."""
    modified_at: float | None
    """Seconds since 1970; None where the phone did not say."""
    is_folder: bool
    modified_ns: int | None = None
    """The same instant in nanoseconds, exactly as the phone gave it: to tell one write from the next."""


@dataclass(frozen=True, slots=True)
class Space:
    """The phone's storage, in bytes."""

    total: int
    free: int


def error_for(path: str, status: int) -> MediaError:
    """The typed error for an AFC status other than success."""
    if status == Status.NOT_FOUND:
        return MediaNotFound(path)
    if status == Status.FORBIDDEN:
        return MediaForbidden(path)
    if status in (Status.NO_RESOURCES, Status.BUSY):
        return MediaBusy(path)
    return MediaUnreadable(path, _WHY.get(status, f"the phone answered with AFC status {status}"))


def path_payload(path: str) -> bytes:
    """A path as AFC wants it, from the root of the media folder.

    Raises:
        MediaForbidden: the path cannot be one inside the media folder (a NUL in it, or a way up out of it);
            paths come from a database that may be damaged.
    """
    try:
        encoded = path.lstrip("/").encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise MediaForbidden(ascii(path)) from error
    if "\0" in path or ".." in path.split("/"):
        raise MediaForbidden(path.replace("\0", "\N{SYMBOL FOR NULL}"))
    return b"/" + encoded + b"\0"


def open_payload(path: str) -> bytes:
    """Opens for reading only."""
    return struct.pack("<Q", _READ_ONLY) + path_payload(path)


def read_payload(handle: int, size: int) -> bytes:
    """Reads on from where the handle stands, at most `size` bytes."""
    return struct.pack("<QQ", handle, size)


def seek_payload(handle: int, offset: int) -> bytes:
    """Moves the handle to an offset from the start of the file."""
    return struct.pack("<QQq", handle, _SEEK_SET, offset)


def close_payload(handle: int) -> bytes:
    """Gives the handle back."""
    return struct.pack("<Q", handle)


def parse_handle(path: str, data: bytes | bytearray) -> int:
    """The handle out of the reply to an open.

    Raises:
        MediaUnreadable: the reply holds none.
    """
    if len(data) < 8:
        raise MediaUnreadable(path, "the phone gave no handle for it")
    handle = int.from_bytes(data[:8], "little")
    if not handle:
        raise MediaUnreadable(path, "the phone gave no handle for it")
    return handle


def parse_names(data: bytes | bytearray) -> tuple[str, ...]:
    """The names in a folder, without "." and "..". Bytes that are no UTF-8 survive as surrogates, so that
    one odd name neither hides nor renames another."""
    names = (part.decode("utf-8", "surrogateescape") for part in data.split(b"\0") if part)
    return tuple(name for name in names if name not in (".", ".."))


def parse_pairs(data: bytes | bytearray) -> dict[str, str]:
    """A list of keys and values, NUL after each; an odd one at the end is left out."""
    parts = [part.decode("utf-8", "replace") for part in data.split(b"\0")[:-1]]
    return dict(zip(parts[::2], parts[1::2], strict=False))


def parse_stat(path: str, data: bytes | bytearray) -> MediaStat:
    """What GetFileInfo said.

    Raises:
        MediaUnreadable: it did not say how large the file is.
    """
    said = parse_pairs(data)
    size, modified = _number(said.get("st_size")), _number(said.get("st_mtime"))
    if size is None:
        raise MediaUnreadable(path, "the phone does not say how large it is")
    return MediaStat(
        size=size,
        modified_at=None if modified is None else modified / 1e9,
        is_folder=said.get("st_ifmt") == "S_IFDIR",
        modified_ns=modified,
    )


def parse_space(data: bytes | bytearray) -> Space | None:
    """What GetDeviceInfo said of the storage; None where it said nothing."""
    said = parse_pairs(data)
    total, free = _number(said.get("FSTotalBytes")), _number(said.get("FSFreeBytes"))
    return None if total is None or free is None else Space(total, free)


_NUMBER = re.compile(r"\s*\+?(-?\d+)(?:\.0*)?\s*", re.ASCII)


def _number(text: str | None) -> int | None:
    """A whole number as a phone may write it."""
    match = _NUMBER.fullmatch(text or "")
    return None if match is None else int(match[1])
