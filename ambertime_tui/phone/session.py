"""A session with one phone: connected over USB, trusted, unlocked once, and kept awake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ambertime_tui.phone.afc import KEEP_ALIVE_EVERY, STALL_AFTER, MediaFolder
from ambertime_tui.phone.afc_connection import AfcConnection
from ambertime_tui.phone.cleanup import finish, forget
from ambertime_tui.phone.discovery import AttachedPhone, find_phone, wait_until_detached
from ambertime_tui.phone.errors import PhoneDisconnected, PhoneError, PhoneLocked, TrustPending
from ambertime_tui.phone.facts import PhoneFacts
from ambertime_tui.phone.stay_awake import stay_awake

if TYPE_CHECKING:
    from ambertime_tui.phone.lockdown import Lockdown

__all__ = ["Peek", "PhoneFacts", "PhoneSession", "PhoneTimeouts", "is_locked", "open_session", "peek"]


@dataclass(frozen=True, slots=True)
class PhoneTimeouts:
    """Time limits and intervals for a phone, in seconds."""

    step_within: float = 20.0
    """Limit for one answer of lockdownd."""
    stall_after: float = STALL_AFTER
    """Limit without any reply of the file service."""
    ask_again_every: float = 1.0
    """Interval between checks of a phone that waits for its user."""
    keep_alive_every: float = KEEP_ALIVE_EVERY
    """Idle time after which a small request keeps a connection alive."""


@dataclass(frozen=True, slots=True)
class Peek:
    """A phone as a list of phones shows it."""

    facts: PhoneFacts
    trouble: PhoneError | None
    """What prevents reading it now; None: it is ready."""


async def peek(udid: str, pair_records: Path, *, timeouts: PhoneTimeouts = PhoneTimeouts()) -> Peek:
    """Check a phone without side effects: never opens the Trust dialog.

    Args:
        udid: the phone's UDID.
        pair_records: folder with the keys of phones that trust this computer.
        timeouts: how long to wait.
    """
    try:
        phone = await find_phone(udid)
        lockdown = await _connect(phone, pair_records, timeouts)
    except PhoneError as error:
        return Peek(PhoneFacts(udid), error)
    try:
        trouble = await lockdown.is_readable()
        if lockdown.paired:
            with suppress(PhoneError):
                await lockdown.refresh_facts()
        return Peek(lockdown.facts, trouble)
    except PhoneError as error:
        return Peek(lockdown.facts, error)
    finally:
        await lockdown.aclose()


async def is_locked(udid: str, pair_records: Path) -> bool:
    """Whether a phone is locked now. Arguments as for `peek`."""
    return isinstance((await peek(udid, pair_records)).trouble, PhoneLocked)


@asynccontextmanager
async def open_session(
    udid: str | None,
    *,
    pair_records: Path,
    on_waiting: Callable[[PhoneError], None],
    trust_patience: float,
    timeouts: PhoneTimeouts = PhoneTimeouts(),
    pairs: bool = True,
) -> AsyncIterator[PhoneSession]:
    """Open a session. Asks the user to trust this computer and to unlock the phone if needed.

    Args:
        udid: the phone's UDID; None: the only phone.
        pair_records: private folder (0700) for the keys this computer uses with phones.
        on_waiting: called once for each thing the user has to do.
        trust_patience: seconds to wait for the user; 0: do not wait.
        timeouts: how long to wait for the phone itself.
        pairs: whether a phone that does not trust this computer yet is asked to.

    Raises:
        UsbmuxUnavailable, NoPhoneAttached, UnknownPhone, SeveralPhones, OnlyOverWifi: no such phone.
        TrustPending, TrustRefused, PhoneLocked: the user did not give access.
        PhoneError: the phone was disconnected, does not respond, or cannot be read.
    """
    deadline = asyncio.get_running_loop().time() + trust_patience
    phone = await find_phone(udid)
    lockdown = await _connect(phone, pair_records, timeouts)
    try:
        if not lockdown.paired:
            if not pairs:
                raise TrustPending(lockdown.facts.label)
            await lockdown.pair(on_waiting, trust_patience, timeouts.ask_again_every)
        afc = await _first_connection(lockdown, on_waiting, deadline, timeouts)
        session = PhoneSession(phone, lockdown, afc, timeouts)
        try:
            with suppress(PhoneError):  # missing facts do not prevent reading
                await lockdown.refresh_facts()
            yield session
        finally:
            await session.aclose()
    finally:
        await lockdown.aclose()


class PhoneSession:
    """A readable phone. Created by `open_session`."""

    def __init__(
        self, phone: AttachedPhone, lockdown: Lockdown, afc: AfcConnection, timeouts: PhoneTimeouts
    ) -> None:
        self.phone = phone
        self._lockdown = lockdown
        self._timeouts = timeouts
        self._spare: AfcConnection | None = afc
        self._folders: list[MediaFolder] = []
        self._cable = asyncio.create_task(wait_until_detached(phone))
        self._awake = asyncio.create_task(stay_awake(lockdown.kept_awake))
        for task in (self._cable, self._awake):
            task.add_done_callback(forget)

    @property
    def facts(self) -> PhoneFacts:
        """The facts as last read."""
        return self._lockdown.facts

    async def refreshed_facts(self) -> PhoneFacts:
        """Read the facts again, because battery, power and free space change.

        Raises:
            PhoneError: the phone is disconnected or not responding.
        """
        self._check_cable()
        return await self._lockdown.refresh_facts()

    async def media(self, connections: int = 1) -> MediaFolder:
        """Open the phone's media folder. It is closed with the session at the latest.

        Args:
            connections: number of AFC connections, 1 to 3.

        Raises:
            PhoneLocked: the phone was locked again.
            PhoneError: the phone is disconnected or not responding.
        """
        self._check_cable()
        if self._spare is None:
            self._spare = await self._lockdown.open_afc(self._timeouts.stall_after)
        folder = MediaFolder(
            self._connection,
            self.facts.label,
            connections=connections,
            keep_alive_every=self._timeouts.keep_alive_every,
        )
        self._folders.append(folder)
        return folder

    async def connection(self) -> AfcConnection:
        """Open a connection to the file service that nothing else uses. The caller closes it.

        Raises:
            PhoneError: as for `media`.
        """
        self._check_cable()
        return await self._lockdown.open_afc(self._timeouts.stall_after)

    def kept_awake(self, seconds: float) -> AbstractAsyncContextManager[bool]:
        """Hold a power assertion besides the one of the session. Yields False if the phone refuses it."""
        return self._lockdown.kept_awake(seconds)

    async def disconnected(self) -> None:
        """Wait until the phone is unplugged. Reconnecting it needs a new session."""
        await asyncio.wait({self._cable})

    async def aclose(self) -> None:
        """Close everything the session opened. Safe when cancelled."""
        self._cable.cancel()
        self._awake.cancel()
        await finish(self._close_all(), 15.0)

    async def _close_all(self) -> None:
        if self._spare is not None:
            await self._spare.aclose()
        await asyncio.gather(*(folder.aclose() for folder in self._folders))
        await asyncio.wait({self._awake}, timeout=3.0)

    async def _connection(self) -> AfcConnection:
        self._check_cable()
        spare, self._spare = self._spare, None
        if spare is not None and spare.trouble is None:
            return spare
        return await self._lockdown.open_afc(self._timeouts.stall_after)

    def _check_cable(self) -> None:
        if self._cable.done():
            raise PhoneDisconnected(self.facts.label)


async def _connect(phone: AttachedPhone, pair_records: Path, timeouts: PhoneTimeouts) -> Lockdown:
    # The import takes a second, so keep it off the event loop.
    module = await asyncio.to_thread(_lockdown_module)
    return await module.connect(phone.udid, pair_records, step_within=timeouts.step_within)


def _lockdown_module() -> type[Lockdown]:
    from ambertime_tui.phone.lockdown import Lockdown

    return Lockdown


async def _first_connection(
    lockdown: Lockdown, on_waiting: Callable[[PhoneError], None], deadline: float, timeouts: PhoneTimeouts
) -> AfcConnection:
    """Open the first AFC connection once the phone is unlocked."""
    reported = False
    while True:
        try:
            return await lockdown.open_afc(timeouts.stall_after)
        except PhoneLocked as locked:
            if not reported:
                on_waiting(locked)
                reported = True
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                raise
        await asyncio.sleep(min(timeouts.ask_again_every, left))
