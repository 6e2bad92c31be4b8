"""Checks of a phone: can it be read, what does it report about itself, how does its file service behave."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from ambertime_tui.engine.api.doctor import DoctorRequest
from ambertime_tui.engine.api.protocol import RunningJob
from ambertime_tui.engine.doctor.computer import Folders
from ambertime_tui.engine.doctor.fetch_trial import report_known, try_way
from ambertime_tui.engine.doctor.findings import Deadline, Effort, Reporter
from ambertime_tui.engine.doctor.library import check_library
from ambertime_tui.engine.doctor.measuring import check_speed, watch_stamps
from ambertime_tui.engine.doctor.observation import observe_phone
from ambertime_tui.engine.timing import Timing
from ambertime_tui.phone.discovery import AttachedPhone, attached_phones, choose_phone
from ambertime_tui.phone.errors import (
    FileLimitReached,
    PhoneError,
    PhoneLocked,
    TrustPending,
    TrustRefused,
    UsbmuxUnavailable,
)
from ambertime_tui.phone.facts import PhoneFacts
from ambertime_tui.phone.probes import list_status, statuses
from ambertime_tui.phone.session import PhoneSession, open_session, peek
from ambertime_tui.units import size

DOWNLOADS_STOP_AT = 1 << 30
"""Free bytes below which iOS downloads no originals."""
LOW_BATTERY = 20
OLDEST_IOS, NEWEST_IOS = 13, 26
_FOLDERS = ("PhotoData", "PhotoData/Mutations", "PhotoData/CPLAssets", "DCIM")


async def check_phone(
    report: Reporter,
    request: DoctorRequest,
    folders: Folders,
    jobs: Sequence[RunningJob],
    deadline: Deadline,
    timing: Timing,
    effort: Effort,
) -> None:
    """Check a phone. Never asks it to trust this computer."""
    report.step("Looking for the iPhone")
    try:
        phones = await attached_phones()
        phone = choose_phone(phones, request.udid)
    except FileLimitReached as error:
        report.wrong("connected", str(error))
        return
    except UsbmuxUnavailable:
        report.note("connected", "No iPhone was checked, because usbmuxd cannot be used.")
        return
    except PhoneError as error:
        report.wrong("connected", str(error), connected=bool(phones), kind=type(error).__name__)
        return
    if not await _is_readable(report, phone, folders.pair_records, timing):
        return
    busy = any(job.udid == phone.udid and job.outcome is None for job in jobs)
    on_wifi = any(one.udid == phone.udid and not one.over_usb for one in phones)
    try:
        async with open_session(
            phone.udid,
            pair_records=folders.pair_records,
            on_waiting=lambda trouble: None,
            trust_patience=0.0,
            timeouts=timing.phone,
            pairs=False,
        ) as session:
            await _check_session(
                report, session, request, folders, deadline, timing, effort, busy=busy, on_wifi=on_wifi
            )
    except PhoneError as error:
        report.wrong("connection", str(error), kind=type(error).__name__)


async def _is_readable(report: Reporter, phone: AttachedPhone, pair_records: Path, timing: Timing) -> bool:
    """Check trust and lock."""
    seen = await peek(phone.udid, pair_records, timeouts=timing.phone)
    trouble = seen.trouble
    if isinstance(trouble, TrustPending | TrustRefused):
        report.wrong(
            "trust",
            f"{seen.facts.label} does not trust this computer yet. Unlock it, start a scan or "
            "a backup, tap Trust on the phone and enter its passcode.",
            trusted=False,
        )
        return False
    if isinstance(trouble, PhoneLocked):
        report.fine("trust", f"{seen.facts.label} trusts this computer.", trusted=True)
        report.wrong("lock", str(trouble), locked=True)
        return False
    if trouble is not None:
        report.wrong("connection", str(trouble), kind=type(trouble).__name__)
        return False
    report.fine("trust", f"{seen.facts.label} trusts this computer.", trusted=True)
    report.fine("lock", "It is unlocked, or was since it was plugged in.", locked=False)
    return True


async def _check_session(
    report: Reporter,
    session: PhoneSession,
    request: DoctorRequest,
    folders: Folders,
    deadline: Deadline,
    timing: Timing,
    effort: Effort,
    *,
    busy: bool,
    on_wifi: bool,
) -> None:
    check_facts(report, session.facts)
    report.step("Asking the iPhone to stay awake")
    async with session.kept_awake(60.0) as granted:
        if granted:
            report.fine("awake", "It agrees to stay awake during a backup.", granted=True)
        else:
            report.note(
                "awake",
                "It does not agree to stay awake. During long backups, set Auto-Lock to Never: Settings, "
                "Display & Brightness.",
                granted=False,
            )
    media = await session.media()
    await check_statuses(report, session)
    seen = await check_library(report, media, folders.scratch, deadline, timing)
    await asyncio.to_thread(report_known, report, folders.state, session.facts, request.way)
    check_wifi(report, on_wifi=on_wifi, waits=not seen.readable or seen.in_icloud > 0)
    if busy:
        report.note(
            "phone-speed",
            "A backup is using the iPhone, so its speed and limits were not tested. Run the checks again "
            "when it has ended.",
        )
        return
    left = deadline.left(effort.stamps + 1.0)
    seconds = effort.speed if left is None else min(effort.speed, left)
    await check_speed(report, media, seen.largest, seconds)
    if request.way is not None:
        await try_way(report, request.way, media, seen, session.facts, folders.state, request, timing)
    elif request.long_seconds is None:
        await watch_stamps(report, media, effort.stamps, timing)
    else:
        await observe_phone(report, session, media, seen, request.long_seconds, timing, effort)


def check_facts(report: Reporter, facts: PhoneFacts) -> None:
    """Check model, iOS, battery and storage."""
    major = int(facts.ios_version.partition(".")[0]) if facts.ios_version[:1].isdigit() else None
    named = f"{facts.model or 'iPhone'} with iOS {facts.ios_version or 'of unknown version'}"
    about = {"product": facts.product_type, "ios": facts.ios_version}
    if major is None or OLDEST_IOS <= major <= NEWEST_IOS:
        report.fine("ios", f"{named}.", **about)
    else:
        report.note(
            "ios",
            f"{named}. AmberTime knows the libraries of iOS {OLDEST_IOS} to {NEWEST_IOS}; check the results "
            "of the first backup, and look for a newer AmberTime.",
            **about,
        )
    if facts.battery_percent is not None:
        battery = {"percent": facts.battery_percent, "on_power": bool(facts.on_power)}
        if facts.battery_percent < LOW_BATTERY and not facts.on_power:
            report.note(
                "battery",
                f"Its battery is at {facts.battery_percent}% and it is not charging. Use a port or hub that "
                "charges it, or charge it first.",
                **battery,
            )
        else:
            report.fine("battery", f"Its battery is at {facts.battery_percent}%.", **battery)
    if facts.free_bytes is None:
        report.note("phone-room", "It does not report its free storage.")
    elif facts.free_bytes < DOWNLOADS_STOP_AT:
        report.wrong(
            "phone-room",
            f"Its storage is almost full ({size(facts.free_bytes)} free), and iOS downloads no originals "
            "while less than 1 GiB is free. Delete apps or videos on it that you do not need: Settings, "
            "General, iPhone Storage.",
            free_bytes=facts.free_bytes,
        )
    else:
        total = facts.total_bytes or 0
        report.fine(
            "phone-room",
            f"{size(facts.free_bytes)} of its storage are free.",
            free_bytes=facts.free_bytes,
            total_bytes=total,
        )


def check_wifi(report: Reporter, *, on_wifi: bool, waits: bool) -> None:
    """Say what is known of the phone's Wi-Fi. USB itself does not show it."""
    if on_wifi:
        report.fine("wifi", "It is on the same Wi-Fi as this computer.", seen=True)
    elif waits:
        report.note(
            "wifi",
            "A cable does not show whether it is on Wi-Fi, which iOS needs to download originals. Check it "
            "in Settings, Wi-Fi.",
            seen=False,
        )
    else:
        report.fine("wifi", "It needs no Wi-Fi: no original is only in iCloud.", seen=False)


async def check_statuses(report: Reporter, session: PhoneSession) -> None:
    """Note with which status codes the phone answers requests that cannot succeed."""
    connection = await session.connection()
    try:
        found = dict(await statuses(connection))
        for folder in _FOLDERS:
            found[f"list_{folder.replace('/', '_').lower()}"] = await list_status(connection, folder)
    finally:
        await connection.aclose()
    answers = ", ".join(f"{name.replace('_', ' ')} {code}" for name, code in found.items() if code)
    report.fine("status-codes", f"Its answers to impossible requests: {answers or 'none'}.", **found)
