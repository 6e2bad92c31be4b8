"""Apple's fingerprint of an original: what arrives is compared with it, read again, and judged by it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from ambertime_tui.drive.record.record_model import Proof
from ambertime_tui.engine.api.client import Command, CommandName
from ambertime_tui.engine.api.spec import JobSpec, OriginalsChoice
from ambertime_tui.engine.api.status import JobStatus, Outcome, Phase, Proofs
from ambertime_tui.engine.api.verification import verify_archive
from ambertime_tui.engine.timing import Timing
from ambertime_tui.library.fingerprint import fingerprint_of
from ambertime_tui.simulator.background import BackgroundUsbmuxd
from tests.conftest import PhoneFactory
from tests.engine.backups import Ended, archived, backup, ended, engine, run_here, until
from tests.engine.flipping_cable import MARK, flipping_cable
from tests.engine.small_library import SmallLibrary, holds, names, some_bytes

DATA, OTHER = some_bytes("data", 50_000), some_bytes("other", 50_000)


def spec(target: Path, *, icloud: bool = False, patience: float = 20.0) -> JobSpec:
    originals = OriginalsChoice.ICLOUD if icloud else OriginalsChoice.LOCAL
    return JobSpec(str(target), originals=originals, patience=patience)


def proof_of(target: Path, uuid: str) -> Proof:
    return archived(target)[uuid].files[0].proof


def originals(status: JobStatus) -> Proofs:
    assert status.census is not None
    return status.census.originals


@pytest.fixture
def library(tmp_path: Path, phone_factory: PhoneFactory) -> SmallLibrary:
    made = SmallLibrary(tmp_path / "small")
    phone_factory(made.media)
    return made


def test_originals_are_proved_as_far_as_the_library_has_fingerprints(
    library: SmallLibrary, target: Path
) -> None:
    one = library.add("IMG_0001.HEIC", DATA, fingerprint=fingerprint_of(DATA))
    two = library.add("IMG_0002.HEIC", OTHER)
    done = asyncio.run(backup(spec(target)))
    assert (proof_of(target, one), proof_of(target, two)) == (Proof.PROVED, Proof.UNPROVED)
    assert originals(done.status) == Proofs(proved=1, unproved=1)
    assert (done.status.write.proved, done.status.write.unproved) == (1, 1)
    line = "2 originals on the drive, 1 proved against Apple's own fingerprint, read back from the drive"
    assert done.status.proof.startswith(line)
    assert verify_archive(target, lambda _: None).proof.startswith(line)


def test_a_fingerprint_that_the_library_gets_later_proves_what_is_archived(
    library: SmallLibrary, target: Path
) -> None:
    uuid = library.add("IMG_0001.HEIC", DATA)
    asyncio.run(backup(spec(target)))
    library.set(uuid, fingerprint=fingerprint_of(DATA))
    done = asyncio.run(backup(spec(target)))
    assert proof_of(target, uuid) is Proof.PROVED
    assert (done.status.write.files_written, done.status.outcome) == (0, Outcome.COMPLETE)
    assert originals(done.status) == Proofs(proved=1)


def test_a_difference_is_kept_and_named_only_by_the_job_that_finds_it(
    library: SmallLibrary, target: Path
) -> None:
    uuid = library.add("IMG_0001.HEIC", DATA, fingerprint=fingerprint_of(OTHER))
    first = asyncio.run(backup(spec(target)))
    assert holds(target, DATA)
    assert proof_of(target, uuid) is Proof.DIFFERS
    assert [left.reason for left in first.report.left] == ["differs"]
    assert first.status.outcome is Outcome.LEFT
    assert first.status.census is not None
    assert first.status.census.count("copied") == 1
    assert any("differs from Apple's fingerprint" in event.text for event in first.status.events)
    second = asyncio.run(backup(spec(target)))
    assert (second.report.left, second.status.outcome) == ((), Outcome.COMPLETE)
    assert originals(second.status) == Proofs(differs=1)
    assert "1 different from it" in second.status.proof
    assert names(target) == ["IMG_0001.HEIC"]


@pytest.mark.parametrize("size", [40_000, 60_000])
def test_a_file_of_another_size_is_the_original_if_its_fingerprint_fits(
    library: SmallLibrary, target: Path, size: int
) -> None:
    uuid = library.add("IMG_0001.PNG", DATA, size=size, fingerprint=fingerprint_of(DATA))
    for _ in range(2):
        done = asyncio.run(backup(spec(target)))
        assert (done.status.outcome, done.report.left) == (Outcome.COMPLETE, ())
        assert archived(target)[uuid].files[0].library_size is None


@pytest.mark.parametrize("size", [40_000, 60_000])
def test_an_arrival_of_another_size_is_copied_if_its_fingerprint_fits(
    library: SmallLibrary, target: Path, size: int
) -> None:
    library.add("IMG_0001.PNG", DATA, size=size, fingerprint=fingerprint_of(DATA), local=-1, file=False)

    async def story() -> Ended:
        async with engine() as client:
            await client.start(spec(target, icloud=True, patience=60.0))
            await until(client, lambda status: status.phase is Phase.FETCHING)
            library.write("IMG_0001.PNG", DATA)
            return await ended(client)

    done = asyncio.run(story())
    assert (done.status.outcome, done.report.left) == (Outcome.COMPLETE, ())
    assert holds(target, DATA)


def test_an_arrival_of_the_right_size_but_with_other_bytes_is_waited_for(
    library: SmallLibrary, target: Path
) -> None:
    """iOS may reserve the space of a file before it has all bytes."""
    uuid = library.add("IMG_0001.HEIC", DATA, fingerprint=fingerprint_of(DATA), local=-1, file=False)

    async def story() -> Ended:
        async with engine() as client:
            await client.start(spec(target, icloud=True, patience=60.0))
            await until(client, lambda status: status.phase is Phase.FETCHING)
            library.write("IMG_0001.HEIC", DATA[:20_000] + bytes(30_000))
            status = await until(
                client, lambda status: any("only partly" in event.text for event in status.events)
            )
            assert status.write.written.count == 0
            library.write("IMG_0001.HEIC", DATA)
            return await ended(client)

    done = asyncio.run(story())
    assert (done.status.outcome, done.report.left) == (Outcome.COMPLETE, ())
    assert proof_of(target, uuid) is Proof.PROVED
    assert names(target) == ["IMG_0001.HEIC"]


def test_an_arrival_that_stays_different_is_copied_in_the_end_and_named(
    library: SmallLibrary, target: Path
) -> None:
    uuid = library.add("IMG_0001.HEIC", DATA, fingerprint=fingerprint_of(OTHER), local=-1)
    done = asyncio.run(backup(spec(target, icloud=True, patience=3.0)))
    assert holds(target, DATA)
    assert proof_of(target, uuid) is Proof.DIFFERS
    assert [left.reason for left in done.report.left] == ["differs"]


def test_a_stop_of_waiting_copies_no_file_that_may_still_be_arriving(
    library: SmallLibrary, target: Path
) -> None:
    library.add("IMG_0001.HEIC", DATA, local=-1, file=False)

    async def story() -> Ended:
        async with engine() as client:
            await client.start(spec(target, icloud=True, patience=60.0))
            await until(client, lambda status: status.phase is Phase.FETCHING)
            library.write("IMG_0001.HEIC", DATA[:1000])
            await until(client, lambda status: status.fetch.arriving.count == 1)
            await client.command(Command(CommandName.FINISH))
            return await ended(client)

    done = asyncio.run(story())
    assert names(target) == []
    assert [left.reason for left in done.report.left] == ["icloud"]


def test_no_bit_that_the_cable_flips_goes_unnoticed(
    phone_factory: PhoneFactory,
    usbmux: BackgroundUsbmuxd,
    short_tmp: Path,
    tmp_path: Path,
    target: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The long form: `python -m benchmarks.flipped_bits`."""
    library, contents = SmallLibrary(tmp_path / "small", fingerprints=True), {}
    for number in range(12):
        size = 6 << 20 if number == 0 else 200_000
        name = f"IMG_{number:04}.JPG"
        contents[name] = some_bytes(number, 64) + MARK * (size // len(MARK))
        library.add(name, contents[name])
    phone_factory(library.media)
    with flipping_cable(os.environ["USBMUXD_SOCKET_ADDRESS"], short_tmp / "cable", share=0.2) as cable:
        monkeypatch.setenv("USBMUXD_SOCKET_ADDRESS", str(short_tmp / "cable"))
        status = asyncio.run(run_here(spec(target), Timing(), tmp_path / "job"))
    assert cable.flipped > 5
    false = [
        path.name for path in (target / "Photos").rglob("*.JPG") if path.read_bytes() != contents[path.name]
    ]
    assert len(false) <= originals(status).differs
    assert originals(status).proved == 12 - originals(status).differs
    assert len(false) < 3, "a bit that the cable flipped is not flipped in the next read"
