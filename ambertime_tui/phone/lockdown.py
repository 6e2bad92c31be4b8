"""Connections to lockdownd, the phone's main service: pairing, values, starting services; all with time
limits.

Importing pymobiledevice3's lockdown takes 0.7 to 1 s, so import this module late and in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from pymobiledevice3 import exceptions as pmd
from pymobiledevice3.lockdown import UsbmuxLockdownClient, create_using_usbmux
from pymobiledevice3.service_connection import ServiceConnection
from pymobiledevice3.services.power_assertion import PowerAssertionService

from ambertime_tui.phone.afc_connection import AfcConnection
from ambertime_tui.phone.bounded_usbmux import bounded_usbmux
from ambertime_tui.phone.cleanup import cancel_gracefully, finish
from ambertime_tui.phone.errors import (
    FileLimitReached,
    PhoneDisconnected,
    PhoneError,
    PhoneLocked,
    PhoneNotReady,
    PhoneStalled,
    TrustPending,
    UnknownPhone,
    UsbmuxUnavailable,
)
from ambertime_tui.phone.facts import PhoneFacts, facts_from
from ambertime_tui.phone.pair_records import use_usable_pair_records
from ambertime_tui.phone.troubles import ODD_ANSWERS, phone_error, transient

STEP_WITHIN = 20.0
"""Seconds for lockdownd to answer one step. pymobiledevice3 itself has no time limit."""
ASK_AGAIN_EVERY = 1.0
"""Seconds between checks of a phone that waits for its user."""
_GRACE = 0.5
"""Seconds for a cancelled step to finish."""
_TRIES = 4
_BETWEEN_TRIES = 0.5
_AFC = "com.apple.afc"
_ASSERTION_TYPE = "PreventUserIdleSystemSleep"
"""IOKit's name: the screen may turn off, but the system stays awake."""

_LONGEST_ANSWER = 16 << 20
"""Bytes in one answer of lockdownd; pymobiledevice3 itself allows 128 MiB."""

ServiceConnection.max_frame_size = _LONGEST_ANSWER
bounded_usbmux()
use_usable_pair_records()

T = TypeVar("T")


class Lockdown:
    """A connection to a phone's lockdownd. Reconnects if the phone dropped it."""

    def __init__(
        self, client: UsbmuxLockdownClient, udid: str, pair_records: Path, step_within: float
    ) -> None:
        self._client = client
        self._udid = udid
        self._pair_records = pair_records
        self._step_within = step_within
        self.facts = self._facts({}, {})

    @classmethod
    async def connect(
        cls, udid: str, pair_records: Path, *, step_within: float = STEP_WITHIN, phone: str = ""
    ) -> Lockdown:
        """Connect over USB, and start a session if the phone trusts this computer.

        Args:
            udid: which phone.
            pair_records: private folder for the keys this computer uses with phones.
            step_within: seconds per step.
            phone: name of the phone in messages until its real name is known.

        Raises:
            PhoneError: the phone cannot be reached. A missing pairing is not an error.
        """
        label = phone or f"The iPhone {udid}"
        await _step(asyncio.to_thread(_keep_private, pair_records), label, udid, step_within, "connecting")

        async def connect() -> UsbmuxLockdownClient:
            for _ in range(_TRIES - 1):
                try:
                    return await once()
                except pmd.MuxException as error:
                    if not transient(error):
                        raise
                await asyncio.sleep(_BETWEEN_TRIES)
            return await once()

        async def once() -> UsbmuxLockdownClient:
            return await create_using_usbmux(
                udid, autopair=False, connection_type="USB", pairing_records_cache_folder=pair_records
            )

        client = await _step(connect(), label, udid, step_within, "connecting", undo=_close)
        return cls(client, udid, pair_records, step_within)

    @property
    def paired(self) -> bool:
        """True if the phone trusts this computer."""
        return bool(self._client.paired)

    async def pair(
        self,
        on_waiting: Callable[[PhoneError], None],
        patience: float,
        ask_again_every: float = ASK_AGAIN_EVERY,
    ) -> None:
        """Ask the phone to trust this computer, and wait for its user.

        Args:
            on_waiting: called when what the user has to do changes.
            patience: seconds to wait for the user.
            ask_again_every: seconds between checks.

        Raises:
            TrustRefused: Don't Trust was tapped.
            TrustPending, PhoneLocked: the patience has ended.
            PhoneError: the phone is disconnected or not responding.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience
        said: type[PhoneError] | None = None
        while True:
            left = deadline - loop.time()
            try:
                # While the dialog is open, offer the same key until the user answers.
                dialog_patience = max(left, 0.0) if said is TrustPending else 0.0
                await self._pair_once(dialog_patience)
                return
            except (TrustPending, PhoneLocked) as waiting:
                if type(waiting) is not said:
                    said = type(waiting)
                    on_waiting(waiting)
                if deadline - loop.time() <= 0:
                    raise
            await asyncio.sleep(min(ask_again_every, max(deadline - loop.time(), 0.0)))

    async def _pair_once(self, dialog_patience: float) -> None:
        async def pair() -> None:
            try:
                await self._client.pair(timeout=dialog_patience)
            except pmd.MuxException:
                # usbmuxd did not store the record; our copy is saved and sufficient.
                if self._client.pair_record is None:
                    raise
            if not await self._client.validate_pairing():
                raise pmd.FatalPairingError

        await self._ask(pair(), "pairing", within=dialog_patience + self._step_within)
        await self._ask(asyncio.to_thread(_keep_private, self._pair_records), "pairing")

    async def refresh_facts(self) -> PhoneFacts:
        """Read everything in `PhoneFacts` again. What the phone refuses stays None.

        Raises:
            PhoneError: the phone is disconnected or not responding.
        """
        battery = await self._domain("com.apple.mobile.battery")
        disk = await self._domain("com.apple.disk_usage")
        self.facts = self._facts(battery, disk)
        return self.facts

    async def open_afc(self, stall_after: float) -> AfcConnection:
        """Start the file service and connect to it.

        Raises:
            PhoneLocked: the phone must be unlocked first.
            PhoneError: the phone is disconnected, not responding, or refuses.
        """
        start = self._client.start_lockdown_service(_AFC)
        service = await self._ask(start, "starting the file service", undo=_close)
        return AfcConnection(service, self.facts.label, stall_after)

    async def is_readable(self) -> PhoneError | None:
        """Return what prevents reading the phone now; None if nothing does. Transfers no files."""
        if not self.paired:
            return TrustPending(self.facts.label)
        try:
            await self._ask(self._client.get_service_connection_attributes(_AFC), "starting the file service")
        except PhoneError as error:
            return error
        return None

    @asynccontextmanager
    async def kept_awake(self, seconds: float) -> AsyncIterator[bool]:
        """Keep the phone awake during a long copy, with a power assertion. Yields False if the phone does
        not support it; copying still works."""
        service = PowerAssertionService(self._client)
        held = service.create_power_assertion(_ASSERTION_TYPE, "AmberTime", seconds)
        try:
            try:
                await self._ask(held.__aenter__(), "keeping it awake", within=min(5.0, self._step_within))
                granted = True
            except PhoneError:
                granted = False
            yield granted
        finally:
            # Closing the connection releases the assertion.
            await finish(service.close(), 2.0)

    async def aclose(self) -> None:
        """Close the connection. Safe when cancelled."""
        await finish(self._client.close(), 3.0)

    async def _domain(self, domain: str) -> Mapping[str, object]:
        """Read one domain of lockdownd; empty if it refuses."""
        try:
            value = await self._ask(self._client.get_value(domain), "reading its details")
        except (PhoneNotReady, PhoneLocked):
            return {}
        return value if isinstance(value, dict) else {}

    def _facts(self, battery: Mapping[str, object], disk: Mapping[str, object]) -> PhoneFacts:
        values = self._client.all_values
        try:
            marketing_name = self._client.display_name
        except ODD_ANSWERS:
            marketing_name = None
        return facts_from(
            self._udid, values if isinstance(values, dict) else {}, marketing_name, battery, disk
        )

    async def _ask(
        self,
        step: Awaitable[T],
        doing: str,
        within: float | None = None,
        undo: Callable[[T], Coroutine[Any, Any, object]] | None = None,
    ) -> T:
        label = self.facts.label
        try:
            return await _step(step, label, self._udid, within or self._step_within, doing, undo)
        except FileLimitReached:
            raise
        except (UnknownPhone, UsbmuxUnavailable) as error:
            # It was connected a moment ago.
            raise PhoneDisconnected(label) from error


def _keep_private(folder: Path) -> None:
    """Restrict access to pair records: they hold private keys, and pymobiledevice3 uses the umask."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    for record in folder.glob("*.plist"):
        record.chmod(0o600)


async def _close(client: UsbmuxLockdownClient | ServiceConnection) -> None:
    await client.close()


async def _step(
    step: Awaitable[T],
    phone: str,
    udid: str,
    within: float,
    doing: str,
    undo: Callable[[T], Coroutine[Any, Any, object]] | None = None,
) -> T:
    """Await one step with a time limit, and convert its errors to `PhoneError`."""
    try:
        async with asyncio.timeout(within) as limit:
            return await cancel_gracefully(step, _GRACE, undo)
    except (pmd.PyMobileDevice3Exception, OSError, EOFError, *ODD_ANSWERS) as error:
        if isinstance(error, TimeoutError) and limit.expired():
            raise PhoneStalled(phone, within, doing) from error
        known = phone_error(error, phone, udid)
        if known is None:
            raise
        raise known from error
