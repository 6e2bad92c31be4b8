"""The media folder of a phone: fast, bounded reads of its files and folders over one to three connections."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass

from ambertime_tui.phone import afc_messages as messages
from ambertime_tui.phone.afc_connection import AfcConnection
from ambertime_tui.phone.afc_messages import MediaStat, Operation, Space, Status
from ambertime_tui.phone.cleanup import finish, forget
from ambertime_tui.phone.errors import (
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
"""Files open at once, over all connections. afcd runs out at about 200 for all programs together."""
LARGEST_READ = 4 << 20
"""The most that afcd gives in one reply, and what is asked for in one read: the longer a reply, the less its
round trip weighs where only one file is left to read."""
IN_FLIGHT = 8 << 20
"""Bytes asked for and not here yet, over all files. Two of the longest replies keep any cable full, also one
of 300 MB/s and 3 ms (0.9 MB on their way); more would only wait in line at the phone."""
KEEP_ALIVE_EVERY = 25.0
"""Seconds; phones have been seen to drop an AFC connection after about 147 s without traffic."""
STALL_AFTER = 30.0
CLOSED_WITHIN = 5.0
"""Seconds after which a file counts as closed, whether the phone has said so or not."""

Connect = Callable[[], Awaitable[AfcConnection]]


class MediaFolder:
    """/var/mobile/Media of a phone, read-only. All paths are relative to it: DCIM/100APPLE/IMG_0001.HEIC.

    A connection that ends while the phone stays attached (afcd restarted, idle for too long) is opened anew:
    questions in flight are asked again, but a file that was being read is not, as it may have changed.
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
            connect: opens one more AFC connection to this phone, or raises a `PhoneError`.
            phone: how sentences call the phone.
            connections: how many to use; more than one pays only where usbmuxd limits each.
            handles: files open at once.
            keep_alive_every: seconds without traffic after which a connection is used for a small question.
        """
        if not 1 <= connections <= 3:
            raise ValueError(f"1 to 3 AFC connections, not {connections}")
        self._phone = phone
        self._pool = tuple(_Reconnecting(connect) for _ in range(connections))
        self._slots = asyncio.Semaphore(handles)
        self._room = ReadBudget(IN_FLIGHT)
        self._opened = itertools.count()
        self._background: set[asyncio.Task[None]] = set()
        self._closed = False
        self._keep_alive_every = keep_alive_every
        self._keep_alive = asyncio.create_task(self._keep_alive_loop())
        self._keep_alive.add_done_callback(forget)

    async def listdir(self, path: str) -> tuple[str, ...]:
        """The names in a folder, in the phone's order, without "." and "..".

        Raises:
            MediaError: the folder cannot be listed.
            PhoneError: the phone is gone, locked or silent.
        """
        return messages.parse_names(await self._ask(Operation.READ_DIR, path))

    async def list_many(
        self, paths: Iterable[str], at_once: int = 16
    ) -> AsyncGenerator[tuple[str, tuple[str, ...] | MediaError], None]:
        """Lists many folders, several at a time, each as soon as it is there. A folder that cannot be listed
        gives its error as a value; the others go on. Close it with `aclosing`.

        Raises:
            PhoneError: the phone is gone, locked or silent; nothing more comes.
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
        """Size and time of a file or folder.

        Raises:
            MediaNotFound: it is not there.
            PhoneError: as for `listdir`.
        """
        data = await self._ask(Operation.GET_FILE_INFO, path)
        return messages.parse_stat(path, data)

    async def read(
        self, path: str, *, offset: int = 0, size: int | None = None, chunk: int = LARGEST_READ
    ) -> AsyncGenerator[bytearray, None]:
        """A file's bytes from `offset` to its end, in pieces of at most `chunk` bytes. The next piece is
        asked for while the caller works on this one; where several files are read, the one that was opened
        first goes first. A short reply is not the end, only an empty one is.
        The file is closed on every way out; wrap this in `aclosing` so that leaving early closes it at once.

        Args:
            path: the file.
            offset: where to begin, in bytes.
            size: the size the file has to have; None: whatever it has.
            chunk: bytes asked for in one request, at most 4 MiB.

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
                # One read at a time for a handle: the position is the phone's, so no reply can be misplaced.
                ahead = _started(file.read(_wanted(size, position, chunk)))
                yield piece
            if size is not None and position != size:
                raise MediaChanged(path, size, position)
        finally:
            if ahead is not None:
                ahead.cancel()
            self._in_background(self._release(file))

    async def read_head(self, path: str, count: int) -> bytes:
        """The first `count` bytes of a file, or all of a shorter one.

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
            self._in_background(self._release(file))

    async def space(self) -> Space | None:
        """The phone's storage; None where it does not say.

        Raises:
            PhoneError: as for `listdir`.
        """
        return messages.parse_space(await self._ask(Operation.GET_DEVICE_INFO, None))

    async def aclose(self) -> None:
        """Closes files and connections; safe to call twice, and when cancelled."""
        self._closed = True
        self._keep_alive.cancel()
        await finish(self._shut_down(), limit=10.0)

    async def __aenter__(self) -> MediaFolder:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _shut_down(self) -> None:
        if self._background:
            # Handles die with their connection: give the closing of them a moment, not more.
            await asyncio.wait(self._background, timeout=1.0)
        await asyncio.gather(*(slot.aclose() for slot in self._pool))

    async def _names_or_error(self, path: str) -> tuple[str, ...] | MediaError:
        try:
            return await self.listdir(path)
        except MediaError as error:
            return error

    async def _ask(self, operation: Operation, path: str | None) -> bytearray:
        """One question about a path, asked again once if its connection was lost."""
        payload = b"" if path is None else messages.path_payload(path)
        status, data, _ = await self._request(operation, payload)
        if status == Status.SUCCESS:
            return data
        if path is None:
            raise messages.error_for("its storage", status)
        raise await self._error_for(path, status)

    async def _error_for(self, path: str, status: int) -> MediaError:
        """The error for a status. Some versions of iOS answer with a read error where there is no such file
        or folder (pymobiledevice3's `AfcService.stat` says so): whether it is listed decides."""
        error = messages.error_for(path, status)
        if isinstance(error, MediaUnreadable) and await self._is_absent(path):
            return MediaNotFound(path)
        return error

    async def _is_absent(self, path: str) -> bool:
        """Whether a path, or a folder on the way to it, is not listed."""
        folder, _, name = path.strip("/").rpartition("/")
        if not name:
            return False
        payload = messages.path_payload(folder or "/")
        status, data, _ = await self._request(Operation.READ_DIR, payload)
        if status == Status.SUCCESS:
            return name not in messages.parse_names(data)
        if isinstance(messages.error_for(folder, status), MediaNotFound):
            return True
        return bool(folder) and await self._is_absent(folder)

    async def _request(self, operation: Operation, payload: bytes) -> tuple[int, bytearray, AfcConnection]:
        if self._closed:
            raise PhoneDisconnected(self._phone, "is no longer read: its media folder was closed")
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
                # The phone may have opened it already: its handle is closed when it comes.
                undo.pop_all()
                self._in_background(self._release_when_open(opening))
                raise
            undo.pop_all()
            return file

    async def _open_on_phone(self, path: str, payload: bytes) -> _OpenFile:
        status, data, connection = await self._request(Operation.FILE_OPEN, payload)
        if status != Status.SUCCESS:
            raise await self._error_for(path, status)
        return _OpenFile(path, messages.parse_handle(path, data), connection, self._room, next(self._opened))

    async def _release_when_open(self, opening: asyncio.Task[_OpenFile]) -> None:
        try:
            file = await opening
        except PhoneError:
            self._slots.release()
        else:
            await self._release(file)

    async def _release(self, file: _OpenFile) -> None:
        closing = file.connection.request(Operation.FILE_CLOSE, messages.close_payload(file.handle))
        # The connection may be gone, and the handle with it; and a phone that does not say that it has closed
        # a file may keep others waiting only so long.
        try:
            with suppress(PhoneError, TimeoutError):
                async with asyncio.timeout(CLOSED_WITHIN):
                    await closing
        finally:
            self._slots.release()

    def _in_background(self, work: Coroutine[object, object, None]) -> None:
        """Runs clean-up that nobody waits for and no cancellation reaches."""
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        task.add_done_callback(forget)

    async def _keep_alive_loop(self) -> None:
        while True:
            await asyncio.sleep(self._keep_alive_every / 5)
            for slot in self._pool:
                if slot.idle_for >= self._keep_alive_every:
                    self._in_background(slot.touch())


@dataclass(slots=True)
class _OpenFile:
    """A handle, and the connection it belongs to."""

    path: str
    handle: int
    connection: AfcConnection
    room: ReadBudget
    turn: int
    """Its number among all files opened."""

    async def read(self, count: int) -> bytearray:
        count = min(count, LARGEST_READ)
        async with self.room.taken(count, self.turn):
            status, data = await self.connection.request(
                Operation.FILE_READ, messages.read_payload(self.handle, count)
            )
        if status == Status.END_OF_DATA:
            return bytearray()
        if status != Status.SUCCESS:
            raise messages.error_for(self.path, status)
        return data

    async def seek(self, offset: int) -> None:
        status, _ = await self.connection.request(
            Operation.FILE_SEEK, messages.seek_payload(self.handle, offset)
        )
        if status != Status.SUCCESS:
            raise messages.error_for(self.path, status)


class _Reconnecting:
    """A place for one connection, opened when it is first needed and again when it was lost."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._opening = asyncio.Lock()
        self._current: AfcConnection | None = None

    @property
    def load(self) -> int:
        return self._current.in_flight if self._current else 0

    @property
    def idle_for(self) -> float:
        """Seconds; 0 where there is no connection to keep alive."""
        alive = self._current is not None and self._current.trouble is None
        return self._current.idle_for if alive and self._current else 0.0

    async def connection(self) -> AfcConnection:
        if self._current is not None and self._current.trouble is None:
            return self._current
        async with self._opening:
            if self._current is None or self._current.trouble is not None:
                if self._current is not None:
                    await self._current.aclose()
                self._current = await self._connect()
            return self._current

    async def touch(self) -> None:
        """Some traffic, so that neither side takes the connection for dead; a loss shows at the next use."""
        if self._current is not None:
            try:
                await self._current.request(Operation.GET_DEVICE_INFO)
            except PhoneError:
                return

    async def aclose(self) -> None:
        async with self._opening:
            if self._current is not None:
                await self._current.aclose()


def _started(read: Coroutine[object, object, bytearray]) -> asyncio.Task[bytearray]:
    task = asyncio.create_task(read)
    task.add_done_callback(forget)
    return task


def _wanted(size: int | None, position: int, chunk: int) -> int:
    """Bytes to ask for: what is left of the file, and then one more, to see whether it has grown."""
    return chunk if size is None else min(chunk, max(size - position, 1))
