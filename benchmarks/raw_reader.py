"""Measure the simulator's maximum speed: read files over AFC and discard them, with a blocking socket.

`python -m benchmarks.raw_reader UDID RECORDS < paths` prints `{"bytes": N, "seconds": S}`. Requests are
pipelined: sixteen files are opened together, then all are read and closed without waiting for replies.
"""

from __future__ import annotations

import asyncio
import json
import os
import plistlib
import socket
import ssl
import struct
import sys
import time
from pathlib import Path
from typing import Any

from pymobiledevice3.lockdown import create_using_usbmux
from pymobiledevice3.service_connection import create_ssl_context

_HEADER = struct.Struct("<8sQQQQ")
_MAGIC = b"CFA6LPAA"
_OPEN, _READ, _CLOSE = 0x0D, 0x0F, 0x14
_LARGEST = 4 << 20
_AT_ONCE = 16


def main() -> None:
    """Read the files listed on standard input: one path and size per line, separated by a tab."""
    udid, records = sys.argv[1], Path(sys.argv[2])
    files = [(path, int(size)) for path, size in (line.rstrip("\n").split("\t") for line in sys.stdin)]
    connection, left_open = asyncio.run(_service(udid, records))
    began = time.perf_counter()
    done = 0
    for start in range(0, len(files), _AT_ONCE):
        done += _read(connection, files[start : start + _AT_ONCE])
    print(json.dumps({"bytes": done, "seconds": time.perf_counter() - began}))
    del left_open


async def _service(udid: str, records: Path) -> tuple[socket.socket, Any]:
    lockdown = await create_using_usbmux(
        udid, connection_type="USB", autopair=True, pairing_records_cache_folder=records
    )
    attributes = await lockdown.get_service_connection_attributes("com.apple.afc")
    context: ssl.SSLContext | None = None
    if attributes.get("EnableServiceSSL"):
        with lockdown.ssl_file() as certificate:
            context = create_ssl_context(certificate)
    raw = _through_usbmuxd(udid, attributes["Port"])
    return (context.wrap_socket(raw) if context else raw), lockdown


def _through_usbmuxd(udid: str, port: int) -> socket.socket:
    address = os.environ["USBMUXD_SOCKET_ADDRESS"].removeprefix("UNIX:")
    mux = socket.socket(socket.AF_UNIX)
    mux.connect(address)
    devices = _ask(mux, {"MessageType": "ListDevices"})["DeviceList"]
    number = next(d["DeviceID"] for d in devices if d["Properties"]["SerialNumber"] == udid)
    mux.close()
    mux = socket.socket(socket.AF_UNIX)
    mux.connect(address)
    answer = _ask(mux, {"MessageType": "Connect", "DeviceID": number, "PortNumber": socket.htons(port)})
    if answer["Number"]:
        raise SystemExit(f"usbmuxd refused the connection with {answer['Number']}")
    return mux


def _ask(mux: socket.socket, message: dict[str, Any]) -> dict[str, Any]:
    body = plistlib.dumps({"ProgName": "raw reader", "ClientVersionString": "1", **message})
    mux.sendall(struct.pack("<IIII", 16 + len(body), 1, 8, 1) + body)
    size = struct.unpack("<IIII", _exactly(mux, 16))[0]
    answer: dict[str, Any] = plistlib.loads(_exactly(mux, size - 16))
    return answer


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = bytearray(size)
    _fill(connection, memoryview(data))
    return bytes(data)


def _fill(connection: socket.socket, room: memoryview) -> None:
    while room:
        count = connection.recv_into(room)
        if not count:
            raise SystemExit("the connection ended")
        room = room[count:]


def _request(number: int, operation: int, body: bytes) -> bytes:
    return _HEADER.pack(_MAGIC, 40 + len(body), 40 + len(body), number, operation) + body


def _reply(connection: socket.socket, room: bytearray) -> int:
    head = bytearray(_HEADER.size)
    _fill(connection, memoryview(head))
    size: int = _HEADER.unpack(head)[1] - _HEADER.size
    _fill(connection, memoryview(room)[:size])
    return size


_room = bytearray(_LARGEST + 64)


def _read(connection: socket.socket, files: list[tuple[str, int]]) -> int:
    opens = (
        _request(number, _OPEN, struct.pack("<Q", 1) + path.encode() + b"\0")
        for number, (path, _) in enumerate(files)
    )
    connection.sendall(b"".join(opens))
    handles = []
    for _ in files:
        _reply(connection, _room)
        handles.append(int.from_bytes(_room[:8], "little"))
    replies: list[bool] = []
    requests: list[bytes] = []
    for handle, (_, size) in zip(handles, files, strict=True):
        for _ in range(0, size, _LARGEST):
            requests.append(_request(len(requests), _READ, struct.pack("<QQ", handle, _LARGEST)))
            replies.append(True)
        requests.append(_request(len(requests), _CLOSE, struct.pack("<Q", handle)))
        replies.append(False)
    connection.sendall(b"".join(requests))
    done = 0
    for is_data in replies:
        size = _reply(connection, _room)
        done += size if is_data else 0
    return done


if __name__ == "__main__":
    main()
