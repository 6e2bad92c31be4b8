"""A backup is faster than copying one file at a time on the same machine.

`python -m benchmarks.throughput` compares other tools with real sizes. This test checks only a ratio: over a
slow cable most of the time is spent waiting for replies, and a job that does not request the next file
meanwhile is as slow as `pymobiledevice3 afc pull` on any machine.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from pymobiledevice3.services.afc import AfcService

from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.api.status import JobStatus, Outcome, Phase
from ambertime_tui.engine.job.job import open_job
from ambertime_tui.engine.scan.surveyor import Surveyor
from ambertime_tui.engine.timing import Timing
from ambertime_tui.simulator.library import LibraryRecipe, make_library
from ambertime_tui.simulator.link import LINKS
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.conftest import PhoneFactory
from tests.simulator.wire_clients import connected

FASTER_AT_LEAST = 1.5
"""One file at a time cannot reach this: pull waits nine times per file and a job four times, but the job also
syncs and reads back."""
ROUNDS = 3
"""The best attempt counts, because other work on the machine may slow either side."""


def test_a_backup_over_a_slow_cable_is_faster_than_pull(tmp_path: Path, phone_factory: PhoneFactory) -> None:
    made = make_library(
        tmp_path / "library", LibraryRecipe(assets=80, seed=3, icloud_photos=False, icloud_share=0)
    )
    phone = phone_factory(made.media, tls=True, link=LINKS["usb2-slow"])
    ratios: list[float] = []
    for number in range(ROUNDS):
        target = tmp_path / f"drive {number}"
        target.mkdir()
        ours = asyncio.run(seconds_for_each_file_of_a_backup(phone, target, tmp_path))
        pulled = tmp_path / f"pulled {number}"
        pulled.mkdir()
        theirs = asyncio.run(seconds_of_pull(phone, pulled, tmp_path))
        theirs /= sum(path.is_file() for path in pulled.rglob("*"))
        ratios.append(theirs / ours)
        if ratios[-1] >= FASTER_AT_LEAST:
            return
    raise AssertionError(f"pull takes only {ratios} times as long for a file")


async def seconds_for_each_file_of_a_backup(phone: SimulatedPhone, target: Path, folder: Path) -> float:
    """Seconds from the start of copying to the end of the job."""
    timing, records = Timing(), folder / "records"
    job = await open_job(
        JobSpec(target=str(target), udid=phone.udid),
        surveyor=Surveyor(records, folder / "scratch", timing),
        pair_records=records,
        reports=folder / "reports",
        timing=timing,
    )

    async def copying_since() -> float:
        while job.progress.phase in (Phase.CONNECTING, Phase.SCANNING, Phase.PLANNING):
            await job.progress.changed()
        return time.monotonic()

    began = asyncio.create_task(copying_since())
    await job.run()
    status: JobStatus = job.progress.snapshot()
    assert status.outcome is Outcome.COMPLETE, status.sentence
    return (time.monotonic() - await began) / status.write.files_written


async def seconds_of_pull(phone: SimulatedPhone, into: Path, records: Path) -> float:
    """As `pymobiledevice3 afc pull DCIM` does it."""
    async with (
        connected(phone, records / "pymobiledevice3", autopair=True) as lockdown,
        AfcService(lockdown) as afc,
    ):
        began = time.monotonic()
        await afc.pull("DCIM", str(into), progress_bar=False)
        return time.monotonic() - began
