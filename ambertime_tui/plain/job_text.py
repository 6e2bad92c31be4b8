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
_HEADINGS = {
    "in_part": "On the drive in part",
    "smaller": "On the drive, perhaps incomplete",
    "differs": "On the drive, but different from Apple's fingerprint",
}
"""By reason; other items are not on the drive."""
_NAMED = 20
"""Items that are named for each reason; `--json` names all of them."""

_OUTCOMES = {
    Outcome.COMPLETE: "Complete: everything you selected is on the drive.",
    Outcome.LEFT: "Finished, but not everything you selected is on the drive.",
    Outcome.FAILED: "Failed.",
    Outcome.INTERRUPTED: "Stopped before the end. What was copied is safe; the next run continues from here.",
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
        words = _OUTCOMES[status.outcome]
        if status.outcome is Outcome.COMPLETE and report.left:
            words = status.sentence  # what is left was left by choice
        yield words + took


def census_lines(census: Census) -> Iterator[str]:
    """The accounting of the library; its lines add up to the first one."""
    rows = [[f"{census.library:,}", "", "in the library"]]
    for line in census.lines:
        words = _BUCKETS.get(line.bucket, line.bucket)
        if line.reason:
            words = line.reason if line.bucket == "icloud" else f"{words}: {line.reason}"
        rows.append([f"{line.count:,}", size(line.bytes) if line.bytes else "", words])
    yield from table(rows, ">><")
    if census.in_part:
        others = plural(census.in_part, "of these items is", "of these items are")
        yield f"{others} on the drive in part: each file was copied as soon as it could be read."
    if census.repaired:
        again = plural(census.repaired, "copied item was", "copied items were")
        yield f"{again} copied again, because files on the drive were damaged or missing."
    if not census.holds:
        counted = sum(line.count for line in census.lines)
        yield (
            f"These numbers do not add up: {plural(census.library, 'item')} in the library, {counted:,} "
            "listed here. Please report this; what is recorded as copied is on the drive."
        )


def left_lines(left: Sequence[Left]) -> Iterator[str]:
    """The items of the selection that are not on the drive, by reason."""
    by_reason: dict[tuple[str, str], list[Left]] = {}
    for item in left:
        by_reason.setdefault((item.reason, item.sentence), []).append(item)
    for (reason, sentence), items in by_reason.items():
        yield ""
        heading = _HEADINGS.get(reason, "Not on the drive")
        yield f"{heading}: {plural(len(items), 'item')}. {sentence}"
        rows = [[f"  {i.original_filename}", i.day or "undated", size(i.bytes)] for i in items[:_NAMED]]
        yield from table(rows, "<<>")
        if len(items) > _NAMED:
            yield f"  and {len(items) - _NAMED:,} more; `--json` lists all of them."
    if left:
        yield ""
