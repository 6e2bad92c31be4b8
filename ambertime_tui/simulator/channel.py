"""One connection between a computer and a service of the phone, over the phone's cable."""

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
"""Bytes per write. Larger pieces make TLS slower and a bandwidth limit coarser."""
_MOST_UNSENT = 1
"""Makes `drain` wait until the system has everything, so that a cut happens at the right byte. With 0, the
TLS transport of Python 3.11 pauses its writer at an empty buffer and never resumes it."""
_HANDSHAKE_SECONDS = 10.0
_LARGEST_PLIST = 16 * 1024 * 1024


class ProtocolError(Exception):
    """The other side violated the protocol. The connection is closed."""


class Channel:
    """Read requests and send replies, as fast as the wire allows.

    Raises `ConnectionError` or `asyncio.IncompleteReadError` when the computer disconnects, and
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
        """Read exactly `size` bytes."""
        data = await self._reader.readexactly(size)
        self.last_heard = self._loop.time()
        return data

    async def receive_plist(self) -> dict[str, Any]:
        """Read a property list prefixed by its big-endian length, as lockdownd and other services use.

        Raises:
            ProtocolError: it is too long, or not a dictionary.
        """
        (size,) = struct.unpack(">I", await self.receive(4))
        if size > _LARGEST_PLIST:
            raise ProtocolError(f"a property list of {size} bytes")
        message = plists.parse(await self.receive(size))
        if message is None:
            raise ProtocolError("not a property list with a dictionary")
        return message

    async def send_plist(self, message: dict[str, Any]) -> None:
        """Send a property list in the same format."""
        body = plists.build(message)
        await self.send(struct.pack(">I", len(body)) + body)

    async def round_trip(self, arrived_at: float | None = None) -> None:
        """Wait until the reply to a request that arrived at `arrived_at` (default: now) may start."""
        if self._wire.link.round_trip:
            arrived_at = self._loop.time() if arrived_at is None else arrived_at
            self._ready_at = max(self._ready_at, arrived_at + self._wire.link.round_trip)
            await sleep_until(self._ready_at)

    async def send(self, data: bytes | memoryview) -> None:
        """Send all of it, at the speed of the wire."""
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
        """Send `head` and then `size` bytes of the file, holding only one piece in memory.

        It does not use the loop's sendfile: if the transport is aborted meanwhile, sendfile keeps watching
        the closed socket's descriptor, and the next connection with that descriptor never receives anything.

        Raises:
            ConnectionAbortedError: the file became shorter than the size announced in the reply.
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

    async def send_then_start_tls(self, last_reply: bytes, context: ssl.SSLContext) -> None:
        """Send the last plain reply, then answer the client's TLS handshake.

        Reading stops first: a ClientHello that reached the plain reader would be lost.

        Raises:
            OSError: the handshake failed (including `ssl.SSLError`).
        """
        transport = self._writer.transport
        assert isinstance(transport, asyncio.Transport), "a socket transport is readable"
        transport.pause_reading()
        await self.send(last_reply)
        await self._writer.start_tls(context, ssl_handshake_timeout=_HANDSHAKE_SECONDS)
        self._writer.transport.set_write_buffer_limits(_MOST_UNSENT)

    def abort(self) -> None:
        """Close immediately, without flushing."""
        self._writer.transport.abort()
