"""The simulated phone: its services, the computers it trusts, and its faults.

Its settings may be read and set from any thread. Its connections run in the event loop of the usbmuxd it is
attached to.
"""

from __future__ import annotations

import asyncio
import itertools
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from ssl import SSLContext

from ambertime_tui.simulator import identity
from ambertime_tui.simulator.afc_packets import AfcError
from ambertime_tui.simulator.channel import Channel
from ambertime_tui.simulator.facts import Facts
from ambertime_tui.simulator.faults import Faults, PathFault
from ambertime_tui.simulator.link import Link, Wire
from ambertime_tui.simulator.shared_folder import SharedFolder

LOCKDOWN = "com.apple.mobile.lockdown"
LOCKDOWN_PORT = 62078
AFC = "com.apple.afc"
_FIRST_SERVICE_PORT = 49152
_LAST_SERVICE_PORT = 65535
_MOST_PORTS_WAITING = 500


class Trust(StrEnum):
    """How the user responds to the Trust dialog."""

    ACCEPTS = "accepts"
    ASKS = "asks"
    """The dialog stays on the screen until `answer_trust`."""
    REFUSES = "refuses"


@dataclass(slots=True)
class Journal:
    """What computers have requested from the phone since it was created."""

    requests: Counter[str] = field(default_factory=Counter)
    """Counts by name: lockdown requests as "lockdown.StartService", AFC operations as "afc.FILE_READ"."""
    services: Counter[str] = field(default_factory=Counter)
    refused_writes: list[str] = field(default_factory=list)
    """Every attempt to change something on the phone. All were refused."""


@dataclass(frozen=True, slots=True)
class ServiceStart:
    """A started service that waits for a connection to its port."""

    name: str
    tls: SSLContext | None


class _Connection:
    def __init__(self, service: str, channel: Channel, task: asyncio.Task[None]) -> None:
        self.service = service
        self.channel = channel
        self.task = task

    def close(self) -> None:
        self.channel.abort()
        self.task.cancel()


class SimulatedPhone:
    """One phone. It is reachable while attached to a `Usbmuxd`.

    Args:
        facts: its name, model and other properties.
        media: the folder that AFC serves. Each request reads its current contents.
        tls: whether sessions and services are encrypted, as on a real phone. Plain is faster in tests.
        link: its cable.
        trust: how it responds to an unknown computer.
        apps: folders of apps that share files, by bundle identifier. Each contains a folder "Documents".
    """

    def __init__(
        self,
        facts: Facts,
        media: Path,
        *,
        tls: bool = True,
        link: Link | None = None,
        trust: Trust = Trust.ACCEPTS,
        apps: Mapping[str, Path] | None = None,
    ) -> None:
        self.facts = facts
        """May be replaced at any time, for example when the battery drains."""
        self.media = SharedFolder(media)
        self.apps = {bundle: SharedFolder(folder) for bundle, folder in (apps or {}).items()}
        self.tls = tls
        self.wire = Wire(link or Link())
        self.trust = trust
        self.locked = False
        self.journal = Journal()
        self.open_files = 0
        """Open AFC handles, over all connections."""
        self.power_assertions: list[str] = []
        """Names of the assertions currently held."""
        self.observers: dict[Callable[[str], None], set[str]] = {}
        """Observers and the notifications they receive."""
        self._faults = Faults()
        self._fault_counts: Counter[PathFault] = Counter()
        self._sent_when_faults_set = 0
        self._frozen = False
        self._kept_awake_until = time.monotonic()
        self._first_stats: dict[str, dict[str, str]] = {}
        self._changed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._hosts: dict[str, bytes] = {}
        self._trust_answer: bool | None = None
        self._connections: set[_Connection] = set()
        self._starts: dict[int, ServiceStart] = {}
        self._ports = itertools.cycle(range(_FIRST_SERVICE_PORT, _LAST_SERVICE_PORT))

    @property
    def udid(self) -> str:
        """Its Unique Device ID."""
        return self.facts.udid

    @property
    def link(self) -> Link:
        """Its cable, which may be replaced at any time."""
        return self.wire.link

    @link.setter
    def link(self, link: Link) -> None:
        self.wire.link = link

    # Faults

    @property
    def faults(self) -> Faults:
        """Its current faults. Setting them restarts all counts."""
        return self._faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._faults = faults
        self._fault_counts = Counter()
        self._sent_when_faults_set = self.wire.sent
        self._frozen = False
        self._kept_awake_until = time.monotonic()
        self._first_stats = {}
        self.wire.cut_after(faults.cable_pulled_after)
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell_changed)

    def refuses_connect(self) -> bool:
        """Whether usbmuxd must answer this Connect with "bad device". Each call counts as one."""
        if self._faults.refused_connects <= 0:
            return False
        self._faults = replace(self._faults, refused_connects=self._faults.refused_connects - 1)
        return True

    def refuses_assertion(self) -> bool:
        """Whether this power assertion must be refused. Each call counts as one."""
        if self._faults.refused_assertions <= 0:
            return False
        self._faults = replace(self._faults, refused_assertions=self._faults.refused_assertions - 1)
        return True

    def raise_path_fault(self, path: str, on: str, upto: int = 1) -> None:
        """Raise an error if a fault is set for this operation.

        Args:
            path: the path in the request.
            on: "read", "open", "stat" or "list".
            upto: for a read, the offset after its last byte.

        Raises:
            AfcError: with the fault's status.
        """
        for fault in self._faults.paths:
            if fault.path.strip("/") == path.strip("/") and fault.on == on and upto > fault.from_byte:
                if fault.times is not None and self._fault_counts[fault] >= fault.times:
                    continue
                self._fault_counts[fault] += 1
                raise AfcError(fault.status)

    async def while_afc_hangs(self) -> None:
        """Wait while AFC hangs, is frozen, or the phone is asleep."""
        while self._afc_hangs():
            await self._changed.wait()

    def _afc_hangs(self) -> bool:
        faults, limit = self._faults, self._faults.afc_hangs_after
        if limit is not None and self.wire.sent - self._sent_when_faults_set >= limit:
            return True
        return self._frozen or (
            faults.asleep_after is not None
            and not self.power_assertions
            and time.monotonic() - self._kept_awake_until >= faults.asleep_after
        )

    def count_open_file(self, change: int) -> None:
        """Count an AFC file that was opened (1) or closed (-1)."""
        self.open_files += change
        limit = self._faults.afc_freezes_at
        if self._frozen and (limit is None or self.open_files < limit):
            self._frozen = False
            self._tell_changed()

    def note_reader(self) -> None:
        """Freeze AFC if too many files are open while one of them is read."""
        limit = self._faults.afc_freezes_at
        self._frozen = self._frozen or (limit is not None and self.open_files >= limit)

    def stat_as_reported(self, path: str, stat: dict[str, str]) -> dict[str, str]:
        """Return what AFC reports of a file: what is true now, or what it reported first."""
        return self._first_stats.setdefault(path, stat) if self._faults.stats_never_change else stat

    def note_broken_handshake(self) -> None:
        """Note that a computer broke off a TLS handshake."""
        if self._faults.spoiled_by_handshake:
            self._faults = replace(self._faults, refused_connects=self._faults.refused_connects + 1)

    def hold_assertion(self, name: str) -> None:
        """Keep the phone awake. Call it in the usbmuxd's event loop."""
        self.power_assertions.append(name)
        self._tell_changed()

    def release_assertion(self, name: str) -> None:
        """End a power assertion."""
        self.power_assertions.remove(name)
        self._kept_awake_until = time.monotonic()

    def unlock(self) -> None:
        """Unlock the phone, which also wakes it."""
        self.locked = False
        self.wake()

    def wake(self) -> None:
        """Wake the phone, as its user does. It may fall asleep again."""
        self._kept_awake_until = time.monotonic()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell_changed)

    # Trust

    def answer_trust(self, accepted: bool) -> None:
        """Tap Trust (for the next Pair request) or Don't Trust (until the phone is replugged)."""
        self._trust_answer = accepted

    def asks_for_trust(self) -> bool | None:
        """Return the answer to a Pair request: accepted, refused, or None while the dialog is open."""
        if self.trust is not Trust.ASKS:
            return self.trust is Trust.ACCEPTS
        answer = self._trust_answer
        if answer:
            self._trust_answer = None
        return answer

    def trust_host(self, host_id: str, certificates: bytes) -> None:
        """Trust a computer.

        Args:
            host_id: the HostID of the computer's pair record.
            certificates: in PEM; encrypted sessions must present one of them.
        """
        self._hosts[host_id] = certificates

    def knows_host(self, host_id: str) -> bool:
        """Whether sessions with this HostID are accepted."""
        return host_id in self._hosts

    def forget_host(self, host_id: str) -> None:
        """Stop trusting one computer."""
        self._hosts.pop(host_id, None)

    def forget_hosts(self) -> None:
        """Invalidate every pair record, as "Reset Location & Privacy" does."""
        self._hosts.clear()

    def tls_context(self, host_id: str) -> SSLContext | None:
        """Return the TLS context for connections of a trusted host; None if they are not encrypted."""
        return identity.server_context(self._hosts[host_id]) if self.tls else None

    # Services

    def open_port(self, start: ServiceStart) -> int:
        """Open a port on which the service waits for one connection. Return the port."""
        while len(self._starts) >= _MOST_PORTS_WAITING:
            del self._starts[next(iter(self._starts))]
        port = next(port for port in self._ports if port not in self._starts and port != LOCKDOWN_PORT)
        self._starts[port] = start
        return port

    def take_start(self, port: int) -> ServiceStart | None:
        """Return the service that listens on this port, or None. A port takes a single connection."""
        if port == LOCKDOWN_PORT:
            return ServiceStart(LOCKDOWN, None)
        return self._starts.pop(port, None)

    def connected(self, service: str, channel: Channel, task: asyncio.Task[None]) -> Callable[[], None]:
        """Register an open connection. Call the result when it has ended."""
        connection = _Connection(service, channel, task)
        self._connections.add(connection)
        return lambda: self._connections.discard(connection)

    def close_connections(self, service: str | None = None) -> None:
        """Close all connections, or those of one service. Call it in the usbmuxd's event loop."""
        for connection in list(self._connections):
            if service in (None, connection.service):
                connection.close()

    def post_notification(self, name: str) -> None:
        """Notify the computers that observe this Darwin notification. Call it in the usbmuxd's event loop."""
        for observer, names in list(self.observers.items()):
            if name in names:
                observer(name)

    # Attachment

    def plugged_in(
        self, loop: asyncio.AbstractEventLoop, on_cut: Callable[[], None]
    ) -> Iterable[asyncio.Task[None]]:
        """Start the tasks that run while the phone is attached to usbmuxd."""
        self._loop = loop
        self._trust_answer = None
        self.wire.on_cut = on_cut
        return (loop.create_task(self._watch_idle_connections()),)

    def cable_was_cut(self) -> float | None:
        """Clear the cut from the faults, or count one of several. Return the seconds until the phone is back,
        or None."""
        faults = self._faults
        if faults.cable_pulled_again:
            self._faults = replace(faults, cable_pulled_again=faults.cable_pulled_again - 1)
        else:
            self._faults = replace(faults, cable_pulled_after=None, replugged_after=None)
        self.wire.cut_after(self._faults.cable_pulled_after)
        return faults.replugged_after

    def _tell_changed(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _watch_idle_connections(self) -> None:
        while True:
            limits = {AFC: self._faults.afc_idle_limit, LOCKDOWN: self._faults.lockdown_idle_limit}
            now = asyncio.get_running_loop().time()
            next_look: float | None = None
            for connection in list(self._connections):
                limit = limits.get(connection.service)
                if limit is None:
                    continue
                left = connection.channel.last_heard + limit - now
                if left <= 0:
                    connection.close()
                else:
                    next_look = left if next_look is None else min(next_look, left)
            shortest = min((limit for limit in limits.values() if limit is not None), default=None)
            if shortest is not None:
                next_look = shortest if next_look is None else min(next_look, shortest)
            try:
                async with asyncio.timeout(next_look):
                    await self._changed.wait()
            except TimeoutError:
                continue


def new_session_id() -> str:
    """Return a new ID for a lockdown session."""
    return str(uuid.uuid4()).upper()
