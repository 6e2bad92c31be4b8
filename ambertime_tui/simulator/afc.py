"""The AFC service: read-only access to a folder."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from io import FileIO

from ambertime_tui.simulator.afc_packets import (
    HEADER,
    LARGEST_READ,
    LARGEST_REQUEST,
    MAGIC,
    U64,
    WRITES,
    AfcError,
    AfcStatus,
    Operation,
    Request,
    data_reply,
    key_values,
    reply_header,
    status_reply,
)
from ambertime_tui.simulator.channel import Channel, ProtocolError
from ambertime_tui.simulator.phone import SimulatedPhone
from ambertime_tui.simulator.shared_folder import SharedFolder, status_of

_MOST_IN_FLIGHT = 256
_COLLECTED_WITHIN = 0.003
"""Seconds in which requests gather before they are answered out of order."""
_ON_OPEN_FILES = (Operation.FILE_READ, Operation.FILE_SEEK, Operation.FILE_TELL, Operation.FILE_CLOSE)
_READ_ONLY = 1
_LARGEST_OFFSET = 2**63 - 1


@dataclass(slots=True)
class _OpenFile:
    path: str
    file: FileIO
    position: int = 0


class AfcSession:
    """One AFC connection. Requests are answered in order, however many are in flight, unless a fault says
    otherwise."""

    def __init__(self, phone: SimulatedPhone, channel: Channel, folder: SharedFolder) -> None:
        self._phone = phone
        self._channel = channel
        self._folder = folder
        self._files: dict[int, _OpenFile] = {}
        self._handles = itertools.count(1)
        self._answered = 0
        self._clock = asyncio.get_running_loop().time
        self._answers: dict[int, Callable[[Request], Awaitable[None]]] = {
            Operation.READ_DIR: self._read_dir,
            Operation.GET_FILE_INFO: self._file_info,
            Operation.GET_DEVICE_INFO: self._device_info,
            Operation.FILE_OPEN: self._open,
            Operation.FILE_READ: self._read,
            Operation.FILE_SEEK: self._seek,
            Operation.FILE_TELL: self._tell,
            Operation.FILE_CLOSE: self._close,
            Operation.FILE_LOCK: self._accept,
            Operation.SET_CONNECTION_OPTIONS: self._accept,
            Operation.SET_FS_BLOCK_SIZE: self._accept,
            Operation.SET_SOCKET_BLOCK_SIZE: self._accept,
        }

    async def serve(self) -> None:
        """Answer requests until the computer disconnects, then close open files.

        Raises:
            ProtocolError: the computer sent something other than AFC.
            OSError: the connection failed.
        """
        waiting: asyncio.Queue[Request] = asyncio.Queue(_MOST_IN_FLIGHT)
        both = {
            asyncio.create_task(self._receive_into(waiting)),
            asyncio.create_task(self._answer_from(waiting)),
        }
        try:
            done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            for handle in list(self._files):
                self._forget(handle)

    async def _receive_into(self, waiting: asyncio.Queue[Request]) -> None:
        while True:
            magic, size, _, number, operation = HEADER.unpack(await self._channel.receive(HEADER.size))
            if magic != MAGIC or not HEADER.size <= size <= LARGEST_REQUEST:
                raise ProtocolError("not an AFC packet")
            body = await self._channel.receive(size - HEADER.size) if size > HEADER.size else b""
            await waiting.put(Request(operation, number, body, self._clock()))

    async def _next_requests(self, waiting: asyncio.Queue[Request]) -> list[Request]:
        """Wait for requests, and return them in the order in which they are answered."""
        requests = [await waiting.get()]
        if self._phone.faults.afc_out_of_order:
            await asyncio.sleep(_COLLECTED_WITHIN)
            while not waiting.empty():
                requests.append(waiting.get_nowait())
            requests = _newest_first(requests)
        return requests

    async def _answer_from(self, waiting: asyncio.Queue[Request]) -> None:
        requests: list[Request] = []
        while True:
            requests = requests or await self._next_requests(waiting)
            request = requests.pop(0)
            drops_after = self._phone.faults.afc_drops_after
            if drops_after is not None and self._answered >= drops_after:
                return
            self._answered += 1
            await self._phone.while_afc_hangs()
            if self._phone.faults.afc_ignores == _name(request.operation):
                continue
            await self._channel.round_trip(request.arrived_at)
            try:
                answer = self._answers.get(request.operation, self._refuse)
                self._phone.journal.requests[f"afc.{_name(request.operation)}"] += 1
                await answer(request)
            except AfcError as error:
                status = error.status
                if status is AfcStatus.OBJECT_NOT_FOUND and self._phone.faults.absent_is_read_error:
                    status = AfcStatus.READ_ERROR
                await self._channel.send(status_reply(request.number, status))

    async def _read_dir(self, request: Request) -> None:
        path = request.path()
        self._phone.raise_path_fault(path, "list")
        names = self._folder.names(path)
        if seconds := self._phone.faults.list_seconds_per_name * len(names):
            await asyncio.sleep(seconds)
        listing = "".join(f"{name}\0" for name in names)
        await self._channel.send(data_reply(request.number, listing.encode("utf-8", "surrogateescape")))

    async def _file_info(self, request: Request) -> None:
        path = request.path()
        self._phone.raise_path_fault(path, "stat")
        stat = self._phone.stat_as_reported(path, self._folder.information(path))
        await self._channel.send(data_reply(request.number, key_values(stat)))

    async def _device_info(self, request: Request) -> None:
        await self._channel.send(
            data_reply(request.number, key_values(self._phone.facts.device_information()))
        )

    async def _open(self, request: Request) -> None:
        (mode,) = request.numbers(1)
        path = request.path(U64.size)
        if mode != _READ_ONLY:
            self._phone.journal.refused_writes.append(f"AFC open for writing {path}")
            raise AfcError(AfcStatus.PERM_DENIED)
        self._phone.raise_path_fault(path, "open")
        if self._phone.locked and self._phone.faults.locked_files_denied:
            raise AfcError(AfcStatus.PERM_DENIED)
        if self._phone.open_files >= self._phone.faults.handle_limit:
            raise AfcError(AfcStatus.NO_RESOURCES)
        handle = next(self._handles)
        self._files[handle] = _OpenFile(path, self._folder.open(path))
        self._phone.count_open_file(1)
        await self._channel.send(reply_header(request.number, Operation.FILE_OPEN_RESULT, U64.pack(handle)))

    async def _read(self, request: Request) -> None:
        handle, wanted = request.numbers(2)
        opened = self._opened(handle)
        if self._phone.locked and self._phone.faults.locked_reads_denied:
            raise AfcError(AfcStatus.PERM_DENIED)
        self._phone.note_reader()
        await self._phone.while_afc_hangs()
        try:
            left = os.fstat(opened.file.fileno()).st_size - opened.position
        except OSError as error:
            raise AfcError(status_of(error)) from error
        size = max(0, min(wanted, left, LARGEST_READ, self._phone.faults.afc_reply_limit or LARGEST_READ))
        self._phone.raise_path_fault(opened.path, "read", opened.position + max(size, 1))
        head = reply_header(request.number, Operation.DATA, payload_size=size)
        offset = opened.position
        opened.position += size
        await self._channel.send_file(head, opened.file, offset, size)

    async def _seek(self, request: Request) -> None:
        handle, whence = request.numbers(2)
        opened = self._opened(handle)
        offset = request.signed_number(2)
        start = {
            os.SEEK_SET: 0,
            os.SEEK_CUR: opened.position,
            os.SEEK_END: os.fstat(opened.file.fileno()).st_size,
        }.get(whence)
        if start is None or not 0 <= start + offset <= _LARGEST_OFFSET:
            raise AfcError(AfcStatus.INVALID_ARGUMENT)
        opened.position = start + offset
        await self._accept(request)

    async def _tell(self, request: Request) -> None:
        opened = self._opened(*request.numbers(1))
        await self._channel.send(
            reply_header(request.number, Operation.FILE_TELL_RESULT, U64.pack(opened.position))
        )

    async def _close(self, request: Request) -> None:
        (handle,) = request.numbers(1)
        self._opened(handle)
        self._forget(handle)
        await self._accept(request)

    async def _accept(self, request: Request) -> None:
        await self._channel.send(status_reply(request.number, AfcStatus.SUCCESS))

    async def _refuse(self, request: Request) -> None:
        if request.operation in WRITES:
            self._phone.journal.refused_writes.append(f"AFC {_name(request.operation)}")
            raise AfcError(AfcStatus.PERM_DENIED)
        known = request.operation in Operation.__members__.values()
        raise AfcError(AfcStatus.OP_NOT_SUPPORTED if known else AfcStatus.UNKNOWN_PACKET_TYPE)

    def _opened(self, handle: int) -> _OpenFile:
        try:
            return self._files[handle]
        except KeyError:
            raise AfcError(AfcStatus.INVALID_ARGUMENT) from None

    def _forget(self, handle: int) -> None:
        self._files.pop(handle).file.close()
        self._phone.count_open_file(-1)


def _newest_first(requests: list[Request]) -> list[Request]:
    """Reverse the order of requests, but keep the order of those about the same open file."""
    chains: dict[object, list[Request]] = {}
    for place, request in enumerate(requests):
        handle = request.body[: U64.size] if request.operation in _ON_OPEN_FILES else None
        chains.setdefault(place if handle is None else handle, []).append(request)
    return [request for chain in reversed(chains.values()) for request in chain]


def _name(operation: int) -> str:
    try:
        return Operation(operation).name
    except ValueError:
        return f"0x{operation:02X}"
