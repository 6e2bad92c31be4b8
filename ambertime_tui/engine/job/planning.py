"""Make a job's plan from the scan and the drive's record, and check that it fits on the drive. Blocks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from ambertime_tui.drive.errors import DriveFull
from ambertime_tui.drive.record.record_model import RecordedFile
from ambertime_tui.drive.target import Target
from ambertime_tui.drive.writing.naming import place_key
from ambertime_tui.engine.api.spec import Selection
from ambertime_tui.engine.api.status import ScanStatus
from ambertime_tui.engine.plan.plan import Decision, Plan, Share
from ambertime_tui.engine.plan.rules import PlanBuilder, nothing_recorded, room_needed
from ambertime_tui.engine.scan.survey import Scan, ScanCounts
from ambertime_tui.library.gc_pause import gc_paused

Broken = Mapping[str, tuple[RecordedFile, ...]]
"""Recorded files that are damaged or missing on the drive, by uuid."""


def plan_for(
    scan: Scan, selection: Selection, target: Target, udid: str, broken: Broken, *, is_first: bool
) -> tuple[Plan, ScanStatus]:
    """The plan, and the scan's status with the counts of the selection; one pass makes both.

    Args:
        scan: the library.
        selection: what to back up.
        target: where to.
        udid: the phone's.
        broken: recorded files to copy again.
        is_first: the drive had nothing from the phone when the job started, so its record is ignored.

    Raises:
        DriveError: the record cannot be read.
    """
    counts = ScanCounts(selection)
    builder = PlanBuilder(
        selection,
        nothing_recorded if is_first else partial(target.record.sizes, udid),
        target.traits.max_file_bytes,
        broken,
        partial(place_key, traits=target.traits),
    )
    with gc_paused():
        for asset in scan.library.assets:
            counts.add(asset)
            builder.add(asset)
        plan = builder.plan(scan.library.assets)
    target.set_library(udid, lambda uuid: plan.number_of(uuid) is not None)
    return plan, counts.status(scan.status, scan.library.notices)


def check_room(plan: Plan, target: Target, udid: str, *, icloud: bool) -> int | None:
    """Check that the plan fits on the target, and return the target's free bytes.

    A target that does not tell its free space is not checked; the drive reports when it is full.

    Files that are probably on the drive already are not counted.

    Args:
        plan: what to copy.
        target: where to.
        udid: the phone's.
        icloud: whether to count originals in iCloud as well.

    Raises:
        DriveFull: the plan does not fit.
        DriveError: the drive is not responding.
    """
    decisions = (Decision.COPY, Decision.FETCH) if icloud else (Decision.COPY,)
    share, free = plan.share(*decisions), target.free_bytes()
    needed = room_needed(share)
    if free is None:
        return None
    if needed > free:
        sizes = (r.size or 0 for planned in plan.with_decision(*decisions) for r in planned.resources)
        files, size = target.count_existing(udid, sizes)
        rest = Share(share.count, share.bytes - size, share.files - files)
        needed = room_needed(rest) if rest.bytes else 0
    if needed > free:
        raise DriveFull(target.path, needed, free)
    return free
