"""pymobiledevice3's usbmux client with a limit on what it receives; written for pymobiledevice3 11.45.0.

It believes any length that usbmuxd announces, up to 4 GiB, and copies what it has at each piece that arrives.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

LONGEST_MESSAGE = 1 << 20
"""Bytes. A list of a hundred phones has 60 KB, a pair record 10 KB."""
_LENGTH = struct.Struct("<L")


def bounded_usbmux() -> Any:
    """Import pymobiledevice3's usbmux, and put the limit into it."""
    from pymobiledevice3 import usbmux

    usbmux.MuxConnection._recv_exactly = staticmethod(_receive_exactly)  # type: ignore[method-assign]
    usbmux.MuxConnection._recv_packet = staticmethod(_receive_message)  # type: ignore[method-assign]
    return usbmux


async def _receive_exactly(sock: socket.socket, size: int) -> bytes:
    data = bytearray(size)
    room, loop = memoryview(data), asyncio.get_running_loop()
    while room:
        count = await loop.sock_recv_into(sock, room)
        if not count:
            from pymobiledevice3.exceptions import MuxException

            raise MuxException("usbmuxd closed the connection.")
        room = room[count:]
    return bytes(data)


async def _receive_message(sock: socket.socket) -> bytes:
    length = await _receive_exactly(sock, _LENGTH.size)
    (size,) = _LENGTH.unpack(length)
    if not _LENGTH.size <= size <= LONGEST_MESSAGE:
        from pymobiledevice3.exceptions import MuxException

        raise MuxException(f"usbmuxd sent a message with an impossible length ({size} bytes).")
    return length + await _receive_exactly(sock, size - _LENGTH.size)
