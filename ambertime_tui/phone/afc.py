"""The media folder of a phone: fast reads with limited memory, over one to three AFC connections."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Coroutine, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass

from ambertime_tui.phone import afc_messages as messages
from ambertime_tui.phone.afc_connection import AfcConnection, Connect, ReconnectingAfc
from ambertime_tui.phone.afc_messages import MediaStat, Operation, Space, Status
from ambertime_tui.phone.cleanup import finish, forget
from ambertime_tui.phone.errors import (
    MediaBusy,
    MediaChanged,
    MediaError,
    MediaNotFound,
    MediaUnreadable,
    PhoneDisconnected,
    PhoneError,
)
from ambertime_tui.phone.read_budget import ReadBudget

__all__ = ["MediaFolder", "MediaStat", "Space"]

HANDLES = 16
"""Maximum open files over all connections. afcd allows about 200 for all programs together."""
LARGEST_READ = 4 << 20
"""Largest reply of afcd, and the size of each read: long replies hide the round-trip time when only one
file is being read."""
IN_FLIGHT = 8 << 20
"""Maximum bytes requested but not received, over all files. Two of the largest replies saturate any cable,
even at 300 MB/s and 3 ms (0.9 MB in flight); more would only queue on the phone."""
KEEP_ALIVE_EVERY = 25.0
"""Seconds. Phones were observed to drop an AFC connection after about 147 s without traffic."""
STALL_AFTER = 30.0
CLOSED_WITHIN = 5.0
"""Seconds after which a file counts as closed, even without a reply from the phone."""


class MediaFolder:
    """Read-only access to /var/mobile/Media of a phone. Paths are relative to it:
    DCIM/100APPLE/IMG_0001.HEIC.

    If a connection ends while the phone stays connected (afcd restarted, idle for too long), it is
    reopened. Pending requests are repeated, but not reads from open files, because a file may have
    changed.
    """

    def __init__(
        self,
        connect: Connect,
        phone: str,
        *,
        connections: int = 1,
        handles: int = HANDLES,
        keep_alive_every: float = KEEP_ALIVE_EVERY,
    ) -> None:
        """
        Args:
            connect: opens an AFC connection to this phone, or raises a `PhoneError`.
            phone: name of the phone in messages.
            connections: number of connections. More than one helps only if usbmuxd limits the speed of each.
            handles: maximum number of open files.
            keep_alive_every: seconds without traffic after which a small request keeps a connection alive.
        """
        if not 1 <= connections <= 3:
            raise ValueError(f"1 to 3 AFC connections, not {connections}")
        self._phone = phone
        self._pool = tuple(ReconnectingAfc(connect) for _ in range(connections))
        self._slots = asyncio.Semaphore(handles)
        self._budget = ReadBudget(IN_FLIGHT)
        self._opened = itertools.count()
        self._background: set[asyncio.Task[None]] = set()
        self._closing: set[asyncio.Task[None]] = set()
        """Files whose close the phone has not confirmed."""
        self._closed = False
        self._keep_alive_every = keep_alive_every
        self._keep_alive = asyncio.create_task(self._keep_alive_loop())
        self._keep_alive.add_done_callback(forget)

    async def listdir(self, path: str) -> tuple[str, ...]:
        """List the names in a folder, in the phone's order, without "." and "..".

        Raises:
            MediaError: the folder cannot be listed.
            PhoneError: the phone is disconnected, locked or not responding.
        """
        return messages.parse_names(path, await self._path_request(Operation.READ_DIR, path))

    async def list_many(
        self, paths: Iterable[str], at_once: int = 16
    ) -> AsyncGenerator[tuple[str, tuple[str, ...] | MediaError], None]:
        """List many folders concurrently, and yield each when it is ready. A folder that cannot be listed
        yields its error. Close the generator with `aclosing`.

        Raises:
            PhoneError: the phone is disconnected, locked or not responding. The listing ends.
        """
        left = iter(paths)
        running: dict[asyncio.Task[tuple[str, ...] | MediaError], str] = {}
        try:
            while True:
                while len(running) < at_once and (path := next(left, None)) is not None:
                    task = asyncio.create_task(self._names_or_error(path))
                    task.add_done_callback(forget)
                    running[task] = path
                if not running:
                    return
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    yield running.pop(task), task.result()
        finally:
            for task in running:
                task.cancel()

    async def stat(self, path: str) -> MediaStat:
        """Return size and modification time of a file or folder.

        Raises:
            MediaNotFound: it does not exist.
            PhoneError: as for `listdir`.
        """
        data = await self._path_request(Operation.GET_FILE_INFO, path)
        return messages.parse_stat(path, data)

    async def read(
        self, path: str, *, offset: int = 0, size: int | None = None, chunk: int = LARGEST_READ
    ) -> AsyncGenerator[bytearray, None]:
        """Yield a file's bytes from `offset` to the end, in pieces of at most `chunk` bytes. The next
        piece is requested while the caller processes the current one. Of several files, the one opened
        first has priority. Only an empty reply marks the end, not a short one. The file is always closed;
        use `aclosing` to close it immediately when leaving early.

        Args:
            path: path of the file.
            offset: start position in bytes.
            size: expected size of the file; None: any.
            chunk: bytes per request, at most 4 MiB.

        Raises:
            MediaChanged: the file is shorter or longer than `size`.
            MediaError: it cannot be opened or read.
            PhoneError: as for `listdir`.
        """
        file = await self._open(path)
        ahead: asyncio.Task[bytearray] | None = None
        try:
            position = offset
            if offset:
                await file.seek(offset)
            while True:
                if ahead is None:
                    ahead = _started(file.read(_wanted(size, position, chunk)))
                piece = await ahead
                if not piece:
                    break
                position += len(piece)
                if size is not None and position > size:
                    raise MediaChanged(path, size, position)
                # Only one read per handle at a time: the phone keeps the position, so the order matters.
                ahead = _started(file.read(_wanted(size, position, chunk)))
                yield piece
            if size is not None and position != size:
                raise MediaChanged(path, size, position)
        finally:
            if ahead is not None:
                ahead.cancel()
            self._close_in_background(file)

    async def read_head(self, path: str, count: int) -> bytes:
        """Return the first `count` bytes of a file, or all of a shorter one.

        Raises:
            PhoneError: as for `read`.
        """
        file = await self._open(path)
        try:
            head = b""
            while len(head) < count and (piece := await file.read(count - len(head))):
                head += piece
            return head
        finally:
            self._close_in_background(file)

    async def space(self) -> Space | None:
        """Return the phone's storage; None if it does not report it.

        Raises:
            PhoneError: as for `listdir`.
        """
        return messages.parse_space(await self._path_request(Operation.GET_DEVICE_INFO, None))

    async def aclose(self) -> None:
        """Close all files and connections. Safe to call twice, and when cancelled."""
        self._closed = True
        self._keep_alive.cancel()
        await finish(self._shut_down(), limit=10.0)

    async def __aenter__(self) -> MediaFolder:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _shut_down(self) -> None:
        if self._background:
            # Handles close with their connection, so wait only briefly for explicit closes.
            await asyncio.wait(self._background, timeout=1.0)
        await asyncio.gather(*(slot.aclose() for slot in self._pool))

    async def _names_or_error(self, path: str) -> tuple[str, ...] | MediaError:
        try:
            return await self.listdir(path)
        except MediaError as error:
            return error

    async def _path_request(self, operation: Operation, path: str | None) -> bytearray:
        """Send a request about a path, and repeat it once if the connection was lost."""
        payload = b"" if path is None else messages.path_payload(path)
        status, data, _ = await self._request(operation, payload)
        if status == Status.SUCCESS:
            return data
        if path is None:
            raise messages.error_for("its storage", status)
        raise await self._error_for(path, status)

    async def _error_for(self, path: str, status: int) -> MediaError:
        """Return the error for a status. Some iOS versions report a read error for a missing file or
        folder (see `AfcService.stat` in pymobiledevice3), so check whether it is listed."""
        error = messages.error_for(path, status)
        if isinstance(error, MediaUnreadable) and await self._is_absent(path):
            return MediaNotFound(path)
        return error

    async def _is_absent(self, path: str) -> bool:
        """Whether a path, or one of its parent folders, is not listed."""
        folder, _, name = path.strip("/").rpartition("/")
        if not name:
            return False
        payload = messages.path_payload(folder or "/")
        status, data, _ = await self._request(Operation.READ_DIR, payload)
        if status == Status.SUCCESS:
            return name not in messages.parse_names(folder, data)
        if isinstance(messages.error_for(folder, status), MediaNotFound):
            return True
        return bool(folder) and await self._is_absent(folder)

    async def _request(self, operation: Operation, payload: bytes) -> tuple[int, bytearray, AfcConnection]:
        if self._closed:
            raise PhoneDisconnected(self._phone, "was disconnected by AmberTime")
        slot = min(self._pool, key=lambda slot: slot.load)
        connection = await slot.connection()
        try:
            return *await connection.request(operation, payload), connection
        except PhoneDisconnected:
            if self._closed:
                raise
        connection = await slot.connection()
        return *await connection.request(operation, payload), connection

    async def _open(self, path: str) -> _OpenFile:
        payload = messages.open_payload(path)
        await self._slots.acquire()
        with ExitStack() as undo:
            undo.callback(self._slots.release)
            opening = asyncio.create_task(self._open_on_phone(path, payload))
            try:
                file = await asyncio.shield(opening)
            except asyncio.CancelledError:
                # The phone may have opened the file already, so close its handle when it arrives.
                undo.pop_all()
                self._in_background(self._release_when_open(opening))
                raise
            undo.pop_all()
            return file

    async def _open_on_phone(self, path: str, payload: bytes) -> _OpenFile:
        status, data, connection = await self._request(Operation.FILE_OPEN, payload)
        if status != Status.SUCCESS and self._closing:
            error = await self._error_for(path, status)
            if not isinstance(error, MediaBusy):
                raise error
            # The phone may count files that are about to be closed.
            await asyncio.wait(tuple(self._closing))
            status, data, connection = await self._request(Operation.FILE_OPEN, payload)
        if status != Status.SUCCESS:
            raise await self._error_for(path, status)
        return _OpenFile(
            path, messages.parse_handle(path, data), connection, self._budget, next(self._opened)
        )

    async def _release_when_open(self, opening: asyncio.Task[_OpenFile]) -> None:
        try:
            file = await opening
        except PhoneError:
            self._slots.release()
        else:
            await self._release(file)

    async def _release(self, file: _OpenFile) -> None:
        closing = file.connection.request(Operation.FILE_CLOSE, messages.close_payload(file.handle))
        # A handle closes with its connection, and a phone that does not confirm the close
        # must not block other files for long.
        try:
            with suppress(PhoneError, TimeoutError):
                async with asyncio.timeout(CLOSED_WITHIN):
                    await closing
        finally:
            self._slots.release()

    def _close_in_background(self, file: _OpenFile) -> None:
        task = self._in_background(self._release(file))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _in_background(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run a clean-up task in the background, where cancellation cannot reach it."""
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        task.add_done_callback(forget)
        return task

    async def _keep_alive_loop(self) -> None:
        while True:
            await asyncio.sleep(self._keep_alive_every / 5)
            for slot in self._pool:
                if slot.idle_for >= self._keep_alive_every:
                    self._in_background(slot.ping())


@dataclass(slots=True)
class _OpenFile:
    """A file handle and its connection."""

    path: str
    handle: int
    connection: AfcConnection
    budget: ReadBudget
    opened: int
    """Sequence number of the open. Lower numbers have priority."""

    async def read(self, count: int) -> bytearray:
        count = min(count, LARGEST_READ)
        async with self.budget.reserve(count, self.opened):
            status, data = await self.connection.request(
                Operation.FILE_READ, messages.read_payload(self.handle, count)
            )
        if status == Status.END_OF_DATA:
            return bytearray()
        if status != Status.SUCCESS:
            raise messages.error_for(self.path, status)
        if len(data) > count:
            raise MediaUnreadable(self.path, f"the phone sent {len(data):,} bytes instead of {count:,}")
        return data

    async def seek(self, offset: int) -> None:
        status, _ = await self.connection.request(
            Operation.FILE_SEEK, messages.seek_payload(self.handle, offset)
        )
        if status != Status.SUCCESS:
            raise messages.error_for(self.path, status)


def _started(read: Coroutine[object, object, bytearray]) -> asyncio.Task[bytearray]:
    task = asyncio.create_task(read)
    task.add_done_callback(forget)
    return task


def _wanted(size: int | None, position: int, chunk: int) -> int:
    """Bytes to request: the rest of the file, then one more to detect growth."""
    return chunk if size is None else min(chunk, max(size - position, 1))
