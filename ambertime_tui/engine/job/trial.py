"""Try a way of asking on a few items before the whole queue is trusted to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ambertime_tui.drive.record.record_model import Proof
from ambertime_tui.engine.api.spec import FetchWay, TrialMode
from ambertime_tui.engine.api.status import Tally
from ambertime_tui.engine.api.trial import SHORTEST_MEASURE, TrialResult, TrialState, TrialStatus
from ambertime_tui.engine.api.trial_memory import TrialMemory
from ambertime_tui.engine.plan.plan import PlannedAsset
from ambertime_tui.engine.plan.trial import (
    FIRST_ARRIVALS,
    candidate,
    findings,
    is_worth_trying,
    kind_results,
    sample,
)
from ambertime_tui.engine.plan.way_abilities import OriginalKind
from ambertime_tui.engine.timing import Timing
from ambertime_tui.library.model import Role

ANSWER_WITHIN = 300.0
"""Seconds for the person's decision; then the job continues in the same way."""
COPIED_WITHIN = 20.0
"""Seconds for the copies of what has arrived, before the trial ends without them."""


class Trial:
    """Observes the first arrivals, and says what they have shown. Belongs to the event loop."""

    def __init__(
        self,
        way: FetchWay,
        groups: Sequence[Sequence[str]],
        kinds: Mapping[str, frozenset[OriginalKind]],
        *,
        ios_version: str,
        mode: TrialMode,
        timing: Timing,
    ) -> None:
        """
        Args:
            way: how iOS is asked.
            groups: uuids to ask for, group by group; empty: iOS chooses.
            kinds: the kinds of these items.
            ios_version: of the phone.
            mode: whether a person decides at the end.
            timing: clocks.
        """
        self._way = way
        self._groups = [tuple(group) for group in groups]
        self._asked = dict(kinds)
        self._ios_version = ios_version
        self._mode = mode
        self._timing = timing
        self._began_at = timing.steady()
        self._sizes: dict[tuple[str, Role], list[int]] = {}
        self._sign_at: float | None = None
        self._came: dict[str, frozenset[OriginalKind]] = {}
        self._arrivals: list[tuple[float, int]] = []
        self._copied: set[str] = set()
        self._proofs: Counter[Proof] = Counter()
        self._asking_until: float | None = None
        self._findings: tuple[str, ...] = ()
        self.state = TrialState.RUNNING
        self.result: TrialResult | None = None
        """What to remember; set when the trial is over."""

    @property
    def running(self) -> bool:
        """True until enough has arrived, or nothing more comes."""
        return self.state is TrialState.RUNNING

    @property
    def asking(self) -> bool:
        """True while the person decides."""
        return self.state is TrialState.ASKING

    def next_group(self) -> tuple[str, ...]:
        """The uuids to ask for next; empty: none."""
        return self._groups.pop(0) if self._groups else ()

    # Observations

    def saw(self, uuid: str, role: Role, size: int) -> None:
        """Note the size of a file that is arriving."""
        if not self.running:
            return
        if self._sign_at is None:
            self._sign_at = self._timing.steady()
        sizes = self._sizes.setdefault((uuid, role), [])
        if not sizes or sizes[-1] != size:
            sizes.append(size)

    def came(self, uuid: str, kinds: frozenset[OriginalKind]) -> None:
        """Note that all originals of an item that the way can bring have arrived."""
        if self.running and uuid not in self._came:
            self._came[uuid] = kinds
            size = sum(sizes[-1] for (of, _), sizes in self._sizes.items() if of == uuid)
            self._arrivals.append((self._timing.steady(), size))

    def copied(self, uuid: str, proofs: Sequence[Proof]) -> None:
        """Note that an item is on the drive, and what Apple's fingerprint says about its originals."""
        if self.running and uuid in self._came and uuid not in self._copied:
            self._copied.add(uuid)
            self._proofs.update(proofs)

    @property
    def has_enough(self) -> bool:
        """True if enough has arrived, and some of it is copied, where iOS chooses what it downloads."""
        if self._asked or len(self._came) < FIRST_ARRIVALS:
            return False
        measured = self._arrivals[-1][0] - self._arrivals[0][0]
        copied = len(self._copied) >= FIRST_ARRIVALS or measured >= COPIED_WITHIN
        return measured >= SHORTEST_MEASURE and copied

    @property
    def quiet_for(self) -> float:
        """Seconds since the last arrival, or since the request."""
        last = self._arrivals[-1][0] if self._arrivals else self._began_at
        return self._timing.steady() - last

    @property
    def has_begun(self) -> bool:
        """True once anything has arrived."""
        return bool(self._arrivals)

    @property
    def is_copied(self) -> bool:
        """True if everything that arrived is on the drive, or this takes too long to wait for."""
        return self._came.keys() <= self._copied or self.quiet_for > COPIED_WITHIN

    # The end

    def conclude(self, left: Tally) -> None:
        """End the observation.

        Args:
            left: what the way can bring and has not brought yet.
        """
        first = self._arrivals[0] if self._arrivals else (0.0, 0)
        grew = sum(len(sizes) > 1 for sizes in self._sizes.values())
        self.result = TrialResult(
            ios_version=self._ios_version,
            way=self._way,
            at=self._timing.wall(),
            kinds=kind_results(self._asked, self._came),
            items=len(self._came),
            bytes=sum(size for _, size in self._arrivals),
            grew=grew,
            whole=len(self._sizes) - grew,
            proved=self._proofs[Proof.PROVED],
            differing=self._proofs[Proof.DIFFERS],
            unproved=self._proofs[Proof.UNPROVED],
            seconds=self._arrivals[-1][0] - first[0] if self._arrivals else 0.0,
            measured_items=max(0, len(self._arrivals) - 1),
            measured_bytes=sum(size for _, size in self._arrivals[1:]),
            first_after=None if self._sign_at is None else self._sign_at - self._began_at,
        )
        self._findings = findings(self.result, left)
        if self._mode is TrialMode.ASK:
            self.state = TrialState.ASKING
            self._asking_until = self._timing.steady() + ANSWER_WITHIN
        else:
            self.state = TrialState.DONE

    def answered(self) -> None:
        """Continue with the whole queue."""
        if self.asking:
            self.state = TrialState.DONE

    def skip(self) -> None:
        """End the trial without a result."""
        if self.running:
            self.state = TrialState.SKIPPED

    def check_time(self) -> bool:
        """Continue if nobody has decided in time; return whether that happened now."""
        late = self.asking and self._asking_until is not None and self._timing.steady() >= self._asking_until
        if late:
            self.state = TrialState.DONE
        return late

    def status(self, others: tuple[FetchWay, ...]) -> TrialStatus:
        """The trial for front ends; `others`: the ways that the person can choose instead."""
        continues_at = None
        if self.asking and self._asking_until is not None:
            continues_at = round(self._timing.wall() + self._asking_until - self._timing.steady())
        asked, came = len(self._asked), len(self._came)
        return TrialStatus(self.state, self._way, asked, came, self._findings, continues_at, others)


class Trials:
    """Makes a trial where a way of asking is new for a phone and its version of iOS."""

    def __init__(self, memory: TrialMemory, udid: str, mode: TrialMode, timing: Timing) -> None:
        """
        Args:
            memory: what earlier trials have shown.
            udid: the phone's.
            mode: of the job.
            timing: clocks.
        """
        self._memory = memory
        self._udid = udid
        self._mode = mode
        self._timing = timing

    @property
    def wanted(self) -> bool:
        """False if the job tries nothing."""
        return self._mode is not TrialMode.SKIP

    def trial(self, way: FetchWay, ios_version: str, waiting: Iterable[PlannedAsset]) -> Trial | None:
        """A trial of a way; None: it is known, or the queue is too short. Blocks: goes through the queue."""
        known = self._memory.result(self._udid, ios_version, way)
        if known is not None and known.worked:
            return None
        candidates = [candidate(way, planned) for planned in waiting]
        groups = sample(way, candidates)
        if not is_worth_trying(groups, len(candidates)):
            return None
        asked = {uuid for group in groups for uuid in group}
        kinds = {one.uuid: one.kinds for one in candidates if one.uuid in asked}
        return Trial(way, groups, kinds, ios_version=ios_version, mode=self._mode, timing=self._timing)

    def remember(self, results: Iterable[TrialResult]) -> None:
        """Save results. Blocks."""
        for result in results:
            self._memory.remember(self._udid, result)
