"""A usbmuxd and a phone behind it that answer whatever a test wants, over the real socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
import plistlib
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

UDID = "00008110-000A111122223333"
LOCKDOWN_PORT, AFC_PORT = 62078, 5000
_MUX = struct.Struct("<IIII")
_AFC = struct.Struct("<8sQQQQ")

Answer = Callable[[dict[str, Any]], object]


def mux_frame(value: Any, tag: int) -> bytes:
    body = value if isinstance(value, bytes) else plistlib.dumps(value, fmt=plistlib.FMT_BINARY)
    return _MUX.pack(_MUX.size + len(body), 1, 8, tag) + body


def lockdown_frame(value: Any) -> bytes:
    body = value if isinstance(value, bytes) else plistlib.dumps(value, fmt=plistlib.FMT_BINARY)
    return struct.pack(">I", len(body)) + body


def afc_packet(number: int, operation: int, data: bytes, length: int | None = None) -> bytes:
    size = _AFC.size + len(data) if length is None else length
    return _AFC.pack(b"CFA6LPAA", size, _AFC.size, number, operation) + data


def good_mux(message: dict[str, Any]) -> object:
    match message["MessageType"]:
        case "ReadBUID":
            return {"BUID": "30142955-444094379208051516"}
        case "ListDevices":
            return {"DeviceList": [attached()]}
        case "ReadPairRecord":
            return {"PairRecordData": plistlib.dumps({"HostID": "me", "SystemBUID": "this"})}
    return {"MessageType": "Result", "Number": 0}


def attached(**changes: object) -> dict[str, Any]:
    properties = {"SerialNumber": UDID, "ConnectionType": "USB", "DeviceID": 3, **changes}
    return {"MessageType": "Attached", "DeviceID": properties["DeviceID"], "Properties": properties}


def good_lockdown(message: dict[str, Any]) -> object:
    request = message["Request"]
    more: dict[str, Any] = {}
    match request:
        case "QueryType":
            more = {"Type": "com.apple.mobile.lockdown"}
        case "GetValue" if "Domain" in message:
            more = {"Value": {}}
        case "GetValue":
            more = {"Value": {"DeviceName": "Phone", "ProductVersion": "18.1", "ProductType": "iPhone16,1"}}
        case "StartSession":
            more = {"SessionID": "1", "EnableSessionSSL": False}
        case "StartService":
            more = {"Port": AFC_PORT, "Service": message["Service"]}
    return {"Request": request, **more}


def good_afc(number: int, operation: int, payload: bytes) -> bytes:
    return afc_packet(number, 1, struct.pack("<Q", 8))


@dataclass(frozen=True, slots=True)
class Hostile:
    """How each layer answers. A mux or lockdown answer that is bytes is sent as the body of a frame, and one
    that is a tuple of bytes is sent as it is; None closes the connection."""

    mux: Answer = good_mux
    lockdown: Answer = good_lockdown
    afc: Callable[[int, int, bytes], bytes] = good_afc


@asynccontextmanager
async def hostile(how: Hostile) -> AsyncIterator[None]:
    """Listen at USBMUXD_SOCKET_ADDRESS."""
    clients: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        clients.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await _mux(how, reader, writer)
        finally:
            clients.discard(task)
            writer.transport.abort()

    server = await asyncio.start_unix_server(serve, path=os.environ["USBMUXD_SOCKET_ADDRESS"])
    try:
        yield
    finally:
        server.close()
        for task in tuple(clients):
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)


async def _mux(how: Hostile, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        size, _, _, tag = _MUX.unpack(await reader.readexactly(_MUX.size))
        message = plistlib.loads(await reader.readexactly(size - _MUX.size))
        answer = how.mux(message)
        if not await _send(writer, answer, lambda value, tag=tag: mux_frame(value, tag)):  # type: ignore[misc]
            return None
        if message["MessageType"] == "Connect":
            port = socket.ntohs(message["PortNumber"])
            return await (_afc if port == AFC_PORT else _lockdown)(how, reader, writer)


async def _lockdown(how: Hostile, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        (size,) = struct.unpack(">I", await reader.readexactly(4))
        message = plistlib.loads(await reader.readexactly(size))
        if not await _send(writer, how.lockdown(message), lockdown_frame):
            return


async def _afc(how: Hostile, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        _, length, _, number, operation = _AFC.unpack(await reader.readexactly(_AFC.size))
        payload = await reader.readexactly(length - _AFC.size)
        writer.write(how.afc(number, operation, payload))
        await writer.drain()


async def _send(writer: asyncio.StreamWriter, answer: object, frame: Callable[[object], bytes]) -> bool:
    if answer is None:
        return False
    pieces = answer if isinstance(answer, tuple) else (frame(answer),)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    return True


def lying_about(layer: str, request: str, lie: object) -> Hostile:
    """A phone that is honest except for one answer."""
    honest = good_mux if layer == "mux" else good_lockdown

    def answer(message: dict[str, Any]) -> object:
        named = message.get("MessageType" if layer == "mux" else "Request")
        return lie if named == request else honest(message)

    return Hostile(mux=answer) if layer == "mux" else Hostile(lockdown=answer)
