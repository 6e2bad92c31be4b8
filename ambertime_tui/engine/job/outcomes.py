"""The outcome of copying one asset, its way to the ledger, and how the census counts it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ambertime_tui.drive.record.record_model import RecordedAsset, RecordedFile
from ambertime_tui.engine.job.census import Bucket, Ending
from ambertime_tui.engine.plan.plan import NOWHERE, Plan, PlannedAsset
from ambertime_tui.engine.plan.recorded_state import is_proved, is_smaller
from ambertime_tui.engine.plan.rules import (
    IN_PART,
    REST_ON_DRIVE,
    SMALLER,
    SMALLER_IN_ICLOUD,
    why_nowhere,
)
from ambertime_tui.library.model import Availability, Resource, Role


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file of an asset that was not copied, while others were."""

    resource: Resource
    failed: Failed | None = None
    """Why it could not be copied; None: it is no longer on the phone, or not completely yet."""


@dataclass(frozen=True, slots=True)
class Copied:
    """Files of an asset are on the drive, complete and recorded."""

    recorded: RecordedAsset
    """All that the drive has of the asset."""
    bytes: int
    """Of the files that were written just now."""
    left_out: tuple[LeftOut, ...] = ()
    complete: frozenset[Role] = frozenset()
    """Originals with fewer bytes than the library says that are complete nevertheless."""
    differing: tuple[str, ...] = ()
    """Names of the files written just now that differ from Apple's fingerprint."""
    repaired: bool = False
    """True if only files that were damaged or missing on the drive were replaced."""
    changed: bool = True
    """False if the drive had all files already."""


@dataclass(frozen=True, slots=True)
class NotThere:
    """Originals are no longer on the phone, or only part of them is; nothing else was left to copy."""

    planned: PlannedAsset
    gone: tuple[Resource, ...]
    arriving: tuple[Resource, ...] = ()
    """Originals that iOS has not downloaded completely."""
    in_part: bool = False
    """True if other files of the asset are on the drive."""


@dataclass(frozen=True, slots=True)
class Failed:
    """An asset could not be copied; `reason` is a stable word, `sentence` is for people."""

    reason: str
    sentence: str
    in_part: bool = False
    """True if other files of the asset are on the drive."""


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
            return _ending_of_copied(planned, outcome)
        case Failed(reason, sentence, in_part):
            if in_part:
                return Ending(Bucket.FAILED, "in_part", f"{sentence} {REST_ON_DRIVE}")
            return Ending(Bucket.FAILED, reason, sentence)
        case NotThere(_, gone, arriving, in_part):
            return _ending_of_not_there(gone, arriving, in_part=in_part)


def _ending_of_not_there(
    gone: tuple[Resource, ...], arriving: tuple[Resource, ...], *, in_part: bool
) -> Ending:
    names = ", ".join(resource.name for resource in gone or arriving)
    rest = f" {REST_ON_DRIVE}" if in_part else ""
    if not gone:
        return Ending(
            Bucket.ICLOUD,
            "in_part" if in_part else "arriving",
            f"iOS has downloaded only part of {names}. Run again with iCloud originals included.{rest}",
        )
    if all(resource.in_icloud for resource in gone):
        return Ending(
            Bucket.ICLOUD,
            "in_part" if in_part else "offloaded",
            f"{names} was on the iPhone when the job started and is now only in iCloud. Run again with "
            f"iCloud originals included.{rest}",
        )
    return Ending(
        Bucket.FAILED,
        "in_part" if in_part else "missing",
        f"{names} is no longer on the iPhone: it was deleted or offloaded during the job. Run again to find "
        f"out which.{rest}",
    )


def _ending_of_copied(planned: PlannedAsset, copied: Copied) -> Ending:
    asset, recorded = planned.asset, copied.recorded
    failed = {one.resource.role: one.failed for one in copied.left_out}
    lacking = [r for r in asset.originals if r.role in failed or not _has(recorded, r)]
    if lacking:
        return _ending_in_part(planned, lacking, failed)
    smaller = [
        r
        for r in asset.originals
        if r.role not in copied.complete and _is_doubtful(recorded.current(r.role), r)
    ]
    if smaller:
        may_come = any(r.in_icloud and not r.flagged_local for r in smaller)
        bucket, sentence = (Bucket.ICLOUD, SMALLER_IN_ICLOUD) if may_come else (Bucket.FAILED, SMALLER)
        return Ending(bucket, "smaller", sentence)
    return Ending(Bucket.COPIED if copied.changed else Bucket.ALREADY)


def _ending_in_part(
    planned: PlannedAsset, lacking: list[Resource], failed: dict[Role, Failed | None]
) -> Ending:
    """The ending of an asset that lacks originals while other files of it are on the drive."""
    away = [r for r in lacking if r.availability is Availability.ICLOUD]
    why = [one for r in lacking if (one := failed.get(r.role)) is not None]
    if away and len(away) == len(lacking):
        return Ending(Bucket.ICLOUD, "in_part", IN_PART)
    left = [r for r in lacking if r.role in failed and failed[r.role] is None]
    if left or away:
        not_there = _ending_of_not_there(tuple(left or away), (), in_part=True)
        bucket = Bucket.ICLOUD if away else not_there.bucket
        return Ending(bucket, "in_part", IN_PART if away else not_there.sentence)
    gone = [r for r in lacking if r.availability in NOWHERE]
    if why:
        sentence = why[0].sentence
    elif gone:
        _, sentence = why_nowhere(gone)
    elif planned.reason == "too_large_for_drive":
        return Ending(Bucket.FAILED, planned.reason, f"{planned.sentence} {REST_ON_DRIVE}")
    else:
        sentence = f"{', '.join(r.name for r in lacking)} is not on the drive yet. Run again to copy it."
    return Ending(Bucket.FAILED, "in_part", f"{sentence} {REST_ON_DRIVE}")


def _has(recorded: RecordedAsset, resource: Resource) -> bool:
    """True if the drive has an original, and not only an earlier one with another fingerprint."""
    file = recorded.current(resource.role)
    if file is None:
        return False
    marks = (file.fingerprint, file.library_fingerprint)
    return resource.fingerprint is None or marks[1] is None or resource.fingerprint in marks


def _is_doubtful(file: RecordedFile | None, resource: Resource) -> bool:
    """True for a recorded original with fewer bytes than the library says, unless it is proved."""
    if file is None:
        return False
    return is_smaller(file.size, resource) and not is_proved(file.fingerprint, resource.fingerprint)
