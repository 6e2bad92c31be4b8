"""The simulated usbmuxd: attached phones, events, and how it handles invalid input."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymobiledevice3 import usbmux as client
from pymobiledevice3.exceptions import ConnectionFailedToUsbmuxdError, MuxException
from pymobiledevice3.services.afc import AfcService

from ambertime_tui.simulator.background import BackgroundUsbmuxd
from ambertime_tui.simulator.facts import Facts, udid_for
from ambertime_tui.simulator.faults import Faults
from ambertime_tui.simulator.identity import HOST_ID
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.conftest import PhoneFactory
from tests.simulator.wire_clients import RawMux, connected, raw_service


def listed() -> list[tuple[int, str, str]]:
    return [(d.devid, d.serial, d.connection_type) for d in asyncio.run(client.list_devices())]


def test_several_phones_attach_and_detach_on_one_socket(
    phone_factory: PhoneFactory, usbmux: BackgroundUsbmuxd
) -> None:
    assert listed() == []
    first, second = phone_factory(), phone_factory()
    assert listed() == [(1, first.udid, "USB"), (2, second.udid, "USB")]
    usbmux.unplug(first)
    assert listed() == [(2, second.udid, "USB")]
    usbmux.attach(first)
    assert listed() == [(2, second.udid, "USB"), (3, first.udid, "USB")], (
        "a replugged phone has a new DeviceID"
    )


def test_a_phone_can_be_on_usb_and_wifi(phone_factory: PhoneFactory, usbmux: BackgroundUsbmuxd) -> None:
    phone = phone_factory()
    usbmux.attach(phone, over="Network")
    assert {kind for _, _, kind in listed()} == {"USB", "Network"}


@pytest.mark.parametrize("address", ["a path", "UNIX:a path", "127.0.0.1:0"])
def test_both_styles_of_address_work_before_and_after_a_restart(
    short_tmp: Path, media_folder: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    with BackgroundUsbmuxd(address.replace("a path", str(short_tmp / "mux"))) as running:
        running.attach(SimulatedPhone(Facts(udid_for("x")), media_folder, tls=False))
        monkeypatch.setenv("USBMUXD_SOCKET_ADDRESS", running.address)
        assert len(listed()) == 1
        running.stop()
        with pytest.raises(ConnectionFailedToUsbmuxdError):
            listed()
        running.start()
        assert len(listed()) == 1


def test_a_stale_socket_is_replaced_and_one_in_use_is_not(usbmux: BackgroundUsbmuxd, short_tmp: Path) -> None:
    with pytest.raises(OSError, match="in use"), BackgroundUsbmuxd(usbmux.address):
        pass
    assert RawMux().ask({"MessageType": "ReadBUID"})["BUID"]
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(short_tmp / "dead"))
    dead.close()
    with BackgroundUsbmuxd(str(short_tmp / "dead")):
        pass
    assert not (short_tmp / "dead").exists()


def test_a_listener_receives_attach_pair_and_detach_events(
    phone_factory: PhoneFactory, usbmux: BackgroundUsbmuxd
) -> None:
    first = phone_factory()
    listener = RawMux()
    assert listener.ask({"MessageType": "Listen"}) == {"MessageType": "Result", "Number": 0}
    tag, attached = listener.receive()
    assert (tag, attached["MessageType"], attached["Properties"]["SerialNumber"]) == (
        0,
        "Attached",
        first.udid,
    )
    second = phone_factory()
    assert listener.receive()[1]["Properties"]["SerialNumber"] == second.udid
    RawMux().ask({"MessageType": "SavePairRecord", "PairRecordID": second.udid, "PairRecordData": b"x"})
    assert listener.receive()[1] == {"MessageType": "Paired", "DeviceID": 2}
    usbmux.unplug(first)
    assert listener.receive()[1] == {"MessageType": "Detached", "DeviceID": 1}


def test_pymobiledevice3_can_watch_phones_until_usbmuxd_dies(
    phone_factory: PhoneFactory, usbmux: BackgroundUsbmuxd
) -> None:
    async def watch() -> None:
        mux = await client.create_mux()
        await mux.listen()
        phone = phone_factory()
        await mux.receive_device_state_update()
        assert [device.serial for device in mux.devices] == [phone.udid]
        usbmux.unplug(phone)
        await mux.receive_device_state_update()
        assert mux.devices == []
        usbmux.stop()
        with pytest.raises(MuxException):
            await mux.receive_device_state_update()
        await mux.close()

    asyncio.run(watch())


def test_pair_records_are_kept_given_and_deleted(usbmux: BackgroundUsbmuxd) -> None:
    mux = RawMux()
    read = {"MessageType": "ReadPairRecord", "PairRecordID": "some phone"}
    delete = {**read, "MessageType": "DeletePairRecord"}
    assert mux.ask(read)["Number"] == 2
    mux.ask({"MessageType": "SavePairRecord", "PairRecordID": "some phone", "PairRecordData": b"record"})
    assert mux.ask(read) == {"PairRecordData": b"record"}
    assert mux.ask(delete)["Number"] == 0
    assert mux.ask(delete)["Number"] == 2


def test_connections_to_unknown_devices_and_ports_are_refused(simulated_phone: SimulatedPhone) -> None:
    mux = RawMux()
    assert mux.connect(99, 62078) == 2
    assert mux.connect(1, 12345) == 3
    assert mux.connect(1, 62078) == 0


def test_the_first_connections_after_plugging_in_may_fail(
    phone_factory: PhoneFactory, usbmux: BackgroundUsbmuxd
) -> None:
    phone = phone_factory()
    phone.faults = Faults(refused_connects=2)
    assert [RawMux().connect(1, 62078) for _ in range(3)] == [2, 2, 0]


def test_unplugging_closes_only_the_connections_of_that_phone(
    phone_factory: PhoneFactory, usbmux: BackgroundUsbmuxd
) -> None:
    first, _ = phone_factory(), phone_factory()
    of_first, of_second = RawMux(), RawMux()
    assert (of_first.connect(1, 62078), of_second.connect(2, 62078)) == (0, 0)
    usbmux.unplug(first)
    assert of_first.ends()
    assert of_second.lockdown("QueryType")["Type"] == "com.apple.mobile.lockdown"


def test_another_protocol_version_is_answered_with_the_version_error(usbmux: BackgroundUsbmuxd) -> None:
    mux = RawMux()
    mux.socket.sendall(struct.pack("<IIII", 16, 0, 3, 5))
    assert mux.receive() == (5, {"MessageType": "Result", "Number": 6})


@pytest.mark.parametrize(
    "message", [{}, {"MessageType": "Fly"}, {"MessageType": 5}, {"MessageType": "Connect", "DeviceID": "1"}]
)
def test_invalid_commands_get_an_error(usbmux: BackgroundUsbmuxd, message: dict[str, object]) -> None:
    mux = RawMux()
    assert mux.ask(message)["Number"] in (1, 2)
    assert mux.ask({"MessageType": "ReadBUID"})["BUID"]


@pytest.fixture(scope="module")
def lasting_usbmux(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackgroundUsbmuxd]:
    """A usbmuxd shared by all examples. An unexpected error in it fails the test at the end."""
    media = tmp_path_factory.mktemp("media")
    (media / "file").write_bytes(b"content")
    with BackgroundUsbmuxd("127.0.0.1:0") as running:
        for index, tls in enumerate((False, True)):
            phone = SimulatedPhone(Facts(udid_for(str(index))), media, tls=tls)
            running.pair(phone)
            running.attach(phone)
        yield running


def afc_packet(operation: int, body: bytes, size: int | None = None) -> bytes:
    return (
        struct.pack("<8sQQQQ", b"CFA6LPAA", 40 + len(body) if size is None else size, 40, 1, operation) + body
    )


BODY = st.binary(max_size=60)
NONSENSE = st.one_of(
    st.binary(max_size=200),
    BODY.map(lambda body: struct.pack("<IIII", 16 + len(body), 1, 8, 1) + body),
    BODY.map(lambda body: struct.pack(">I", len(body)) + body),
    st.builds(afc_packet, st.integers(0, 64), BODY),
    st.builds(afc_packet, st.integers(0, 64), BODY, st.sampled_from([0, 39, 1 << 40, (1 << 64) - 1])),
)


@given(
    chunks=st.lists(NONSENSE, min_size=1, max_size=4),
    where=st.sampled_from(["usbmuxd", "lockdownd", "tls", "afc"]),
)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_invalid_data_at_most_closes_the_connection(
    lasting_usbmux: BackgroundUsbmuxd, chunks: list[bytes], where: str
) -> None:
    """`where` names the service that receives the chunks, or TLS before its handshake."""
    os.environ["USBMUXD_SOCKET_ADDRESS"] = lasting_usbmux.address
    if where == "afc":
        mux = raw_service(1, HOST_ID, "com.apple.afc")
    else:
        mux = RawMux()
        if where == "lockdownd":
            assert mux.connect(1, 62078) == 0
        if where == "tls":
            assert mux.connect(2, 62078) == 0
            assert mux.lockdown("StartSession", HostID=HOST_ID)["EnableSessionSSL"] is True
    try:
        for chunk in chunks:
            mux.socket.sendall(chunk)
        mux.socket.shutdown(1)
    except OSError:
        pass  # closed on us already
    assert mux.ends()
    mux.close()
    assert RawMux(lasting_usbmux.address).ask({"MessageType": "ReadBUID"})["BUID"]


def test_a_phone_stays_usable_while_another_one_hangs(
    phone_factory: PhoneFactory, usbmux: BackgroundUsbmuxd, tmp_path: Path
) -> None:
    hanging, well = phone_factory(), phone_factory()
    hanging.faults = Faults(afc_hangs_after=0)

    async def use() -> None:
        async with (
            connected(hanging, tmp_path) as one,
            connected(well, tmp_path) as two,
            AfcService(one) as stuck,
            AfcService(two) as afc,
        ):
            waiting = asyncio.create_task(stuck.listdir("/"))
            assert "DCIM" in await afc.listdir("/")
            assert not waiting.done()
            hanging.faults = Faults()
            assert "DCIM" in await waiting

    asyncio.run(use())
