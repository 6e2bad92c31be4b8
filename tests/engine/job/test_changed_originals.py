"""Originals and edits that change on the phone after a backup, and originals that may be incomplete."""

from __future__ import annotations

import asyncio
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from ambertime_tui.engine.api.spec import JobSpec, OriginalsChoice
from ambertime_tui.engine.api.status import JobStatus, Outcome
from ambertime_tui.engine.timing import Timing
from ambertime_tui.library.fingerprint import fingerprint_of
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.conftest import PhoneFactory
from tests.engine.backups import Ended, archived, backup, run_here
from tests.engine.small_library import SmallLibrary, holds, names, some_bytes

FIRST, SECOND, THIRD = some_bytes("first", 5000), some_bytes("second", 8000), some_bytes("third", 5000)
ONE, TWO = some_bytes("one", 700), some_bytes("two", 744)


def png(size: int) -> bytes:
    """A PNG of exactly this many bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    head = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    tail = chunk(b"IEND", b"")
    return head + chunk(b"IDAT", bytes(size - len(head) - len(tail) - 12)) + tail


def backed_up(target: Path, *, icloud: bool = False, patience: float = 5.0) -> Ended:
    originals = OriginalsChoice.ICLOUD if icloud else OriginalsChoice.LOCAL
    return asyncio.run(backup(JobSpec(str(target), originals=originals, patience=patience)))


def reasons(done: Ended) -> list[str]:
    assert done.status.census is not None
    assert done.status.census.holds
    return [left.reason for left in done.report.left]


@pytest.fixture
def phone_and_library(tmp_path: Path, phone_factory: PhoneFactory) -> tuple[SimulatedPhone, SmallLibrary]:
    made = SmallLibrary(tmp_path / "small")
    return phone_factory(made.media), made


@pytest.fixture
def library(phone_and_library: tuple[SimulatedPhone, SmallLibrary]) -> SmallLibrary:
    return phone_and_library[1]


# Originals


def test_an_original_of_another_size_is_stored_beside_the_first(library: SmallLibrary, target: Path) -> None:
    uuid = library.add("IMG_0001.HEIC", FIRST)
    backed_up(target)
    library.write("IMG_0001.HEIC", SECOND)
    library.set(uuid, size=len(SECOND))
    done = backed_up(target)
    assert (done.status.outcome, reasons(done)) == (Outcome.COMPLETE, [])
    assert names(target) == ["IMG_0001.HEIC", "IMG_0001_2.HEIC"]
    assert holds(target, FIRST)
    assert holds(target, SECOND)
    again = backed_up(target)
    assert (again.status.write.files_written, again.status.write.already.count) == (0, 1)


def test_an_original_rewritten_with_the_same_size_is_stored_beside_the_first(
    library: SmallLibrary, target: Path
) -> None:
    library.add("IMG_0001.HEIC", FIRST)
    backed_up(target)
    library.write("IMG_0001.HEIC", THIRD)
    backed_up(target)
    assert names(target) == ["IMG_0001.HEIC", "IMG_0001_2.HEIC"]
    assert holds(target, THIRD)


def test_an_original_with_another_fingerprint_is_stored_beside_the_first(
    library: SmallLibrary, target: Path
) -> None:
    uuid = library.add("IMG_0001.HEIC", FIRST, fingerprint=fingerprint_of(FIRST))
    backed_up(target)
    library.write("IMG_0001.HEIC", THIRD)
    library.set(uuid, fingerprint=fingerprint_of(THIRD))
    done = backed_up(target)
    assert reasons(done) == []
    assert names(target) == ["IMG_0001.HEIC", "IMG_0001_2.HEIC"]
    assert done.status.census is not None
    assert done.status.census.originals.proved == 2


def test_an_original_of_which_only_the_time_has_changed_is_not_stored_twice(
    phone_and_library: tuple[SimulatedPhone, SmallLibrary], target: Path
) -> None:
    phone, library = phone_and_library
    library.add("IMG_0001.HEIC", FIRST)
    backed_up(target)
    os.utime(library.media / "DCIM/100APPLE/IMG_0001.HEIC", (1.6e9, 1.6e9))
    done = backed_up(target)
    assert (reasons(done), names(target)) == ([], ["IMG_0001.HEIC"])
    assert done.status.census is not None
    assert done.status.census.count("already") == 1
    opened = phone.journal.requests["afc.FILE_OPEN"]
    backed_up(target)
    database_only = phone.journal.requests["afc.FILE_OPEN"] - opened
    os.utime(library.media / "DCIM/100APPLE/IMG_0001.HEIC", (1.5e9, 1.5e9))
    opened = phone.journal.requests["afc.FILE_OPEN"]
    backed_up(target)
    assert phone.journal.requests["afc.FILE_OPEN"] - opened == database_only + 1, "read only on a difference"


def test_without_the_database_another_photo_at_the_same_path_is_copied(
    tmp_path: Path, phone_factory: PhoneFactory, target: Path
) -> None:
    media = tmp_path / "folders"
    path = media / "DCIM/100APPLE/IMG_0001.JPG"
    path.parent.mkdir(parents=True)
    phone_factory(media)
    for number, data in enumerate((FIRST, SECOND, some_bytes("of the same size", 8000))):
        path.write_bytes(data)
        os.utime(path, (1.6e9 + number, 1.6e9 + number))
        backed_up(target)
        assert holds(target, data)
    assert names(target) == ["IMG_0001.JPG", "IMG_0001_2.JPG", "IMG_0001_3.JPG"]
    assert backed_up(target).status.write.files_written == 0


# Edits


@pytest.mark.parametrize(
    "render, adjustments",
    [
        (some_bytes("larger", 3300), TWO),
        (some_bytes("as large", 3000), TWO),
        (some_bytes("render", 3000), TWO),
    ],
    ids=["another size", "the same size", "only the adjustments"],
)
def test_a_second_edit_is_stored_with_its_adjustments(
    library: SmallLibrary, target: Path, render: bytes, adjustments: bytes
) -> None:
    uuid = library.add("IMG_0001.HEIC", FIRST)
    library.edit(uuid, some_bytes("render", 3000), ONE)
    backed_up(target)
    assert names(target) == ["IMG_0001.AAE", "IMG_0001.HEIC", "IMG_0001_edited.JPG"]
    library.edit(uuid, render, adjustments)
    done = backed_up(target)
    assert reasons(done) == []
    assert names(target) == [
        "IMG_0001.AAE",
        "IMG_0001.HEIC",
        "IMG_0001_edited.JPG",
        "IMG_0001_edited_2.AAE",
        "IMG_0001_edited_2.JPG",
    ]
    for data in (ONE, some_bytes("render", 3000), render, adjustments):
        assert holds(target, data)
    again = backed_up(target)
    assert (again.status.write.files_written, again.status.write.already.count) == (0, 1)


# Originals with fewer bytes than the library says


class Clock:
    """A wall clock that moves with the pause before the second look, so that no test has to wait."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.paused = 0.0

    def timing(self) -> Timing:
        async def pause(seconds: float) -> None:
            task = asyncio.current_task()
            if task is not None and task.get_name() == "second look":
                self.now += seconds
                self.paused += seconds
                seconds = 0.0
            await asyncio.sleep(seconds)

        return Timing(wall=lambda: self.now, pause=pause)


def job(target: Path, clock: Clock, folder: Path) -> Callable[[], JobStatus]:
    return lambda: asyncio.run(run_here(JobSpec(str(target)), clock.timing(), folder))


def test_a_smaller_original_counts_as_complete_after_a_second_look(
    library: SmallLibrary, target: Path, tmp_path: Path
) -> None:
    uuid, clock = library.add("IMG_0001.PNG", png(5000), size=6000, subtype=10), Clock()
    status = job(target, clock, tmp_path / "job")()
    assert status.outcome is Outcome.COMPLETE
    assert 59 <= clock.paused <= 61
    assert archived(target)[uuid].files[0].library_size == 6000


def test_the_first_look_may_be_that_of_an_earlier_run(
    library: SmallLibrary, target: Path, tmp_path: Path
) -> None:
    library.add("IMG_0001.PNG", png(5000), size=6000)
    clock = Clock()
    job(target, clock, tmp_path / "job")()
    clock.now, clock.paused = clock.now + 3600, 0.0
    again = job(target, clock, tmp_path / "job")()
    assert (again.outcome, again.write.files_written, clock.paused) == (Outcome.COMPLETE, 0, 0.0)
    assert again.write.already.count == 1


@pytest.mark.parametrize("data", [some_bytes("cut", 5000), b""], ids=["cut", "empty"])
def test_a_smaller_original_that_may_be_incomplete_is_copied_and_named(
    library: SmallLibrary, target: Path, tmp_path: Path, data: bytes
) -> None:
    library.add("IMG_0001.PNG", data, size=6000)
    for _ in range(2):
        clock = Clock()
        status = job(target, clock, tmp_path / "job")()
        assert status.outcome is Outcome.LEFT
        assert clock.paused == 0.0, "nothing is gained by a second look"
        assert status.census is not None
        assert status.census.count("failed") == 1
        assert [line.reason for line in status.census.lines] == ["copied, but smaller than the library says"]
        assert names(target) == ["IMG_0001.PNG"]
        assert holds(target, data)


def test_the_complete_original_is_stored_beside_the_smaller_one(library: SmallLibrary, target: Path) -> None:
    library.add("IMG_0001.PNG", png(6000)[:5000], size=6000)
    assert reasons(backed_up(target)) == ["smaller"]
    library.write("IMG_0001.PNG", png(6000))
    done = backed_up(target)
    assert (reasons(done), done.status.outcome) == ([], Outcome.COMPLETE)
    assert names(target) == ["IMG_0001.PNG", "IMG_0001_2.PNG"]


@pytest.mark.parametrize(("icloud", "reason"), [(True, "gave_up"), (False, "arriving")])
def test_a_smaller_file_that_may_still_be_arriving_is_never_copied(
    library: SmallLibrary, target: Path, icloud: bool, reason: str
) -> None:
    library.add("IMG_0001.PNG", png(6000)[:5000], size=6000, local=-1)
    done = backed_up(target, icloud=icloud, patience=3.0)
    assert reasons(done) == [reason]
    assert names(target) == []


def test_a_larger_original_is_copied_and_counts(library: SmallLibrary, target: Path) -> None:
    library.add("IMG_0001.PNG", FIRST, size=4000)
    for _ in range(2):
        done = backed_up(target)
        assert (reasons(done), done.status.outcome) == ([], Outcome.COMPLETE)
    assert names(target) == ["IMG_0001.PNG"]
