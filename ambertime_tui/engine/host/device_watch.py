"""Watch phones and drives being connected and disconnected, each independently of the other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
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

log = logging.getLogger(__name__)

DRIVES_EVERY = 2.0
"""Seconds between checks of the mounted drives."""
UNREADY_EVERY = 3.0
"""Seconds between checks of a phone that waits for its user."""
READY_EVERY = 60.0
"""Seconds between checks of a ready phone: battery and free space change slowly."""

RESTART_AFTER, RESTART_AFTER_AT_MOST = 1.0, 30.0
"""Seconds before a watch that failed starts again; each further failure doubles the time."""
WAIT_FOR_BOTH = 4.0
"""Seconds to wait for phones and drives, so that both appear at once. Then what is known appears."""

JUST_CONNECTED = "Just connected; reading its details."
PHONES_FAILED = "Phones cannot be detected ({error!r}). Trying again. If this continues, please report it."
DRIVES_FAILED = "Drives cannot be listed ({error!r}). Trying again. If this continues, please report it."
CHECK_FAILED = "This iPhone cannot be checked ({error!r}). Trying again. If this continues, please report it."
NO_PHONES_YET = "usbmuxd has not responded yet. If it does not, restart it."
NO_DRIVES_YET = "The drives have not responded yet."


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
        """None until phones and drives are known, or one of them takes too long."""
        self._seen = DevicesChanged(sentence=NO_PHONES_YET, drives_sentence=NO_DRIVES_YET)

    async def run(self) -> None:
        """Watch until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_watching(self._watch_phones, self._phones_failed))
                group.create_task(self._keep_watching(self._watch_drives, self._drives_failed))
                group.create_task(self._show_what_is_known())
        finally:
            for check in self._phone_checks.values():
                check.cancel()
            await asyncio.gather(*self._phone_checks.values(), return_exceptions=True)

    async def _keep_watching(
        self, watch: Callable[[], Awaitable[None]], show_failure: Callable[[Exception], None]
    ) -> None:
        """Restart a watch that fails, and show its trouble meanwhile."""
        wait = RESTART_AFTER
        while True:
            began = self._timing.steady()
            try:
                await watch()
            except Exception as error:
                log.exception("a device watch failed; it restarts in %s s", wait)
                show_failure(error)
            if self._timing.steady() - began > RESTART_AFTER_AT_MOST:
                wait = RESTART_AFTER
            await self._timing.pause(wait)
            wait = min(2 * wait, RESTART_AFTER_AT_MOST)

    def _phones_failed(self, error: Exception) -> None:
        self._keep_only(())
        self._show_phones(PHONES_FAILED.format(error=error))

    def _drives_failed(self, error: Exception) -> None:
        seen = replace(self._seen, drives=(), drives_sentence=DRIVES_FAILED.format(error=error))
        self._show(seen, "drives")

    async def _show_what_is_known(self) -> None:
        await self._timing.pause(WAIT_FOR_BOTH)
        self._complete |= {"phones", "drives"}
        if self.now is None:
            self._show(self._seen, "")

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
            drives = await self._drive_probe.drives()
            self._show(replace(self._seen, drives=drives, drives_sentence=""), "drives")
            await self._timing.pause(DRIVES_EVERY)

    def _show_phones(self, sentence: str = "") -> None:
        phones = tuple(self._attached[device_id] for device_id in sorted(self._attached))
        self._show(replace(self._seen, phones=phones, sentence=sentence), "phones")

    def _show(self, seen: DevicesChanged, what: str) -> None:
        self._complete.add(what)
        if self._complete >= {"phones", "drives"} and seen != self.now:
            self.now = seen
            self._on_change(seen)
        self._seen = seen


async def _summary_of(phone: AttachedPhone, pair_records: Path) -> PhoneSummary:
    try:
        look = await peek(phone.udid, pair_records)
    except Exception as error:
        log.exception("cannot check the phone %s", phone.udid)
        return PhoneSummary(phone.udid, sentence=CHECK_FAILED.format(error=error))
    return phone_summary(look.facts, look.trouble)


def _by_cable(phones: tuple[AttachedPhone, ...]) -> tuple[AttachedPhone, ...]:
    return tuple(phone for phone in phones if phone.over_usb)
