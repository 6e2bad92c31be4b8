"""The end of a job: finish the drive's own files, take the census, and check it against the record."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from ambertime_tui import units
from ambertime_tui.drive.errors import DriveError
from ambertime_tui.drive.record.record_model import Proof, ReadBack
from ambertime_tui.drive.record.verdicts import last_verified
from ambertime_tui.drive.target import Target
from ambertime_tui.engine.api.proof import backup_proof
from ambertime_tui.engine.api.spec import JobSpec, OriginalsChoice
from ambertime_tui.engine.api.status import Census, Left, Outcome, Proofs
from ambertime_tui.engine.job.census import (
    Bucket,
    Endings,
    contradictions,
    left_as,
    list_left,
    take_census,
)
from ambertime_tui.engine.job.damaged_files import BrokenFile, as_left, can_be_repaired, still_broken
from ambertime_tui.engine.job.drive_threads import Threads
from ambertime_tui.engine.job.ledger import Ledger
from ambertime_tui.engine.job.planned_job import PlannedJob
from ambertime_tui.engine.plan.plan import Decision, Plan
from ambertime_tui.engine.plan.rules import EDIT_IN_ICLOUD, EDIT_TOO_LARGE
from ambertime_tui.library.date_range import EVERYTHING


@dataclass(frozen=True, slots=True)
class JobResult:
    """How a job ended, and what is not on the drive."""

    outcome: Outcome
    sentence: str
    census: Census | None
    left: Sequence[Left]
    by_reason: Sequence[int] = ()
    """The positions of `left`, grouped by reason."""
    proof: str = ""
    """What the drive has from the phone, and how that was verified; empty: the drive could not be read."""

    @classmethod
    def failed(cls, sentence: str) -> JobResult:
        """Of a job without a plan, or with an internal error."""
        return cls(Outcome.FAILED, sentence, None, ())


async def close_job(
    planned: PlannedJob | None,
    *,
    target: Target,
    udid: str,
    spec: JobSpec,
    threads: Threads,
    failure: str,
    stopped: bool,
    copied_early: int,
    read_now: int,
    on_trouble: Callable[[str], None],
) -> JobResult:
    """Write SHA256SUMS, take the census, and check it against the record.

    Args:
        planned: None: the job ended before there was a plan.
        target: where to; it may be unplugged.
        udid: the phone's.
        spec: the job.
        threads: for calls that block.
        failure: why the job failed; empty: it did not.
        stopped: the user stopped it.
        copied_early: assets that were copied although there is no plan.
        read_now: files that the job read back.
        on_trouble: called with a sentence for each error here.
    """
    readable, proof, proofs, broken = False, "", Proofs(), list[BrokenFile]()
    try:
        await threads.run(target.check)
        await threads.run(target.finish)
        if planned is not None:  # without a plan, existing files were not checked
            broken = await threads.run(lambda: list(still_broken(target, udid, planned.broken)))
            proofs = await threads.run(_proofs, target, udid, broken)
            proof = await threads.run(_proof, target, udid, broken, planned.ledger.plan, proofs, read_now)
            if planned.library.from_database:
                in_plan = planned.ledger.plan.number_of
                await threads.run(target.save_absent, udid, lambda uuid: in_plan(uuid) is not None)
        readable = True
    except DriveError as error:
        on_trouble(str(error))
        failure = failure or str(error)
    if planned is None:
        if stopped and not failure:
            return JobResult(Outcome.INTERRUPTED, _stopped_before_the_plan(copied_early), None, ())
        return JobResult.failed(failure)
    plan, endings = planned.ledger.plan, planned.ledger.endings
    census = await asyncio.to_thread(take_census, plan, endings, len(planned.ledger.repaired))
    census = replace(census, originals=proofs)
    listed = await asyncio.to_thread(list_left, plan, endings)
    damaged = as_left(broken, plan, listed.uuids() if broken else ())
    edits = await asyncio.to_thread(lambda: tuple(edits_left(plan, endings)))
    differing = await asyncio.to_thread(lambda: tuple(differing_left(planned.ledger)))
    left = listed.with_extra((*edits, *differing, *damaged))
    if readable:
        recorded = partial(target.record.recorded_uuids, udid)
        wrong = await asyncio.to_thread(contradictions, plan, endings, census, recorded)
        for sentence in wrong:
            on_trouble(sentence)
        if wrong:
            failure = f"The counts of this job do not add up; do not rely on them. {' '.join(wrong)}"
    copied = census.count(Bucket.COPIED) + census.count(Bucket.ALREADY)
    # With `local` chosen, originals and edits that are only in iCloud are no failures.
    by_choice = spec.local_by_choice and spec.originals is OriginalsChoice.LOCAL
    in_icloud = census.count(Bucket.ICLOUD) if by_choice else 0
    edits_in_icloud = sum(edit.reason == EDIT_IN_ICLOUD for edit in edits) if by_choice else 0
    if failure:
        outcome, sentence, proof = Outcome.FAILED, failure, ""
    elif stopped and len(listed) > in_icloud:
        outcome = Outcome.INTERRUPTED
        sentence = f"Stopped: {_on_the_drive(copied, len(listed))}. Run again to continue."
    elif not copied and not listed and not damaged and planned.library.from_database:
        outcome, sentence = nothing_selected(spec)
    else:
        sentence = _incomplete(
            copied,
            len(listed) - in_icloud,
            len(edits) - edits_in_icloud,
            len(damaged),
            len(differing),
            all_selected=not in_icloud,
            from_database=planned.library.from_database,
        )
        outcome = Outcome.LEFT if sentence else Outcome.COMPLETE
        sentence = sentence or _complete(copied, in_icloud, edits_in_icloud)
    by_reason = await asyncio.to_thread(left.order_by_reason)
    return JobResult(outcome, sentence, census, left, by_reason, proof)


def nothing_selected(spec: JobSpec) -> tuple[Outcome, str]:
    """How a job ends whose selection is empty: perhaps the range has a mistake."""
    days = spec.selection.range
    if days == EVERYTHING:
        return Outcome.COMPLETE, "The library has nothing to back up."
    if spec.relative_range:
        return Outcome.COMPLETE, f"The library has nothing to back up in {days}, the range of today."
    return Outcome.LEFT, f"Nothing was selected: the library has no items in {days}. Check the range."


def _complete(copied: int, in_icloud: int, edits: int) -> str:
    """Everything is on the drive, except what is only in iCloud by the user's choice."""
    if not in_icloud and not edits:
        return f"{_all(copied)} on the drive."
    others = [f"{units.plural(in_icloud, 'item')}"] if in_icloud else []
    others += [units.plural(edits, "edit")] if edits else []
    return f"Complete: everything on the iPhone; {' and '.join(others)} only in iCloud, by your choice."


def _stopped_before_the_plan(copied: int) -> str:
    if not copied:
        return "Stopped before anything was copied."
    items = units.plural(copied, "item is", "items are")
    return f"Stopped before the library was read completely; {items} on the drive. Run again to continue."


def _proofs(target: Target, udid: str, broken: Sequence[BrokenFile]) -> Proofs:
    counts = target.record.count_proofs(udid, {one.file.path for one in broken})
    return Proofs(counts[Proof.PROVED], counts[Proof.DIFFERS], counts[Proof.UNPROVED])


def _proof(
    target: Target, udid: str, broken: Sequence[BrokenFile], plan: Plan, proofs: Proofs, read_now: int
) -> str:
    files = {one.file.path: one for one in broken}  # several items may share a file
    originals = target.record.count_originals(udid, files)
    verified_at = last_verified(target.path)
    return backup_proof(
        originals.get(ReadBack.FROM_DRIVE, 0),
        originals.get(ReadBack.THROUGH_CACHE, 0),
        len(files),
        repairable=sum(can_be_repaired(one, plan) for one in files.values()),
        proofs=proofs,
        read_now=read_now,
        verified_on=None if verified_at is None else datetime.fromtimestamp(verified_at).astimezone().date(),
    )


def _incomplete(
    copied: int,
    left: int,
    edits: int,
    damaged: int,
    differing: int,
    *,
    all_selected: bool,
    from_database: bool,
) -> str:
    """What is not on the drive, or not known; empty: everything is there.

    Args:
        copied: items on the drive.
        left: items not on the drive.
        edits: items on the drive without their edit.
        damaged: files of earlier backups.
        differing: items on the drive that this job found to differ from Apple's fingerprint.
        all_selected: whether nothing was left in iCloud by choice.
        from_database: False: only the folders could be read.
    """
    if left:
        return f"{_on_the_drive(copied, left)}; each is listed with its reason."
    there = _all(copied) if all_selected else units.plural(copied, "item is", "items are")
    if damaged:
        return (
            f"{there} on the drive, but {units.plural(damaged, 'file')} of earlier backups could not "
            "be repaired; each is listed."
        )
    if edits:
        missing = units.plural(edits, "edit is", "edits are")
        return f"{there} on the drive, but {missing} not; each is listed with its reason."
    if differing:
        differ = "1 differs" if differing == 1 else f"{units.count(differing)} differ"
        return f"{there} on the drive, but {differ} from Apple's fingerprint; each is listed."
    if not from_database:
        return (
            f"{units.plural(copied, 'item')} copied. The library database could not be read, so items that "
            "are only in iCloud are not known."
        )
    return ""


def _on_the_drive(copied: int, left: int) -> str:
    items, others = units.plural(copied, "item is", "items are"), units.plural(left, "is", "are")
    return f"{items} on the drive, {others} not"


def _all(copied: int) -> str:
    return "The 1 selected item is" if copied == 1 else f"All {units.count(copied)} selected items are"


def differing_left(ledger: Ledger) -> Iterator[Left]:
    """An entry for each asset on the drive that this job found to differ from Apple's fingerprint."""
    for number, names in ledger.differing.items():
        ending = ledger.endings.of(number)
        if ending.bucket in (Bucket.COPIED, Bucket.ALREADY):
            planned = ledger.plan[number]
            sentence = DIFFERS.format(names=", ".join(names) or planned.asset.original_filename)
            entry = left_as(planned, ending)
            yield Left(entry.uuid, entry.original_filename, entry.day, entry.bytes, "differs", sentence)


DIFFERS = (
    "{names} on the drive is what the iPhone sends, but differs from Apple's fingerprint of the original. "
    "Look at it in Photos on the iPhone, and compare it with the copy on the drive."
)
EDITS = frozenset({EDIT_IN_ICLOUD, EDIT_TOO_LARGE})
"""Reasons of entries for an edit only."""


def edits_left(plan: Plan, endings: Endings) -> Iterator[Left]:
    """An entry for each asset whose originals are on the drive and whose edit is not."""
    for number in plan.numbers(Decision.COPY, Decision.ALREADY):
        reason, sentence = plan.reason_of(number)
        if reason in EDITS and endings.of(number).bucket in (Bucket.COPIED, Bucket.ALREADY):
            planned = plan[number]
            entry = left_as(planned, endings.of(number))
            yield Left(entry.uuid, entry.original_filename, entry.day, 0, reason, sentence)
