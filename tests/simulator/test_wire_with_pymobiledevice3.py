"""pymobiledevice3 takes the simulated phone for a phone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pymobiledevice3.lockdown import LockdownClient, create_using_usbmux
from pymobiledevice3.services.afc import AfcService

from ambertime_tui.simulator.background import BackgroundUsbmuxd
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.conftest import PhoneFactory


async def connect(phone: SimulatedPhone, records: Path, **options: object) -> LockdownClient:
    return await create_using_usbmux(
        serial=phone.udid,
        connection_type="USB",
        pairing_records_cache_folder=records,
        **{"autopair": False, **options},
    )


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_phone_that_trusts_this_computer_gives_its_facts_and_its_files(
    phone_factory: PhoneFactory, media_folder: Path, tmp_path: Path, tls: bool
) -> None:
    phone = phone_factory(tls=tls)
    files = {f"/{file.relative_to(media_folder)}": file.read_bytes() for file in media_folder.rglob("*.*")}

    async def look() -> None:
        async with await connect(phone, tmp_path) as lockdown:
            assert lockdown.paired
            assert lockdown.display_name == "iPhone 15 Pro"
            battery = await lockdown.get_value("com.apple.mobile.battery")
            assert battery["BatteryCurrentCapacity"] == phone.facts.battery_percent
            async with AfcService(lockdown) as afc:
                assert sorted(await afc.listdir("/DCIM/100APPLE")) == ["IMG_0001.HEIC", "IMG_0002.MOV"]
                for path, content in files.items():
                    assert (await afc.stat(path))["st_size"] == len(content)
                    assert await afc.get_file_contents(path) == content
                assert (await afc.get_device_info())["FSFreeBytes"] == str(phone.facts.free_bytes)

    asyncio.run(look())
    assert phone.open_files == 0


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_pairing_with_a_new_phone_makes_a_record_that_works_from_then_on(
    phone_factory: PhoneFactory, usbmux: BackgroundUsbmuxd, tmp_path: Path, tls: bool
) -> None:
    phone = phone_factory(tls=tls, paired=False)

    async def pair() -> None:
        async with await connect(phone, tmp_path, autopair=True) as lockdown:
            assert lockdown.paired
        async with await connect(phone, tmp_path) as lockdown:
            assert lockdown.paired

    asyncio.run(pair())
    assert list(usbmux.usbmuxd.pair_records) == [phone.udid]
