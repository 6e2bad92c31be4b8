"""The simulated AFC service: what it serves, what it refuses, and its faults."""

from __future__ import annotations

import asyncio
import os
import struct
import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymobiledevice3.exceptions import AfcException, AfcFileNotFoundError, ConnectionTerminatedError
from pymobiledevice3.services.afc import AfcService

from ambertime_tui.simulator.afc_packets import WRITES, AfcStatus, Operation
from ambertime_tui.simulator.background import BackgroundUsbmuxd
from ambertime_tui.simulator.faults import Faults, PathFault
from ambertime_tui.simulator.identity import HOST_ID
from ambertime_tui.simulator.link import LINKS, Link, Wire
from ambertime_tui.simulator.phone import AFC, SimulatedPhone
from tests.conftest import PhoneFactory
from tests.simulator.wire_clients import RawMux, connected, raw_service, settle

VIDEO = "/DCIM/100APPLE/IMG_0002.MOV"


def with_afc(phone: SimulatedPhone, records: Path, use: Callable[[AfcService], Awaitable[None]]) -> None:
    async def run() -> None:
        async with connected(phone, records) as lockdown, AfcService(lockdown) as afc:
            await use(afc)

    asyncio.run(run())


async def status_of(operation: Awaitable[object]) -> int:
    with pytest.raises(AfcException) as raised:
        await operation
    assert raised.value.status is not None
    return int(raised.value.status)


# Reading


def test_a_file_has_all_six_attributes_and_a_link_its_target(
    simulated_phone: SimulatedPhone, media_folder: Path
) -> None:
    (media_folder / "link").symlink_to("DCIM/100APPLE/IMG_0001.HEIC")
    os.utime(media_folder / "DCIM/100APPLE/IMG_0001.HEIC", ns=(1, 1_720_000_000_123_456_789))
    afc = raw_service(1, HOST_ID, AFC)

    def information(path: bytes) -> dict[str, str]:
        kind, data = afc.afc(Operation.GET_FILE_INFO, path + b"\0")
        assert kind == Operation.DATA
        words = data.decode().split("\0")[:-1]
        return dict(zip(words[::2], words[1::2], strict=True))

    file = information(b"/DCIM/100APPLE/IMG_0001.HEIC")
    assert set(file) == {"st_size", "st_blocks", "st_nlink", "st_ifmt", "st_mtime", "st_birthtime"}
    assert (file["st_size"], file["st_ifmt"]) == ("11000", "S_IFREG")
    assert file["st_mtime"] == "1720000000123456789"
    assert information(b"/DCIM")["st_ifmt"] == "S_IFDIR"
    link = information(b"/link")
    assert (link["st_ifmt"], link["LinkTarget"]) == ("S_IFLNK", "DCIM/100APPLE/IMG_0001.HEIC")


def test_the_folder_is_read_as_it_is_at_that_moment(
    simulated_phone: SimulatedPhone, media_folder: Path, tmp_path: Path
) -> None:
    async def use(afc: AfcService) -> None:
        new = media_folder / "DCIM" / "new.jpg"
        assert await status_of(afc.stat("/DCIM/new.jpg")) == AfcStatus.OBJECT_NOT_FOUND
        new.write_bytes(b"arrived")
        assert await afc.get_file_contents("/DCIM/new.jpg") == b"arrived"
        handle = await afc.fopen("/DCIM/new.jpg")
        new.unlink()
        assert "new.jpg" not in await afc.listdir("/DCIM")
        assert await afc.fread(handle, 100) == b"arrived", "an open file stays readable"

    with_afc(simulated_phone, tmp_path, use)


@pytest.mark.parametrize(
    "name", ["späť.jpg", unicodedata.normalize("NFD", "späť.jpg"), "🏔️ 1.HEIC", "a" * 255, "."]
)
def test_names_come_through_as_they_are(
    simulated_phone: SimulatedPhone, media_folder: Path, tmp_path: Path, name: str
) -> None:
    folder = media_folder / "names"
    folder.mkdir()
    if name != ".":
        (folder / name).write_bytes(b"x")

    async def use(afc: AfcService) -> None:
        expected = [] if name == "." else [name]
        assert await afc.listdir("/names") == expected
        for entry in expected:
            assert await afc.get_file_contents(f"/names/{entry}") == b"x"

    with_afc(simulated_phone, tmp_path, use)


def test_failed_operations_have_the_status_of_a_phone(
    simulated_phone: SimulatedPhone, media_folder: Path, tmp_path: Path
) -> None:
    os.mkfifo(media_folder / "pipe")

    async def use(afc: AfcService) -> None:
        with pytest.raises(AfcFileNotFoundError):
            await afc.fopen("/no/such.file")
        assert await status_of(afc.listdir("/no/such/folder")) == AfcStatus.OBJECT_NOT_FOUND
        assert await status_of(afc.listdir(VIDEO)) == AfcStatus.READ_ERROR
        assert await status_of(afc.fopen("/DCIM")) == AfcStatus.OBJECT_IS_DIR
        assert await status_of(afc.fopen("/pipe")) == AfcStatus.PERM_DENIED
        assert await status_of(afc.fread(77, 10)) == AfcStatus.INVALID_ARGUMENT
        assert await status_of(afc.fclose(77)) == AfcStatus.INVALID_ARGUMENT
        assert await status_of(afc.fopen("/DCIM/new.jpg", "w")) == AfcStatus.PERM_DENIED

    with_afc(simulated_phone, tmp_path, use)


def test_reading_seeking_and_telling_keep_one_position(simulated_phone: SimulatedPhone) -> None:
    afc = raw_service(1, HOST_ID, AFC)
    kind, opened = afc.afc(Operation.FILE_OPEN, struct.pack("<Q", 1) + VIDEO.encode() + b"\0")
    assert kind == Operation.FILE_OPEN_RESULT
    (handle,) = struct.unpack("<Q", opened)

    def read(size: int) -> bytes:
        return afc.afc(Operation.FILE_READ, struct.pack("<QQ", handle, size))[1]

    def seek(offset: int, whence: int) -> int:
        _, status = afc.afc(Operation.FILE_SEEK, struct.pack("<QQq", handle, whence, offset))
        return int.from_bytes(status, "little")

    content = bytes(range(256)) * 12_000
    assert read(10) == content[:10]
    assert seek(-5, os.SEEK_CUR) == 0
    assert read(10) == content[5:15]
    assert afc.afc(Operation.FILE_TELL, struct.pack("<Q", handle)) == (
        Operation.FILE_TELL_RESULT,
        struct.pack("<Q", 15),
    )
    assert seek(-3, os.SEEK_END) == 0
    assert read(1 << 40) == content[-3:]
    assert read(10) == b"", "the end of a file is an empty reply"
    assert seek(-1, os.SEEK_SET) == AfcStatus.INVALID_ARGUMENT
    assert seek(0, 9) == AfcStatus.INVALID_ARGUMENT
    assert seek(0, os.SEEK_SET) == 0
    assert read(1 << 40) == content, "3 MB in one reply"


def test_requests_in_flight_are_answered_in_order(simulated_phone: SimulatedPhone) -> None:
    afc = raw_service(1, HOST_ID, AFC)
    requests = b"".join(
        struct.pack("<8sQQQQ", b"CFA6LPAA", 41 + 5, 46, number, Operation.GET_FILE_INFO) + b"/DCIM\0"
        for number in range(500)
    )
    afc.socket.sendall(requests)
    for number in range(500):
        _, size, _, replied, _ = struct.unpack("<8sQQQQ", afc.exactly(40))
        afc.exactly(size - 40)
        assert replied == number


@pytest.mark.parametrize("operation", sorted(WRITES), ids=lambda op: op.name)
def test_every_attempt_to_change_something_is_refused_and_recorded(
    simulated_phone: SimulatedPhone, operation: Operation
) -> None:
    afc = raw_service(1, HOST_ID, AFC)
    kind, status = afc.afc(operation, b"/DCIM\0/other\0")
    assert (kind, int.from_bytes(status, "little")) == (Operation.STATUS, AfcStatus.PERM_DENIED)
    assert simulated_phone.journal.refused_writes == [f"AFC {operation.name}"]


@pytest.mark.parametrize(
    ("operation", "status"),
    [(0x777, AfcStatus.UNKNOWN_PACKET_TYPE), (Operation.GET_FILE_HASH, AfcStatus.OP_NOT_SUPPORTED)],
)
def test_unknown_operations_are_answered_too(
    simulated_phone: SimulatedPhone, operation: int, status: AfcStatus
) -> None:
    assert raw_service(1, HOST_ID, AFC).afc(operation) == (Operation.STATUS, struct.pack("<Q", status))


# Staying inside the folder


# Faults


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_replies_may_be_shorter_than_asked_for(
    phone_factory: PhoneFactory, tmp_path: Path, tls: bool
) -> None:
    phone = phone_factory(tls=tls)
    phone.faults = Faults(afc_reply_limit=100_000)

    async def use(afc: AfcService) -> None:
        handle = await afc.fopen(VIDEO)
        assert len(await afc.fread(handle, 1 << 20)) == 100_000

    with_afc(phone, tmp_path, use)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_the_cable_is_cut_after_an_exact_number_of_bytes_and_the_phone_returns_with_a_new_id(
    phone_factory: PhoneFactory, usbmux: BackgroundUsbmuxd, tmp_path: Path, tls: bool
) -> None:
    phone = phone_factory(tls=tls)

    async def use(afc: AfcService) -> None:
        handle = await afc.fopen(VIDEO)
        sent = phone.wire.sent
        phone.faults = Faults(cable_pulled_after=700_000, replugged_after=0.05)
        with pytest.raises(ConnectionTerminatedError):
            await afc.fread(handle, 3_000_000)
        assert phone.wire.sent - sent == 700_000

    with_afc(phone, tmp_path, use)
    settle(lambda: usbmux.do(lambda: usbmux.usbmuxd.device_ids(phone)) == [2])
    assert phone.faults == Faults()
    assert phone.open_files == 0


def test_afc_may_hang_in_the_middle_of_a_file_until_it_recovers(
    simulated_phone: SimulatedPhone, tmp_path: Path
) -> None:
    async def use(afc: AfcService) -> None:
        handle = await afc.fopen(VIDEO)
        simulated_phone.faults = Faults(afc_hangs_after=100_000)
        first = await afc.fread(handle, 100_000)
        reading = asyncio.create_task(afc.fread(handle, 100_000))
        done, _ = await asyncio.wait([reading], timeout=0.1)
        assert (len(first), done) == (100_000, set())
        simulated_phone.faults = Faults()
        assert len(await reading) == 100_000

    with_afc(simulated_phone, tmp_path, use)


def test_a_client_that_leaves_a_hung_phone_leaves_nothing_behind(
    simulated_phone: SimulatedPhone, tmp_path: Path
) -> None:
    async def use(afc: AfcService) -> None:
        await afc.fopen(VIDEO)
        simulated_phone.faults = Faults(afc_hangs_after=0)
        reading = asyncio.create_task(afc.listdir("/"))
        await asyncio.wait([reading], timeout=0.05)
        reading.cancel()

    with_afc(simulated_phone, tmp_path, use)
    settle(lambda: simulated_phone.open_files == 0)


def test_a_read_error_starts_at_its_offset_and_occurs_a_set_number_of_times(
    simulated_phone: SimulatedPhone, tmp_path: Path
) -> None:
    simulated_phone.faults = Faults(paths=(PathFault(VIDEO, from_byte=500_000, times=2),))

    async def use(afc: AfcService) -> None:
        handle = await afc.fopen(VIDEO)
        assert len(await afc.fread(handle, 500_000)) == 500_000
        for _ in range(2):
            assert await status_of(afc.fread(handle, 100)) == AfcStatus.IO_ERROR
        assert len(await afc.fread(handle, 100)) == 100

    with_afc(simulated_phone, tmp_path, use)


@pytest.mark.parametrize("on", ["open", "stat", "list"])
def test_single_operations_fail_for_single_paths(
    simulated_phone: SimulatedPhone, tmp_path: Path, on: str
) -> None:
    path = "/DCIM" if on == "list" else VIDEO
    simulated_phone.faults = Faults(paths=(PathFault(path, on=on, status=AfcStatus.PERM_DENIED),))  # type: ignore[arg-type]

    async def use(afc: AfcService) -> None:
        operations: dict[str, Callable[[str], Awaitable[object]]] = {
            "open": afc.fopen,
            "stat": afc.stat,
            "list": afc.listdir,
        }
        assert await status_of(operations[on](path)) == AfcStatus.PERM_DENIED
        assert await afc.get_file_contents("/DCIM/100APPLE/IMG_0001.HEIC")

    with_afc(simulated_phone, tmp_path, use)


def test_at_most_200_files_can_be_open(simulated_phone: SimulatedPhone, tmp_path: Path) -> None:
    async def use(afc: AfcService) -> None:
        handles = [await afc.fopen(VIDEO) for _ in range(200)]
        assert await status_of(afc.fopen(VIDEO)) == AfcStatus.NO_RESOURCES
        await afc.fclose(handles[0])
        await afc.fopen(VIDEO)
        assert simulated_phone.open_files == 200

    with_afc(simulated_phone, tmp_path, use)
    settle(lambda: simulated_phone.open_files == 0)


def test_a_locked_phone_may_refuse_its_better_protected_files(
    simulated_phone: SimulatedPhone, tmp_path: Path
) -> None:
    simulated_phone.faults = Faults(locked_files_denied=True)

    async def use(afc: AfcService) -> None:
        handle = await afc.fopen(VIDEO)
        simulated_phone.locked = True
        assert await status_of(afc.fopen(VIDEO)) == AfcStatus.PERM_DENIED
        assert len(await afc.fread(handle, 10)) == 10

    with_afc(simulated_phone, tmp_path, use)


def test_an_idle_afc_connection_is_closed_and_a_busy_one_is_not(
    simulated_phone: SimulatedPhone, tmp_path: Path
) -> None:
    simulated_phone.faults = Faults(afc_idle_limit=0.3)

    async def use(afc: AfcService) -> None:
        for _ in range(8):
            await afc.get_device_info()
            await asyncio.sleep(0.05)
        async with asyncio.timeout(10):
            await afc.wait_terminated()

    with_afc(simulated_phone, tmp_path, use)


# Speed


@given(
    pieces=st.lists(st.tuples(st.integers(1, 1_000_000), st.floats(0, 1)), min_size=1, max_size=30),
    rate=st.floats(1e5, 1e9),
)
def test_a_wire_never_carries_more_than_its_rate(pieces: list[tuple[int, float]], rate: float) -> None:
    wire = Wire(Link(0.0, rate))
    now, first = 0.0, -1.0
    for size, pause in pieces:
        now += pause
        over = wire.reserve(size, now, now)
        first = over - size / rate if first < 0 else first
        assert over >= now + size / rate - 1e-9
    assert over - first >= sum(size for size, _ in pieces) / rate - 1e-9


def test_connections_of_one_phone_share_its_bandwidth(phone_factory: PhoneFactory, tmp_path: Path) -> None:
    phone = phone_factory(link=Link(0.0, 10e6))

    async def read(afc: AfcService) -> None:
        assert len(await afc.get_file_contents(VIDEO)) == 3_072_000

    async def both() -> float:
        async with (
            connected(phone, tmp_path) as lockdown,
            AfcService(lockdown) as one,
            AfcService(lockdown) as two,
        ):
            start = asyncio.get_running_loop().time()
            await asyncio.gather(read(one), read(two))
            return asyncio.get_running_loop().time() - start

    assert asyncio.run(both()) >= 0.6, "6.1 MB at 10 MB/s"


def test_round_trips_in_flight_wait_together(phone_factory: PhoneFactory, tmp_path: Path) -> None:
    phone = phone_factory()

    async def use(afc: AfcService) -> None:
        phone.link = replace(LINKS["unlimited"], round_trip=0.2)
        clock = asyncio.get_running_loop().time
        start = clock()
        await asyncio.gather(*(afc.stat(VIDEO) for _ in range(50)))
        assert 0.2 <= clock() - start < 2, "in sequence they would take 10 seconds"

    with_afc(phone, tmp_path, use)


def test_a_client_that_disconnects_during_a_reply_does_not_affect_others(
    simulated_phone: SimulatedPhone,
) -> None:
    afc = raw_service(1, HOST_ID, AFC)
    _, opened = afc.afc(Operation.FILE_OPEN, struct.pack("<Q", 1) + VIDEO.encode() + b"\0")
    request = (
        struct.pack("<8sQQQQ", b"CFA6LPAA", 56, 56, 9, Operation.FILE_READ)
        + opened
        + struct.pack("<Q", 1 << 22)
    )
    afc.socket.sendall(request * 3)
    afc.exactly(1000)
    afc.close()
    settle(lambda: simulated_phone.open_files == 0)
    assert RawMux().connect(1, 62078) == 0
