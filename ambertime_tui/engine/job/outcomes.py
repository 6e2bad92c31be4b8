"""The outcome of copying one asset, its way to the ledger, and how the census counts it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ambertime_tui.drive.record.record_model import RecordedAsset
from ambertime_tui.engine.job.census import Bucket, Ending
from ambertime_tui.engine.plan.plan import Plan, PlannedAsset, missing_originals
from ambertime_tui.engine.plan.rules import why_nowhere
from ambertime_tui.library.model import Resource


@dataclass(frozen=True, slots=True)
class Copied:
    """An asset is on the drive, complete and recorded."""

    recorded: RecordedAsset
    bytes: int
    """Of the files that were written just now."""


@dataclass(frozen=True, slots=True)
class NotThere:
    """An original is no longer on the phone, or only part of it is."""

    planned: PlannedAsset
    gone: tuple[Resource, ...]
    in_part: tuple[Resource, ...] = ()
    """Originals of which iOS has downloaded only the beginning."""


@dataclass(frozen=True, slots=True)
class Failed:
    """An asset could not be copied; `reason` is a stable word, `sentence` is for people."""

    reason: str
    sentence: str


Outcome = Copied | NotThere | Failed


class Results:
    """Passes each outcome from the copier to the ledger. Outcomes that come before the plan wait for it."""

    def __init__(self) -> None:
        self._early: list[tuple[PlannedAsset, Outcome]] = []
        self._plan: Plan | None = None
        self._record: Callable[[PlannedAsset, Outcome], None] = self._keep

    @property
    def copied_early(self) -> int:
        """Copied assets that still wait for the plan."""
        return sum(isinstance(outcome, Copied) for _, outcome in self._early)

    def add(self, planned: PlannedAsset, outcome: Outcome) -> None:
        """Pass on the outcome of an asset."""
        if self._plan is not None and planned.number < 0:  # copied or started before there was a plan
            number = self._plan.number_of(planned.asset.uuid)
            planned = planned if number is None else self._plan[number]
        self._record(planned, outcome)

    def connect(self, plan: Plan, record: Callable[[PlannedAsset, Outcome], None]) -> None:
        """Pass all outcomes to `record` from now on, the waiting ones first."""
        early, self._early = self._early, []
        self._plan, self._record = plan, record
        for planned, outcome in early:
            self.add(planned, outcome)

    def _keep(self, planned: PlannedAsset, outcome: Outcome) -> None:
        self._early.append((planned, outcome))


def ending_of(planned: PlannedAsset, outcome: Outcome) -> Ending:
    """How the census counts an outcome."""
    match outcome:
        case Copied():
            gone = missing_originals(planned.asset)
            if gone:
                reason, sentence = why_nowhere(gone)
                return Ending(Bucket.FAILED, reason, f"{sentence} The rest of it is on the drive.")
            return Ending(Bucket.COPIED)
        case Failed(reason, sentence):
            return Ending(Bucket.FAILED, reason, sentence)
        case NotThere(_, gone, in_part) if in_part and not gone:
            names = ", ".join(resource.name for resource in in_part)
            return Ending(
                Bucket.ICLOUD,
                "arriving",
                f"iOS has downloaded only part of {names}. Run again with iCloud originals included.",
            )
        case NotThere(_, gone, _):
            names = ", ".join(resource.name for resource in gone)
            if all(resource.in_icloud for resource in gone):
                return Ending(
                    Bucket.ICLOUD,
                    "offloaded",
                    f"{names} was on the iPhone when the job started and is now only in iCloud. Run again "
                    "with iCloud originals included.",
                )
            return Ending(
                Bucket.FAILED,
                "missing",
                f"{names} is no longer on the iPhone: it was deleted or offloaded during the job. Run again "
                "to find out which.",
            )
