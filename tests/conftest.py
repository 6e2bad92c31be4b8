"""Fixtures for all tests: an isolated home, and simulated phones that speak the real protocols."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import HealthCheck, settings

from ambertime_tui.simulator.background import BackgroundUsbmuxd
from ambertime_tui.simulator.facts import Facts, udid_for
from ambertime_tui.simulator.link import Link
from ambertime_tui.simulator.phone import SimulatedPhone, Trust

# Textual reads these variables on import. The developer's settings must not affect the tests.
for _name in [
    name
    for name in os.environ
    if name == "NO_COLOR" or (name.startswith("TEXTUAL") and name != "TEXTUAL_SNAPSHOT_TEMPDIR")
]:
    del os.environ[_name]
os.environ["TEXTUAL_ANIMATIONS"] = "none"

# The time an example takes depends on the load of the machine, not on the property.
settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain unequal bytes in one line: pytest's own diff of a megabyte takes minutes where CI is set."""
    if op != "==" or not isinstance(left, bytes) or not isinstance(right, bytes):
        return None
    if max(len(left), len(right)) < 1000:
        return None
    pairs = enumerate(zip(left, right, strict=False))
    first = next((at for at, (one, other) in pairs if one != other), min(len(left), len(right)))
    return [f"{len(left):,} bytes == {len(right):,} bytes", f"The first difference is at byte {first:,}."]


class PhoneFactory(Protocol):
    """Creates a phone and plugs it in.

    By default it has no TLS and no speed limit, and already trusts this computer. Without `facts` it has the
    defaults of `Facts` and a new UDID.
    """

    def __call__(
        self,
        media: Path | None = None,
        *,
        facts: Facts | None = None,
        tls: bool = False,
        link: Link | None = None,
        trust: Trust = Trust.ACCEPTS,
        paired: bool = True,
        attached: bool = True,
        apps: dict[str, Path] | None = None,
    ) -> SimulatedPhone: ...


@pytest.fixture
def short_tmp() -> Iterator[Path]:
    """A temporary folder with a path short enough for Unix sockets (about 100 bytes)."""
    folder = Path(tempfile.mkdtemp(prefix="at-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home and XDG folders, so that no test touches those of the developer."""
    folder = tmp_path / "home"
    folder.mkdir()
    runtime = short_tmp / "run"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    for variable, name in {
        "XDG_CONFIG_HOME": ".config",
        "XDG_DATA_HOME": ".local/share",
        "XDG_STATE_HOME": ".local/state",
        "XDG_CACHE_HOME": ".cache",
    }.items():
        monkeypatch.setenv(variable, str(folder / name))
    # Without a simulated usbmuxd a test must find none, not the developer's phone.
    monkeypatch.setenv("USBMUXD_SOCKET_ADDRESS", str(short_tmp / "usbmuxd"))
    return folder


@pytest.fixture
def usbmux(short_tmp: Path, home: Path) -> Iterator[BackgroundUsbmuxd]:
    """A simulated usbmuxd without phones, at USBMUXD_SOCKET_ADDRESS."""
    with BackgroundUsbmuxd(os.environ["USBMUXD_SOCKET_ADDRESS"]) as running:
        yield running


@pytest.fixture
def media_folder(tmp_path: Path) -> Path:
    """A phone's media folder with two small files and one of 3 MB, and no Photo Library."""
    folder = tmp_path / "media"
    files = {
        "DCIM/100APPLE/IMG_0001.HEIC": b"first photo" * 1000,
        "DCIM/100APPLE/IMG_0002.MOV": bytes(range(256)) * 12_000,
        "PhotoData/CPLAssets/group1/0F1E2D3C.JPG": b"from iCloud" * 500,
    }
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


@pytest.fixture
def phone_factory(usbmux: BackgroundUsbmuxd, media_folder: Path) -> PhoneFactory:
    """A `PhoneFactory` for the simulated usbmuxd."""
    made: list[SimulatedPhone] = []

    def make(
        media: Path | None = None,
        *,
        facts: Facts | None = None,
        tls: bool = False,
        link: Link | None = None,
        trust: Trust = Trust.ACCEPTS,
        paired: bool = True,
        attached: bool = True,
        apps: dict[str, Path] | None = None,
    ) -> SimulatedPhone:
        facts = facts or Facts(udid_for(f"phone {len(made)}"))
        phone = SimulatedPhone(facts, media or media_folder, tls=tls, link=link, trust=trust, apps=apps)
        made.append(phone)
        if paired:
            usbmux.pair(phone)
        if attached:
            usbmux.attach(phone)
        return phone

    return make


@pytest.fixture
def simulated_phone(phone_factory: PhoneFactory) -> SimulatedPhone:
    """A phone with `media_folder`, plugged in and trusted, without TLS."""
    return phone_factory()
