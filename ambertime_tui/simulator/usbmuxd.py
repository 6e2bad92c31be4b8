"""usbmuxd: attached phones, this computer's pair records, and connections to phones.

An address is the path of a Unix socket (also written UNIX:/path) or HOST:PORT. Port 0 picks a free port.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import struct
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from ambertime_tui.simulator import identity, plists, unix_sockets
from ambertime_tui.simulator.channel import Channel, ProtocolError
from ambertime_tui.simulator.lockdownd import LockdownSession
from ambertime_tui.simulator.phone import LOCKDOWN, ServiceStart, SimulatedPhone
from ambertime_tui.simulator.services import SERVICES

_HEADER = struct.Struct("<IIII")
"""Packet length, protocol version, message type, tag."""
_PLIST_VERSION = 1
_PLIST_MESSAGE = 8
_LARGEST_PACKET = 1024 * 1024
_ACCEPT_STEPS = 5
_FIRST_LOCATION = 0x14100000
_SOCKADDR_OF_A_NETWORK_PHONE = bytes([0x1C, 0x1E, 0, 0]) + bytes(124)


class MuxResult(IntEnum):
    """Result of a usbmuxd command."""

    OK = 0
    BAD_COMMAND = 1
    BAD_DEVICE = 2
    REFUSED = 3
    BAD_VERSION = 6


@dataclass(slots=True, eq=False)
class _Attachment:
    device_id: int
    phone: SimulatedPhone
    over: str
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def attached(self) -> dict[str, Any]:
        properties: dict[str, Any] = {
            "ConnectionType": self.over,
            "DeviceID": self.device_id,
            "SerialNumber": self.phone.udid,
        }
        if self.over == "USB":
            properties |= {
                "ConnectionSpeed": 480_000_000,
                "LocationID": _FIRST_LOCATION + self.device_id,
                "ProductID": 0x12A8,
            }
        else:
            properties |= {"NetworkAddress": _SOCKADDR_OF_A_NETWORK_PHONE, "InterfaceIndex": 1}
        return {"MessageType": "Attached", "DeviceID": self.device_id, "Properties": properties}


class Usbmuxd:
    """One usbmuxd with any number of phones. Call its methods in its event loop."""

    def __init__(self, address: str) -> None:
        self.address = address
        """Where it listens: the value of USBMUXD_SOCKET_ADDRESS for pymobiledevice3."""
        self.pair_records: dict[str, bytes] = {}
        """Pair records by UDID. A real usbmuxd stores them in /var/lib/lockdown."""
        self.tells_events = True
        """False: it refuses `Listen`, as some replacements for usbmuxd do."""
        self._attachments: dict[int, _Attachment] = {}
        self._device_ids = itertools.count(1)
        self._listeners: set[asyncio.StreamWriter] = set()
        self._clients: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def libusbmuxd_address(self) -> str:
        """The same address in the format that libimobiledevice's tools expect."""
        return self.address if ":" in self.address else f"UNIX:{self.address}"

    @property
    def phones(self) -> tuple[SimulatedPhone, ...]:
        """The attached phones, in the order of their DeviceIDs."""
        return tuple(attachment.phone for attachment in self._attachments.values())

    def device_ids(self, phone: SimulatedPhone) -> list[int]:
        """Return the phone's DeviceIDs: none if it is unplugged, two if it is on USB and Wi-Fi."""
        return [
            attachment.device_id for attachment in self._attachments.values() if attachment.phone is phone
        ]

    async def start(self) -> None:
        """Start listening.

        Raises:
            OSError: the address is in use, or cannot be used.
        """
        host, _, port = self.address.rpartition(":")
        if host in ("", "UNIX"):
            unix_sockets.remove_stale(port)
            self._server = await asyncio.start_unix_server(self._serve, port)
            unix_sockets.make_private(port)
            self.address = port
        else:
            self._server = await asyncio.start_server(self._serve, host, int(port), family=socket.AF_INET)
            self.address = f"{host}:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Close every connection and remove the socket. Phones stay attached; `start` may be called again."""
        if ":" not in self.address:
            unix_sockets.remove(self.address)
        if self._server is not None:
            # asyncio never closes a connection that was accepted but has no transport yet when the server
            # closes (AssertionError in Server._attach), so let those finish first.
            for _ in range(_ACCEPT_STEPS):
                await asyncio.sleep(0)
            self._server.close()
            self._server = None
        for task in list(self._clients):
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    def attach(self, phone: SimulatedPhone, over: str = "USB") -> int:
        """Plug a phone in, or make it appear over the network. Return its new DeviceID."""
        attachment = _Attachment(next(self._device_ids), phone, over)
        self._attachments[attachment.device_id] = attachment
        attachment.tasks |= set(
            phone.plugged_in(asyncio.get_running_loop(), lambda: self._cable_was_cut(phone))
        )
        self._tell_listeners(attachment.attached())
        return attachment.device_id

    def detach(self, phone: SimulatedPhone) -> None:
        """Unplug a phone and close all its connections. Do nothing if it is not attached."""
        for attachment in [a for a in self._attachments.values() if a.phone is phone]:
            del self._attachments[attachment.device_id]
            for task in attachment.tasks:
                task.cancel()
            self._tell_listeners({"MessageType": "Detached", "DeviceID": attachment.device_id})
        phone.close_connections()

    def pair(self, phone: SimulatedPhone) -> None:
        """Make phone and computer trust each other, as if they had been paired before."""
        record = identity.pair_record(phone.facts.wifi_address, tls=phone.tls)
        phone.trust_host(identity.HOST_ID, identity.host_certificates(record))
        self.pair_records[phone.udid] = plists.build(record)

    def _cable_was_cut(self, phone: SimulatedPhone) -> None:
        back_in = phone.cable_was_cut()
        loop = asyncio.get_running_loop()
        # The connection that reached the cut is still running and must not cancel itself.
        loop.call_soon(self.detach, phone)
        if back_in is not None:
            loop.call_later(back_in, self._attach_again, phone)

    def _attach_again(self, phone: SimulatedPhone) -> None:
        if not self.device_ids(phone):
            self.attach(phone)

    def _tell_listeners(self, event: dict[str, Any]) -> None:
        for writer in self._listeners:
            writer.write(_packet(event, 0))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None:  # accepted while the server was stopping
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        try:
            with contextlib.suppress(ProtocolError, asyncio.IncompleteReadError, OSError):
                await self._answer_commands(reader, writer)
        except asyncio.CancelledError:
            # The server or the phone closes this connection. Nothing awaits the task, and asyncio's streams
            # would report a cancelled task as a failure.
            pass
        finally:
            self._clients.discard(task)
            self._listeners.discard(writer)
            writer.transport.abort()

    async def _answer_commands(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            size, version, kind, tag = _HEADER.unpack(await reader.readexactly(_HEADER.size))
            if not _HEADER.size <= size <= _LARGEST_PACKET:
                raise ProtocolError(f"a usbmux packet of {size} bytes")
            body = await reader.readexactly(size - _HEADER.size)
            if version != _PLIST_VERSION:
                writer.write(_result(MuxResult.BAD_VERSION, tag))
                continue
            message = plists.parse(body) if kind == _PLIST_MESSAGE else None
            if message is None:
                writer.write(_result(MuxResult.BAD_COMMAND, tag))
                continue
            if plists.text(message, "MessageType") == "Connect":
                if await self._connect(message, tag, reader, writer):
                    return
                continue
            for reply in self._answers(message, writer):
                writer.write(_packet(reply, 0 if "DeviceID" in reply else tag))
            await writer.drain()

    def _answers(self, message: dict[str, Any], writer: asyncio.StreamWriter) -> list[dict[str, Any]]:
        udid = plists.text(message, "PairRecordID")
        match plists.text(message, "MessageType"):
            case "ListDevices":
                return [{"DeviceList": [a.attached() for a in self._attachments.values()]}]
            case "Listen" if self.tells_events:
                self._listeners.add(writer)
                return [_outcome(MuxResult.OK), *(a.attached() for a in self._attachments.values())]
            case "ReadBUID":
                return [{"BUID": identity.SYSTEM_BUID}]
            case "ReadPairRecord" if udid in self.pair_records:
                return [{"PairRecordData": self.pair_records[udid]}]
            case "SavePairRecord" if udid and isinstance(message.get("PairRecordData"), bytes):
                self.pair_records[udid] = message["PairRecordData"]
                for attachment in self._attachments.values():
                    if attachment.phone.udid == udid:
                        self._tell_listeners({"MessageType": "Paired", "DeviceID": attachment.device_id})
                return [_outcome(MuxResult.OK)]
            case "DeletePairRecord" if udid in self.pair_records:
                del self.pair_records[udid]
                return [_outcome(MuxResult.OK)]
            case "ReadPairRecord" | "DeletePairRecord":
                return [_outcome(MuxResult.BAD_DEVICE)]
        return [_outcome(MuxResult.BAD_COMMAND)]

    async def _connect(
        self, message: dict[str, Any], tag: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer a Connect request. On success, the phone serves the connection until it ends."""
        device_id, port = message.get("DeviceID"), message.get("PortNumber")
        attachment = self._attachments.get(device_id) if isinstance(device_id, int) else None
        if attachment is None or attachment.phone.refuses_connect():
            writer.write(_result(MuxResult.BAD_DEVICE, tag))
            return False
        start = attachment.phone.take_start(socket.ntohs(port & 0xFFFF)) if isinstance(port, int) else None
        if start is None:
            writer.write(_result(MuxResult.REFUSED, tag))
            return False
        self._listeners.discard(writer)
        channel = Channel(reader, writer, attachment.phone.wire)
        await channel.round_trip()
        connected = _result(MuxResult.OK, tag)
        if start.tls is None:
            writer.write(connected)
            await writer.drain()
        else:
            try:
                await channel.send_then_start_tls(connected, start.tls)
            except OSError:
                attachment.phone.note_broken_handshake()
                raise
        await _serve_phone(attachment.phone, start, channel)
        return True


async def _serve_phone(phone: SimulatedPhone, start: ServiceStart, channel: Channel) -> None:
    task = asyncio.current_task()
    assert task is not None
    ended = phone.connected(start.name, channel, task)
    try:
        if start.name == LOCKDOWN:
            await LockdownSession(phone, channel).serve()
        else:
            await SERVICES[start.name](phone, channel)
    finally:
        ended()


def _packet(message: dict[str, Any], tag: int) -> bytes:
    body = plists.build(message)
    return _HEADER.pack(_HEADER.size + len(body), _PLIST_VERSION, _PLIST_MESSAGE, tag) + body


def _outcome(result: MuxResult) -> dict[str, Any]:
    return {"MessageType": "Result", "Number": int(result)}


def _result(result: MuxResult, tag: int) -> bytes:
    return _packet(_outcome(result), tag)
