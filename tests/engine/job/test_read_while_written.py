"""Originals that iOS rewrites while they are read: the archive gets one of the versions, never a mixture."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.api.status import Outcome
from ambertime_tui.engine.timing import Timing
from ambertime_tui.simulator.link import Link
from tests.conftest import PhoneFactory
from tests.engine.backups import archived, run_here
from tests.engine.small_library import SmallLibrary, names, some_bytes

LARGE = 6 << 20
"""Bytes, more than a file that is read in one piece."""


def versions(number: int, size: int) -> list[bytes]:
    return [some_bytes((number, version), size) for version in range(2)]


@contextmanager
def rewriting(path: Path, contents: list[bytes], times: int) -> Iterator[None]:
    """Rewrite a file in place, half by half, while the block runs; the last content stays."""
    ended = threading.Event()

    def rewrite() -> None:
        with path.open("r+b") as file:
            for number in range(times):
                data = contents[(number + 1) % len(contents)]
                half = len(data) // 2
                for part in (slice(0, half), slice(half, None)):
                    file.seek(part.start or 0)
                    file.write(data[part])
                    file.flush()
                    if ended.wait(0.05):
                        return

    writer = threading.Thread(target=rewrite)
    writer.start()
    try:
        yield
    finally:
        ended.set()
        writer.join()


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("size", [200_000, LARGE, LARGE + 1])
def test_a_file_rewritten_while_it_is_read_is_never_archived_torn(
    phone_factory: PhoneFactory, target: Path, tmp_path: Path, number: int, size: int
) -> None:
    library = SmallLibrary(tmp_path / "small")
    contents = versions(number, size)
    library.add("IMG_0001.MOV", contents[0])
    path = library.media / "DCIM/100APPLE/IMG_0001.MOV"
    phone_factory(library.media, link=Link(bytes_per_second=size * 4))

    async def story() -> None:
        with rewriting(path, contents, times=20):
            status = await run_here(JobSpec(str(target)), Timing(), tmp_path / "job")
        assert status.outcome is Outcome.COMPLETE

    asyncio.run(story())
    ((asset,),) = [list(archived(target).values())]
    (file,) = asset.files
    there = (target / file.path).read_bytes()
    assert sha256(there).hexdigest() == file.sha256
    assert there in contents


def test_a_file_rewritten_with_the_same_size_and_within_one_second_is_read_again(
    phone_factory: PhoneFactory, target: Path, tmp_path: Path
) -> None:
    library = SmallLibrary(tmp_path / "small")
    before, after = versions(0, LARGE)
    library.add("IMG_0001.MOV", before)
    path = library.media / "DCIM/100APPLE/IMG_0001.MOV"
    os.utime(path, ns=(0, 1_700_000_000_000_000_001))
    phone_factory(library.media, link=Link(bytes_per_second=LARGE * 2))

    async def story() -> None:
        job = asyncio.create_task(run_here(JobSpec(str(target)), Timing(), tmp_path / "job"))
        while not list((target / "Photos").rglob("*.part")):  # noqa: ASYNC110 - the file system sets no event
            await asyncio.sleep(0.01)
        path.write_bytes(after)
        os.utime(path, ns=(0, 1_700_000_000_000_000_002))
        assert (await job).outcome is Outcome.COMPLETE

    asyncio.run(story())
    assert names(target) == ["IMG_0001.MOV"]
    assert next((target / "Photos").rglob("IMG_0001.MOV")).read_bytes() == after


def test_a_file_that_never_rests_is_named(phone_factory: PhoneFactory, target: Path, tmp_path: Path) -> None:
    library = SmallLibrary(tmp_path / "small")
    contents = versions(0, 400_000)
    library.add("IMG_0001.MOV", contents[0])
    phone_factory(library.media, link=Link(bytes_per_second=1_000_000))

    async def story() -> None:
        with rewriting(library.media / "DCIM/100APPLE/IMG_0001.MOV", contents, times=10_000):
            status = await run_here(JobSpec(str(target)), Timing(), tmp_path / "job")
        assert status.outcome is Outcome.LEFT
        assert status.census is not None
        assert [line.reason for line in status.census.lines] == ["changed during copying"]

    asyncio.run(story())
    assert names(target) == []
