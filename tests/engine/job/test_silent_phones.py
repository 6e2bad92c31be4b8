"""A phone that stops answering for longer than the patience, and one that is plugged in again and again."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ambertime_tui.engine.api.spec import JobSpec, OriginalsChoice
from ambertime_tui.engine.api.status import Outcome, Phase
from ambertime_tui.engine.job.job import Job, open_job
from ambertime_tui.engine.job.pipeline import SCAN_TRIES
from ambertime_tui.engine.scan.surveyor import Surveyor
from ambertime_tui.engine.timing import Timing
from ambertime_tui.paths import paths_from
from ambertime_tui.phone.session import PhoneTimeouts
from ambertime_tui.simulator.faults import Faults
from ambertime_tui.simulator.library import MadeLibrary
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.engine.backups import incomplete, strangers

PATIENCE = 1.5
ENDS_WITHIN = 20.0
"""Seconds for a whole job on a busy machine."""


async def short_pause(seconds: float) -> None:
    """Wait for a tenth of a pause."""
    await asyncio.sleep(seconds / 10)


TIMING = Timing(phone=PhoneTimeouts(stall_after=0.4, step_within=2.0), pause=short_pause)


@dataclass
class Ended:
    """A job that has ended, and the seconds since a moment that the test chose."""

    job: Job
    after: float


async def run(target: Path, folder: Path, on_change: Callable[[Job], bool], *, icloud: bool = False) -> Ended:
    """Run a job in this process. `on_change` is called after each change until it returns True; the time is
    taken from then on."""
    records = paths_from(os.environ).data / "pair-records"
    originals = OriginalsChoice.ICLOUD if icloud else OriginalsChoice.LOCAL
    job = await open_job(
        JobSpec(str(target), originals=originals, patience=PATIENCE),
        surveyor=Surveyor(records, folder / "scratch", TIMING),
        pair_records=records,
        reports=folder / "reports",
        timing=TIMING,
    )
    running = asyncio.create_task(job.run())
    since = TIMING.steady()
    async with asyncio.timeout(PATIENCE + ENDS_WITHIN):
        while not running.done() and not on_change(job):
            changed = asyncio.ensure_future(job.progress.changed())
            await asyncio.wait({running, changed}, return_when=asyncio.FIRST_COMPLETED)
            changed.cancel()
            since = TIMING.steady()
        await running
    return Ended(job, TIMING.steady() - since)


def failed_by_silence(done: Ended) -> None:
    """Check that a job ended because the phone did not answer, and not before its patience was over."""
    status = done.job.progress.snapshot()
    assert status.outcome is Outcome.FAILED
    assert "has not responded for" in status.sentence
    assert done.after > PATIENCE


def at_once(_: Job) -> bool:
    return True


@pytest.mark.parametrize("operation", ["READ_DIR", "FILE_OPEN", "FILE_READ", "GET_FILE_INFO"])
def test_a_scan_without_answers_ends_after_the_patience(
    phone: SimulatedPhone, target: Path, tmp_path: Path, operation: str
) -> None:
    phone.faults = Faults(afc_ignores=operation)
    failed_by_silence(asyncio.run(run(target, tmp_path, at_once)))
    assert phone.journal.services["com.apple.afc"] <= 2 + PATIENCE / TIMING.phone.stall_after


def test_a_phone_that_never_answers_ends_the_job_after_the_patience(
    phone: SimulatedPhone, target: Path, tmp_path: Path
) -> None:
    phone.faults = Faults(afc_hangs_after=0)
    failed_by_silence(asyncio.run(run(target, tmp_path, at_once)))
    assert phone.journal.services["com.apple.afc"] <= 2 + PATIENCE / TIMING.phone.stall_after


@pytest.mark.parametrize("fault", [Faults(afc_hangs_after=0), Faults(afc_ignores="FILE_READ")])
def test_copying_without_answers_ends_after_the_patience_and_blames_no_file(
    phone: SimulatedPhone, target: Path, tmp_path: Path, fault: Faults
) -> None:
    def copying(job: Job) -> bool:
        if job.progress.snapshot().write.written.count < 3:
            return False
        phone.faults = fault
        return True

    done = asyncio.run(run(target, tmp_path, copying))
    failed_by_silence(done)
    if fault.afc_ignores is None:
        assert done.job.progress.snapshot().write.failed == 0
    assert strangers(target) == set()


@pytest.mark.parametrize("fault", [Faults(afc_hangs_after=0), Faults(afc_ignores="READ_DIR")])
def test_waiting_for_originals_without_answers_ends_after_the_patience(
    phone: SimulatedPhone, target: Path, tmp_path: Path, fault: Faults
) -> None:
    def waiting(job: Job) -> bool:
        if job.progress.phase is not Phase.FETCHING:
            return False
        phone.faults = fault
        return True

    done = asyncio.run(run(target, tmp_path, waiting, icloud=True))
    status = done.job.progress.snapshot()
    assert status.outcome in (Outcome.FAILED, Outcome.LEFT)


def test_a_phone_that_is_often_plugged_in_again_is_scanned_at_last(
    made: MadeLibrary, phone: SimulatedPhone, target: Path, tmp_path: Path
) -> None:
    phone.faults = Faults(cable_pulled_after=60_000, cable_pulled_again=SCAN_TRIES + 4, replugged_after=0.05)
    done = asyncio.run(run(target, tmp_path, at_once))
    assert phone.faults.cable_pulled_after is None, "the cable was pulled as often"
    assert done.job.progress.snapshot().outcome is Outcome.LEFT
    assert incomplete(made, target) == []
