"""Each switch of the simulated phone changes something on the wire or in the library, and breaks nothing."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from pymobiledevice3.services.afc import AfcService

from ambertime_tui.simulator.afc_packets import AfcStatus, Operation
from ambertime_tui.simulator.background import BackgroundUsbmuxd
from ambertime_tui.simulator.behaviour import EFFECTS, Behaviour, Switch, behaviour_named
from ambertime_tui.simulator.faults import Faults
from ambertime_tui.simulator.icloud_settings import ICloudSettings
from ambertime_tui.simulator.identity import HOST_ID
from ambertime_tui.simulator.library import LibraryRecipe, MadeLibrary, Mix, make_library
from ambertime_tui.simulator.phone import AFC, SimulatedPhone
from tests.conftest import PhoneFactory
from tests.simulator.test_wire_real_tools import mount as mount
from tests.simulator.test_wire_real_tools import tool as tool
from tests.simulator.wire_clients import RawMux, connected, raw_service, settle

ROOT = Path(__file__).parents[2]
DOCS, UNCONFIRMED = ROOT / "docs", ROOT / "tests" / "engine" / "unconfirmed"
VIDEO = b"/DCIM/100APPLE/IMG_0002.MOV\0"
RECIPE = LibraryRecipe(assets=40, icloud_share=0.3, mix=Mix(hidden=0.2, raw_pair=0.1, portrait=0.1))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> MadeLibrary:
    return make_library(tmp_path_factory.mktemp("phone"), RECIPE)


class Afc:
    """A raw AFC connection."""

    def __init__(self, phone: SimulatedPhone, usbmux: BackgroundUsbmuxd) -> None:
        (device_id,) = usbmux.usbmuxd.device_ids(phone)
        self.raw: RawMux = raw_service(device_id, HOST_ID, AFC)

    def status(self, operation: Operation, body: bytes) -> AfcStatus:
        kind, answer = self.raw.afc(operation, body)
        assert kind == Operation.STATUS
        return AfcStatus(struct.unpack("<Q", answer)[0])

    def open(self, path: bytes = VIDEO) -> int:
        kind, answer = self.raw.afc(Operation.FILE_OPEN, struct.pack("<Q", 1) + path)
        assert kind == Operation.FILE_OPEN_RESULT
        return int(struct.unpack("<Q", answer)[0])

    def read(self, handle: int, size: int = 4) -> bytes:
        kind, answer = self.raw.afc(Operation.FILE_READ, struct.pack("<QQ", handle, size))
        assert kind == Operation.DATA
        return answer

    def send(self, number: int, operation: Operation, body: bytes) -> None:
        head = struct.pack("<8sQQQQ", b"CFA6LPAA", 40 + len(body), 40 + len(body), number, operation)
        self.raw.socket.sendall(head + body)

    def next_number(self) -> int:
        _, size, _, number, _ = struct.unpack("<8sQQQQ", self.raw.exactly(40))
        self.raw.exactly(size - 40)
        return int(number)

    def is_silent(self) -> bool:
        self.raw.socket.settimeout(0.2)
        try:
            self.raw.socket.recv(1)
        except TimeoutError:
            return True
        finally:
            self.raw.socket.settimeout(10.0)
        return False


@pytest.fixture
def afc(simulated_phone: SimulatedPhone, usbmux: BackgroundUsbmuxd) -> Callable[[], Afc]:
    return lambda: Afc(simulated_phone, usbmux)


@pytest.mark.parametrize("switch", Switch)
def test_every_switch_has_an_effect(switch: Switch, made: MadeLibrary) -> None:
    behaviour = behaviour_named(switch.value)
    differs = (
        behaviour.applied_to(RECIPE) != RECIPE,
        behaviour.faults(made) != Faults(),
        behaviour.icloud() != ICloudSettings(),
    )
    assert any(differs)
    assert EFFECTS[switch].says


def test_the_documents_name_every_switch_and_a_test_for_every_row_about_iphones() -> None:
    phones, _, rest = (DOCS / "what-is-unconfirmed.md").read_text().partition("### How each row was tried")
    tried = rest.partition("\n## ")[0]
    rows = re.findall(r'^\| <a id="([\w-]+)">', phones, re.MULTILINE)
    switches = {switch.value for switch in Switch}
    assert set(re.findall(r"^\| `([\w-]+)` \|", tried, re.MULTILINE)) == set(rows)
    assert switches <= set(re.findall(r"`([\w-]+)`", tried))
    tests = re.findall(r"`(\w+\.py)`: `(\w+)` \|$", tried, re.MULTILINE)
    assert len(tests) == len(re.findall(r"^\| `", tried, re.MULTILINE))
    for file, name in tests:
        assert f"def {name}(" in (UNCONFIRMED / file).read_text(), f"{file} has no {name}"
    simulator = (DOCS / "simulator.md").read_text()
    for switch in Switch:
        assert f"| `{switch.value}` | {EFFECTS[switch].says} |" in simulator


def test_several_switches_add_up_and_an_unknown_one_is_named() -> None:
    behaviour = behaviour_named("one-handle, no-codes,flags-lie")
    assert behaviour.faults().handle_limit == 1
    assert not behaviour.icloud(ICloudSettings(latency=3.0)).opens_codes
    assert behaviour.icloud(ICloudSettings(latency=3.0)).latency == 3.0
    assert behaviour.applied_to(RECIPE).flags_lie
    with pytest.raises(ValueError, match="no behaviour named 'two-handles'"):
        behaviour_named("one-handle,two-handles")


def test_answers_come_out_of_order_but_in_order_for_each_open_file(
    simulated_phone: SimulatedPhone, afc: Callable[[], Afc]
) -> None:
    one = afc()
    handle = one.open()
    simulated_phone.faults = Behaviour((Switch.OUT_OF_ORDER,)).faults()
    read = struct.pack("<QQ", handle, 1000)
    one.send(11, Operation.FILE_READ, read)
    one.send(12, Operation.GET_FILE_INFO, VIDEO)
    one.send(13, Operation.FILE_READ, read)
    one.send(14, Operation.GET_FILE_INFO, VIDEO)
    assert [one.next_number() for _ in range(4)] == [14, 12, 11, 13]


def test_afc_freezes_when_too_many_files_are_open_until_a_client_leaves(
    simulated_phone: SimulatedPhone, afc: Callable[[], Afc]
) -> None:
    simulated_phone.faults = Behaviour((Switch.AFC_FREEZES,)).faults()
    one, other = afc(), afc()
    handles = [one.open(), one.open()]
    one.read(handles[0])
    handles.append(one.open())
    one.send(9, Operation.FILE_READ, struct.pack("<QQ", handles[2], 4))
    assert one.is_silent()
    other.send(9, Operation.GET_FILE_INFO, VIDEO)
    assert other.is_silent()
    one.raw.close()
    assert other.next_number() == 9


def test_open_files_count_over_all_connections(
    simulated_phone: SimulatedPhone, afc: Callable[[], Afc]
) -> None:
    simulated_phone.faults = Behaviour((Switch.ONE_HANDLE,)).faults()
    one, other = afc(), afc()
    handle = one.open()
    refused = struct.pack("<Q", 1) + VIDEO
    assert other.status(Operation.FILE_OPEN, refused) is AfcStatus.NO_RESOURCES
    one.status(Operation.FILE_CLOSE, struct.pack("<Q", handle))
    other.open()


def test_size_and_time_stay_as_first_reported(
    simulated_phone: SimulatedPhone, afc: Callable[[], Afc], media_folder: Path
) -> None:
    simulated_phone.faults = Behaviour((Switch.STATS_NEVER_CHANGE,)).faults()
    one = afc()
    before = one.raw.afc(Operation.GET_FILE_INFO, VIDEO)
    (media_folder / "DCIM/100APPLE/IMG_0002.MOV").write_bytes(b"new")
    assert one.raw.afc(Operation.GET_FILE_INFO, VIDEO) == before
    assert one.read(one.open(), 10) == b"new"


def test_a_locked_phone_refuses_files_that_are_already_open(
    simulated_phone: SimulatedPhone, afc: Callable[[], Afc]
) -> None:
    simulated_phone.faults = Behaviour((Switch.LOCKED_DENIES_READING,)).faults()
    one = afc()
    handle = one.open()
    simulated_phone.locked = True
    read = struct.pack("<QQ", handle, 4)
    assert one.status(Operation.FILE_READ, read) is AfcStatus.PERM_DENIED
    simulated_phone.unlock()
    assert len(one.read(handle)) == 4


def test_a_phone_without_an_assertion_falls_asleep_and_can_be_woken(
    simulated_phone: SimulatedPhone, afc: Callable[[], Afc], usbmux: BackgroundUsbmuxd
) -> None:
    one = afc()
    simulated_phone.faults = Faults(asleep_after=0.0)
    one.send(9, Operation.GET_FILE_INFO, VIDEO)
    assert one.is_silent()
    usbmux.do(lambda: simulated_phone.hold_assertion("test"))
    assert one.next_number() == 9
    usbmux.do(lambda: simulated_phone.release_assertion("test"))
    one.send(10, Operation.GET_FILE_INFO, VIDEO)
    assert one.is_silent()
    simulated_phone.faults = Faults(asleep_after=60.0)
    assert one.next_number() == 10


def test_a_handshake_that_is_broken_off_spoils_the_next_connection(
    phone_factory: PhoneFactory, usbmux: BackgroundUsbmuxd
) -> None:
    phone = phone_factory(tls=True)
    phone.faults = Behaviour((Switch.HANDSHAKE_SPOILS,)).faults()
    (device_id,) = usbmux.usbmuxd.device_ids(phone)
    raw = RawMux()
    assert raw.connect(device_id, 62078) == 0
    assert raw.lockdown("StartSession", HostID=HOST_ID)["EnableSessionSSL"]
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing).do_handshake()
    raw.socket.sendall(outgoing.read())
    raw.socket.shutdown(socket.SHUT_RDWR)
    raw.close()
    settle(lambda: phone.faults.refused_connects == 1)
    assert RawMux().connect(device_id, 62078) != 0
    assert RawMux().connect(device_id, 62078) == 0


@pytest.mark.parametrize("switch", Switch)
def test_pymobiledevice3_reads_a_phone_with_each_switch(
    switch: Switch, phone_factory: PhoneFactory, made: MadeLibrary, tmp_path: Path
) -> None:
    phone = phone_factory(made.media)
    phone.faults = Behaviour((switch,)).faults(made)
    asset = next(a for a in made.own() if a.state == "local" and not a.hidden and a.filename.isascii())
    original = asset.originals[0]

    async def read() -> bytes:
        async with connected(phone, tmp_path) as lockdown, AfcService(lockdown) as afc:
            assert await afc.listdir("/DCIM")
            return bytes(await afc.get_file_contents(f"/{original.path}"))

    assert asyncio.run(read()) == made.content(asset, original).bytes()


def test_ifuse_mounts_a_phone_that_answers_oddly(
    phone_factory: PhoneFactory, media_folder: Path, mount: Callable[[SimulatedPhone], Path]
) -> None:
    phone = phone_factory()
    phone.faults = behaviour_named(
        "eight-handles,out-of-order,slow-listing,stats-never-change,absent-is-read-error,assertions-refused"
    ).faults()
    mounted = mount(phone)
    for file in media_folder.rglob("*.*"):
        assert (mounted / file.relative_to(media_folder)).read_bytes() == file.read_bytes()
