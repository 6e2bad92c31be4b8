"""Changing one item costs the same in a queue of a hundred thousand items as in a short one."""

from __future__ import annotations

import time
from dataclasses import replace

from ambertime_tui.engine.api.spec import FetchOrder, JobSpec, OriginalsChoice
from ambertime_tui.engine.api.status import FetchState, PhoneSummary
from ambertime_tui.engine.job.fetch_queue import FetchQueue
from ambertime_tui.engine.job.fetch_requests import FetchRequests, methods
from ambertime_tui.engine.job.progress import Progress
from ambertime_tui.engine.plan.plan import plan_of
from ambertime_tui.engine.timing import Timing
from tests.engine.plan.test_fetch_advice import awaited

COUNT = 100_000


def test_arrivals_offloading_and_status_keep_up_with_a_long_queue() -> None:
    queue = FetchQueue(plan_of(awaited(2000 + n % 20, 1, n) for n in range(COUNT)), FetchOrder.NEWEST)
    queue.head(8)
    began = time.process_time()
    queue.mark_all_requested()
    for number in range(0, COUNT, 100):
        uuid = f"{2000 + number % 20}-{number}"
        assert [p.asset.uuid for p in queue.watched_at("DCIM/100APPLE", [f"{uuid}.heic"])] == [uuid]
        queue.move(uuid, FetchState.ARRIVED)
        queue.head(8)
        queue.add(queue.planned(uuid), "was offloaded")
        assert queue.state_of(uuid) is FetchState.ASKED
        queue.head(8)
    took = time.process_time() - began
    assert took < 5.0, f"{took:.1f} s for a thousand arrivals: something goes through all of the queue"
    in_order = [p.asset.created or 0.0 for p in queue.in_order()]
    assert in_order == sorted(in_order, reverse=True)
    assert len(in_order) == COUNT


def test_when_nothing_arrives_the_status_says_what_to_check() -> None:
    progress = Progress("job", JobSpec("/drive", originals=OriginalsChoice.ICLOUD), Timing())
    progress.phone = PhoneSummary("u", battery_percent=12, on_power=False, free_bytes=300_000_000)
    queue = FetchQueue(plan_of([awaited(2019, 1)]), FetchOrder.OLDEST)
    requests = FetchRequests(
        queue=queue,
        methods=methods(),
        progress=progress,
        timing=Timing(),
        patience=None,
        paused=lambda: False,
    )
    requests.update_sentence(quiet=60.0)
    assert "Nothing has arrived" not in progress.snapshot().fetch.sentence
    requests.update_sentence(quiet=660.0)
    said = progress.snapshot().fetch.sentence
    for words in ("11 min", "12%", "300 MB", "Wi-Fi", "Low Power Mode", "System Status"):
        assert words in said


def test_there_is_no_rate_or_time_left_before_the_first_arrival() -> None:
    now = 100.0
    progress = Progress(
        "job", JobSpec("/drive", originals=OriginalsChoice.ICLOUD), replace(Timing(), steady=lambda: now)
    )
    progress.fetching = True
    progress.queue = FetchQueue(plan_of([awaited(2019, 10_000_000)]), FetchOrder.OLDEST)
    for _ in range(30):
        now += 1
        progress.tick()
    assert progress.snapshot().fetch.rate is None
    assert progress.snapshot().fetch.eta is None
    for _ in range(30):
        now += 1
        progress.count_arrival(1_000_000)
        progress.tick()
    fetch = progress.snapshot().fetch
    assert fetch.rate is not None
    assert 900_000 < fetch.rate <= 1_100_000
    assert fetch.eta is not None
    assert 9 <= fetch.eta <= 12
