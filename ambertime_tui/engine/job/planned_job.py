"""A job that has a plan: what was scanned, what to do, and how far each asset is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ambertime_tui.drive.record.record_model import RecordedFile
from ambertime_tui.engine.job.copy_phase import CopyPhase
from ambertime_tui.engine.job.ledger import Ledger
from ambertime_tui.library.model import Library


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """Made once, when the plan is ready. Until then a job has no lists, no census and takes few commands."""

    library: Library
    broken: Mapping[str, tuple[RecordedFile, ...]]
    """Recorded files that were damaged or missing when the job started, by uuid."""
    ledger: Ledger
    """The plan and the outcome of each asset so far."""
    copy_phase: CopyPhase
    requested_before: frozenset[str]
    """The uuids that an earlier run asked iOS to download."""

    def still_requested(self, *, includes_icloud: bool) -> Iterator[str]:
        """The uuids that iOS was asked for, in this run or an earlier one, and that are not on the drive."""
        plan, requested = self.ledger.plan, set[int]()
        for uuid in self.requested_before:
            number = plan.number_of(uuid)
            if number is None:
                yield uuid
            else:
                requested.add(number)
        if includes_icloud:
            requested.update(plan.to_fetch().numbers)
        missing = (number for number in sorted(requested) if not self.ledger.is_on_drive(number))
        yield from (plan[number].asset.uuid for number in missing)
