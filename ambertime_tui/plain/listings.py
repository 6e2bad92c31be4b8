"""Phones, drives and jobs as tables. Pure, except for this computer's time zone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ambertime_tui.engine.api.protocol import RunningJob
from ambertime_tui.engine.api.status import DriveSummary, PhoneSummary
from ambertime_tui.plain.table import table
from ambertime_tui.units import size


def phone_words(phone: PhoneSummary) -> str:
    """A phone in a sentence: ``Anna's iPhone (iPhone 15 Pro, iOS 18.1)``."""
    facts = ", ".join(
        part for part in (phone.model, phone.ios_version and f"iOS {phone.ios_version}") if part
    )
    name = phone.name or phone.udid
    return f"{name} ({facts})" if facts else name


def phone_lines(phones: Sequence[PhoneSummary]) -> list[str]:
    """A line for each phone: UDID, name, and whether it is ready."""
    rows = [(p.udid, phone_words(p), "ready" if p.ready else p.sentence or "not ready") for p in phones]
    return table(rows, "<<<")


def drive_lines(drives: Sequence[DriveSummary]) -> list[str]:
    """A line for each drive: folder, name, file system, space, and what to know about it."""
    rows = [
        (
            d.path,
            d.name,
            d.file_system,
            _space(d),
            "; ".join(filter(None, ("holds an archive" if d.has_archive else "", d.sentence))),
        )
        for d in drives
    ]
    return table(rows, "<<<><")


def _space(drive: DriveSummary) -> str:
    if not drive.mounted:
        return ""
    if not drive.total_bytes:
        return "free space unknown"
    return f"{size(drive.free_bytes)} free of {size(drive.total_bytes)}"


def job_lines(jobs: Sequence[RunningJob]) -> list[str]:
    """A line for each job: id, start, phone, target, and state."""
    rows = [
        (
            job.job_id,
            f"since {datetime.fromtimestamp(job.started_at).astimezone():%Y-%m-%d %H:%M}",
            job.phone or job.udid,
            job.target,
            job.outcome.value if job.outcome else f"{job.phase.value}, {job.condition.value}",
        )
        for job in jobs
    ]
    return table(rows, "<<<<<")
