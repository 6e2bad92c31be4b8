"""What every part of a job works with."""

from __future__ import annotations

from dataclasses import dataclass

from ambertime_tui.drive.target import Target
from ambertime_tui.engine.api.spec import JobSpec, OriginalsChoice
from ambertime_tui.engine.api.trial_memory import TrialMemory
from ambertime_tui.engine.job.conditions import Conditions
from ambertime_tui.engine.job.copy_queue import CopyQueue
from ambertime_tui.engine.job.drive_threads import Threads
from ambertime_tui.engine.job.fetch_memory import FetchMemory
from ambertime_tui.engine.job.night_log import NightLog
from ambertime_tui.engine.job.progress import Progress
from ambertime_tui.engine.scan.phone_link import PhoneLink
from ambertime_tui.engine.scan.surveyor import Surveyor
from ambertime_tui.engine.timing import Timing


@dataclass(frozen=True, slots=True)
class JobContext:
    """The phone, the target, the status and the shared tools of one job."""

    udid: str
    target: Target
    threads: Threads
    link: PhoneLink
    copy_queue: CopyQueue
    surveyor: Surveyor
    memory: FetchMemory
    trials: TrialMemory
    night_log: NightLog
    progress: Progress
    conditions: Conditions
    timing: Timing

    @property
    def spec(self) -> JobSpec:
        """What to do; the status carries it."""
        return self.progress.spec

    @property
    def includes_icloud(self) -> bool:
        """True if the job also waits for originals in iCloud."""
        return self.spec.originals is OriginalsChoice.ICLOUD
