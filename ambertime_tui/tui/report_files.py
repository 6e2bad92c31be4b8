"""The report of a job as a file: text for people, JSON for programs."""

from __future__ import annotations

import json
from pathlib import Path

from ambertime_tui.engine.client import Report
from ambertime_tui.engine.status import JobStatus
from ambertime_tui.engine.wire import to_json
from ambertime_tui.tui.glyphs import ASCII
from ambertime_tui.tui.panes.census import census_lines, group_lines, groups_of, headline
from ambertime_tui.tui.widgets.spans import plain
from ambertime_tui.units import size

WIDTH = 76


class ReportError(Exception):
    """The report cannot be written; the message says where and why."""


def report_text(status: JobStatus, report: Report) -> str:
    """The report as plain text, each item that is left on a line of its own at the end."""
    census = status.census or report.census
    lines = [*headline(status, WIDTH, ASCII), ()]
    lines += [*census_lines(census, WIDTH, ASCII), ()] if census else []
    lines += [*group_lines(groups_of(report.left), WIDTH, ASCII), ()]
    rows = [plain(line).rstrip() for line in lines]
    rows += [
        f"{left.day or 'undated':<10}  {size(left.bytes):>7}  {left.original_filename}  {left.sentence}"
        for left in report.left
    ]
    return "\n".join(rows).rstrip() + "\n"


def report_json(status: JobStatus, report: Report) -> str:
    """The report as one JSON object: job, outcome, census, left."""
    value = {
        "job": status.job_id,
        "spec": to_json(status.spec),
        "outcome": to_json(status.outcome),
        "started_at": status.started_at,
        "ended_at": status.ended_at,
        "census": to_json(status.census or report.census),
        "left": to_json(report.left),
    }
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def write_report(folder: Path, status: JobStatus, report: Report, kind: str) -> Path:
    """Writes the report beside those of other jobs and gives its path.

    Args:
        folder: where reports are kept; made if need be.
        status: how the job ended.
        report: what is left.
        kind: ``txt`` or ``json``.

    Raises:
        ReportError: it cannot be written.
    """
    file = folder / f"report-{status.job_id}.{kind}"
    text = report_json(status, report) if kind == "json" else report_text(status, report)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ReportError(f"The report cannot be written to {file}: {error.strerror}.") from error
    return file
