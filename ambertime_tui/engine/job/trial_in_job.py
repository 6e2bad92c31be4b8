"""The trial of a job: started where a way of asking is new for the phone, fed with arrivals, and shown."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ambertime_tui.drive.record.record_model import Proof
from ambertime_tui.engine.api.protocol import EngineError
from ambertime_tui.engine.api.spec import FetchWay
from ambertime_tui.engine.api.status import FetchState, Tally
from ambertime_tui.engine.api.trial import TrialResult
from ambertime_tui.engine.job.fetch_queue import FetchQueue
from ambertime_tui.engine.job.progress import Progress
from ambertime_tui.engine.job.trial import Trial, Trials
from ambertime_tui.engine.plan.hands import Reach, keep_originals_fits
from ambertime_tui.engine.plan.plan import PlannedAsset
from ambertime_tui.engine.plan.trial import candidate
from ambertime_tui.library.model import Role


class TrialInJob:
    """At most one trial at a time. Belongs to the event loop."""

    def __init__(self, trials: Trials | None, queue: FetchQueue, progress: Progress, reach: Reach) -> None:
        """
        Args:
            trials: makes a trial where a way is new for the phone; None: nothing is tried.
            queue: what is pending, and how iOS is asked for it.
            progress: shows the trial.
            reach: of the library.
        """
        self._trials = trials
        self._queue = queue
        self._progress = progress
        self._reach = reach
        self._trial: Trial | None = None
        self._due = trials is not None and trials.wanted
        self._unsaved: list[TrialResult] = []

    @property
    def running(self) -> bool:
        """True while the first arrivals are observed."""
        return self._trial is not None and self._trial.running

    @property
    def asking(self) -> bool:
        """True while a person decides how to continue."""
        return self._trial is not None and self._trial.asking

    @property
    def has_begun(self) -> bool:
        """True if something has arrived."""
        return self._trial is not None and self._trial.has_begun

    @property
    def awaits_copies(self) -> bool:
        """True while something that has arrived is not on the drive yet."""
        return self._trial is not None and self._trial.running and not self._trial.is_copied

    def is_over(self, stuck_after: float, never_began_after: float) -> bool:
        """True if a running trial of a way that asks for everything has seen enough, or waited long enough.

        Args:
            stuck_after: seconds without an arrival once something has arrived.
            never_began_after: the same before that.
        """
        trial = self._trial
        if trial is None or not trial.running:
            return False
        limit = stuck_after if trial.has_begun else never_began_after
        return trial.has_enough or trial.quiet_for > limit

    async def prepare(self) -> None:
        """Start a trial if one is due and the phone is known."""
        phone = self._progress.phone
        if not self._due or self._trials is None or phone is None:
            return
        self._due = False
        way, waiting = self._queue.way, self._queue.waiting()
        trial = await asyncio.to_thread(self._trials.trial, way, phone.ios_version, waiting)
        if way is self._queue.way:
            self._trial = trial

    def check_answer(self) -> None:
        """Continue if nobody has decided in time."""
        if self._trial is not None and self._trial.check_time():
            self._progress.add_event("info", "Nobody has decided after the trial; the job continues.")

    def next_items(self) -> list[PlannedAsset]:
        """The items to ask for next; empty: none."""
        group = () if self._trial is None else self._trial.next_group()
        return [self._queue.planned(uuid) for uuid in group if self._queue.is_pending(uuid)]

    def saw(self, uuid: str, role: Role, size: int) -> None:
        """Note the size of a file that is arriving."""
        if self._trial is not None:
            self._trial.saw(uuid, role, size)

    def came(self, uuid: str) -> None:
        """Note that originals of an asset have arrived."""
        trial = self._trial
        if trial is not None and trial.running and uuid in self._queue:
            done = not self._queue.is_pending(uuid)
            if done or self._queue.idle_state(uuid) is FetchState.NOT_BY_THIS_WAY:
                trial.came(uuid, candidate(self._queue.way, self._queue.planned(uuid)).kinds)

    def copied(self, uuid: str, proofs: Sequence[Proof]) -> None:
        """Note that an asset is on the drive, and what Apple's fingerprint says about its originals."""
        if self._trial is not None:
            self._trial.copied(uuid, proofs)

    def skip(self) -> None:
        """Skip the trial, or continue after it.

        Raises:
            EngineError: `NotNow`: there is no trial.
        """
        trial = self._trial
        if trial is None or not (trial.running or trial.asking):
            raise EngineError("NotNow", "There is no trial.")
        trial.skip()
        trial.answered()

    def conclude(self) -> None:
        """End the trial, and say what it has shown."""
        if self._trial is None:
            return
        reachable = (FetchState.WAITING, FetchState.ASKED, FetchState.ARRIVING)
        self._trial.conclude(sum((self._queue.tally(state) for state in reachable), Tally()))
        status = self._trial.status(())
        self._progress.add_event("info", f"The trial is over. {' '.join(status.findings)}")
        if self._trial.result is not None:
            self._unsaved.append(self._trial.result)

    def stop(self) -> None:
        """End the trial, because the job no longer waits for iCloud."""
        self._conclude_what_has_begun()
        if self._trial is not None:
            self._trial.answered()
        self.show()

    def start_again(self) -> None:
        """End the trial, because iOS is asked in another way, which is tried if it is new for the phone."""
        self._conclude_what_has_begun()
        self._trial = None
        self._due = self._trials is not None and self._trials.wanted

    def show(self) -> None:
        """Publish the state of the trial."""
        others: list[FetchWay] = []
        phone = self._progress.phone
        for way in FetchWay:
            fits = phone is not None and keep_originals_fits(self._reach.icloud_bytes, phone.free_bytes)
            if way is not self._queue.way and (way is not FetchWay.KEEP_ORIGINALS or fits):
                others.append(way)
        self._progress.set_trial(None if self._trial is None else self._trial.status(tuple(others)))

    @property
    def has_unsaved(self) -> bool:
        """True if `save` has something to do."""
        return bool(self._unsaved)

    def save(self) -> None:
        """Save what trials have shown. Blocks."""
        results, self._unsaved = self._unsaved, []
        if self._trials is not None:
            self._trials.remember(results)

    def _conclude_what_has_begun(self) -> None:
        if self.running and self.has_begun:
            self.conclude()
