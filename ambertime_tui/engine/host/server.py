"""The host's server: its socket, its clients, and its lifetime."""

from __future__ import annotations

import asyncio
import logging
import socket as sockets
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from ambertime_tui.engine.api.lines import LONGEST_REQUEST, peer_is_ours
from ambertime_tui.engine.api.protocol import Push
from ambertime_tui.engine.host.connection import Answer, Connection

log = logging.getLogger(__name__)

FIRST_CLIENT_WITHIN = 20.0
"""Seconds a new host waits for its first client."""
MOST_CLIENTS = 64
"""Clients at the same time; each may cost a request and an answer in memory."""
FLUSH_WITHIN = 2.0
"""Seconds for clients to read the last status before the host ends."""


class Busy(Protocol):
    """What keeps a host alive without clients: a job."""

    @property
    def working(self) -> bool:
        """True while a job runs."""


class HostServer:
    """Listens on a socket. Ends when the last client has left and no job runs."""

    def __init__(self, socket: Path, answer: Answer, busy: Busy) -> None:
        self.socket = socket
        self._answer = answer
        self._busy = busy
        self._clients: dict[Connection, asyncio.Task[None]] = {}
        self._ended = asyncio.Event()
        self._ending = False
        self._expecting = True

    async def run(self, on_ready: Callable[[], None]) -> None:
        """Serve until the host ends, then remove the socket.

        Raises:
            OSError: the socket cannot be created.
        """
        server = await asyncio.start_unix_server(
            self._serve_client, sock=_listening(self.socket), limit=LONGEST_REQUEST
        )
        patience = asyncio.get_running_loop().call_later(FIRST_CLIENT_WITHIN, self._stop_expecting_client)
        try:
            on_ready()
            await self._ended.wait()
            await self._flush_clients()
        finally:
            patience.cancel()
            self.socket.unlink(missing_ok=True)
            server.close()
            for client in tuple(self._clients):
                client.disconnect()
            await asyncio.gather(*self._clients.values(), return_exceptions=True)

    def end_if_idle(self) -> None:
        """End the host if it is no longer needed. Called when a client leaves and when a job ends."""
        unused = not self._clients and not self._expecting
        if not self._busy.working and (self._ending or unused):
            self._ended.set()

    def end(self) -> None:
        """End the host as soon as no job runs, even if clients are connected."""
        self._ending = True
        self.end_if_idle()

    def watchers(self, push: Push) -> tuple[Connection, ...]:
        """Return the clients that watch an update."""
        return tuple(client for client in self._clients if push in client.watches)

    async def _serve_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._clients) >= MOST_CLIENTS or not peer_is_ours(writer.get_extra_info("socket")):
            log.warning("a client was turned away")
            writer.transport.abort()
            return
        client = Connection(reader, writer, self._answer)
        serving = asyncio.current_task()
        assert serving is not None
        self._clients[client] = serving
        try:
            await client.serve()
        finally:
            del self._clients[client]
            if client.keeps_host_alive:
                self._expecting = False
            self.end_if_idle()

    def _stop_expecting_client(self) -> None:
        """The first client did not connect in time."""
        self._expecting = False
        self.end_if_idle()

    async def _flush_clients(self) -> None:
        flushes = [asyncio.create_task(client.flushed()) for client in self._clients]
        if flushes:
            _, late = await asyncio.wait(flushes, timeout=FLUSH_WITHIN)
            for flush in late:
                flush.cancel()


def _listening(path: Path) -> sockets.socket:
    """Create a listening socket. Its path appears only when clients can connect."""
    early = path.with_suffix(".new")
    listening = sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM)
    try:
        listening.bind(str(early))
        early.chmod(0o600)
        listening.listen(32)
        early.rename(path)
    except OSError:
        listening.close()
        early.unlink(missing_ok=True)
        raise
    return listening
