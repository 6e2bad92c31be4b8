"""One status and one file cost the same for any size of library, folder or queue.

Work is counted as calls of functions, Python's and C's, which no other load on the machine can change. The
curves in seconds and megabytes are `python -m benchmarks.growth`'s.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest

from ambertime_tui.drive.target import open_target
from ambertime_tui.engine.api.codec import to_json
from ambertime_tui.engine.api.spec import FetchOrder, JobSpec
from ambertime_tui.engine.api.status import FetchState
from ambertime_tui.engine.job.census import Bucket, Ending
from ambertime_tui.engine.job.fetch_queue import FetchQueue
from ambertime_tui.engine.job.ledger import Ledger
from ambertime_tui.engine.job.progress import Progress
from ambertime_tui.engine.plan.plan import plan_of
from ambertime_tui.engine.timing import Timing
from tests.drive.archive_helpers import asset, copied, drive_at
from tests.engine.job.test_fetch_queue import waiting

FEW, MANY = 60, 3000
AT_MOST = 1.1
"""Times as many calls for fifty times as many items; proportional would be 50."""


def calls_of(work: Callable[[], object]) -> int:
    """How many functions are called while `work` runs."""
    count = 0

    def one(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(one)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def job_with(items: int) -> tuple[Progress, FetchQueue, Ledger]:
    """The status, queue and ledger of a job that waits for `items` items."""
    plan = plan_of(waiting(number, 1000, float(number)) for number in range(items))
    progress = Progress("growth", JobSpec(target="/"), Timing())
    progress.queue = FetchQueue(plan, FetchOrder.OLDEST)
    progress.snapshot()  # the queue is sorted once
    return progress, progress.queue, Ledger(plan)


@pytest.mark.parametrize("step", ["status", "change", "ending"])
def test_a_step_of_a_job_costs_the_same_for_any_library(step: str) -> None:
    def steps(items: int) -> int:
        progress, queue, ledger = job_with(items)
        uuids = [planned.asset.uuid for planned in queue.in_order()][:20]
        some = [queue.planned(uuid) for uuid in uuids]

        def work() -> None:
            if step == "status":
                to_json(progress.snapshot())
            for planned in some:
                if step == "change":
                    queue.move(planned.asset.uuid, FetchState.ARRIVED)
                if step == "ending":
                    ledger.record(planned, Ending(Bucket.COPIED))

        return calls_of(work)

    assert steps(MANY) <= AT_MOST * steps(FEW)


def test_an_asset_costs_the_same_in_a_full_folder(tmp_path: Path) -> None:
    def calls(files: int) -> int:
        root = tmp_path / str(files)
        folder = root / "Photos" / "2024-07"
        folder.mkdir(parents=True)
        for number in range(files):
            (folder / f"other {number}.jpg").touch()
        with open_target(root, drive=drive_at(root)) as target:
            copied(target, asset(1, name="IMG_0001.HEIC"))  # the folder is listed once
            return calls_of(lambda: copied(target, asset(2, name="IMG_0002.HEIC")))

    assert calls(MANY) <= AT_MOST * calls(FEW)


def test_growing_work_would_be_detected() -> None:
    def work(items: int) -> list[str]:
        return ["x".upper() for _ in range(items)]

    assert calls_of(lambda: work(MANY)) > 10 * calls_of(lambda: work(FEW))
