"""Closing a job: the drive's own files, the census, and whether it can be true."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ambertime_tui.drive.errors import DriveError
from ambertime_tui.drive.record.record_model import ReadBack, RecordedFile
from ambertime_tui.drive.target import Target
from ambertime_tui.engine.api.proof import proof_line
from ambertime_tui.engine.api.status import Census, Left, Outcome
from ambertime_tui.engine.job.census import (
    Bucket,
    Endings,
    contradictions,
    left_as,
    list_left,
    take_census,
)
from ambertime_tui.engine.job.damaged_files import BrokenFile, as_left, still_broken
from ambertime_tui.engine.job.drive_threads import Threads
from ambertime_tui.engine.job.ledger import Ledger
from ambertime_tui.engine.plan.plan import Decision, Plan
from ambertime_tui.engine.plan.rules import EDIT_IN_ICLOUD, EDIT_TOO_LARGE
from ambertime_tui.library.model import Library


@dataclass(frozen=True, slots=True)
class Accounts:
    """How a job ended, and what it leaves."""

    outcome: Outcome
    sentence: str
    census: Census | None
    left: Sequence[Left]
    proof: str = ""
    """What the drive holds of the phone, and how that was proved; empty: it could not be asked."""

    @classmethod
    def failed(cls, sentence: str) -> Accounts:
        """Of a job that has no plan, or none that can be told."""
        return cls(Outcome.FAILED, sentence, None, ())


async def close_accounts(
    *,
    ledger: Ledger | None,
    library: Library | None,
    target: Target,
    udid: str,
    threads: Threads,
    failure: str,
    stopped: bool,
    broken_before: Mapping[str, tuple[RecordedFile, ...]],
    copied_early: int,
    on_trouble: Callable[[str], None],
) -> Accounts:
    """Writes SHA256SUMS, takes the census and holds it against the record.

    Args:
        ledger: the books; None: the job ended before there was a plan.
        library: what was scanned.
        target: where to; it may be gone by now.
        udid: the phone's.
        threads: for what blocks.
        failure: why the job ended before its time; empty: it did not.
        stopped: a person ended it.
        broken_before: files that were damaged or missing on the drive when the job began, by uuid.
        copied_early: assets that were copied before there was a plan.
        on_trouble: told what goes wrong here.
    """
    readable, proof, broken = False, "", list[BrokenFile]()
    try:
        await threads.run(target.check)
        await threads.run(target.finish)
        if ledger is not None:  # or nobody has looked whether all is still there
            broken = await threads.run(lambda: list(still_broken(target, udid, broken_before)))
            proof = await threads.run(_proof, target, udid, broken)
        readable = True
    except DriveError as error:
        on_trouble(str(error))
        failure = failure or str(error)
    if ledger is None or library is None:
        if stopped and not failure:
            return Accounts(Outcome.INTERRUPTED, _stopped_before_the_plan(copied_early), None, ())
        return Accounts.failed(failure)
    census = await asyncio.to_thread(take_census, ledger.plan, ledger.endings)
    listed = await asyncio.to_thread(list_left, ledger.plan, ledger.endings)
    not_whole = as_left(broken, ledger.plan, listed.uuids() if broken else ())
    edits = await asyncio.to_thread(lambda: tuple(edits_left(ledger.plan, ledger.endings)))
    left = listed.and_also((*edits, *not_whole))
    if readable:
        recorded = partial(target.record.recorded_uuids, udid)
        wrong = await asyncio.to_thread(contradictions, ledger.plan, ledger.endings, census, recorded)
        for sentence in wrong:
            on_trouble(sentence)
        if wrong:
            failure = "The accounting of this job does not add up; do not rely on it. " + " ".join(wrong)
    judged = _judged(census, len(listed), len(edits), len(not_whole), library, failure, stopped)
    return Accounts(*judged, census, left, proof)


def _stopped_before_the_plan(copied: int) -> str:
    if not copied:
        return "Stopped before anything was copied."
    items = "1 item is" if copied == 1 else f"{copied:,} items are"
    return f"Stopped before all of the library was read; {items} on the drive. Run again to go on."


def _proof(target: Target, udid: str, broken: Sequence[BrokenFile]) -> str:
    originals = target.record.count_originals(udid)
    for one in broken:
        if one.file.role.is_original:
            originals[one.file.read_back] -= 1
    return proof_line(
        originals.get(ReadBack.FROM_DRIVE, 0), originals.get(ReadBack.THROUGH_CACHE, 0), len(broken)
    )


def _judged(
    census: Census, left: int, edits: int, not_whole: int, library: Library, failure: str, stopped: bool
) -> tuple[Outcome, str]:
    """The outcome and its sentence; `left` counts items, `edits` those of which only the edit is not there,
    `not_whole` files of earlier backups."""
    here = census.count(Bucket.COPIED) + census.count(Bucket.ALREADY)
    if failure:
        return Outcome.FAILED, failure
    if stopped and left:
        return Outcome.INTERRUPTED, (
            f"Stopped: {here:,} items are on the drive, {left:,} are not. Run again to go on."
        )
    if left:
        return (
            Outcome.LEFT,
            f"{here:,} items are on the drive, {left:,} are not; each is listed with its reason.",
        )
    if not_whole:
        files = "1 file" if not_whole == 1 else f"{not_whole:,} files"
        return Outcome.LEFT, (
            f"All {here:,} items of the selection are on the drive, but {files} of earlier backups could not "
            "be put right; each is listed."
        )
    if edits:
        of = "the edit of 1 is" if edits == 1 else f"the edits of {edits:,} are"
        return (
            Outcome.LEFT,
            f"All {here:,} items are on the drive, but {of} not; each is listed with its reason.",
        )
    if not library.from_database:
        return Outcome.LEFT, (
            f"{here:,} items are on the drive. The library's database could not be read, so nobody knows "
            "what is only in iCloud."
        )
    return Outcome.COMPLETE, f"All {here:,} items of the selection are on the drive."


EDITS = frozenset({EDIT_IN_ICLOUD, EDIT_TOO_LARGE})
"""Reasons of entries that stand for the edit alone."""


def edits_left(plan: Plan, endings: Endings) -> Iterator[Left]:
    """An entry for each asset whose originals are on the drive and whose edit is not."""
    for number in plan.numbers(Decision.COPY, Decision.ALREADY):
        reason, sentence = plan.reason_of(number)
        if reason in EDITS and endings.of(number).bucket in (Bucket.COPIED, Bucket.ALREADY):
            planned = plan[number]
            entry = left_as(planned, endings.of(number))
            yield Left(entry.uuid, entry.original_filename, entry.day, 0, reason, sentence)
