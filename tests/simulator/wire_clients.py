"""Clients for tests of the wire: pymobiledevice3, and a raw client for invalid requests."""

from __future__ import annotations

import asyncio
import os
import plistlib
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pymobiledevice3.lockdown import LockdownClient, create_using_usbmux

from ambertime_tui.simulator.phone import SimulatedPhone

PATIENCE_SECONDS = 10.0


@asynccontextmanager
async def connected(
    phone: SimulatedPhone, records: Path, *, autopair: bool = False, pair_timeout: float | None = None
) -> AsyncIterator[LockdownClient]:
    """Connect to lockdownd with pymobiledevice3."""
    lockdown = await create_using_usbmux(
        serial=phone.udid,
        connection_type="USB",
        autopair=autopair,
        pair_timeout=pair_timeout,
        pairing_records_cache_folder=records,
    )
    async with lockdown:
        yield lockdown


async def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for a condition that another thread fulfils."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - the condition is set by another thread
            await asyncio.sleep(0.005)


def settle(condition: Callable[[], bool]) -> None:
    """Wait for a condition, without an event loop."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.005)


class RawMux:
    """A connection to usbmuxd that sends arbitrary data."""

    def __init__(self, address: str | None = None) -> None:
        address = address or os.environ["USBMUXD_SOCKET_ADDRESS"]
        host, _, port = address.rpartition(":")
        self.socket = socket.socket(socket.AF_INET if host else socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_SECONDS)
        self.socket.connect((host, int(port)) if host else address)

    def send(self, message: dict[str, Any], tag: int = 1) -> None:
        body = plistlib.dumps(message)
        self.socket.sendall(struct.pack("<IIII", 16 + len(body), 1, 8, tag) + body)

    def receive(self) -> tuple[int, dict[str, Any]]:
        """Return the tag and the message of the next packet."""
        size, _, _, tag = struct.unpack("<IIII", self.exactly(16))
        return tag, plistlib.loads(self.exactly(size - 16))

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        self.send(message, tag=7)
        tag, answer = self.receive()
        assert tag == 7
        return answer

    def connect(self, device_id: int, port: int) -> int:
        """Send Connect and return the result. 0 means that the socket is now connected to the phone."""
        message = {"MessageType": "Connect", "DeviceID": device_id, "PortNumber": socket.htons(port)}
        return int(self.ask(message)["Number"])

    def exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def ends(self) -> bool:
        """Whether the other side closes the connection. Data before the end is ignored."""
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionResetError:
            pass
        return True

    def lockdown(self, request: str, **fields: Any) -> dict[str, Any]:
        """Send a request to lockdownd, once connected, and return the reply."""
        body = plistlib.dumps({"Request": request, **fields})
        self.socket.sendall(struct.pack(">I", len(body)) + body)
        answer: dict[str, Any] = plistlib.loads(self.exactly(struct.unpack(">I", self.exactly(4))[0]))
        return answer

    def afc(self, operation: int, body: bytes = b"", number: int = 1) -> tuple[int, bytes]:
        """Send an AFC request. Return the operation and the content of the reply."""
        self.socket.sendall(
            struct.pack("<8sQQQQ", b"CFA6LPAA", 40 + len(body), 40 + len(body), number, operation) + body
        )
        _, size, _, replied, kind = struct.unpack("<8sQQQQ", self.exactly(40))
        assert replied == number
        return kind, self.exactly(size - 40)

    def close(self) -> None:
        self.socket.close()


def raw_service(device_id: int, host_id: str, name: str) -> RawMux:
    """Connect to a service of a phone without TLS."""
    lockdown = RawMux()
    assert lockdown.connect(device_id, 62078) == 0
    lockdown.lockdown("StartSession", HostID=host_id)
    port = lockdown.lockdown("StartService", Service=name)["Port"]
    service = RawMux()
    assert service.connect(device_id, port) == 0
    lockdown.close()
    return service
