"""What a backup would do, for people. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ambertime_tui.engine.api.planned_run import Action, PlannedItem, PlannedRun
from ambertime_tui.engine.api.status import Outcome
from ambertime_tui.exit_codes import exit_code_of
from ambertime_tui.plain.table import table
from ambertime_tui.units import size

HEADINGS = {
    Action.COPY: "To copy:",
    Action.FETCH: "To wait for from iCloud:",
    Action.ICLOUD: "Only in iCloud:",
    Action.CANNOT: "Cannot be copied:",
}
_ACTIONS = {
    Action.COPY: "to copy",
    Action.FETCH: "to wait for from iCloud",
    Action.ICLOUD: "only in iCloud, left there",
    Action.CANNOT: "cannot be copied",
    Action.ALREADY: "already on the drive",
    Action.EXCLUDED: "not selected",
}


def plan_lines(run: PlannedRun) -> Iterator[str]:
    """The plan by reason, the space it needs, and how a run would end."""
    preview = run.preview
    yield f"Dry run to {run.spec.target}: nothing was written."
    rows = [[f"{sum(line.count for line in run.lines):,}", "", "in the library"]]
    for line in run.lines:
        words = _ACTIONS[line.action]
        if line.reason == "in_part" and line.action in (Action.FETCH, Action.ICLOUD):
            words = f"{words}; their other files are on the drive"
        elif line.words and line.reason != "icloud" and not line.awaited_bytes:
            words = f"{words}: {line.words}"
        if line.awaited_bytes:
            words = f"{words} ({size(line.awaited_bytes)} more in iCloud)"
        rows.append([f"{line.count:,}", size(line.bytes) if line.bytes else "", words])
    yield from table(rows, ">><")
    if preview.needed:
        free = f"; {size(preview.drive_free)} free" if preview.drive_free else ""
        yield f"Space needed on the drive: {size(preview.needed)}{free}."
    for sentence in preview.advice:
        yield f"Note: {sentence}"
    code = exit_code_of(run.outcome)
    if run.outcome is Outcome.FAILED:
        yield f"A run would fail (exit code {code:d}). {run.sentence}"
    else:
        yield f"{run.sentence} Its exit code would be {code:d}."


def planned_item_line(item: PlannedItem) -> str:
    """One item: its day, size and name, and the names of its files."""
    files = ", ".join(path.rpartition("/")[2] for path in item.files)
    named = f"{item.original_filename}: {files}" if files not in ("", item.original_filename) else ""
    return f"  {item.day or 'undated':<10}  {size(item.bytes):>9}  {named or item.original_filename}"
