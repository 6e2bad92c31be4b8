"""libimobiledevice's tools and ifuse work with the simulated phone."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ambertime_tui.simulator.background import BackgroundUsbmuxd
from ambertime_tui.simulator.faults import Faults
from ambertime_tui.simulator.phone import SimulatedPhone, Trust
from tests.conftest import PhoneFactory

Tool = Callable[..., subprocess.CompletedProcess[str]]
TLS_AND_PLAIN = pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])


@pytest.fixture
def tool(usbmux: BackgroundUsbmuxd, monkeypatch: pytest.MonkeyPatch) -> Tool:
    monkeypatch.setenv("USBMUXD_SOCKET_ADDRESS", usbmux.libusbmuxd_address)

    def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed")
        return subprocess.run([name, *arguments], capture_output=True, text=True, timeout=30, check=False)

    return run


def test_idevice_id_lists_every_phone(phone_factory: PhoneFactory, tool: Tool) -> None:
    phones = [phone_factory(), phone_factory()]
    listed = tool("idevice_id", "-l").stdout.split()
    assert sorted(listed) == sorted(phone.udid for phone in phones)


@TLS_AND_PLAIN
def test_ideviceinfo_reads_facts_and_domains(phone_factory: PhoneFactory, tool: Tool, tls: bool) -> None:
    phone = phone_factory(tls=tls)
    assert tool("ideviceinfo", "-k", "ProductVersion").stdout.strip() == phone.facts.model.ios_version
    assert tool("ideviceinfo", "-k", "TimeZone").stdout.strip() == phone.facts.time_zone
    battery = tool("ideviceinfo", "-q", "com.apple.mobile.battery").stdout
    assert f"BatteryCurrentCapacity: {phone.facts.battery_percent}" in battery
    assert tool("idevicename").stdout.strip() == phone.facts.name


@TLS_AND_PLAIN
def test_idevicepair_pairs_validates_and_unpairs(
    phone_factory: PhoneFactory, usbmux: BackgroundUsbmuxd, tool: Tool, tls: bool
) -> None:
    phone = phone_factory(tls=tls, paired=False)
    assert "SUCCESS" in tool("idevicepair", "pair").stdout
    assert "SUCCESS" in tool("idevicepair", "validate").stdout
    assert phone.udid in usbmux.usbmuxd.pair_records
    assert "SUCCESS" in tool("idevicepair", "unpair").stdout
    assert usbmux.usbmuxd.pair_records == {}


@pytest.mark.parametrize(
    ("trust", "locked", "words"),
    [
        (Trust.ASKS, False, "accept the trust dialog"),
        (Trust.REFUSES, False, "denied the trust dialog"),
        (Trust.ACCEPTS, True, "passcode is set"),
    ],
)
def test_idevicepair_explains_what_the_user_must_do(
    phone_factory: PhoneFactory, tool: Tool, trust: Trust, locked: bool, words: str
) -> None:
    phone = phone_factory(trust=trust, paired=False)
    phone.locked = locked
    done = tool("idevicepair", "pair")
    assert done.returncode != 0
    assert words in done.stdout + done.stderr


@pytest.fixture
def mount(tmp_path: Path, tool: Tool) -> Iterator[Callable[[SimulatedPhone], Path]]:
    point = tmp_path / "mount"
    point.mkdir()

    def mounted(phone: SimulatedPhone) -> Path:
        if not os.access("/dev/fuse", os.R_OK | os.W_OK):
            pytest.skip("/dev/fuse is not there for us")
        done = tool("ifuse", str(point), "-u", phone.udid)
        assert done.returncode == 0, done.stderr
        deadline = time.monotonic() + 10
        while not point.is_mount():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return point

    yield mounted
    if point.is_mount():
        subprocess.run([shutil.which("fusermount3") or "fusermount", "-u", "-z", str(point)], check=True)


@TLS_AND_PLAIN
def test_ifuse_mounts_the_media_folder_for_reading(
    phone_factory: PhoneFactory,
    media_folder: Path,
    mount: Callable[[SimulatedPhone], Path],
    tls: bool,
) -> None:
    phone = phone_factory(tls=tls)
    mounted = mount(phone)
    files = [file.relative_to(media_folder) for file in media_folder.rglob("*.*")]
    assert sorted(file.relative_to(mounted) for file in mounted.rglob("*.*")) == sorted(files)
    for file in files:
        assert (mounted / file).read_bytes() == (media_folder / file).read_bytes()
    assert shutil.disk_usage(mounted).total == phone.facts.total_bytes
    with pytest.raises(PermissionError):
        (mounted / "new").write_text("x")


def test_ifuse_copes_with_short_replies(
    phone_factory: PhoneFactory, media_folder: Path, mount: Callable[[SimulatedPhone], Path]
) -> None:
    phone = phone_factory()
    mounted = mount(phone)
    phone.faults = Faults(afc_reply_limit=1 << 20)
    name = Path("DCIM/100APPLE/IMG_0002.MOV")
    assert (mounted / name).read_bytes() == (media_folder / name).read_bytes()
