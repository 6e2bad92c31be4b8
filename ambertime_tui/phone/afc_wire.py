"""AFC packets over an open service connection: batched requests, replies received without copying.

A packet is a 40-byte header (magic, total length, length of header and fields, number, operation; all
little-endian 64-bit numbers) and its data, as in libimobiledevice's afc.h and pymobiledevice3's
services/afc.py. `AfcService` there reads through asyncio streams, which copy each reply three times and
wake a task every 64 KiB: a quarter of the event loop's time at 300 MB/s, as measured. Here the transport,
including TLS, writes each reply directly into its final buffer.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import NamedTuple, cast

_MAGIC = b"CFA6LPAA"
_HEADER = struct.Struct("<8sQQQQ")
_STATUS = 1
_DATA = (0x02, 0x0E, 0x13)
"""The operations of replies that hold data; the last two are for an opened file and a position."""
_LARGEST = 32 << 20
"""Largest accepted reply in bytes. A listing of a million names has about 20 MB."""
_SCRATCH = 16 << 10
"""Bytes to receive while the length of the reply is unknown: one TLS record."""


class Reply(NamedTuple):
    """The phone's reply to a request."""

    number: int
    """Number of the request."""
    status: int
    """0 if there is data instead."""
    data: bytearray


class NotAfc(Exception):
    """The phone sent something that is not an AFC packet."""


def packet(number: int, operation: int, payload: bytes) -> bytes:
    """Encode a request packet."""
    length = _HEADER.size + len(payload)
    return _HEADER.pack(_MAGIC, length, length, number, operation) + payload


class Replies:
    """Assembles complete replies from data of any size, written into the buffer from `room`."""

    def __init__(self) -> None:
        self._scratch = bytearray(_SCRATCH)
        self._held = 0
        """Bytes of the next header in the scratch buffer."""
        self._data: bytearray | None = None
        self._filled = 0
        self._number = self._operation = 0

    def room(self) -> memoryview:
        """Return the buffer for the next data; never empty."""
        if self._data is None:
            return memoryview(self._scratch)[self._held :]
        return memoryview(self._data)[self._filled :]

    def filled(self, count: int) -> list[Reply]:
        """Process `count` bytes written into `room`, and return the replies completed by them.

        Raises:
            NotAfc: the data is not AFC.
        """
        if self._data is not None:
            self._filled += count
            return [self._whole(self._data)] if self._filled == len(self._data) else []
        replies: list[Reply] = []
        end, at = self._held + count, 0
        while end - at >= _HEADER.size:
            magic, length, _, self._number, self._operation = _HEADER.unpack_from(self._scratch, at)
            if magic != _MAGIC or not _HEADER.size <= length <= _LARGEST:
                raise NotAfc
            at += _HEADER.size
            data = bytearray(length - _HEADER.size)
            here = min(len(data), end - at)
            data[:here] = memoryview(self._scratch)[at : at + here]
            at += here
            if here < len(data):
                self._data, self._filled = data, here
            else:
                replies.append(self._whole(data))
        self._held = end - at
        self._scratch[: self._held] = self._scratch[at:end]
        return replies

    def _whole(self, data: bytearray) -> Reply:
        self._data, self._filled = None, 0
        if self._operation in _DATA:
            return Reply(self._number, 0, data)
        if self._operation != _STATUS or len(data) < 8:
            raise NotAfc
        return Reply(self._number, int.from_bytes(data[:8], "little"), data)


class AfcWire(asyncio.BufferedProtocol):
    """Takes over an idle transport from asyncio's streams."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        on_data: Callable[[], None],
        on_reply: Callable[[Reply], None],
        on_end: Callable[[], None],
    ) -> None:
        """
        Args:
            reader: stream reader of a new service connection.
            writer: its stream writer.
            on_data: called whenever data arrives.
            on_reply: called for each reply.
            on_end: called once, when the connection has ended.
        """
        self._on_data = on_data
        self._on_reply = on_reply
        self._on_end: Callable[[], None] | None = on_end
        self._replies = Replies()
        self._outgoing: list[bytes] = []
        self._loop = asyncio.get_running_loop()
        self._transport = writer.transport
        # The stream's own protocol completes `wait_closed`.
        self._stream_protocol = cast("asyncio.Protocol", self._transport.get_protocol())
        self._transport.set_protocol(self)
        if self._transport.is_closing() or reader.at_eof():
            self._end()

    def send(self, request: bytes) -> None:
        """Send a request, batched with all others of this event loop iteration."""
        if not self._outgoing:
            self._loop.call_soon(self._flush)
        self._outgoing.append(request)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._replies.room()

    def buffer_updated(self, nbytes: int) -> None:
        self._on_data()
        try:
            replies = self._replies.filled(nbytes)
        except NotAfc:
            self._end()
            self._transport.abort()
            return
        for reply in replies:
            self._on_reply(reply)

    def eof_received(self) -> bool:
        self._end()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        self._stream_protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        self._stream_protocol.pause_writing()

    def resume_writing(self) -> None:
        self._stream_protocol.resume_writing()

    def _flush(self) -> None:
        outgoing, self._outgoing = self._outgoing, []
        if not self._transport.is_closing():
            self._transport.write(b"".join(outgoing))

    def _end(self) -> None:
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            on_end()
