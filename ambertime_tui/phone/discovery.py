"""Which phones are attached, as they come and go. Needs no pairing and wakes no phone."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from xml.parsers.expat import ExpatError

from ambertime_tui.phone.cleanup import finish, forget
from ambertime_tui.phone.errors import (
    NoPhoneAttached,
    OnlyOverWifi,
    SeveralPhones,
    UnknownPhone,
    UsbmuxUnavailable,
)
from ambertime_tui.phone.usb_bus import apple_devices_on_usb

ANSWER_WITHIN = 10.0
"""Seconds in which usbmuxd has to answer; it is a local service and takes milliseconds."""
RETRY_AFTER = 1.0
"""Seconds between looks for a usbmuxd that is not there."""
_DEFAULT_SOCKET = "/var/run/usbmuxd"
_UNDASHED = re.compile(r"[0-9A-Fa-f]{24}")


@dataclass(frozen=True, slots=True, order=True)
class AttachedPhone:
    """A phone that usbmuxd lists."""

    udid: str
    """As Apple writes it: 40 hex digits, or 8-16 with a dash."""
    device_id: int
    """usbmuxd's number for this attachment; a phone that is plugged in again gets a new one."""
    over_usb: bool
    """False: seen over Wi-Fi."""


def canonical_udid(text: str) -> str:
    """The UDID with the dash that usbmuxd sometimes drops."""
    return f"{text[:8]}-{text[8:]}" if _UNDASHED.fullmatch(text) else text


async def attached_phones() -> tuple[AttachedPhone, ...]:
    """The phones attached now, those on a cable first.

    Raises:
        UsbmuxUnavailable: nothing answers where usbmuxd should be.
    """
    from pymobiledevice3 import usbmux

    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            devices = await usbmux.list_devices()
    except (OSError, ValueError, KeyError, ExpatError, usbmux.MuxException) as error:
        raise _unavailable(error) from error
    found = {AttachedPhone(canonical_udid(d.serial), d.devid, d.is_usb) for d in devices}
    return tuple(sorted(found, key=lambda phone: (not phone.over_usb, phone)))


async def watch_phones(
    retry_after: float = RETRY_AFTER,
) -> AsyncGenerator[tuple[AttachedPhone, ...] | UsbmuxUnavailable, None]:
    """The phones attached: at once, and again at each change, for ever. While usbmuxd is away that is said
    once, as a value, and the phones are told again when it is back. Close it with `aclosing`.
    """
    said: tuple[AttachedPhone, ...] | str | None = None
    while True:
        try:
            async with aclosing(_list_on_each_change()) as lists:
                async for phones in lists:
                    if phones != said:
                        said = phones
                        yield phones
        except UsbmuxUnavailable as error:
            if str(error) != said:
                said = str(error)
                yield error
        await asyncio.sleep(retry_after)


async def wait_until_detached(phone: AttachedPhone) -> None:
    """Returns when this attachment is over (unplugged, or plugged in anew), or usbmuxd is gone."""
    async with aclosing(watch_phones()) as changes:
        async for now in changes:
            if isinstance(now, UsbmuxUnavailable) or phone not in now:
                return


def choose_phone(phones: Sequence[AttachedPhone], udid: str | None = None) -> AttachedPhone:
    """The phone to use: the one asked for, or the only one.

    Args:
        phones: what is attached.
        udid: which one, with or without its dash; None for the only one.

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
    """`choose_phone` among the phones attached now."""
    return choose_phone(await attached_phones(), udid)


def hint_where_none(phones: Sequence[AttachedPhone]) -> str:
    """Why there is no phone on a cable although one is near: seen over Wi-Fi only, or on the USB bus but
    not by usbmuxd. Empty: there is one on a cable, or none at all.
    """
    if any(phone.over_usb for phone in phones):
        return ""
    if phones:
        return str(OnlyOverWifi(f"The iPhone {phones[0].udid}"))
    return _not_listed_hint(apple_devices_on_usb())


def _same(one: str, other: str) -> bool:
    return one.replace("-", "").lower() == other.replace("-", "").lower()


def _not_listed_hint(on_the_bus: Sequence[str]) -> str:
    if not on_the_bus:
        return ""
    return (
        f"An {on_the_bus[0]} is plugged in, but usbmuxd does not list it. Unlock it and plug it in again; "
        "if that does not help: sudo systemctl restart usbmuxd."
    )


async def _list_on_each_change() -> AsyncGenerator[tuple[AttachedPhone, ...], None]:
    """The whole list after each event; events only say when to look, so that none can be misread. Where
    usbmuxd lists phones but tells no events, it is asked again and again.

    Raises:
        UsbmuxUnavailable: usbmuxd is not there, or went away.
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
    """Calls `on_change` when usbmuxd listens to us, and at each of its events, until it goes away."""
    from pymobiledevice3 import usbmux

    async with asyncio.timeout(ANSWER_WITHIN):
        mux: Any = await usbmux.create_mux()
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            await mux.listen()
        on_change()
        while True:
            await mux.receive_device_state_update()
            on_change()
    finally:
        await finish(mux.close(), 1.0)


def _unavailable(error: BaseException) -> UsbmuxUnavailable:
    """The sentence for each way in which usbmuxd can be missing."""
    if isinstance(error, UsbmuxUnavailable):
        return error
    address = os.environ.get("USBMUXD_SOCKET_ADDRESS")
    where = address or _DEFAULT_SOCKET
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    if isinstance(error, ValueError) and address:
        return UsbmuxUnavailable(
            f"USBMUXD_SOCKET_ADDRESS is {address}, which is neither a path nor HOST:PORT. Correct it or "
            "unset it."
        )
    if isinstance(cause, FileNotFoundError):
        if address or sys.platform == "darwin":
            return UsbmuxUnavailable(f"No usbmuxd listens at {where}: there is no such socket. Start it.")
        return UsbmuxUnavailable(
            f"usbmuxd is not running (there is no {where}). It starts when an iPhone is plugged in; if one "
            "is, install it: sudo apt install usbmuxd."
        )
    if isinstance(cause, ConnectionRefusedError):
        restart = "" if address else ": sudo systemctl restart usbmuxd"
        return UsbmuxUnavailable(f"usbmuxd does not answer at {where}. Start it again{restart}.")
    if isinstance(cause, PermissionError):
        return UsbmuxUnavailable(
            f"This user may not use usbmuxd ({where}: permission denied). Join the group that owns the "
            "socket, or ask the owner of this computer."
        )
    if isinstance(cause, TimeoutError):
        return UsbmuxUnavailable(
            f"usbmuxd at {where} took the connection but said nothing for {ANSWER_WITHIN:.0f} s. Start it "
            "again."
        )
    if isinstance(cause, OSError) and cause.strerror:
        return UsbmuxUnavailable(f"usbmuxd cannot be reached at {where}: {cause.strerror}. Start it again.")
    return UsbmuxUnavailable(
        f"usbmuxd at {where} broke off the connection. Start it again if it does not come back."
    )
