"""Replies of the file service are received in pieces of any size; other data ends the connection."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.phone.afc_connection import AfcConnection
from ambertime_tui.phone.afc_messages import Operation
from ambertime_tui.phone.afc_wire import NotAfc, Replies, Reply, packet
from ambertime_tui.phone.errors import PhoneDisconnected

STATUS, DATA = 1, 2
HEADER = struct.Struct("<8sQQQQ")


def reply_packet(
    number: int, operation: int, data: bytes, *, magic: bytes = b"CFA6LPAA", length: int = -1
) -> bytes:
    size = 40 + len(data) if length < 0 else length
    return HEADER.pack(magic, size, 40, number, operation) + data


def fed(replies: Replies, pieces: Iterable[bytes]) -> list[Reply]:
    found = []
    for piece in pieces:
        while piece:
            room = replies.room()
            assert room, "the buffer is never empty"
            count = min(len(room), len(piece))
            room[:count] = piece[:count]
            piece = piece[count:]
            found += replies.filled(count)
    return found


@given(
    st.lists(st.tuples(st.integers(0, 2**63), st.binary(max_size=50_000)), max_size=6),
    st.lists(st.integers(1, 60_000), min_size=1),
)
def test_replies_are_the_same_however_the_bytes_come(said: list[tuple[int, bytes]], cuts: list[int]) -> None:
    stream = b"".join(reply_packet(number, DATA, data) for number, data in said)
    pieces: list[bytes] = []
    at = 0
    while at < len(stream):
        size = cuts[len(pieces) % len(cuts)]
        pieces.append(stream[at : at + size])
        at += size
    assert fed(Replies(), pieces) == [Reply(number, 0, bytearray(data)) for number, data in said]


def test_a_status_is_a_status_and_data_may_be_empty() -> None:
    said = reply_packet(1, STATUS, struct.pack("<Q", 8)) + reply_packet(2, DATA, b"")
    assert [(reply.number, reply.status) for reply in fed(Replies(), [said])] == [(1, 8), (2, 0)]


@pytest.mark.parametrize(
    "said",
    [
        reply_packet(1, DATA, b"x", magic=b"CFA6LPAB"),
        reply_packet(1, DATA, b"", length=39),
        reply_packet(1, DATA, b"", length=2**40),
        reply_packet(1, STATUS, b"\x08\0"),
    ],
    ids=["magic", "too short", "too long", "half a status"],
)
def test_what_is_no_reply_is_not_believed(said: bytes) -> None:
    with pytest.raises(NotAfc):
        fed(Replies(), [said])


@given(st.lists(st.binary(min_size=1, max_size=200)))
def test_any_bytes_are_replies_or_refused(pieces: list[bytes]) -> None:
    with suppress(NotAfc):
        fed(Replies(), pieces)


class OnASocket:
    """A service connection for `AfcConnection`, over a socket of the test."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def aclose(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


def test_replies_out_of_order_match_their_requests_and_unexpected_ones_are_dropped() -> None:
    async def phone(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests = [await reader.readexactly(40 + 3) for _ in range(3)]
        numbers = [HEADER.unpack_from(request)[3] for request in requests]
        for number in (*reversed(numbers), 99):
            writer.write(reply_packet(number, DATA, b"%d" % number))

    async def scenario() -> None:
        async with await asyncio.start_server(phone, "127.0.0.1") as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            connection = AfcConnection(OnASocket(reader, writer), "The iPhone", 30.0)
            asked = [asyncio.create_task(connection.request(Operation.READ_DIR, b"/x\0")) for _ in range(3)]
            await asyncio.sleep(0)
            asked[1].cancel()
            first, cancelled, last = await asyncio.gather(*asked, return_exceptions=True)
            assert (first, last) == ((0, bytearray(b"0")), (0, bytearray(b"2")))
            assert isinstance(cancelled, asyncio.CancelledError)
            assert connection.in_flight == 0
            assert connection.trouble is None
            await connection.aclose()

    asyncio.run(asyncio.wait_for(scenario(), 20))


def test_a_phone_that_speaks_something_else_is_told_as_disconnected() -> None:
    async def phone(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(packet(0, Operation.READ_DIR, b"/\0")))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    async def scenario() -> None:
        async with await asyncio.start_server(phone, "127.0.0.1") as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            connection = AfcConnection(OnASocket(reader, writer), "The iPhone", 30.0)
            with pytest.raises(PhoneDisconnected):
                await connection.request(Operation.READ_DIR, b"/\0")
            assert isinstance(connection.trouble, PhoneDisconnected)
            await connection.aclose()

    asyncio.run(asyncio.wait_for(scenario(), 20))


def test_a_connection_that_was_over_before_it_was_taken_over_is_known_to_be() -> None:
    async def scenario() -> None:
        async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1") as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            await reader.read()
            connection = AfcConnection(OnASocket(reader, writer), "The iPhone", 30.0)
            with pytest.raises(PhoneDisconnected):
                await connection.request(Operation.READ_DIR, b"/\0")
            await connection.aclose()

    asyncio.run(asyncio.wait_for(scenario(), 20))
