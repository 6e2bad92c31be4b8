"""Phones and usbmuxd appear and disappear, and each state has a helpful sentence."""

from __future__ import annotations

import asyncio
import importlib
import os
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.phone.discovery import (
    AttachedPhone,
    attached_phones,
    canonical_udid,
    choose_phone,
    find_phone,
    hint_where_none,
    wait_until_detached,
    watch_phones,
)
from ambertime_tui.phone.errors import (
    NoPhoneAttached,
    OnlyOverWifi,
    PhoneError,
    SeveralPhones,
    UnknownPhone,
    UsbmuxUnavailable,
)
from ambertime_tui.phone.usb_bus import apple_devices_on_usb
from ambertime_tui.phone.usbmux_address import normalize_usbmux_address
from ambertime_tui.simulator.background import BackgroundUsbmuxd
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.conftest import PhoneFactory
from tests.phone.talking import raised, run

NEW = "00008130-000A1B2C3D4E5F60"
OLD = "a" * 40
WIRED, WIRED_TOO, WIFI = (
    AttachedPhone(NEW, 3, True),
    AttachedPhone(OLD, 4, True),
    AttachedPhone(NEW, 5, False),
)


class Changes:
    """The values of `watch_phones`, one after the other."""

    def __init__(self) -> None:
        self._verification: asyncio.Queue[tuple[AttachedPhone, ...] | UsbmuxUnavailable] = asyncio.Queue()
        self._task = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        async with aclosing(watch_phones(retry_after=0.05)) as changes:
            async for change in changes:
                self._verification.put_nowait(change)

    async def next(self) -> tuple[AttachedPhone, ...] | UsbmuxUnavailable:
        async with asyncio.timeout(5):
            return await self._verification.get()

    async def until(self, wanted: set[str]) -> tuple[AttachedPhone, ...]:
        """Read values until exactly these UDIDs are connected."""
        while True:
            change = await self.next()
            if not isinstance(change, UsbmuxUnavailable) and {p.udid for p in change} == wanted:
                return change

    async def aclose(self) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})


@asynccontextmanager
async def watching() -> AsyncIterator[Changes]:
    changes = Changes()
    try:
        yield changes
    finally:
        await changes.aclose()


def test_phones_are_told_at_once_and_at_each_change(
    phone_factory: PhoneFactory, usbmux: BackgroundUsbmuxd
) -> None:
    one, other = phone_factory(), phone_factory(attached=False)

    async def work() -> None:
        async with watching() as changes:
            assert [p.udid for p in await changes.until({one.udid})] == [one.udid]
            await asyncio.to_thread(usbmux.attach, other)
            await changes.until({one.udid, other.udid})
            await asyncio.to_thread(usbmux.unplug, one)
            (left,) = await changes.until({other.udid})
            await asyncio.to_thread(usbmux.replug, other)
            (back,) = await changes.until({other.udid})
            assert back.device_id > left.device_id

    run(work())


def test_a_usbmuxd_that_goes_and_comes_back_is_survived(
    simulated_phone: SimulatedPhone, usbmux: BackgroundUsbmuxd
) -> None:
    async def work() -> None:
        async with watching() as changes:
            for _ in range(3):
                await changes.until({simulated_phone.udid})
                await asyncio.to_thread(usbmux.stop)
                assert isinstance(await changes.next(), UsbmuxUnavailable)
                await asyncio.to_thread(usbmux.start)
            await changes.until({simulated_phone.udid})

    run(work())


def test_without_usbmuxd_that_is_said_once_and_watched_for(short_tmp: Path) -> None:
    async def work() -> None:
        async with watching() as changes:
            absent = await changes.next()
            assert isinstance(absent, UsbmuxUnavailable)
            await asyncio.sleep(0.2)
            assert changes._verification.empty()
            with BackgroundUsbmuxd(os.environ["USBMUXD_SOCKET_ADDRESS"]):
                assert await changes.next() == ()

    run(work())


def test_the_end_of_an_attachment_is_noticed_even_if_the_phone_is_back_at_once(
    simulated_phone: SimulatedPhone, usbmux: BackgroundUsbmuxd
) -> None:
    async def work() -> None:
        phone = await find_phone()
        gone = asyncio.create_task(wait_until_detached(phone))
        await asyncio.to_thread(usbmux.replug, simulated_phone)
        async with asyncio.timeout(5):
            await gone
        assert (await find_phone()).udid == phone.udid

    run(work())


def test_a_missing_usbmuxd_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> str:
        return str(await raised(UsbmuxUnavailable, attached_phones()))

    said = run(work())
    assert os.environ["USBMUXD_SOCKET_ADDRESS"] in said
    assert "there is no socket" in said


def test_a_socket_without_a_listener_is_reported(short_tmp: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(os.environ["USBMUXD_SOCKET_ADDRESS"])

    async def work() -> str:
        return str(await raised(UsbmuxUnavailable, attached_phones()))

    assert "does not respond" in run(work())


def test_a_socket_of_somebody_else_says_so(usbmux: BackgroundUsbmuxd) -> None:
    Path(os.environ["USBMUXD_SOCKET_ADDRESS"]).chmod(0)

    async def work() -> str:
        with not_root():
            return str(await raised(UsbmuxUnavailable, attached_phones()))

    assert "no permission" in run(work())


@contextmanager
def not_root() -> Iterator[None]:
    """Drop root's permissions, because nothing is denied to root."""
    if os.geteuid() != 0:
        yield
        return
    importlib.import_module("pymobiledevice3.usbmux")  # other users may not be able to read it
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_an_address_that_is_none_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USBMUXD_SOCKET_ADDRESS", "localhost:usbmuxd")

    async def work() -> str:
        return str(await raised(UsbmuxUnavailable, attached_phones()))

    assert "USBMUXD_SOCKET_ADDRESS is localhost:usbmuxd" in run(work())


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("UNIX:/var/run/usbmuxd", "/var/run/usbmuxd"),
        ("/var/run/usbmuxd", "/var/run/usbmuxd"),
        ("mux", "{here}/mux"),
        ("127.0.0.1:27015", "127.0.0.1:27015"),
        ("", ""),
    ],
)
def test_an_address_is_taken_in_the_forms_that_other_programs_know(
    written: str, read: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    environ = {"USBMUXD_SOCKET_ADDRESS": written}
    normalize_usbmux_address(environ)
    assert environ == {"USBMUXD_SOCKET_ADDRESS": read.format(here=tmp_path)}


def test_a_usbmuxd_that_says_nothing_is_given_up(short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ambertime_tui.phone.discovery.ANSWER_WITHIN", 0.2)

    async def work() -> str:
        with socket.socket(socket.AF_UNIX) as silent:
            silent.bind(os.environ["USBMUXD_SOCKET_ADDRESS"])
            silent.listen()
            return str(await raised(UsbmuxUnavailable, attached_phones()))

    assert "has not responded" in run(work())


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        (16 + 9).to_bytes(4, "little") + struct.pack("<III", 1, 8, 1) + b"<no plist",
        (16 + 29).to_bytes(4, "little") + struct.pack("<III", 1, 8, 1) + b"<plist><dict></plist>........",
        (3).to_bytes(4, "little"),
        b"",
    ],
)
def test_something_else_that_listens_there_is_no_usbmuxd(reply: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(reply)
        writer.close()

    async def work() -> None:
        async with await asyncio.start_unix_server(answer, os.environ["USBMUXD_SOCKET_ADDRESS"]):
            await raised(UsbmuxUnavailable, attached_phones())

    run(work())


def test_the_only_phone_is_chosen_and_a_cable_wins_over_wifi() -> None:
    assert choose_phone([WIRED]) == WIRED
    assert choose_phone([WIFI, WIRED]) == WIRED
    assert choose_phone([WIRED, WIRED_TOO], OLD) == WIRED_TOO
    assert choose_phone([WIRED, WIRED_TOO], NEW.replace("-", "").lower()) == WIRED


def test_a_phone_that_is_near_but_on_no_cable_gets_a_hint() -> None:
    assert hint_where_none([WIFI, WIRED]) == ""
    assert "cable" in hint_where_none([WIFI])


@pytest.mark.parametrize(
    ("phones", "udid", "kind", "words"),
    [
        ([], None, NoPhoneAttached, "Connect one"),
        ([], NEW, UnknownPhone, NEW),
        ([WIRED_TOO], NEW, UnknownPhone, OLD),
        ([WIRED, WIRED_TOO], None, SeveralPhones, "by its UDID"),
        ([WIFI], None, OnlyOverWifi, "cable"),
        ([WIFI, WIRED_TOO], NEW, OnlyOverWifi, "cable"),
    ],
)
def test_where_no_phone_can_be_chosen_it_is_said_why(
    phones: list[AttachedPhone], udid: str | None, kind: type[PhoneError], words: str
) -> None:
    with pytest.raises(kind) as said:
        choose_phone(phones, udid)
    assert type(said.value) is kind
    assert words in str(said.value)


def test_a_phone_that_is_seen_over_wifi_only_is_told_apart(
    phone_factory: PhoneFactory, usbmux: BackgroundUsbmuxd
) -> None:
    phone = phone_factory(attached=False)
    usbmux.attach(phone, over="Network")

    async def work() -> None:
        await raised(OnlyOverWifi, find_phone())
        await raised(OnlyOverWifi, find_phone(phone.udid))
        await raised(UnknownPhone, find_phone("f" * 40))

    run(work())


@given(st.text(alphabet="0123456789ABCDEF", min_size=24, max_size=24))
def test_a_udid_without_its_dash_is_the_same_phone(digits: str) -> None:
    dashed = canonical_udid(digits)
    assert dashed == f"{digits[:8]}-{digits[8:]}"
    assert canonical_udid(dashed) == dashed
    assert choose_phone([AttachedPhone(dashed, 1, True)], digits).udid == dashed


def test_an_iphone_on_the_bus_that_usbmuxd_does_not_list_is_found(tmp_path: Path) -> None:
    for name, vendor, product, called in [
        ("1-1", "05ac", "12a8", "iPhone\n"),
        ("1-2", "05ac", "024f", "Apple Keyboard\n"),
        ("1-3", "046d", "12a8", "Mouse\n"),
        ("1-4", "05ac", "nonsense", "?"),
    ]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "idVendor").write_text(vendor + "\n")
        (tmp_path / name / "idProduct").write_text(product + "\n")
        (tmp_path / name / "product").write_text(called)
    (tmp_path / "usb1").mkdir()
    assert apple_devices_on_usb(tmp_path) == ("iPhone",)
    assert apple_devices_on_usb(tmp_path / "nowhere") == ()
