"""A job as JSON Lines, documented in docs/json.md. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from ambertime_tui.engine.api.codec import to_json
from ambertime_tui.engine.api.protocol import Report
from ambertime_tui.engine.api.status import Event, JobStatus, Left, Tally
from ambertime_tui.exit_codes import exit_code_of
from ambertime_tui.plain.narrator import new_events

Record = tuple[str, dict[str, Any]]
"""The type of a record, and its fields."""

PROGRESS_EVERY = 2.0
"""Seconds between two progress records while nothing else changes."""


class JobRecords:
    """Turns the statuses of a job into records: each event once, progress regularly."""

    def __init__(self) -> None:
        self._before: JobStatus | None = None
        self._progress_at = 0.0

    def lines(self, status: JobStatus) -> Iterator[Record]:
        """The records that are new with this status."""
        before, self._before = self._before, status
        if before is None:
            yield "job", _job(status)
        for event in new_events(before.events if before else (), status.events):
            yield "event", _event(event)
        changed = before is None or _state(before) != _state(status)
        if changed or status.now - self._progress_at >= PROGRESS_EVERY:
            self._progress_at = status.now
            yield "progress", _progress(status)


def ending_records(status: JobStatus, report: Report) -> Iterator[Record]:
    """The last records: each asset of the selection that is not on the drive, then the census."""
    yield from left_records(report.left)
    buckets = ("copied", "already", "icloud", "failed", "excluded")
    tallies = ("in_part", "pending", "repaired")
    census = report.census
    yield (
        "census",
        {
            "library": None if census is None else census.library,
            **{bucket: None if census is None else census.count(bucket) for bucket in buckets},
            "holds": None if census is None else census.holds,
            "lines": []
            if census is None
            else [
                {"bucket": c.bucket, "reason": c.reason, "count": c.count, "bytes": c.bytes}
                for c in census.lines
            ],
            **{name: None if census is None else getattr(census, name) for name in tallies},
            "originals": None if census is None else asdict(census.originals),
            "outcome": None if status.outcome is None else status.outcome.value,
            "sentence": status.sentence,
            "proof": status.proof,
            "exit_code": None if status.outcome is None else int(exit_code_of(status.outcome)),
        },
    )


def left_records(left: Sequence[Left]) -> Iterator[Record]:
    """A record for each asset of the selection that is not on the drive."""
    for item in left:
        yield (
            "left",
            {
                "uuid": item.uuid,
                "original_filename": item.original_filename,
                "reason": item.reason,
                "sentence": item.sentence,
                "day": item.day or None,
                "bytes": item.bytes,
            },
        )


def _job(status: JobStatus) -> dict[str, Any]:
    spec = status.spec
    return {
        "job_id": status.job_id,
        "started_at": status.started_at,
        "target": spec.target,
        "udid": spec.udid,
        "range": str(spec.selection.range),
        "originals": spec.originals.value,
        "patience": spec.patience,
        "fetch": spec.way.value,
        "order": spec.order.value,
        "trial": spec.trial.value,
        "task": spec.task or None,
    }


def _event(event: Event) -> dict[str, Any]:
    return {"at": event.at, "level": event.level, "text": event.text}


def _progress(status: JobStatus) -> dict[str, Any]:
    write, fetch = status.write, status.fetch
    return {
        "at": status.now,
        "phase": status.phase.value,
        "condition": status.condition.value,
        "sentence": status.sentence,
        "planned": _tally(write.planned),
        "written": _tally(write.written),
        "already": _tally(write.already),
        "failed": write.failed,
        "originals": {"proved": write.proved, "differs": write.differing, "unproved": write.unproved},
        "awaited_from_icloud": _tally(fetch.waiting + fetch.asked + fetch.arriving),
        "trial": to_json(fetch.trial),
        "not_by_this_way": _tally(fetch.not_by_this_way),
        "fetch_sentence": fetch.sentence,
        "code": fetch.code,
        "attendance": asdict(status.attendance),
        "hands": {**asdict(fetch.hands), "by_way": dict(fetch.hands.by_way)},
        "nights": asdict(fetch.nights),
        "bytes_a_second": write.rate,
        "seconds_left": write.eta,
    }


def _state(status: JobStatus) -> tuple[object, ...]:
    return (
        status.phase,
        status.condition,
        status.sentence,
        status.outcome,
        status.fetch.code,
        status.fetch.trial,
    )


def _tally(tally: Tally) -> dict[str, int]:
    return {"count": tally.count, "bytes": tally.bytes}
