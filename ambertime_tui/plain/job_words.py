"""How a job ended, for people. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ambertime_tui.engine.api.protocol import Report
from ambertime_tui.engine.api.status import Census, JobStatus, Left, Outcome
from ambertime_tui.plain.table import table
from ambertime_tui.units import elapsed, plural, size

_BUCKETS = {
    "copied": "copied",
    "already": "already on the drive",
    "icloud": "only in iCloud",
    "failed": "failed",
    "excluded": "not selected",
}
_NAMED = 20
"""How many of those that share a reason are named; `--json` names them all."""

_OUTCOMES = {
    Outcome.COMPLETE: "Complete: all of the selection is on the drive.",
    Outcome.LEFT: "Finished, but not all of the selection is on the drive.",
    Outcome.FAILED: "Failed.",
    Outcome.INTERRUPTED: "Stopped before the end. What is written is safe; the next run goes on from here.",
}


def ending_lines(status: JobStatus, report: Report) -> Iterator[str]:
    """The census, what is not on the drive, and the outcome."""
    if report.census is not None:
        yield from census_lines(report.census)
    yield from left_lines(report.left)
    if status.proof:
        yield status.proof
    if status.outcome is not None:
        took = f" ({elapsed(status.ended_at - status.started_at)})" if status.ended_at is not None else ""
        yield _OUTCOMES[status.outcome] + took


def census_lines(census: Census) -> Iterator[str]:
    """The accounting: the lines add up to the library."""
    rows = [[f"{census.library:,}", "", "in the library"]]
    for line in census.lines:
        words = _BUCKETS.get(line.bucket, line.bucket)
        if line.reason:
            words = line.reason if line.bucket == "icloud" else f"{words}: {line.reason}"
        rows.append([f"{line.count:,}", size(line.bytes) if line.bytes else "", words])
    yield from table(rows, ">><")
    if not census.holds:
        told = sum(line.count for line in census.lines)
        yield (
            f"These numbers do not add up: {plural(census.library, 'item')} in the library, {told:,} told"
            " here. Please report this; what is recorded as copied is on the drive."
        )


def left_lines(left: Sequence[Left]) -> Iterator[str]:
    """What of the selection is not on the drive, by reason."""
    by_reason: dict[tuple[str, str], list[Left]] = {}
    for item in left:
        by_reason.setdefault((item.reason, item.sentence), []).append(item)
    for (_, sentence), items in by_reason.items():
        yield ""
        yield f"Not on the drive: {plural(len(items), 'item')}. {sentence}"
        rows = [[f"  {i.original_filename}", i.day or "undated", size(i.bytes)] for i in items[:_NAMED]]
        yield from table(rows, "<<>")
        if len(items) > _NAMED:
            yield f"  and {len(items) - _NAMED:,} more; `--json` names each."
    if left:
        yield ""
