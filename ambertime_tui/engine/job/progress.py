"""The progress of a job: counters that change while it runs, and the immutable status made of them."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ambertime_tui.drive.record.record_model import Proof
from ambertime_tui.engine.api.attendance import Attendance, NightsStatus
from ambertime_tui.engine.api.spec import FetchWay, JobSpec, OriginalsChoice
from ambertime_tui.engine.api.status import (
    Census,
    Condition,
    CurrentFile,
    Event,
    FetchState,
    FetchStatus,
    JobStatus,
    Outcome,
    Phase,
    PhoneSummary,
    ScanStatus,
    Tally,
    Wait,
    WriteStatus,
)
from ambertime_tui.engine.api.trial import TrialStatus
from ambertime_tui.engine.job.attendance import Asking, attendance
from ambertime_tui.engine.job.fetch_queue import FetchQueue
from ambertime_tui.engine.job.night_log import Logged, NightCount
from ambertime_tui.engine.job.rate_meter import RateMeter
from ambertime_tui.engine.plan.plan import plan_of
from ambertime_tui.engine.timing import Timing

EVENTS = 50
ARRIVALS_WINDOW = 60
"""Seconds over which arrivals are averaged: each original arrives as a whole."""
RECENT = 8
HEAD = 8


@dataclass(slots=True)
class FileInFlight:
    """A file that is being copied."""

    name: str
    total: int
    done: int = 0


class Progress:
    """Belongs to the event loop; use it from no other thread. A snapshot costs the same for any library."""

    def __init__(self, job_id: str, spec: JobSpec, timing: Timing) -> None:
        self._job_id = job_id
        self.spec = spec
        """What the job does: kept here only."""
        self._timing = timing
        self._started_at = timing.wall()
        self._sequence = 0
        self._changed = asyncio.Event()
        self._events: deque[Event] = deque(maxlen=EVENTS)
        self._in_flight: dict[int, FileInFlight] = {}
        self._recent: deque[str] = deque(maxlen=RECENT)
        self._fetch_sentence = ""
        self._code = ""
        self._code_sentence = ""
        self.trial: TrialStatus | None = None
        self.phase = Phase.CONNECTING
        self.condition = Condition.RUNNING
        self.sentence = ""
        self._wait: Wait | None = None
        self._icloud_wait: Wait | None = None
        self.outcome: Outcome | None = None
        self.ended_at: float | None = None
        self.phone: PhoneSummary | None = None
        self.scan = ScanStatus()
        self.census: Census | None = None
        self.proof = ""
        self.afterwards = ""
        self.stop_after_file = False
        self.queue = FetchQueue(plan_of(()), spec.order)
        self.fetching = False
        self.nights = NightCount(Logged(), spec.way, timing.wall)
        """What has come from iCloud in this run and in earlier ones."""
        self.hands_planned: int | None = None
        """How often a person was expected to be needed when the job started; None: unknown."""
        self._asking = Asking()
        self.stops_waiting = False
        self.fetch_began_at: float | None = None
        self.last_arrival_at: float | None = None
        self.arrivals = 0
        """Originals, or parts of them, that arrived from iCloud so far."""
        self.planned = Tally()
        self.written = Tally()
        self.already = Tally()
        self.files_written = 0
        self.failed = 0
        self.read_back = 0
        self.through_cache = 0
        self.proofs: Counter[Proof] = Counter()
        self.free_bytes: int | None = None
        self.copied = RateMeter(timing.steady())
        self.arrived = RateMeter(timing.steady(), ARRIVALS_WINDOW)

    async def changed(self) -> None:
        """Wait for a change since the last call. For one caller."""
        await self._changed.wait()
        self._changed.clear()

    def touch(self) -> None:
        """Note that something has changed."""
        self._sequence += 1
        self._changed.set()

    def set_phase(self, phase: Phase) -> None:
        """Set the phase."""
        self.phase = phase
        self.touch()

    def set_condition(self, condition: Condition, sentence: str = "", wait: Wait | None = None) -> None:
        """Set the condition, the sentence that explains it to the user, and what it waits for."""
        if (condition, sentence, wait) != (self.condition, self.sentence, self._wait):
            self._wait = wait
            if condition is Condition.RUNNING and self.condition is not condition:
                self.copied.restart(self._timing.steady())
                self.arrived.restart(self._timing.steady())
            self.condition, self.sentence = condition, sentence
            self.touch()

    def set_icloud_wait(self, wait: Wait | None) -> None:
        """Set since when nothing has arrived from iCloud; None: that is not waited for now."""
        if wait != self._icloud_wait:
            self._icloud_wait = wait
            self.touch()

    def set_scan(self, scan: ScanStatus) -> None:
        """Set the progress of the scan."""
        self.scan = scan
        self.touch()

    def set_fetch_sentence(self, sentence: str) -> None:
        """Set the state of the fetch queue in words."""
        if sentence != self._fetch_sentence:
            self._fetch_sentence = sentence
            self.touch()

    def set_asking(self, asking: Asking) -> None:
        """Set what the way of asking waits for."""
        if asking != self._asking:
            self._asking = asking
            self.touch()

    def set_code(self, code: str, sentence: str = "") -> None:
        """Set the address to show as a QR code, and what it does; empty: none."""
        if code != self._code:
            self._code, self._code_sentence = code, sentence
            self.touch()

    def set_trial(self, trial: TrialStatus | None) -> None:
        """Set the trial of the way of asking; None: there is no trial."""
        if trial != self.trial:
            self.trial = trial
            self.touch()

    def change_way(self, way: FetchWay) -> None:
        """Note that iOS is asked in another way from now on."""
        self.spec = replace(self.spec, way=way)
        self.nights.change_way(way)
        self.touch()

    def add_event(self, level: str, text: str) -> None:
        """Add an event for the user to read."""
        self._events.append(Event(self._timing.wall(), level, text))
        self.touch()

    def start_file(self, name: str, total: int, done: int = 0) -> FileInFlight:
        """Show a file as being copied until `end_file`; `done` bytes of it were copied before."""
        file = FileInFlight(name, total, done)
        self._in_flight[id(file)] = file
        self.touch()
        return file

    def end_file(self, file: FileInFlight) -> None:
        """Stop showing a file: it was written or discarded."""
        self._in_flight.pop(id(file), None)
        self.touch()

    def count_bytes(self, file: FileInFlight, size: int) -> None:
        """Count bytes of a file that have come from the phone."""
        file.done += size
        self.copied.add(size, self._timing.steady())
        self.touch()

    def count_written(
        self,
        size: int,
        paths: Iterable[str],
        from_drive: int,
        through_cache: int,
        proofs: Mapping[Proof, int],
        items: int = 1,
    ) -> None:
        """Count an asset that was committed.

        Args:
            size: bytes that were written.
            paths: of its files, relative to the target.
            from_drive: files that were read back from the drive itself.
            through_cache: files that may have been read back from memory.
            proofs: originals by what Apple's fingerprint says.
            items: 0 for the rest of an asset that was counted before.
        """
        self.written += Tally(items, size)
        self.proofs.update(proofs)
        self.files_written += from_drive + through_cache
        self.read_back += from_drive
        self.through_cache += through_cache
        self._recent.extendleft(paths)
        self.touch()

    def count_arrival(self, size: int) -> None:
        """Count an asset whose originals have arrived from iCloud."""
        self.last_arrival_at = self._timing.wall()
        self.arrivals += 1
        self.arrived.add(size, self._timing.steady())
        self.touch()

    def tick(self) -> None:
        """Let rates fall while nothing arrives; call it about once a second."""
        now = self._timing.steady()
        if self.copied.advance(now) | self.arrived.advance(now):
            self.touch()

    def snapshot(self) -> JobStatus:
        """The current status."""
        return JobStatus(
            job_id=self._job_id,
            sequence=self._sequence,
            spec=self.spec,
            started_at=self._started_at,
            now=self._timing.wall(),
            phase=self.phase,
            condition=self.condition,
            sentence=self.sentence,
            wait=self._wait_now(),
            outcome=self.outcome,
            ended_at=self.ended_at,
            phone=self.phone,
            scan=self.scan,
            fetch=self._fetch(),
            attendance=self._attendance(),
            write=self._write(),
            census=self.census,
            proof=self.proof,
            afterwards=self.afterwards,
            events=tuple(self._events),
            stop_after_file=self.stop_after_file,
        )

    def _wait_now(self) -> Wait | None:
        if self._wait is not None or self.outcome is not None:
            return self._wait if self.outcome is None else None
        waits = self.phase is Phase.FETCHING and self.condition is Condition.RUNNING
        return self._icloud_wait if waits and not self.stops_waiting else None

    def _attendance(self) -> Attendance:
        awaits = self.fetching and self.queue.pending > 0 and not self.stops_waiting
        steady = self._timing.steady()
        if not awaits:
            left = self.planned.bytes - self.written.bytes - sum(f.done for f in self._in_flight.values())
            seconds = self.copied.time_left(left, steady) if left > 0 else None
        else:
            until = self._asking.bytes_left
            seconds = self.arrived.time_left(self.awaited.bytes if until is None else until, steady)
        return attendance(self.phase, self.condition, self._asking, awaits=awaits, seconds_left=seconds)

    @property
    def awaited(self) -> Tally:
        """What iOS still has to download."""
        tally = self.queue.tally
        return tally(FetchState.WAITING) + tally(FetchState.ASKED) + tally(FetchState.ARRIVING)

    @property
    def hands_left(self) -> int | None:
        """About how often a hand will be needed, if the rest is like what was planned; None: unknown."""
        if self.hands_planned is None or not len(self.queue):
            return self.hands_planned
        return -(-self.hands_planned * self.awaited.count // len(self.queue))

    def _fetch(self) -> FetchStatus:
        queue = self.queue
        pending = self.awaited
        return FetchStatus(
            included=self.spec.originals is OriginalsChoice.ICLOUD,
            waiting=queue.tally(FetchState.WAITING),
            asked=queue.tally(FetchState.ASKED),
            arriving=queue.tally(FetchState.ARRIVING),
            arrived=queue.tally(FetchState.ARRIVED),
            written=queue.tally(FetchState.WRITTEN),
            skipped=queue.tally(FetchState.SKIPPED),
            gave_up=queue.tally(FetchState.GAVE_UP),
            trial=self.trial,
            not_by_this_way=queue.tally(FetchState.NOT_BY_THIS_WAY),
            order=queue.order,
            rate=self.arrived.rate() if self.fetching and self.condition is Condition.RUNNING else None,
            eta=self.arrived.time_left(pending.bytes, self._timing.steady()) if self.fetching else None,
            last_arrival_at=self.last_arrival_at,
            began_at=self.fetch_began_at,
            sentence=self._fetch_sentence,
            code=self._code,
            code_sentence=self._code_sentence,
            hands=self.nights.hands(self.hands_left),
            nights=self.nights.status(pending) if self.fetching else NightsStatus(),
            ending=self.stops_waiting,
            coming=queue.arriving(HEAD),
            head=queue.head(HEAD),
            recent=queue.recent(),
        )

    def _write(self) -> WriteStatus:
        current = tuple(CurrentFile(f.name, f.done, f.total) for f in self._in_flight.values())
        left = self.planned.bytes - self.written.bytes - sum(f.done for f in current)
        busy = self.phase in (Phase.COPYING, Phase.FETCHING) and self.condition is Condition.RUNNING
        steady = self._timing.steady()
        return WriteStatus(
            target=self.spec.target,
            planned=self.planned,
            written=self.written,
            files_written=self.files_written,
            already=self.already,
            failed=self.failed,
            read_back=self.read_back,
            through_cache=self.through_cache,
            proved=self.proofs[Proof.PROVED],
            differing=self.proofs[Proof.DIFFERS],
            unproved=self.proofs[Proof.UNPROVED],
            rate=self.copied.rate() if self.condition is Condition.RUNNING else None,
            eta=self.copied.time_left(left, steady) if busy and left > 0 else None,
            current_files=current,
            recent=tuple(self._recent),
            rates=self.copied.history(),
            free_bytes=self.free_bytes,
        )

    def end(self, outcome: Outcome, sentence: str, census: Census | None, proof: str = "") -> None:
        """Set the final state."""
        self.proof = proof
        self.outcome, self.sentence, self.census = outcome, sentence, census
        self.condition = Condition.RUNNING
        self.ended_at = self._timing.wall()
        self.phase = Phase.ENDED
        self._in_flight.clear()
        self.touch()
