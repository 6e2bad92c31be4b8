"""An export, for people. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ambertime_tui.engine.api.exporting import ExportResult, ExportStatus
from ambertime_tui.units import plural, size


def export_progress(status: ExportStatus) -> str:
    """The progress in one line."""
    return (
        f"Exported {status.files_done:,} of {plural(status.files_total, 'file')}, "
        f"{size(status.bytes_done)} of {size(status.bytes_total)}"
    )


def export_lines(result: ExportResult, folder: str) -> Iterator[str]:
    """The files that were left out, and what is in the folder."""
    if not result.items:
        yield "Nothing was exported: the archive has no such items. Check the range, name and kind."
        return
    for file in result.left:
        yield file.sentence
    files = result.copied + result.present
    before = f", {result.present:,} of them already there" if result.present else ""
    of_items = f"{plural(files, 'file')} of {plural(result.items, 'item')}"
    yield (f"{of_items}, {size(result.bytes)}, in {folder}{before}. Each has the recorded SHA-256.")
    if result.left:
        yield f"Left out: {plural(len(result.left), 'file')}, listed above."
