"""AFC (Apple File Conduit) on the wire: packets, operations and statuses."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

MAGIC = b"CFA6LPAA"
HEADER = struct.Struct("<8sQQQQ")
"""Magic, packet length, length of header and fixed fields, packet number, operation."""
U64 = struct.Struct("<Q")
LARGEST_REQUEST = 8 * 1024 * 1024
LARGEST_READ = 4 * 1024 * 1024
"""Limit of one read reply. A client that requests more gets a short reply, as the protocol allows."""


class Operation(IntEnum):
    """Operation of a request or reply."""

    STATUS = 0x01
    DATA = 0x02
    READ_DIR = 0x03
    READ_FILE = 0x04
    WRITE_FILE = 0x05
    WRITE_PART = 0x06
    TRUNCATE = 0x07
    REMOVE_PATH = 0x08
    MAKE_DIR = 0x09
    GET_FILE_INFO = 0x0A
    GET_DEVICE_INFO = 0x0B
    WRITE_FILE_ATOMIC = 0x0C
    FILE_OPEN = 0x0D
    FILE_OPEN_RESULT = 0x0E
    FILE_READ = 0x0F
    FILE_WRITE = 0x10
    FILE_SEEK = 0x11
    FILE_TELL = 0x12
    FILE_TELL_RESULT = 0x13
    FILE_CLOSE = 0x14
    FILE_SET_SIZE = 0x15
    GET_CONNECTION_INFO = 0x16
    SET_CONNECTION_OPTIONS = 0x17
    RENAME_PATH = 0x18
    SET_FS_BLOCK_SIZE = 0x19
    SET_SOCKET_BLOCK_SIZE = 0x1A
    FILE_LOCK = 0x1B
    MAKE_LINK = 0x1C
    GET_FILE_HASH = 0x1D
    SET_FILE_TIME = 0x1E
    REMOVE_PATH_AND_CONTENTS = 0x22


WRITES = frozenset(
    {
        Operation.WRITE_FILE,
        Operation.WRITE_PART,
        Operation.TRUNCATE,
        Operation.REMOVE_PATH,
        Operation.MAKE_DIR,
        Operation.WRITE_FILE_ATOMIC,
        Operation.FILE_WRITE,
        Operation.FILE_SET_SIZE,
        Operation.RENAME_PATH,
        Operation.MAKE_LINK,
        Operation.SET_FILE_TIME,
        Operation.REMOVE_PATH_AND_CONTENTS,
    }
)


class AfcStatus(IntEnum):
    """Result of an operation."""

    SUCCESS = 0
    UNKNOWN_ERROR = 1
    OP_HEADER_INVALID = 2
    NO_RESOURCES = 3
    READ_ERROR = 4
    WRITE_ERROR = 5
    UNKNOWN_PACKET_TYPE = 6
    INVALID_ARGUMENT = 7
    OBJECT_NOT_FOUND = 8
    OBJECT_IS_DIR = 9
    PERM_DENIED = 10
    OP_TIMEOUT = 12
    END_OF_DATA = 14
    OP_NOT_SUPPORTED = 15
    OBJECT_BUSY = 17
    OP_WOULD_BLOCK = 19
    IO_ERROR = 20
    INTERNAL_ERROR = 23


class AfcError(Exception):
    """An operation failed with this status."""

    def __init__(self, status: AfcStatus) -> None:
        super().__init__(status.name)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """One packet from the computer, and its arrival time (the event loop's clock)."""

    operation: int
    number: int
    body: bytes
    arrived_at: float

    def path(self, at: int = 0) -> str:
        """Return the NUL-terminated path that starts at byte `at` of the body.

        Raises:
            AfcError: the body has no such path.
        """
        end = self.body.find(b"\0", at)
        if end < 0:
            raise AfcError(AfcStatus.INVALID_ARGUMENT)
        return self.body[at:end].decode("utf-8", "surrogateescape")

    def numbers(self, count: int) -> tuple[int, ...]:
        """Return the first `count` unsigned 64-bit fields.

        Raises:
            AfcError: the body is shorter.
        """
        if len(self.body) < 8 * count:
            raise AfcError(AfcStatus.INVALID_ARGUMENT)
        return struct.unpack_from(f"<{count}Q", self.body)

    def signed_number(self, index: int) -> int:
        """Return the 64-bit field at `index` as a signed number.

        Raises:
            AfcError: the body is shorter.
        """
        if len(self.body) < 8 * (index + 1):
            raise AfcError(AfcStatus.INVALID_ARGUMENT)
        value: int = struct.unpack_from("<q", self.body, 8 * index)[0]
        return value


def reply_header(number: int, operation: Operation, fixed: bytes = b"", payload_size: int = 0) -> bytes:
    """Return the header of a reply, including its fixed fields. The payload follows it."""
    head_size = HEADER.size + len(fixed)
    return HEADER.pack(MAGIC, head_size + payload_size, head_size, number, operation) + fixed


def status_reply(number: int, status: AfcStatus) -> bytes:
    """Return a reply that contains only a status."""
    return reply_header(number, Operation.STATUS, U64.pack(status))


def data_reply(number: int, payload: bytes) -> bytes:
    """Return a reply that contains data. An empty one means end of file."""
    return reply_header(number, Operation.DATA, payload_size=len(payload)) + payload


def key_values(pairs: dict[str, str]) -> bytes:
    """Encode file or device information as `key NUL value NUL ...`."""
    return b"".join(f"{key}\0{value}\0".encode("utf-8", "surrogateescape") for key, value in pairs.items())
