"""Closing a job: the drive's own files, the census, and whether it can be true."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ambertime_tui.drive.errors import DriveError
from ambertime_tui.drive.recorded import RecordedAsset
from ambertime_tui.drive.target import Target
from ambertime_tui.engine.census import (
    Bucket,
    contradictions,
    list_left,
    take_census,
)
from ambertime_tui.engine.copier import Copied, Threads, ending_of
from ambertime_tui.engine.ledger import Ledger
from ambertime_tui.engine.plan import Fate
from ambertime_tui.engine.proof import proof_of
from ambertime_tui.engine.status import Census, Left, Outcome
from ambertime_tui.library.model import Library


@dataclass(frozen=True, slots=True)
class Accounts:
    """How a job ended, and what it leaves."""

    outcome: Outcome
    sentence: str
    census: Census | None
    left: tuple[Left, ...]
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
    recorded_before: Mapping[str, RecordedAsset],
    on_trouble: Callable[[str], None],
) -> Accounts:
    """Writes SHA256SUMS, reads the record anew, takes the census and holds it against the record.

    Args:
        ledger: the books; None: the job ended before there was a plan.
        library: what was scanned.
        target: where to; it may be gone by now.
        udid: the phone's.
        threads: for what blocks.
        failure: why the job ended before its time; empty: it did not.
        stopped: a person ended it.
        recorded_before: what the drive had when the job began, by uuid.
        on_trouble: told what goes wrong here.
    """
    on_drive: Mapping[str, RecordedAsset] | None = None
    proof = ""
    try:
        await threads.run(target.check)
        await threads.run(target.finish)
        on_drive = await threads.run(target.record.known, udid)
        proof = proof_of(on_drive.values(), await threads.run(target.needs_repair, udid))
    except DriveError as error:
        on_trouble(str(error))
        failure = failure or str(error)
    if ledger is None or library is None:
        if stopped and not failure:
            return Accounts(Outcome.INTERRUPTED, "Stopped before anything was copied.", None, ())
        return Accounts.failed(failure)
    _count_what_was_committed_last(ledger, recorded_before, on_drive or {})
    census = await asyncio.to_thread(take_census, ledger.plan, ledger.endings)
    left = await asyncio.to_thread(list_left, ledger.plan, ledger.endings)
    if on_drive is not None:
        wrong = await asyncio.to_thread(contradictions, ledger.plan, ledger.endings, on_drive, census)
        for sentence in wrong:
            on_trouble(sentence)
        if wrong:
            failure = "The accounting of this job does not add up; do not rely on it. " + " ".join(wrong)
    return Accounts(*_judged(census, left, library, failure, stopped), census, left, proof)


def _count_what_was_committed_last(
    ledger: Ledger, before: Mapping[str, RecordedAsset], on_drive: Mapping[str, RecordedAsset]
) -> None:
    """A stop may come between a commit and the word of it: what the record got in this job is copied."""
    for planned in ledger.plan.assets:
        uuid = planned.asset.uuid
        if planned.fate is not Fate.COPY or uuid in ledger.endings or uuid not in on_drive:
            continue
        if on_drive[uuid] != before.get(uuid):
            ledger.record(planned, ending_of(planned, Copied(on_drive[uuid], 0)))


def _judged(
    census: Census, left: tuple[Left, ...], library: Library, failure: str, stopped: bool
) -> tuple[Outcome, str]:
    here = census.count(Bucket.COPIED) + census.count(Bucket.ALREADY)
    if failure:
        return Outcome.FAILED, failure
    if stopped and left:
        return Outcome.INTERRUPTED, (
            f"Stopped: {here:,} items are on the drive, {len(left):,} are not. Run again to go on."
        )
    if left:
        return (
            Outcome.LEFT,
            f"{here:,} items are on the drive, {len(left):,} are not; each is listed with its reason.",
        )
    if not library.from_database:
        return Outcome.LEFT, (
            f"{here:,} items are on the drive. The library's database could not be read, so nobody knows "
            "what is only in iCloud."
        )
    return Outcome.COMPLETE, f"All {here:,} items of the selection are on the drive."
