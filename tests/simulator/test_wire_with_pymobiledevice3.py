"""pymobiledevice3 works with the simulated phone: discovery, values, pairing, sessions, services."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pymobiledevice3 import exceptions
from pymobiledevice3.services.afc import AfcService
from pymobiledevice3.services.house_arrest import HouseArrestService
from pymobiledevice3.services.notification_proxy import NotificationProxyService
from pymobiledevice3.services.power_assertion import PowerAssertionService

from ambertime_tui.simulator.background import BackgroundUsbmuxd
from ambertime_tui.simulator.facts import MODELS, Facts, udid_for
from ambertime_tui.simulator.faults import Faults
from ambertime_tui.simulator.phone import LOCKDOWN, Trust
from tests.conftest import PhoneFactory
from tests.simulator.wire_clients import connected, settle, wait_until

TLS_AND_PLAIN = pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])


@TLS_AND_PLAIN
def test_a_trusting_phone_returns_its_values_and_files(
    phone_factory: PhoneFactory, media_folder: Path, tmp_path: Path, tls: bool
) -> None:
    phone = phone_factory(tls=tls)
    files = {f"/{file.relative_to(media_folder)}": file.read_bytes() for file in media_folder.rglob("*.*")}

    async def look() -> None:
        async with connected(phone, tmp_path) as lockdown:
            assert lockdown.paired
            assert lockdown.display_name == "iPhone 15 Pro"
            assert lockdown.all_values["TimeZone"] == phone.facts.time_zone
            battery = await lockdown.get_value("com.apple.mobile.battery")
            assert battery["BatteryCurrentCapacity"] == phone.facts.battery_percent
            disk = await lockdown.get_value("com.apple.disk_usage")
            assert disk["TotalDiskCapacity"] == phone.facts.total_bytes
            async with AfcService(lockdown) as afc:
                assert sorted(await afc.listdir("/DCIM/100APPLE")) == ["IMG_0001.HEIC", "IMG_0002.MOV"]
                for path, content in files.items():
                    assert (await afc.stat(path))["st_size"] == len(content)
                    assert await afc.get_file_contents(path) == content
                assert (await afc.get_device_info())["FSFreeBytes"] == str(phone.facts.free_bytes)

    asyncio.run(look())
    assert phone.open_files == 0
    assert phone.journal.refused_writes == []


@pytest.mark.parametrize("ios", MODELS)
def test_a_phone_reports_its_ios_version(phone_factory: PhoneFactory, tmp_path: Path, ios: int) -> None:
    phone = phone_factory(facts=Facts(udid_for("any"), model=MODELS[ios]))

    async def version() -> str:
        async with connected(phone, tmp_path) as lockdown:
            return str(lockdown.product_version)

    assert asyncio.run(version()).split(".")[0] == str(ios)


@TLS_AND_PLAIN
def test_pairing_with_a_new_phone_creates_a_working_record(
    phone_factory: PhoneFactory, usbmux: BackgroundUsbmuxd, tmp_path: Path, tls: bool
) -> None:
    phone = phone_factory(tls=tls, paired=False)

    async def pair() -> None:
        async with connected(phone, tmp_path, autopair=True) as lockdown:
            assert lockdown.paired
        async with connected(phone, tmp_path) as lockdown:
            assert lockdown.paired

    asyncio.run(pair())
    assert list(usbmux.usbmuxd.pair_records) == [phone.udid]


def test_an_unknown_computer_sees_the_name_but_neither_battery_nor_services(
    phone_factory: PhoneFactory, tmp_path: Path
) -> None:
    phone = phone_factory(paired=False)

    async def look() -> None:
        async with connected(phone, tmp_path) as lockdown:
            assert not lockdown.paired
            assert lockdown.all_values["DeviceName"] == phone.facts.name
            assert "TimeZone" not in lockdown.all_values
            with pytest.raises(exceptions.GetProhibitedError):
                await lockdown.get_value("com.apple.mobile.battery")
            with pytest.raises(exceptions.NotPairedError):
                await lockdown.start_lockdown_service("com.apple.afc")

    asyncio.run(look())


def test_the_trust_dialog_stays_open_until_it_is_answered(
    phone_factory: PhoneFactory, tmp_path: Path
) -> None:
    phone = phone_factory(trust=Trust.ASKS, paired=False)

    async def pair() -> None:
        with pytest.raises(exceptions.PairingDialogResponsePendingError):
            async with connected(phone, tmp_path, autopair=True, pair_timeout=0):
                pass
        phone.answer_trust(True)
        async with connected(phone, tmp_path, autopair=True, pair_timeout=0) as lockdown:
            assert lockdown.paired

    asyncio.run(pair())


def test_a_refusal_lasts_until_the_phone_is_plugged_in_again(
    phone_factory: PhoneFactory, usbmux: BackgroundUsbmuxd, tmp_path: Path
) -> None:
    phone = phone_factory(trust=Trust.ASKS, paired=False)
    phone.answer_trust(False)

    async def pair() -> None:
        async with connected(phone, tmp_path, autopair=True, pair_timeout=0):
            pass

    for _ in range(2):
        with pytest.raises(exceptions.UserDeniedPairingError):
            asyncio.run(pair())
    usbmux.replug(phone)
    with pytest.raises(exceptions.PairingDialogResponsePendingError):
        asyncio.run(pair())


def test_a_locked_phone_refuses_pairing_and_new_services_but_keeps_open_connections(
    phone_factory: PhoneFactory, tmp_path: Path
) -> None:
    known, new = phone_factory(), phone_factory(paired=False)
    new.locked = True

    async def use() -> None:
        with pytest.raises(exceptions.PasswordRequiredError):
            async with connected(new, tmp_path, autopair=True):
                pass
        async with connected(known, tmp_path) as lockdown, AfcService(lockdown) as afc:
            known.locked = True
            assert await afc.listdir("/") != []
            assert (await lockdown.get_value())["PasswordProtected"] is True
            with pytest.raises(exceptions.PasswordRequiredError):
                await lockdown.start_lockdown_service("com.apple.afc")
            known.locked = False
            await (await lockdown.start_lockdown_service("com.apple.afc")).close()

    asyncio.run(use())


@TLS_AND_PLAIN
def test_a_phone_that_forgot_its_computers_does_not_accept_their_records(
    phone_factory: PhoneFactory, tmp_path: Path, tls: bool
) -> None:
    phone = phone_factory(tls=tls)
    phone.forget_hosts()

    async def is_paired() -> bool:
        async with connected(phone, tmp_path) as lockdown:
            return bool(lockdown.paired)

    assert not asyncio.run(is_paired())


def test_a_session_needs_the_key_of_the_computer_that_was_paired(
    phone_factory: PhoneFactory, usbmux: BackgroundUsbmuxd, tmp_path: Path
) -> None:
    first, second = phone_factory(tls=True, paired=False), phone_factory(tls=True)

    async def is_paired() -> bool:
        async with connected(first, tmp_path, autopair=True) as lockdown:
            assert lockdown.paired
        # One phone's pair record with a HostID that the other phone trusts: right name, wrong key.
        stolen = usbmux.usbmuxd.pair_records[first.udid]
        host_id = usbmux.usbmuxd.pair_records[second.udid].split(b"HostID</key>")[1].split(b"string>")[1][:-2]
        own_id = stolen.split(b"HostID</key>")[1].split(b"string>")[1][:-2]
        usbmux.usbmuxd.pair_records[second.udid] = stolen.replace(own_id, host_id)
        async with connected(second, tmp_path / "none") as lockdown:
            return bool(lockdown.paired)

    with pytest.raises((exceptions.PyMobileDevice3Exception, OSError)):
        asyncio.run(is_paired())


def test_an_unknown_service_is_refused_by_name(phone_factory: PhoneFactory, tmp_path: Path) -> None:
    phone = phone_factory()

    async def start() -> None:
        async with connected(phone, tmp_path) as lockdown:
            with pytest.raises(exceptions.InvalidServiceError):
                await lockdown.start_lockdown_service("com.apple.no.such.service")
            with pytest.raises(exceptions.SetProhibitedError):
                await lockdown.set_value("Mine", key="DeviceName")

    asyncio.run(start())
    assert phone.journal.refused_writes == ["lockdown SetValue DeviceName"]


def test_pymobiledevice3_reconnects_after_a_dropped_lockdown_connection(
    phone_factory: PhoneFactory, usbmux: BackgroundUsbmuxd, tmp_path: Path
) -> None:
    phone = phone_factory()

    async def ask_twice() -> None:
        async with connected(phone, tmp_path) as lockdown:
            usbmux.drop_connections(phone, LOCKDOWN)
            assert await lockdown.get_value(key="DeviceName") == phone.facts.name
            await wait_until(lambda: phone.journal.requests["lockdown.StartSession"] == 2)

    asyncio.run(ask_twice())


def test_lockdownd_may_close_after_so_many_requests(phone_factory: PhoneFactory, tmp_path: Path) -> None:
    phone = phone_factory()
    phone.faults = Faults(lockdown_drops_after=1)

    async def ask() -> None:
        with pytest.raises((exceptions.ConnectionTerminatedError, ConnectionError)):
            async with connected(phone, tmp_path) as lockdown:
                await lockdown.get_value()

    asyncio.run(ask())


def test_a_power_assertion_lasts_as_long_as_its_connection(
    phone_factory: PhoneFactory, tmp_path: Path
) -> None:
    phone = phone_factory()

    async def hold() -> None:
        async with (
            connected(phone, tmp_path) as lockdown,
            PowerAssertionService(lockdown) as power,
            power.create_power_assertion("PreventUserIdleSystemSleep", "a copy", 60),
        ):
            assert phone.power_assertions == ["a copy"]
        await wait_until(lambda: phone.power_assertions == [])

    asyncio.run(hold())


def test_notifications_reach_those_who_observe_them(
    phone_factory: PhoneFactory, usbmux: BackgroundUsbmuxd, tmp_path: Path
) -> None:
    phone = phone_factory()

    async def observe() -> str:
        async with (
            connected(phone, tmp_path) as lockdown,
            NotificationProxyService(lockdown, timeout=5) as proxy,
        ):
            await proxy.notify_register_dispatch("com.example.wanted")
            await wait_until(lambda: any(phone.observers.values()))
            usbmux.do(lambda: phone.post_notification("com.example.other"))
            usbmux.do(lambda: phone.post_notification("com.example.wanted"))
            async for event in proxy.receive_notification():
                return str(event.name)
        raise AssertionError("the notification did not come")

    assert asyncio.run(observe()) == "com.example.wanted"
    settle(lambda: phone.observers == {})


def test_an_app_shares_its_documents_and_nothing_else(phone_factory: PhoneFactory, tmp_path: Path) -> None:
    documents = tmp_path / "app" / "Documents"
    documents.mkdir(parents=True)
    (documents / "marker.txt").write_text("done")
    phone = phone_factory(apps={"org.example.viewer": tmp_path / "app"})

    async def vend() -> None:
        async with connected(phone, tmp_path) as lockdown:
            app = await HouseArrestService.create(lockdown, "org.example.viewer", documents_only=True)
            assert await app.get_file_contents("/Documents/marker.txt") == b"done"
            await app.aclose()
            with pytest.raises(exceptions.AppNotInstalledError):
                await HouseArrestService.create(lockdown, "org.example.none", documents_only=True)
            with pytest.raises(exceptions.PyMobileDevice3Exception, match="InstallationLookupFailed"):
                await HouseArrestService.create(lockdown, "org.example.viewer")

    asyncio.run(vend())


def test_values_may_change_during_a_session(phone_factory: PhoneFactory, tmp_path: Path) -> None:
    phone = phone_factory()

    async def look() -> None:
        async with connected(phone, tmp_path) as lockdown, AfcService(lockdown) as afc:
            phone.facts = Facts(phone.udid, free_bytes=7, battery_percent=3, on_power=False)
            assert (await afc.get_device_info())["FSFreeBytes"] == "7"
            assert await lockdown.get_value("com.apple.mobile.battery", "BatteryCurrentCapacity") == 3
            assert await lockdown.get_value("com.apple.mobile.battery", "BatteryIsCharging") is False

    asyncio.run(look())
