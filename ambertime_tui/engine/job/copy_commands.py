"""The commands for a job that copies: what to retry, to skip and to wait for."""

from __future__ import annotations

from collections import Counter

from ambertime_tui.engine.api.protocol import EngineError
from ambertime_tui.engine.api.spec import FetchOrder, FetchWay
from ambertime_tui.engine.api.status import FetchState, Tally
from ambertime_tui.engine.job.arrivals import ArrivalWatch
from ambertime_tui.engine.job.census import Bucket, Ending
from ambertime_tui.engine.job.copy_queue import CopyQueue
from ambertime_tui.engine.job.fetch_queue import FetchQueue
from ambertime_tui.engine.job.fetch_requests import FetchRequests
from ambertime_tui.engine.job.fetch_sentences import FINISHING
from ambertime_tui.engine.job.ledger import Ledger
from ambertime_tui.engine.job.progress import Progress
from ambertime_tui.engine.plan.plan import Decision


class CopyCommands:
    """Belongs to the event loop."""

    def __init__(
        self,
        *,
        copy_queue: CopyQueue,
        ledger: Ledger,
        fetch_queue: FetchQueue,
        progress: Progress,
        requests: FetchRequests | None,
        watch: ArrivalWatch | None,
        offloaded: Counter[int],
    ) -> None:
        """
        Args:
            copy_queue: what is copied next.
            ledger: the plan and the outcome of each asset.
            fetch_queue: what waits for iCloud.
            progress: shows the effects.
            requests: asks iOS; None: the job does not wait for iCloud.
            watch: notices arrivals; None likewise.
            offloaded: how often iOS offloaded an asset before it was copied, by its position in the plan.
        """
        self._copy_queue = copy_queue
        self._ledger = ledger
        self._fetch_queue = fetch_queue
        self._progress = progress
        self._requests = requests
        self._watch = watch
        self._offloaded = offloaded

    def finish(self) -> None:
        """Stop waiting for iCloud.

        Raises:
            EngineError: `NotNow`: the job does not wait for iCloud.
        """
        if self._requests is None:
            raise EngineError("NotNow", "This job does not wait for iCloud; it ends by itself.")
        self._progress.stops_waiting = True
        self._requests.end(FINISHING)
        self._progress.touch()
        self._copy_queue.notify()

    def show_code(self) -> None:
        """Show the code of the current request again.

        Raises:
            EngineError: `NotNow`: there is no code.
        """
        if self._requests is None:
            raise EngineError("NotNow", "This job does not wait for iCloud, so it has no code.")
        self._requests.show_code()

    def end_trial(self) -> None:
        """Skip the trial of the way of asking, or continue after it.

        Raises:
            EngineError: `NotNow`: there is no trial.
        """
        if self._requests is None:
            raise EngineError("NotNow", "This job does not wait for iCloud, so it tries nothing.")
        self._requests.end_trial()

    def change_way(self, way: str) -> None:
        """Ask iOS in another way from now on.

        Raises:
            EngineError: `NotNow`: the job does not wait for iCloud; `NotUnderstood`: there is no such way.
        """
        if self._requests is None:
            raise EngineError("NotNow", "This job does not wait for iCloud.")
        if way not in list(FetchWay):
            raise EngineError("NotUnderstood", f"There is no way of asking called {way!r}.")
        self._requests.change_way(FetchWay(way))
        self._copy_queue.notify()

    def retry(self, uuid: str) -> None:
        """Retry what failed, was skipped or did not come.

        Args:
            uuid: which; empty: all.

        Raises:
            EngineError: `NotNow`: there is nothing to retry.
        """
        given_up = [one for one in self._fetch_queue.given_up() if uuid in ("", one)]
        again = [p for p in self._ledger.failed() if uuid in ("", p.asset.uuid)]
        again = [p for p in again if p.asset.uuid not in self._fetch_queue]
        if not again and not given_up:
            raise EngineError("NotNow", "There is nothing to retry.")
        for planned in again:
            ending = self._ledger.ending_of(planned)
            if ending is not None and ending.reason == "skipped":
                self._progress.planned += Tally(1, planned.bytes)
            else:
                self._progress.failed -= 1
            self._ledger.reopen(planned)
        for one in given_up:
            planned = self._fetch_queue.planned(one)
            del self._offloaded[planned.number]
            if self._watch is not None:
                self._watch.forget_rejections(one)
            ending = self._ledger.ending_of(planned)
            if ending is not None and ending.bucket is Bucket.FAILED:
                self._progress.failed -= 1
                self._progress.planned = self._progress.planned.less(Tally(1, planned.bytes))
            self._ledger.reopen(planned)
            self._fetch_queue.move(one, FetchState.WAITING)
        self._copy_queue.add_again(again)
        self._progress.touch()

    def skip(self, uuid: str) -> None:
        """Leave an asset out of this job.

        Raises:
            EngineError: `NotNow`: it is being copied, or finished.
        """
        planned = self._ledger.planned(uuid)
        waits_for_icloud = self._fetch_queue.is_watched(uuid)
        done = planned is None or (self._ledger.ending_of(planned) is not None and not waits_for_icloud)
        if planned is None or done or planned.decision not in (Decision.COPY, Decision.FETCH):
            raise EngineError("NotNow", "That item is not waiting.")
        if self._copy_queue.is_being_copied(uuid):
            raise EngineError("NotNow", f"{planned.asset.original_filename} is being copied right now.")
        self._copy_queue.skip(uuid)
        if uuid in self._fetch_queue:
            self._fetch_queue.move(uuid, FetchState.SKIPPED, "skipped by you")
        bucket = Bucket.ICLOUD if waits_for_icloud else Bucket.FAILED
        self._ledger.record(planned, Ending(bucket, "skipped", "You skipped it. Run again to copy it."))
        if not waits_for_icloud:
            self._progress.planned = self._progress.planned.less(Tally(1, planned.bytes))
        self._progress.touch()
        self._copy_queue.notify()

    def reorder(self, order: str) -> None:
        """Change the order of the fetch queue.

        Raises:
            EngineError: `NotUnderstood`: there is no such order.
        """
        try:
            self._fetch_queue.reorder(FetchOrder(order))
        except ValueError as error:
            raise EngineError("NotUnderstood", f"There is no order called {order!r}.") from error
        self._progress.touch()
