"""Watch phones and drives being connected and disconnected."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

from ambertime_tui.engine.api.protocol import DevicesChanged, PhonesSeen
from ambertime_tui.engine.api.status import PhoneSummary
from ambertime_tui.engine.host.drive_probe import DriveProbe
from ambertime_tui.engine.scan.summaries import phone_summary
from ambertime_tui.engine.timing import Timing
from ambertime_tui.phone.discovery import AttachedPhone, attached_phones, hint_where_none, watch_phones
from ambertime_tui.phone.errors import UsbmuxUnavailable
from ambertime_tui.phone.session import peek

DRIVES_EVERY = 2.0
"""Seconds between checks of the mounted drives."""
UNREADY_EVERY = 3.0
"""Seconds between checks of a phone that waits for its user."""
READY_EVERY = 60.0
"""Seconds between checks of a ready phone: battery and free space change slowly."""

JUST_CONNECTED = "Just connected; reading its details."


async def phones_now(pair_records: Path) -> PhonesSeen:
    """List the phones connected by cable.

    Raises:
        UsbmuxUnavailable: phones cannot be detected at all.
    """
    attached = await attached_phones()
    summaries = (_summary_of(phone, pair_records) for phone in _by_cable(attached))
    return PhonesSeen(tuple(await asyncio.gather(*summaries)), hint_where_none(attached))


class DeviceWatch:
    """Checks devices while it runs, and keeps the latest state."""

    def __init__(
        self,
        pair_records: Path,
        timing: Timing,
        drive_probe: DriveProbe,
        on_change: Callable[[DevicesChanged], None],
    ) -> None:
        self._drive_probe = drive_probe
        self._pair_records = pair_records
        self._timing = timing
        self._on_change = on_change
        self._attached: dict[int, PhoneSummary] = {}
        self._complete: set[str] = set()
        self._phone_checks: dict[int, asyncio.Task[None]] = {}
        self.now: DevicesChanged | None = None
        """None until both phones and drives are known."""
        self._seen = DevicesChanged()

    async def run(self) -> None:
        """Watch until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._watch_phones())
                group.create_task(self._watch_drives())
        finally:
            for check in self._phone_checks.values():
                check.cancel()
            await asyncio.gather(*self._phone_checks.values(), return_exceptions=True)

    async def _watch_phones(self) -> None:
        async with aclosing(watch_phones()) as changes:
            async for attached in changes:
                if isinstance(attached, UsbmuxUnavailable):
                    self._keep_only(())
                    self._show_phones(str(attached))
                    continue
                phones = _by_cable(attached)
                self._keep_only(phones)
                for phone in phones:
                    if phone.device_id not in self._phone_checks:
                        self._attached[phone.device_id] = PhoneSummary(phone.udid, sentence=JUST_CONNECTED)
                        self._phone_checks[phone.device_id] = asyncio.create_task(self._keep_checking(phone))
                self._show_phones("" if phones else hint_where_none(attached))

    def _keep_only(self, phones: tuple[AttachedPhone, ...]) -> None:
        still = {phone.device_id for phone in phones}
        for device_id in tuple(self._phone_checks):
            if device_id not in still:
                self._phone_checks.pop(device_id).cancel()
                self._attached.pop(device_id, None)

    async def _keep_checking(self, phone: AttachedPhone) -> None:
        while True:
            summary = await _summary_of(phone, self._pair_records)
            if self._attached.get(phone.device_id) != summary:
                self._attached[phone.device_id] = summary
                self._show_phones()
            await self._timing.pause(READY_EVERY if summary.ready else UNREADY_EVERY)

    async def _watch_drives(self) -> None:
        while True:
            self._show(replace(self._seen, drives=await self._drive_probe.drives()), "drives")
            await self._timing.pause(DRIVES_EVERY)

    def _show_phones(self, sentence: str = "") -> None:
        phones = tuple(summary for _, summary in sorted(self._attached.items()))
        self._show(replace(self._seen, phones=phones, sentence=sentence), "phones")

    def _show(self, seen: DevicesChanged, what: str) -> None:
        self._complete.add(what)
        if self._complete >= {"phones", "drives"} and seen != self.now:
            self.now = seen
            self._on_change(seen)
        self._seen = seen


async def _summary_of(phone: AttachedPhone, pair_records: Path) -> PhoneSummary:
    look = await peek(phone.udid, pair_records)
    return phone_summary(look.facts, look.trouble)


def _by_cable(phones: tuple[AttachedPhone, ...]) -> tuple[AttachedPhone, ...]:
    return tuple(phone for phone in phones if phone.over_usb)
