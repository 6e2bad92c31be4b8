"""Assets with files that cannot be copied yet: the others are copied, and the rest joins them later."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ambertime_tui.engine.api.client import Command, CommandName
from ambertime_tui.engine.api.spec import JobSpec, OriginalsChoice
from ambertime_tui.engine.api.status import Outcome, Phase
from ambertime_tui.simulator.afc_packets import AfcStatus
from ambertime_tui.simulator.faults import Faults, PathFault
from tests.conftest import PhoneFactory
from tests.engine.backups import Ended, archived, backup, ended, engine, until
from tests.engine.small_library import AAE, PAIRED_VIDEO, RAW, SmallLibrary, holds, names, some_bytes

STILL, VIDEO, NOTE = some_bytes("still", 5000), some_bytes("video", 9000), some_bytes("note", 744)


@pytest.fixture
def library(tmp_path: Path, phone_factory: PhoneFactory) -> SmallLibrary:
    made = SmallLibrary(tmp_path / "small", fingerprints=True)
    phone_factory(made.media)
    return made


def spec(target: Path, *, icloud: bool = False, patience: float = 20.0) -> JobSpec:
    originals = OriginalsChoice.ICLOUD if icloud else OriginalsChoice.LOCAL
    return JobSpec(str(target), originals=originals, patience=patience)


def reasons(done: Ended) -> dict[str, str]:
    return {left.original_filename: left.reason for left in done.report.left}


def buckets(done: Ended) -> dict[str, int]:
    assert done.status.census is not None
    assert done.status.census.holds
    found = {line.bucket: line.count for line in done.status.census.lines}
    assert done.status.census.library == sum(line.count for line in done.status.census.lines)
    return found


@pytest.mark.parametrize(
    "what, name", [(RAW, "IMG_0001.DNG"), (AAE, "IMG_0001.AAE"), (PAIRED_VIDEO, "IMG_0001.MOV")]
)
def test_what_is_on_the_phone_is_copied_and_the_rest_joins_it(
    library: SmallLibrary, target: Path, what: tuple[int, int, int, int], name: str
) -> None:
    uuid = library.add("IMG_0001.HEIC", STILL)
    library.add_file(uuid, what, name, VIDEO, local=-1, file=False)
    first = asyncio.run(backup(spec(target)))
    assert names(target) == ["IMG_0001.HEIC"]
    assert reasons(first) == {"IMG_0001.HEIC": "in_part"}
    assert name in first.report.left[0].sentence
    assert buckets(first) == {"icloud": 1}
    assert first.status.census is not None
    assert first.status.census.in_part == 1
    assert (first.status.outcome, first.status.write.files_written) == (Outcome.LEFT, 1)
    assert {one.name for one in archived(target)[uuid].reserved} == {name}
    second = asyncio.run(backup(spec(target)))
    assert (reasons(second), second.status.write.files_written) == ({"IMG_0001.HEIC": "in_part"}, 0)
    library.write(name, VIDEO)
    library.set_local(uuid, what, 1)
    third = asyncio.run(backup(spec(target)))
    assert names(target) == sorted(["IMG_0001.HEIC", name])
    assert buckets(third) == {"copied": 1}
    assert archived(target)[uuid].reserved == ()
    assert (third.status.outcome, third.report.left) == (Outcome.COMPLETE, ())


def test_a_video_does_not_wait_for_its_note_and_a_note_not_for_its_video(
    library: SmallLibrary, target: Path
) -> None:
    one = library.add("IMG_0001.MOV", VIDEO)
    library.add_file(one, AAE, "IMG_0001.AAE", NOTE, local=-1, file=False)
    other = library.add("IMG_0002.MOV", VIDEO[:-1], local=-1, file=False)
    library.add_file(other, AAE, "IMG_0002.AAE", NOTE)
    done = asyncio.run(backup(spec(target)))
    assert names(target) == ["IMG_0001.MOV", "IMG_0002.AAE"]
    assert reasons(done) == {"IMG_0001.MOV": "in_part", "IMG_0002.MOV": "in_part"}
    library.write("IMG_0002.MOV", VIDEO[:-1])
    asyncio.run(backup(spec(target)))
    assert names(target) == ["IMG_0001.MOV", "IMG_0002.AAE", "IMG_0002.MOV"]


def test_an_edit_does_not_wait_for_its_original(library: SmallLibrary, target: Path) -> None:
    uuid = library.add("IMG_0001.HEIC", STILL, local=-1, file=False)
    library.edit(uuid, VIDEO, NOTE)
    done = asyncio.run(backup(spec(target)))
    assert names(target) == ["IMG_0001.AAE", "IMG_0001_edited.JPG"]
    assert reasons(done) == {"IMG_0001.HEIC": "in_part"}
    library.write("IMG_0001.HEIC", STILL)
    asyncio.run(backup(spec(target)))
    assert names(target) == ["IMG_0001.AAE", "IMG_0001.HEIC", "IMG_0001_edited.JPG"]


def test_another_asset_does_not_take_the_name_of_a_file_that_comes_later(
    library: SmallLibrary, target: Path
) -> None:
    first = library.add("IMG_0001.HEIC", STILL, local=-1, file=False)
    library.edit(first, VIDEO, NOTE)
    asyncio.run(backup(spec(target)))
    second = SmallLibrary(library.media.parent / "other")
    second.add("IMG_0001.HEIC", some_bytes("another phone", 700))
    library.write("IMG_0001.HEIC", STILL)
    asyncio.run(backup(spec(target)))
    (original,) = [file for file in archived(target)[first].files if file.role.value == "photo"]
    assert original.name == "IMG_0001.HEIC"


def test_the_rest_joins_while_the_job_waits_for_icloud(library: SmallLibrary, target: Path) -> None:
    uuid = library.add("IMG_0001.HEIC", STILL)
    library.add_file(uuid, PAIRED_VIDEO, "IMG_0001.MOV", VIDEO, local=-1, file=False)

    async def story() -> None:
        async with engine() as client:
            await client.start(spec(target, icloud=True))
            status = await until(client, lambda status: status.phase is Phase.FETCHING)
            assert names(target) == ["IMG_0001.HEIC"]
            assert (status.fetch.waiting.count, status.fetch.waiting.bytes) == (1, len(VIDEO))
            library.write("IMG_0001.MOV", VIDEO)
            done = await ended(client)
            assert done.status.outcome is Outcome.COMPLETE
            assert done.status.write.written == done.status.write.planned
            assert done.status.write.written.count == 1
            assert done.status.fetch.written.count == 1

    asyncio.run(story())
    assert names(target) == ["IMG_0001.HEIC", "IMG_0001.MOV"]


def test_the_first_half_that_arrives_is_copied_without_the_other(library: SmallLibrary, target: Path) -> None:
    uuid = library.add("IMG_0001.HEIC", STILL, local=-1, file=False)
    library.add_file(uuid, PAIRED_VIDEO, "IMG_0001.MOV", VIDEO, local=-1, file=False)

    async def story() -> Ended:
        async with engine() as client:
            await client.start(spec(target, icloud=True))
            await until(client, lambda status: status.phase is Phase.FETCHING)
            library.write("IMG_0001.HEIC", STILL)
            await until(client, lambda status: status.write.written.count == 1)
            assert names(target) == ["IMG_0001.HEIC"]
            (library.media / "DCIM/100APPLE/IMG_0001.HEIC").unlink()  # iOS offloads it again
            library.write("IMG_0001.MOV", VIDEO)
            return await ended(client)

    done = asyncio.run(story())
    assert (done.status.outcome, buckets(done)) == (Outcome.COMPLETE, {"copied": 1})
    assert names(target) == ["IMG_0001.HEIC", "IMG_0001.MOV"]


def test_a_job_that_stops_waiting_lists_what_is_there_in_part(library: SmallLibrary, target: Path) -> None:
    uuid = library.add("IMG_0001.HEIC", STILL)
    library.add_file(uuid, RAW, "IMG_0001.DNG", VIDEO, local=-1, file=False)

    async def story() -> Ended:
        async with engine() as client:
            await client.start(spec(target, icloud=True))
            await until(client, lambda status: status.phase is Phase.FETCHING)
            await client.command(Command(CommandName.FINISH))
            return await ended(client)

    done = asyncio.run(story())
    assert (reasons(done), buckets(done)) == ({"IMG_0001.HEIC": "in_part"}, {"icloud": 1})


def test_an_unreadable_file_does_not_hold_back_the_others(
    tmp_path: Path, phone_factory: PhoneFactory, target: Path
) -> None:
    library = SmallLibrary(tmp_path / "small")
    uuid = library.add("IMG_0001.HEIC", STILL)
    library.add_file(uuid, PAIRED_VIDEO, "IMG_0001.MOV", VIDEO)
    phone = phone_factory(library.media)
    phone.faults = Faults(paths=(PathFault("/DCIM/100APPLE/IMG_0001.MOV", "read", AfcStatus.IO_ERROR),))
    done = asyncio.run(backup(spec(target)))
    assert holds(target, STILL)
    assert (reasons(done), buckets(done)) == ({"IMG_0001.HEIC": "in_part"}, {"failed": 1})
    assert "IMG_0001.MOV" in done.report.left[0].sentence
    phone.faults = Faults()
    asyncio.run(backup(spec(target)))
    assert names(target) == ["IMG_0001.HEIC", "IMG_0001.MOV"]


def test_an_original_that_is_nowhere_leaves_the_asset_in_part(library: SmallLibrary, target: Path) -> None:
    uuid = library.add("IMG_0001.HEIC", STILL)
    library.add_file(uuid, RAW, "IMG_0001.DNG", VIDEO, local=-1, remote=0, file=False)
    for _ in range(2):
        done = asyncio.run(backup(spec(target)))
        assert (reasons(done), buckets(done)) == ({"IMG_0001.HEIC": "in_part"}, {"failed": 1})
        assert "IMG_0001.DNG is neither on the iPhone nor in iCloud" in done.report.left[0].sentence
