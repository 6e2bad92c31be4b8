"""The report of a job as a file, in text or JSON."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from ambertime_tui.engine.api.client import Report
from ambertime_tui.engine.api.codec import to_json
from ambertime_tui.engine.api.spec import OriginalsChoice
from ambertime_tui.engine.api.status import JobStatus, Outcome
from ambertime_tui.paths import write_private
from ambertime_tui.safe_text import escaped, json_line
from ambertime_tui.tui.glyphs import ASCII
from ambertime_tui.tui.panes.census import afterwards_lines, census_lines, group_lines, groups_of, headline
from ambertime_tui.tui.panes.totals import OUTCOME_WORDS
from ambertime_tui.tui.widgets.spans import Line, plain
from ambertime_tui.units import SIZE_WIDTH, about, elapsed, size

WIDTH = 76


def report_text(status: JobStatus, report: Report) -> str:
    """The report as plain text, ending with one line for each item that is not on the drive."""
    census = status.census or report.census
    lines: list[Line] = [*headline(status, WIDTH, ASCII), ()]
    lines += [*afterwards_lines(status, WIDTH, ASCII), ()] if status.afterwards else []
    lines += [*census_lines(census, WIDTH, ASCII), ()] if census else []
    lines += [*group_lines(groups_of(report.left), WIDTH, ASCII), ()]
    rows = [*_facts(status, report), "", *(plain(line).rstrip() for line in lines)]
    rows += [
        f"{left.day or 'undated':<10}  {size(left.bytes):>{SIZE_WIDTH}}  "
        f"{left.original_filename}  {left.sentence}"
        for left in report.left
    ]
    return "\n".join(escaped(row) for row in rows).rstrip() + "\n"


def _facts(status: JobStatus, report: Report) -> Iterator[str]:
    """Phone, drive, range, time and outcome."""
    spec, phone = status.spec, status.phone
    facts = (
        (phone.name, phone.model, f"iOS {phone.ios_version}" if phone.ios_version else "") if phone else ()
    )
    selection = spec.selection
    also = [
        "edited versions" if selection.edits else "no edited versions",
        *(["hidden items"] if selection.hidden else []),
        *(["Recently Deleted"] if selection.trashed else []),
    ]
    included = spec.originals is OriginalsChoice.ICLOUD
    began, ended = status.started_at, status.ended_at or status.now
    yield "AmberTime report"
    yield ""
    yield f"Phone      {', '.join(filter(None, facts)) or 'iPhone'} ({spec.udid or 'the only one connected'})"
    yield f"Target     {spec.target}"
    yield f"Range      {selection.range}, with {', '.join(also)}"
    yield f"Originals  {'on the phone and in iCloud' if included else 'on the phone only'}"
    yield f"When       {_moment(began)} to {_moment(ended)}, {elapsed(ended - began)}"
    yield f"Outcome    {OUTCOME_WORDS[status.outcome or Outcome.FAILED][0]}"
    if ended_by_patience(report) and spec.patience is not None:
        yield f"Patience   stopped waiting for iCloud after {about(spec.patience)} without an arrival"


def ended_by_patience(report: Report) -> bool:
    """Whether the job gave up waiting for iCloud."""
    return any(left.reason == "gave_up" for left in report.left)


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at).astimezone():%Y-%m-%d %H:%M:%S %z}"


def report_json(status: JobStatus, report: Report) -> str:
    """The report as one JSON object: job, phone, spec, outcome, census, left."""
    value = {
        "job": status.job_id,
        "phone": to_json(status.phone),
        "spec": to_json(status.spec),
        "outcome": to_json(status.outcome),
        "sentence": status.sentence,
        "proof": status.proof,
        "afterwards": status.afterwards,
        "ended_by_patience": ended_by_patience(report),
        "started_at": status.started_at,
        "ended_at": status.ended_at,
        "census": to_json(status.census or report.census),
        "left": to_json(report.left),
    }
    return json_line(value, indent=2) + "\n"


def save_report(folder: Path, status: JobStatus, report: Report, kind: str) -> Path:
    """Save the report next to those of other jobs and return its path.

    Args:
        folder: where reports are kept; created if needed.
        status: the last status of the job.
        report: what is not on the drive.
        kind: ``txt`` or ``json``.

    Raises:
        PathsError: it cannot be written; the message names the file and the reason.
    """
    file = folder / f"report-{status.job_id}.{kind}"
    text = report_json(status, report) if kind == "json" else report_text(status, report)
    write_private(file, text)
    return file
