"""Folders and files of a phone are listed and described, and each trouble names the file."""

from __future__ import annotations

import asyncio
import os
from contextlib import aclosing
from pathlib import Path

import pytest

from ambertime_tui.phone.errors import (
    MediaBusy,
    MediaError,
    MediaForbidden,
    MediaNotFound,
    MediaUnreadable,
    PhoneDisconnected,
)
from ambertime_tui.simulator.afc_packets import AfcStatus
from ambertime_tui.simulator.background import BackgroundUsbmuxd
from ambertime_tui.simulator.faults import Faults, PathFault
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.conftest import PhoneFactory
from tests.phone.talking import content, media_of, raised, run, until

PHOTO = "DCIM/100APPLE/IMG_0001.HEIC"
VIDEO = "DCIM/100APPLE/IMG_0002.MOV"


def test_a_folder_is_listed_and_a_file_described(
    any_phone: SimulatedPhone, media_folder: Path, records: Path
) -> None:
    os.utime(media_folder / PHOTO, ns=(1, 1_700_000_000_123_456_789))

    async def work() -> None:
        async with media_of(any_phone, records) as media:
            assert sorted(await media.listdir("DCIM/100APPLE")) == ["IMG_0001.HEIC", "IMG_0002.MOV"]
            assert sorted(await media.listdir("/")) == ["DCIM", "PhotoData"]
            photo = await media.stat(PHOTO)
            assert (photo.size, photo.is_folder) == (11_000, False)
            assert photo.modified_ns == 1_700_000_000_123_456_789
            assert photo.modified_at == pytest.approx(1_700_000_000.123456)
            assert (await media.stat("DCIM")).is_folder
            space = await media.space()
            assert space is not None
            assert space.free == any_phone.facts.free_bytes

    run(work())


def test_a_name_that_is_no_utf8_hides_no_other(
    simulated_phone: SimulatedPhone, media_folder: Path, records: Path
) -> None:
    odd = os.fsdecode(b"caf\xe9.jpg")
    (media_folder / "DCIM/odd").mkdir()
    for name in (odd, "zoë 👩‍👩‍👧.jpg", "plain.jpg"):
        (media_folder / "DCIM/odd" / name).write_bytes(name.encode("utf-8", "surrogateescape"))

    async def work() -> None:
        async with media_of(simulated_phone, records) as media:
            names = await media.listdir("DCIM/odd")
            assert sorted(names) == sorted([odd, "zoë 👩‍👩‍👧.jpg", "plain.jpg"])
            for name in names:
                assert await content(media, f"DCIM/odd/{name}") == name.encode("utf-8", "surrogateescape")

    run(work())


def test_many_folders_are_listed_at_once_and_a_bad_one_spoils_none(
    phone_factory: PhoneFactory, media_folder: Path, records: Path
) -> None:
    paths = [f"DCIM/{n}APPLE" for n in range(200, 300)]
    for n, path in enumerate(paths):
        (media_folder / path).mkdir()
        (media_folder / path / f"{n}.JPG").touch()
    phone = phone_factory()
    phone.faults = Faults(paths=(PathFault(f"/{paths[7]}", "list", AfcStatus.IO_ERROR),))

    async def work() -> None:
        async with (
            media_of(phone, records) as media,
            aclosing(media.list_many([*paths, "DCIM/nowhere"])) as listings,
        ):
            found = {path: names async for path, names in listings}
        assert isinstance(found.pop("DCIM/nowhere"), MediaNotFound)
        assert isinstance(found.pop(paths[7]), MediaUnreadable)
        assert found == {path: (f"{n}.JPG",) for n, path in enumerate(paths) if n != 7}

    run(work())


def test_a_listing_of_many_folders_ends_when_the_phone_goes(
    phone_factory: PhoneFactory, usbmux: BackgroundUsbmuxd, records: Path
) -> None:
    phone = phone_factory()

    async def work() -> None:
        async with media_of(phone, records) as media:
            await asyncio.to_thread(usbmux.unplug, phone)

            async def all_of_it() -> None:
                async with aclosing(media.list_many(["DCIM"] * 50)) as listings:
                    async for _ in listings:
                        pass

            await raised(PhoneDisconnected, all_of_it())

    run(work())


@pytest.mark.parametrize(
    ("on", "status", "kind"),
    [
        ("open", AfcStatus.OBJECT_NOT_FOUND, MediaNotFound),
        ("open", AfcStatus.PERM_DENIED, MediaForbidden),
        ("open", AfcStatus.NO_RESOURCES, MediaBusy),
        ("open", AfcStatus.UNKNOWN_ERROR, MediaUnreadable),
        ("read", AfcStatus.READ_ERROR, MediaUnreadable),
        ("read", AfcStatus.IO_ERROR, MediaUnreadable),
        ("stat", AfcStatus.PERM_DENIED, MediaForbidden),
    ],
)
def test_what_the_phone_says_of_a_file_becomes_an_error_that_names_it(
    simulated_phone: SimulatedPhone, records: Path, on: str, status: AfcStatus, kind: type[MediaError]
) -> None:
    simulated_phone.faults = Faults(paths=(PathFault(f"/{VIDEO}", on, status, from_byte=1 << 20),))  # type: ignore[arg-type]
    if on != "read":
        simulated_phone.faults = Faults(paths=(PathFault(f"/{VIDEO}", on, status),))  # type: ignore[arg-type]

    async def work() -> None:
        async with media_of(simulated_phone, records) as media:
            error = await raised(kind, media.stat(VIDEO) if on == "stat" else content(media, VIDEO))
            assert type(error) is kind
            assert error.path == VIDEO
            assert VIDEO in str(error)
            # The others are not affected, and nothing stays open.
            assert len(await content(media, PHOTO)) == 11_000
            await until(lambda: simulated_phone.open_files == 0, "the files to be closed")

    run(work())


def test_an_absent_file_is_not_found_even_where_the_phone_calls_it_a_read_error(
    simulated_phone: SimulatedPhone, records: Path
) -> None:
    simulated_phone.faults = Faults(
        paths=(
            PathFault("/DCIM/100APPLE/IMG_9999.JPG", "stat", AfcStatus.READ_ERROR),
            PathFault(f"/{PHOTO}", "stat", AfcStatus.READ_ERROR),
        )
    )

    async def work() -> None:
        async with media_of(simulated_phone, records) as media:
            await raised(MediaNotFound, media.stat("DCIM/100APPLE/IMG_9999.JPG"))
            await raised(MediaUnreadable, media.stat(PHOTO))

    run(work())
