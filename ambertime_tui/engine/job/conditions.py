"""What a job's condition is, and what a person is told of it: paused, stopping, waiting for phone or
drive."""

from __future__ import annotations

from ambertime_tui.engine.api.status import Condition
from ambertime_tui.engine.job.drive_threads import Threads
from ambertime_tui.engine.job.progress import Progress
from ambertime_tui.engine.timing import Timing

DRIVE_SILENT = 30.0
"""Seconds without a sign of life after which a drive is said to be silent. Bringing some GB from memory to a
slow stick takes as long, too."""
GIVEN_UP_AFTER = 10.0
"""Seconds of silence, and since a person wanted the job to stop, after which nobody waits any more."""
DRIVE_IS_SILENT = (
    "The drive has not answered for half a minute: it is slow, or gone. What is on it is whole. If this goes "
    "on, check its cable."
)


class Conditions:
    """The most pressing of all that is so; belongs to the event loop."""

    def __init__(self, progress: Progress, timing: Timing) -> None:
        self._progress = progress
        self._timing = timing
        self._drive_is_silent = False
        self._stopped_at: float | None = None
        self.paused = False
        self.phone_trouble = ""
        """Why the phone is waited for; empty: it is not."""

    @property
    def stopped(self) -> bool:
        """True once a person wanted the job to end."""
        return self._stopped_at is not None

    def stop(self) -> None:
        """A person wants the job to end."""
        if self._stopped_at is None:
            self._stopped_at = self._timing.steady()

    def look_at(self, threads: Threads) -> bool:
        """Notes whether the drive answers; False: it is not worth waiting for any longer."""
        silent_for = threads.silent_for
        if self._drive_is_silent is not (silent_for >= DRIVE_SILENT):
            self._drive_is_silent = not self._drive_is_silent
            self.show()
        if self._stopped_at is None:
            return True
        return min(silent_for, self._timing.steady() - self._stopped_at) < GIVEN_UP_AFTER

    def show(self) -> None:
        """Puts it into the status."""
        if self.stopped and self._drive_is_silent:
            sentence = "The drive does not answer; soon nobody waits for it any more."
            self._progress.set_condition(Condition.STOPPING, sentence)
        elif self.stopped:
            self._progress.set_condition(Condition.STOPPING, "Ending after the files in hand.")
        else:
            trouble = DRIVE_IS_SILENT if self._drive_is_silent else self.phone_trouble
            usual = Condition.WAITING if trouble else Condition.RUNNING
            self._progress.set_condition(Condition.PAUSED if self.paused else usual, trouble)
