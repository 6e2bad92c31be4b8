"""Files and folders are read completely or give an error; nothing hangs, nothing stays open."""

from __future__ import annotations

import asyncio
import os
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from ambertime_tui.phone.afc import HANDLES, LARGEST_READ
from ambertime_tui.phone.errors import (
    MediaBusy,
    MediaChanged,
    MediaForbidden,
    PhoneDisconnected,
    PhoneError,
    PhoneStalled,
)
from ambertime_tui.simulator.background import BackgroundUsbmuxd
from ambertime_tui.simulator.faults import Faults
from ambertime_tui.simulator.link import Link
from ambertime_tui.simulator.phone import AFC, SimulatedPhone
from tests.conftest import PhoneFactory
from tests.phone.talking import QUICK, content, media_of, raised, run, session_with, until

PHOTO = "DCIM/100APPLE/IMG_0001.HEIC"
VIDEO = "DCIM/100APPLE/IMG_0002.MOV"


@pytest.fixture
def big(media_folder: Path) -> bytes:
    """The content of DCIM/big: slightly more than 10 MB, not a multiple of any chunk size."""
    data = os.urandom(10_000_019)
    (media_folder / "DCIM/big").write_bytes(data)
    return data


def test_a_file_comes_byte_for_byte_and_leaves_nothing_open(
    any_phone: SimulatedPhone, media_folder: Path, records: Path, big: bytes
) -> None:
    async def work() -> None:
        async with media_of(any_phone, records) as media:
            assert await content(media, PHOTO) == (media_folder / PHOTO).read_bytes()
            assert await content(media, "/DCIM/big") == big
            assert await content(media, "DCIM/big", offset=9_999_999) == big[9_999_999:]
            assert await content(media, "DCIM/big", chunk=4 << 20, size=len(big)) == big
            assert await media.read_head("DCIM/big", 32) == big[:32]
            assert await media.read_head(PHOTO, 1 << 22) == (media_folder / PHOTO).read_bytes()
            await until(lambda: any_phone.open_files == 0, "the files to be closed")

    run(work())


def test_short_replies_are_not_taken_for_the_end(
    any_phone: SimulatedPhone, records: Path, big: bytes
) -> None:
    any_phone.faults = Faults(afc_reply_limit=70_001)

    async def work() -> None:
        async with media_of(any_phone, records) as media:
            assert await content(media, "DCIM/big") == big
            assert await media.read_head("DCIM/big", 100_000) == big[:100_000]

    run(work())


def test_many_files_at_once_stay_within_the_handles(
    phone_factory: PhoneFactory, media_folder: Path, records: Path
) -> None:
    files = {f"DCIM/many/IMG_{n:04}.JPG": os.urandom(5000 + n) for n in range(120)}
    for path, data in files.items():
        (media_folder / path).parent.mkdir(exist_ok=True)
        (media_folder / path).write_bytes(data)
    phone = phone_factory(link=Link(round_trip=0.002))
    most = 0

    async def work() -> None:
        nonlocal most

        async def take(path: str) -> bytes:
            nonlocal most
            data = await content(media, path)
            most = max(most, phone.open_files)
            return data

        async with media_of(phone, records, connections=3) as media:
            assert await asyncio.gather(*map(take, files)) == list(files.values())
            assert phone.journal.services[AFC] == 3

    run(work())
    assert 4 < most <= HANDLES


@pytest.mark.parametrize("path", ["../etc/passwd", "DCIM/../../x", "DCIM/a\0b", ".."])
def test_a_path_that_leads_out_of_the_media_folder_is_never_sent(
    simulated_phone: SimulatedPhone, records: Path, path: str
) -> None:
    async def work() -> None:
        async with media_of(simulated_phone, records) as media:
            before = simulated_phone.journal.requests.total()
            await raised(MediaForbidden, media.stat(path))
            await raised(MediaForbidden, content(media, path))
            assert simulated_phone.journal.requests.total() == before

    run(work())


@pytest.mark.parametrize("size", [2_999_999, 3_072_001, 0])
def test_a_file_of_another_size_than_expected_is_noticed(
    simulated_phone: SimulatedPhone, records: Path, size: int
) -> None:
    async def work() -> None:
        async with media_of(simulated_phone, records) as media:
            error = await raised(MediaChanged, content(media, VIDEO, size=size))
            assert f"{size:,}" in str(error)

    run(work())


def test_a_cable_pulled_in_mid_read_is_said_at_once_and_every_reader_is_told(
    any_phone: SimulatedPhone, records: Path, big: bytes
) -> None:
    async def work() -> None:
        async with session_with(any_phone, records, timeouts=replace(QUICK, stall_after=30.0)) as session:
            media = await session.media()
            any_phone.faults = Faults(cable_pulled_after=4_000_000)
            readers = [raised(PhoneDisconnected, content(media, "DCIM/big")) for _ in range(5)]
            for error in await asyncio.gather(*readers):
                assert "Simulated iPhone" in str(error)
            await session.disconnected()
            await raised(PhoneDisconnected, media.listdir("DCIM"))
            await raised(PhoneDisconnected, session.media())

    run(work(), deadline=10.0)


def test_a_replugged_phone_is_another_attachment_and_a_new_session_reads_on(
    any_phone: SimulatedPhone, usbmux: BackgroundUsbmuxd, records: Path, big: bytes
) -> None:
    async def work() -> None:
        async with session_with(any_phone, records) as session:
            media = await session.media()
            await asyncio.to_thread(usbmux.replug, any_phone)
            await session.disconnected()
            await raised(PhoneDisconnected, media.stat("DCIM/big"))
        async with media_of(any_phone, records) as media:
            assert await content(media, "DCIM/big") == big

    run(work())


def test_a_silent_phone_is_given_up_after_the_limit_and_serves_again_when_it_wakes(
    any_phone: SimulatedPhone, records: Path, big: bytes
) -> None:
    async def work() -> None:
        async with media_of(any_phone, records, timeouts=replace(QUICK, stall_after=0.7)) as media:
            any_phone.faults = Faults(afc_hangs_after=3_000_000)
            errors = await asyncio.gather(
                raised(PhoneStalled, content(media, "DCIM/big")),
                raised(PhoneStalled, content(media, "DCIM/big")),
            )
            assert all("Unlock it" in str(error) for error in errors)
            await raised(PhoneError, media.listdir("DCIM"))
            any_phone.faults = Faults()
            assert await content(media, "DCIM/big") == big

    run(work())


def test_a_slow_phone_is_not_a_silent_one(phone_factory: PhoneFactory, records: Path, big: bytes) -> None:
    phone = phone_factory(link=Link(bytes_per_second=10e6))

    async def work() -> None:
        # The last of 8 readers waits longer than the limit, but data arrives all the time.
        async with media_of(phone, records, timeouts=replace(QUICK, stall_after=1.2)) as media:
            for data in await asyncio.gather(*(content(media, VIDEO) for _ in range(8))):
                assert len(data) == 3_072_000

    run(work())


@pytest.mark.parametrize("pieces", [0, 1, 3])
def test_a_cancelled_or_abandoned_read_gives_its_handle_back(
    phone_factory: PhoneFactory, records: Path, big: bytes, pieces: int
) -> None:
    phone = phone_factory(link=Link(round_trip=0.01))

    async def work() -> None:
        async with media_of(phone, records) as media:
            for _ in range(2 * HANDLES):
                got = asyncio.Semaphore(0)

                async def reader(got: asyncio.Semaphore = got) -> None:
                    async with aclosing(media.read("DCIM/big")) as reading:
                        async for _ in reading:
                            got.release()

                task = asyncio.create_task(reader())
                await asyncio.sleep(0)
                for _ in range(pieces):
                    await got.acquire()
                task.cancel()
                await asyncio.wait({task})
                assert task.cancelled()
            # All sixteen are free again:
            everything = await asyncio.gather(*(content(media, PHOTO) for _ in range(HANDLES)))
            assert {len(data) for data in everything} == {11_000}
            await until(lambda: phone.open_files == 0, "the files to be closed")

    run(work())


def test_a_caller_that_stops_early_gives_its_handle_back(
    simulated_phone: SimulatedPhone, records: Path, big: bytes
) -> None:
    async def work() -> None:
        async with media_of(simulated_phone, records) as media:
            for _ in range(2 * HANDLES):
                async with aclosing(media.read("DCIM/big")) as pieces:
                    async for piece in pieces:
                        assert piece == big[:LARGEST_READ]
                        break
            await until(lambda: simulated_phone.open_files == 0, "the files to be closed")

    run(work())


def test_a_phone_without_free_handles_is_busy_and_not_broken(
    simulated_phone: SimulatedPhone, records: Path, big: bytes
) -> None:
    simulated_phone.faults = Faults(handle_limit=1)

    async def work() -> None:
        async with media_of(simulated_phone, records) as media:
            async with aclosing(media.read("DCIM/big")) as pieces:
                await anext(pieces)
                error = await raised(MediaBusy, content(media, PHOTO))
                assert "too many files" in str(error)
            await until(lambda: simulated_phone.open_files == 0, "the file to be closed")
            assert len(await content(media, PHOTO)) == 11_000

    run(work())


def test_an_idle_connection_is_kept_alive(simulated_phone: SimulatedPhone, records: Path) -> None:
    simulated_phone.faults = Faults(afc_idle_limit=0.5)

    async def work() -> None:
        async with media_of(simulated_phone, records, timeouts=replace(QUICK, keep_alive_every=0.1)) as media:
            await media.listdir("DCIM")
            asked = simulated_phone.journal.requests["afc.GET_DEVICE_INFO"]
            await until(
                lambda: simulated_phone.journal.requests["afc.GET_DEVICE_INFO"] >= asked + 8,
                "8 signs of life",
            )
            await media.listdir("DCIM")
            assert simulated_phone.journal.services[AFC] == 1

    run(work())


def test_a_dropped_connection_is_reopened_while_the_phone_is_connected(
    any_phone: SimulatedPhone, usbmux: BackgroundUsbmuxd, media_folder: Path, records: Path, big: bytes
) -> None:
    async def work() -> None:
        async with media_of(any_phone, records) as media:
            for _ in range(3):
                await asyncio.to_thread(usbmux.drop_connections, any_phone, None)
                assert await content(media, PHOTO) == (media_folder / PHOTO).read_bytes()
            async with aclosing(media.read("DCIM/big")) as pieces:
                await anext(pieces)
                await asyncio.to_thread(usbmux.drop_connections, any_phone, AFC)

                # An interrupted read is not resumed, because the file may have changed.
                async def rest() -> None:
                    async for _ in pieces:
                        pass

                await raised(PhoneDisconnected, rest())
            assert await content(media, "DCIM/big") == big

    run(work())


def test_a_phone_locked_in_the_middle_reads_on_but_denies_what_it_protects(
    simulated_phone: SimulatedPhone, records: Path
) -> None:
    async def work() -> None:
        async with media_of(simulated_phone, records) as media:
            simulated_phone.locked = True
            assert len(await content(media, PHOTO)) == 11_000
            simulated_phone.faults = Faults(locked_files_denied=True)
            error = await raised(MediaForbidden, content(media, PHOTO))
            assert "Unlock" in str(error)
            simulated_phone.locked = False
            assert len(await content(media, PHOTO)) == 11_000

    run(work())


def test_nothing_is_ever_written_to_the_phone(simulated_phone: SimulatedPhone, records: Path) -> None:
    async def work() -> None:
        async with media_of(simulated_phone, records) as media:
            await content(media, VIDEO)
            await media.stat(VIDEO)
            await media.space()

    run(work())
    assert simulated_phone.journal.refused_writes == []
