"""Reading messages from the engine's socket with limits on length and time, and only from this user.

A peer that never ends a line, or sends one byte a minute, costs a bounded buffer, and is then disconnected.
"""

from __future__ import annotations

import asyncio
import os
import socket as sockets
import stat
import struct
import sys
import time
from pathlib import Path

LONGEST_REQUEST = 64 * 1024
"""Bytes in a line of a client; the longest has a few paths."""
LONGEST_ANSWER = 16 * 1024 * 1024
"""Bytes in a line of a host; a page of 5,000 rows has 3 MB."""
LONGEST_HELLO = 64 * 1024
LINE_WITHIN = 60.0
"""Seconds from the first byte of a line to its end."""

_CHUNK = 64 * 1024
_LINUX_CREDENTIALS = struct.Struct("3i")
"""ucred: process, user, group."""
_MACOS_CREDENTIALS = struct.Struct("2I")
"""The beginning of xucred: version, user."""
_MACOS_SOL_LOCAL, _MACOS_LOCAL_PEERCRED, _MACOS_XUCRED_BYTES = 0, 1, 76


async def read_line(reader: asyncio.StreamReader, within: float = LINE_WITHIN) -> bytes:
    """Read a line; empty at the end of the stream. Waiting for its first byte has no time limit.

    Raises:
        OSError: the connection failed, or the line did not end in time (TimeoutError).
        ValueError: the line is longer than the limit of the reader.
    """
    first = await reader.read(1)
    if first in (b"", b"\n"):
        return first
    async with asyncio.timeout(within):
        return first + await reader.readline()


def receive_line(connection: sockets.socket, longest: int, within: float) -> bytes:
    """Receive the first line that a peer sends, without its end. Blocks.

    Raises:
        OSError: the connection failed, or the line did not end in time (TimeoutError).
        ValueError: the line is too long.
    """
    deadline = time.monotonic() + within
    received = bytearray()
    while b"\n" not in received:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        piece = connection.recv(_CHUNK)
        if not piece:
            break
        received += piece
        if len(received) > longest:
            raise ValueError("the line is too long")
    return bytes(received.partition(b"\n")[0])


def is_ours(folder: Path) -> bool:
    """Whether a folder is a real folder of this user that others cannot write to. A link is not."""
    try:
        facts = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid() and not facts.st_mode & 0o022


def is_our_socket(path: Path) -> bool:
    """Whether a path is a socket that this user made."""
    try:
        facts = path.lstat()
    except OSError:
        return False
    return stat.S_ISSOCK(facts.st_mode) and facts.st_uid == os.getuid()


def peer_is_ours(connection: sockets.socket) -> bool:
    """Whether the process at the other end of a connected Unix socket belongs to this user."""
    try:
        return _peer_user(connection) == os.getuid()
    except OSError:
        return False


def _peer_user(connection: sockets.socket) -> int:
    if sys.platform == "darwin":
        data = connection.getsockopt(_MACOS_SOL_LOCAL, _MACOS_LOCAL_PEERCRED, _MACOS_XUCRED_BYTES)
        return int(_MACOS_CREDENTIALS.unpack_from(data)[1])
    data = connection.getsockopt(sockets.SOL_SOCKET, sockets.SO_PEERCRED, _LINUX_CREDENTIALS.size)
    return int(_LINUX_CREDENTIALS.unpack(data)[1])
