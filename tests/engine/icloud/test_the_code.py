"""The code of a slice is shown until iOS starts to download the slice, and again on request."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import cast

from ambertime_tui.engine.api.spec import FetchOrder, FetchWay, JobSpec, OriginalsChoice
from ambertime_tui.engine.api.status import FetchState, FetchStatus
from ambertime_tui.engine.job.fetch_queue import FetchQueue
from ambertime_tui.engine.job.fetch_requests import FetchRequests, methods
from ambertime_tui.engine.job.fetch_sentences import FINISHING
from ambertime_tui.engine.job.progress import Progress
from ambertime_tui.engine.plan.plan import plan_of
from ambertime_tui.engine.timing import Timing
from ambertime_tui.phone.afc import MediaFolder
from tests.engine.plan.test_fetch_advice import awaited

HALF, OTHER = "2019-1", "2019-2"


class Media:
    """A phone that does not report its free storage."""

    async def space(self) -> None:
        """Unknown."""


@dataclass
class Slice:
    """A slice of two items; the first had partly arrived before the request."""

    queue: FetchQueue
    progress: Progress
    requests: FetchRequests

    def look(self) -> FetchStatus:
        """The status after the next check of the phone."""
        asyncio.run(self.requests.review(cast("MediaFolder", Media())))
        self.requests.update_sentence(0.0)
        return self.progress.snapshot().fetch


def started_slice() -> Slice:
    progress = Progress("job", JobSpec("/drive", originals=OriginalsChoice.ICLOUD), Timing())
    queue = FetchQueue(
        plan_of([awaited(2019, 5, 1), awaited(2019, 7, 2)]), FetchOrder.OLDEST, FetchWay.SHORTCUT
    )
    progress.queue = queue
    queue.move(HALF, FetchState.ARRIVING)
    requests = FetchRequests(
        queue=queue,
        methods=methods(),
        progress=progress,
        timing=Timing(),
        patience=None,
        paused=lambda: False,
    )
    return Slice(queue, progress, requests)


def test_a_partial_arrival_before_the_request_does_not_hide_the_code() -> None:
    slice_ = started_slice()
    assert slice_.look().code
    assert slice_.look().code, "it has not been scanned yet"
    slice_.queue.move(OTHER, FetchState.ARRIVING)
    assert not slice_.look().code, "iOS has begun"


def test_a_partial_arrival_that_is_completed_hides_the_code() -> None:
    slice_ = started_slice()
    slice_.look()
    slice_.queue.move(HALF, FetchState.ARRIVED)
    assert not slice_.look().code


def test_an_arrival_that_starts_again_hides_the_code() -> None:
    slice_ = started_slice()
    slice_.look()
    slice_.queue.move(HALF, FetchState.ASKED)
    assert slice_.look().code
    slice_.queue.move(HALF, FetchState.ARRIVING)
    assert not slice_.look().code


def test_a_code_shown_again_keeps_its_sentence_while_its_slice_arrives() -> None:
    slice_ = started_slice()
    first = slice_.look()
    slice_.queue.move(OTHER, FetchState.ARRIVING)
    assert not slice_.look().code
    slice_.requests.show_code()
    slice_.queue.move(OTHER, FetchState.ARRIVED)
    shown = slice_.look()
    assert (shown.code, shown.code_sentence) == (first.code, first.code_sentence)
    assert "camera" in shown.code_sentence
    assert "downloading this slice" in shown.sentence


def test_after_the_wait_has_ended_nothing_is_requested() -> None:
    slice_ = started_slice()
    slice_.look()
    slice_.requests.end(FINISHING)
    shown = slice_.look()
    assert (shown.code, shown.sentence) == ("", FINISHING)


def test_arriving_items_are_listed_separately() -> None:
    slice_ = started_slice()
    slice_.queue.move(OTHER, FetchState.ARRIVING)
    assert [item.uuid for item in slice_.look().coming] == [HALF, OTHER]
    slice_.queue.move(HALF, FetchState.ARRIVED)
    assert [item.uuid for item in slice_.look().coming] == [OTHER]
