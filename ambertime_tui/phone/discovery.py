"""Discovery of connected phones and changes to them. Needs no pairing and does not wake a phone."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from ambertime_tui.open_files import is_limit_reached, limit_sentence
from ambertime_tui.phone.bounded_usbmux import bounded_usbmux
from ambertime_tui.phone.cleanup import finish, forget
from ambertime_tui.phone.errors import (
    FileLimitReached,
    NoPhoneAttached,
    OnlyOverWifi,
    SeveralPhones,
    UnknownPhone,
    UsbmuxUnavailable,
)
from ambertime_tui.phone.troubles import ODD_ANSWERS
from ambertime_tui.phone.usb_bus import apple_devices_on_usb

ANSWER_WITHIN = 10.0
"""Seconds for usbmuxd to answer. It is a local service and takes milliseconds."""
RETRY_AFTER = 1.0
"""Seconds between attempts to reach usbmuxd."""
_DEFAULT_SOCKET = "/var/run/usbmuxd"
_UDID = re.compile(r"[0-9A-Za-z-]{1,64}")
"""Anything else is no identifier of a phone, and could be part of a path."""
_UNDASHED = re.compile(r"[0-9A-Fa-f]{24}")


@dataclass(frozen=True, slots=True, order=True)
class AttachedPhone:
    """A phone that usbmuxd lists."""

    udid: str
    """In Apple's format: 40 hex digits, or 8-16 with a dash."""
    device_id: int
    """usbmuxd's number for this connection. Reconnecting a phone gives it a new one."""
    over_usb: bool
    """False: over Wi-Fi."""


def canonical_udid(text: str) -> str:
    """Restore the dash in a UDID, which usbmuxd sometimes drops."""
    return f"{text[:8]}-{text[8:]}" if _UNDASHED.fullmatch(text) else text


async def attached_phones() -> tuple[AttachedPhone, ...]:
    """List the connected phones, those on a cable first.

    Raises:
        UsbmuxUnavailable: usbmuxd does not respond.
    """
    usbmux = bounded_usbmux()
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            devices = await usbmux.list_devices()
    except (OSError, *ODD_ANSWERS, usbmux.MuxException) as error:
        raise _unavailable(error) from error
    found = {AttachedPhone(canonical_udid(d.serial), d.devid, d.is_usb) for d in devices if _is_valid(d)}
    return tuple(sorted(found, key=lambda phone: (not phone.over_usb, phone)))


async def watch_phones(
    retry_after: float = RETRY_AFTER,
) -> AsyncGenerator[tuple[AttachedPhone, ...] | UsbmuxUnavailable, None]:
    """Yield the connected phones now, and again at each change, without end. If usbmuxd is unavailable,
    yields that error once, and the phones again when it is back. Close the generator with `aclosing`."""
    last: tuple[AttachedPhone, ...] | str | None = None
    while True:
        try:
            async with aclosing(_list_on_each_change()) as lists:
                async for phones in lists:
                    if phones != last:
                        last = phones
                        yield phones
        except UsbmuxUnavailable as error:
            if str(error) != last:
                last = str(error)
                yield error
        await asyncio.sleep(retry_after)


async def wait_until_detached(phone: AttachedPhone) -> None:
    """Wait until this connection ends (unplugged or reconnected), or usbmuxd ends."""
    async with aclosing(watch_phones()) as changes:
        async for now in changes:
            if isinstance(now, FileLimitReached):
                continue  # says nothing about the phone
            if isinstance(now, UsbmuxUnavailable) or phone not in now:
                return


def choose_phone(phones: Sequence[AttachedPhone], udid: str | None = None) -> AttachedPhone:
    """Choose the requested phone, or the only one.

    Args:
        phones: the connected phones.
        udid: the requested phone, with or without its dash; None: the only one.

    Raises:
        NoPhoneAttached, UnknownPhone, SeveralPhones, OnlyOverWifi.
    """
    if udid is not None:
        wanted = [p for p in phones if _same(p.udid, udid)]
        if not wanted:
            raise UnknownPhone(udid, sorted({p.udid for p in phones}))
    else:
        wanted = list(phones)
        if not wanted:
            raise NoPhoneAttached(_not_listed_hint(apple_devices_on_usb()))
    by_wire = [p for p in wanted if p.over_usb]
    if not by_wire:
        raise OnlyOverWifi(f"The iPhone {wanted[0].udid}")
    if udid is None and len({p.udid for p in by_wire}) > 1:
        raise SeveralPhones(p.udid for p in by_wire)
    return max(by_wire, key=lambda p: p.device_id)


async def find_phone(udid: str | None = None) -> AttachedPhone:
    """Choose among the phones connected now; see `choose_phone`."""
    return choose_phone(await attached_phones(), udid)


def hint_where_none(phones: Sequence[AttachedPhone]) -> str:
    """Explain why a nearby phone is not usable: it is only on Wi-Fi, or on the USB bus but not listed by
    usbmuxd. Empty if a phone is on a cable, or there is no phone."""
    if any(phone.over_usb for phone in phones):
        return ""
    if phones:
        return str(OnlyOverWifi(f"The iPhone {phones[0].udid}"))
    return _not_listed_hint(apple_devices_on_usb())


def _is_valid(device: Any) -> bool:
    """Whether an entry of usbmuxd's list can be a phone: it is of the right types, and has a UDID."""
    return (
        isinstance(device.serial, str)
        and _UDID.fullmatch(device.serial) is not None
        and isinstance(device.devid, int)
        and 0 <= device.devid < 1 << 32
    )


def _same(one: str, other: str) -> bool:
    return one.replace("-", "").lower() == other.replace("-", "").lower()


def _not_listed_hint(on_the_bus: Sequence[str]) -> str:
    if not on_the_bus:
        return ""
    return (
        f"An {on_the_bus[0]} is plugged in, but usbmuxd does not list it. Unlock it and plug it in again. "
        "If that does not help, run: sudo systemctl restart usbmuxd."
    )


async def _list_on_each_change() -> AsyncGenerator[tuple[AttachedPhone, ...], None]:
    """Yield the complete list after each event. Events only trigger a new list. Polls if usbmuxd sends no
    events.

    Raises:
        UsbmuxUnavailable: usbmuxd is not running, or has ended.
    """
    changed = asyncio.Event()
    listener = asyncio.create_task(_listen(changed.set))
    listener.add_done_callback(lambda _: changed.set())
    listener.add_done_callback(forget)
    try:
        while not listener.done():
            await changed.wait()
            changed.clear()
            yield await attached_phones()
        while True:
            yield await attached_phones()
            await asyncio.sleep(RETRY_AFTER)
    finally:
        listener.cancel()


async def _listen(on_change: Callable[[], None]) -> None:
    """Call `on_change` after subscribing to usbmuxd and at each of its events, until it ends."""
    usbmux = bounded_usbmux()
    async with asyncio.timeout(ANSWER_WITHIN):
        mux = await usbmux.create_mux()
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            await mux.listen()
        on_change()
        while True:
            await mux.receive_device_state_update()
            mux.devices.clear()  # the list is asked for; this one would grow
            on_change()
    finally:
        await finish(mux.close(), 1.0)


def _is_address(address: str) -> bool:
    """Whether pymobiledevice3 can use an address: a path, or HOST:PORT."""
    return ":" not in address or address.rpartition(":")[2].isdecimal()


def _unavailable(error: BaseException) -> UsbmuxUnavailable:
    """Return a helpful error for each reason why usbmuxd is unavailable."""
    if isinstance(error, UsbmuxUnavailable):
        return error
    address = os.environ.get("USBMUXD_SOCKET_ADDRESS")
    where = address or _DEFAULT_SOCKET
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    if isinstance(error, ValueError) and address and not _is_address(address):
        return UsbmuxUnavailable(
            f"USBMUXD_SOCKET_ADDRESS is {address}, which is neither a path nor HOST:PORT. Correct it or "
            "unset it."
        )
    if isinstance(cause, FileNotFoundError):
        if address or sys.platform == "darwin":
            return UsbmuxUnavailable(f"usbmuxd is not running: there is no socket at {where}. Start it.")
        return UsbmuxUnavailable(
            f"usbmuxd is not running (there is no {where}). It starts when an iPhone is plugged in. If one "
            "is plugged in, install it: sudo apt install usbmuxd."
        )
    if isinstance(cause, ConnectionRefusedError):
        restart = "." if address else ": sudo systemctl restart usbmuxd."
        return UsbmuxUnavailable(f"usbmuxd does not respond at {where}. Restart it{restart}")
    if isinstance(cause, PermissionError):
        return UsbmuxUnavailable(
            f"You have no permission to use usbmuxd ({where}). Join the group that owns the socket, or ask "
            "the administrator of this computer."
        )
    if isinstance(cause, TimeoutError):
        return UsbmuxUnavailable(
            f"usbmuxd at {where} has not responded for {ANSWER_WITHIN:.0f} s. Restart it."
        )
    if isinstance(cause, OSError) and is_limit_reached(cause):
        return FileLimitReached(limit_sentence(f"usbmuxd cannot be reached at {where}", cause))
    if isinstance(cause, OSError) and cause.strerror:
        return UsbmuxUnavailable(f"usbmuxd cannot be reached at {where}: {cause.strerror}. Restart it.")
    if isinstance(error, ODD_ANSWERS):
        return UsbmuxUnavailable(
            f"usbmuxd at {where} sent an answer that AmberTime does not understand. Restart it, or check "
            "that it is usbmuxd."
        )
    return UsbmuxUnavailable(f"usbmuxd at {where} closed the connection. Restart it if it does not recover.")
