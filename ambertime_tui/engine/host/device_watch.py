"""Phones and drives as they come and go, for whoever watches."""

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
"""Seconds between looks at what is mounted."""
UNREADY_EVERY = 3.0
"""Seconds between looks at a phone that waits for its owner."""
READY_EVERY = 60.0
"""Seconds between looks at a phone that is ready: battery and free space change slowly."""

JUST_SEEN = "It has just been plugged in and is being asked who it is."


async def phones_now(pair_records: Path) -> PhonesSeen:
    """The phones on a cable.

    Raises:
        UsbmuxUnavailable: no phone can be seen at all.
    """
    attached = await attached_phones()
    looks = (_look_at(phone, pair_records) for phone in _by_cable(attached))
    return PhonesSeen(tuple(await asyncio.gather(*looks)), hint_where_none(attached))


class DeviceWatch:
    """Looks only while somebody watches; keeps the newest picture."""

    def __init__(
        self,
        pair_records: Path,
        timing: Timing,
        looks: DriveProbe,
        on_change: Callable[[DevicesChanged], None],
    ) -> None:
        self._drive_looks = looks
        self._pair_records = pair_records
        self._timing = timing
        self._on_change = on_change
        self._attached: dict[int, PhoneSummary] = {}
        self._complete: set[str] = set()
        self._looks: dict[int, asyncio.Task[None]] = {}
        self.now: DevicesChanged | None = None
        """None until both phones and drives were looked at."""
        self._seen = DevicesChanged()

    async def run(self) -> None:
        """Watches until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._watch_phones())
                group.create_task(self._watch_drives())
        finally:
            for look in self._looks.values():
                look.cancel()
            await asyncio.gather(*self._looks.values(), return_exceptions=True)

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
                    if phone.device_id not in self._looks:
                        self._attached[phone.device_id] = PhoneSummary(phone.udid, sentence=JUST_SEEN)
                        self._looks[phone.device_id] = asyncio.create_task(self._keep_looking(phone))
                self._show_phones("" if phones else hint_where_none(attached))

    def _keep_only(self, phones: tuple[AttachedPhone, ...]) -> None:
        still = {phone.device_id for phone in phones}
        for device_id in tuple(self._looks):
            if device_id not in still:
                self._looks.pop(device_id).cancel()
                self._attached.pop(device_id, None)

    async def _keep_looking(self, phone: AttachedPhone) -> None:
        while True:
            summary = await _look_at(phone, self._pair_records)
            if self._attached.get(phone.device_id) != summary:
                self._attached[phone.device_id] = summary
                self._show_phones()
            await self._timing.pause(READY_EVERY if summary.ready else UNREADY_EVERY)

    async def _watch_drives(self) -> None:
        while True:
            self._show(replace(self._seen, drives=await self._drive_looks.drives()), "drives")
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


async def _look_at(phone: AttachedPhone, pair_records: Path) -> PhoneSummary:
    look = await peek(phone.udid, pair_records)
    return phone_summary(look.facts, look.trouble)


def _by_cable(phones: tuple[AttachedPhone, ...]) -> tuple[AttachedPhone, ...]:
    return tuple(phone for phone in phones if phone.over_usb)
