"""One connection between a computer and a service of the phone, with the phone's cable in between."""

from __future__ import annotations

import asyncio
import os
import ssl
import struct
from io import FileIO
from typing import Any

from ambertime_tui.simulator import plists
from ambertime_tui.simulator.link import Wire, sleep_until

_PIECE = 64 * 1024
"""Bytes that are sent in one go: larger pieces make TLS slower and a shaped wire coarser."""
_MOST_UNSENT = 1
"""So that `drain` waits until the system has everything, and a cut comes where it shall. With 0, the TLS
transport of Python 3.11 pauses its writer at an empty buffer and never resumes it."""
_HANDSHAKE_SECONDS = 10.0
_LARGEST_PLIST = 16 * 1024 * 1024


class ProtocolError(Exception):
    """The other side sent what no client of this protocol sends; the connection is closed."""


class Channel:
    """Reads requests and sends replies, as fast as the wire allows.

    Ends with `ConnectionError` or `asyncio.IncompleteReadError` when the computer goes away, and with
    `ConnectionAbortedError` when the cable is cut while sending.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wire: Wire) -> None:
        self._reader = reader
        self._writer = writer
        self._wire = wire
        self._loop = asyncio.get_running_loop()
        self._ready_at = 0.0
        self.last_heard = self._loop.time()
        writer.transport.set_write_buffer_limits(_MOST_UNSENT)

    async def receive(self, size: int) -> bytes:
        """Exactly `size` bytes."""
        data = await self._reader.readexactly(size)
        self.last_heard = self._loop.time()
        return data

    async def receive_plist(self) -> dict[str, Any]:
        """One property list behind its big-endian length, as lockdownd and the plist services speak.

        Raises:
            ProtocolError: too long, or not a dictionary.
        """
        (size,) = struct.unpack(">I", await self.receive(4))
        if size > _LARGEST_PLIST:
            raise ProtocolError(f"a property list of {size} bytes")
        message = plists.parse(await self.receive(size))
        if message is None:
            raise ProtocolError("not a property list with a dictionary")
        return message

    async def send_plist(self, message: dict[str, Any]) -> None:
        """The same way back."""
        body = plists.build(message)
        await self.send(struct.pack(">I", len(body)) + body)

    async def round_trip(self, arrived_at: float | None = None) -> None:
        """Waits until the reply to a request that arrived then (default: now) may start."""
        if self._wire.link.round_trip:
            arrived_at = self._loop.time() if arrived_at is None else arrived_at
            self._ready_at = max(self._ready_at, arrived_at + self._wire.link.round_trip)
            await sleep_until(self._ready_at)

    async def send(self, data: bytes | memoryview) -> None:
        """Sends all of it, in the wire's time."""
        if self._wire.is_unshaped:
            self._wire.carry(len(data))
            self._writer.write(data)
            await self._writer.drain()
            return
        rest = memoryview(data)
        while rest:
            piece, rest = rest[:_PIECE], rest[_PIECE:]
            self._ready_at = self._wire.reserve(len(piece), self._ready_at, self._loop.time())
            await sleep_until(self._ready_at)
            allowed = self._wire.carry(len(piece))
            self._writer.write(piece[:allowed])
            await self._writer.drain()
            if allowed < len(piece):
                self._wire.on_cut()
                raise ConnectionAbortedError("the cable was pulled")

    async def send_file(self, head: bytes, file: FileIO, offset: int, size: int) -> None:
        """Sends `head` and then `size` bytes of the file, never holding more than a piece of it.

        Not by the loop's sendfile: when its transport is aborted meanwhile, it leaves a watch on the number
        of the closed socket, and the next connection that gets this number never hears anything.

        Raises:
            ConnectionAbortedError: the file has become shorter than the reply that was begun.
        """
        first = os.pread(file.fileno(), min(size, _PIECE), offset)
        await self.send(head + first)
        done = len(first)
        while done < size:
            piece = os.pread(file.fileno(), min(size - done, _PIECE), offset + done)
            if not piece:
                raise ConnectionAbortedError("the file was cut while it was being sent")
            await self.send(piece)
            done += len(piece)

    async def send_then_start_tls(self, last_plain_words: bytes, context: ssl.SSLContext) -> None:
        """Sends the reply after which the client begins its handshake, and answers that handshake.

        Reading stops first: a ClientHello that reached the plain reader would be lost.

        Raises:
            OSError: the handshake failed (`ssl.SSLError` among them).
        """
        transport = self._writer.transport
        assert isinstance(transport, asyncio.Transport), "a socket's reads, too"
        transport.pause_reading()
        await self.send(last_plain_words)
        await self._writer.start_tls(context, ssl_handshake_timeout=_HANDSHAKE_SECONDS)
        self._writer.transport.set_write_buffer_limits(_MOST_UNSENT)

    def abort(self) -> None:
        """Closes at once, without farewell."""
        self._writer.transport.abort()
