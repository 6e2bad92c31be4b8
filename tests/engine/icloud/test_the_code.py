"""The code of a slice stays until iOS has begun to bring the slice down, and comes back at a key."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import cast

from ambertime_tui.engine.api.spec import FetchOrder, FetchWay, JobSpec, OriginalsChoice
from ambertime_tui.engine.api.status import FetchState, FetchStatus
from ambertime_tui.engine.job.fetch_queue import FetchQueue
from ambertime_tui.engine.job.fetch_requests import FINISHING, FetchRequests
from ambertime_tui.engine.job.progress import Progress
from ambertime_tui.engine.plan.plan import plan_of
from ambertime_tui.engine.timing import Timing
from ambertime_tui.phone.afc import MediaFolder
from tests.engine.plan.test_fetch_advice import awaited

HALF, OTHER = "2019-1", "2019-2"


class Media:
    """A phone that does not say how much room it has."""

    async def space(self) -> None:
        """Not known."""


@dataclass
class Story:
    """Two items of one slice; the first had half arrived when its turn came."""

    queue: FetchQueue
    progress: Progress
    asking: FetchRequests

    def look(self) -> FetchStatus:
        """What is shown after the next look at the phone."""
        asyncio.run(self.asking.review(cast("MediaFolder", Media())))
        self.asking.update_sentence(0.0)
        return self.progress.snapshot().fetch


def story() -> Story:
    progress = Progress("job", JobSpec("/drive", originals=OriginalsChoice.ICLOUD), Timing())
    queue = FetchQueue(plan_of([awaited(2019, 5, 1), awaited(2019, 7, 2)]), FetchOrder.OLDEST)
    progress.queue = queue
    queue.move(HALF, FetchState.ARRIVING)
    asking = FetchRequests(
        queue=queue,
        way=FetchWay.SHORTCUT,
        progress=progress,
        timing=Timing(),
        patience=None,
        paused=lambda: False,
    )
    return Story(queue, progress, asking)


def test_what_had_half_arrived_before_does_not_hide_the_code() -> None:
    told = story()
    assert told.look().code
    assert told.look().code, "nobody has scanned it yet"
    told.queue.move(OTHER, FetchState.ARRIVING)
    assert not told.look().code, "iOS has begun"


def test_what_had_half_arrived_and_comes_wholly_hides_it() -> None:
    told = story()
    told.look()
    told.queue.move(HALF, FetchState.ARRIVED)
    assert not told.look().code


def test_what_arrives_anew_counts_although_it_had_half_arrived_once() -> None:
    told = story()
    told.look()
    told.queue.move(HALF, FetchState.ASKED)
    assert told.look().code
    told.queue.move(HALF, FetchState.ARRIVING)
    assert not told.look().code


def test_a_code_shown_again_stays_with_its_own_words_while_its_slice_arrives() -> None:
    told = story()
    first = told.look()
    told.queue.move(OTHER, FetchState.ARRIVING)
    assert not told.look().code
    told.asking.show_code()
    told.queue.move(OTHER, FetchState.ARRIVED)
    shown = told.look()
    assert (shown.code, shown.code_sentence) == (first.code, first.code_sentence)
    assert "camera" in shown.code_sentence
    assert "downloading this slice" in shown.sentence


def test_once_icloud_is_waited_for_no_longer_nothing_is_asked_for() -> None:
    told = story()
    told.look()
    told.asking.end(FINISHING)
    shown = told.look()
    assert (shown.code, shown.sentence) == ("", FINISHING)


def test_what_is_arriving_is_told_apart_from_what_comes_next() -> None:
    told = story()
    told.queue.move(OTHER, FetchState.ARRIVING)
    assert [item.uuid for item in told.look().coming] == [HALF, OTHER]
    told.queue.move(HALF, FetchState.ARRIVED)
    assert [item.uuid for item in told.look().coming] == [OTHER]
