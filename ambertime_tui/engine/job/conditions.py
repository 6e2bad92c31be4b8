"""The condition of a job as the user sees it: paused, stopping, waiting for phone or drive."""

from __future__ import annotations

from ambertime_tui.engine.api.status import Condition, Wait
from ambertime_tui.engine.job.drive_threads import Threads
from ambertime_tui.engine.job.progress import Progress
from ambertime_tui.engine.timing import Timing

DRIVE_SILENT = 30.0
"""Seconds without activity after which a drive is reported as not responding. Writing some GB from memory to
a slow stick also takes that long."""
GIVEN_UP_AFTER = 10.0
"""Seconds without activity, and since the user stopped the job, after which the drive is given up."""
DRIVE_IS_SILENT = (
    "The drive has not responded for half a minute: it is slow or disconnected. Files on it are intact. If "
    "this continues, check its cable."
)


class Conditions:
    """Shows the most important condition of several; belongs to the event loop."""

    def __init__(self, progress: Progress, timing: Timing) -> None:
        self._progress = progress
        self._timing = timing
        self._drive_is_silent = False
        self._drive_silent_since = 0.0
        self._stopped_at: float | None = None
        self._without_phone_since: float | None = None
        self.paused = False
        self.phone_trouble = ""
        """Why the job waits for the phone; empty: it does not."""

    @property
    def stopped(self) -> bool:
        """True once the user has stopped the job."""
        return self._stopped_at is not None

    def stop(self) -> None:
        """Note that the user stopped the job."""
        if self._stopped_at is None:
            self._stopped_at = self._timing.steady()

    def check_drive(self, threads: Threads) -> bool:
        """Note whether the drive responds. False: stop waiting for it."""
        silent_for = threads.silent_for
        if self._drive_is_silent is not (silent_for >= DRIVE_SILENT):
            self._drive_is_silent = not self._drive_is_silent
            self._drive_silent_since = self._timing.wall() - silent_for
            self.publish()
        if self._stopped_at is None:
            return True
        return min(silent_for, self._timing.steady() - self._stopped_at) < GIVEN_UP_AFTER

    def publish(self) -> None:
        """Set the condition in the status."""
        if not self.phone_trouble:
            self._without_phone_since = None
        elif self._without_phone_since is None:
            self._without_phone_since = self._timing.wall()
        if self.stopped and self._drive_is_silent:
            sentence = "The drive is not responding. Giving up on it soon."
            self._progress.set_condition(Condition.STOPPING, sentence)
        elif self.stopped:
            self._progress.set_condition(Condition.STOPPING, "Stopping after the files in progress.")
        else:
            trouble = DRIVE_IS_SILENT if self._drive_is_silent else self.phone_trouble
            usual = Condition.WAITING if trouble else Condition.RUNNING
            self._progress.set_condition(
                Condition.PAUSED if self.paused else usual, trouble, None if self.paused else self._wait()
            )

    def _wait(self) -> Wait | None:
        if self._drive_is_silent:
            return Wait(self._drive_silent_since)
        since, patience = self._without_phone_since, self._progress.spec.patience
        if since is None:
            return None
        return Wait(since, None if patience is None else since + patience)
