"""Copy items out of an archive, for a front end. Needs no phone, job or host."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ambertime_tui.drive.exporting import Export as Export
from ambertime_tui.drive.exporting import ExportedFile as ExportedFile
from ambertime_tui.drive.exporting import Layout as Layout
from ambertime_tui.drive.exporting import export_items, files_to_export
from ambertime_tui.engine.api.finding import Query, found_items, translated


@dataclass(frozen=True, slots=True)
class ExportStatus:
    """Progress of an export."""

    files_done: int
    files_total: int
    bytes_done: int
    """Bytes of the files that are done."""
    bytes_total: int


@dataclass(frozen=True, slots=True)
class ExportResult:
    """The result of an export."""

    items: int
    copied: int
    """Files."""
    present: int
    """Files that were in the folder already."""
    bytes: int
    """Of both."""
    left: tuple[ExportedFile, ...]
    """The files that are not in the folder, each with its reason."""

    @property
    def complete(self) -> bool:
        """True if something was selected, and all of it is in the folder."""
        return bool(self.items) and not self.left


def export(
    target: Path,
    query: Query,
    folder: Path,
    layout: Layout,
    *,
    edits: bool = True,
    on_progress: Callable[[ExportStatus], None] = lambda status: None,
    on_file: Callable[[ExportedFile], None] = lambda file: None,
) -> ExportResult:
    """Copy what a query selects to a folder, and check each file against its recorded hash.

    Args:
        target: the folder of the archive, which is not changed.
        query: which items.
        folder: where to; made if its parent exists. Nothing in it is replaced.
        layout: how files are named there.
        edits: whether to include edited versions.
        on_progress: called after each file, and now and then within one.
        on_file: called with the result for each file.

    Raises:
        EngineError: there is no readable archive, or the folder cannot be used; the message says why.
    """
    selected = files_to_export(found_items(target, query), edits=edits)
    files_total = sum(len(files) for _, files in selected)
    bytes_total = sum(file.size for _, files in selected for file in files)
    done: list[ExportedFile] = []
    read = finished = 0

    def report() -> None:
        on_progress(ExportStatus(len(done), files_total, max(finished, min(read, bytes_total)), bytes_total))

    def file_done(file: ExportedFile) -> None:
        nonlocal read, finished
        done.append(file)
        finished += file.size
        read = finished
        on_file(file)
        report()

    def block_done(count: int) -> None:
        nonlocal read
        read += count
        report()

    if selected:
        with translated(target):
            export_items(target, selected, folder, layout, file_done, block_done)
    whole = [file for file in done if not file.outcome.is_left]
    copied = sum(file.outcome is Export.COPIED for file in whole)
    return ExportResult(
        len(selected),
        copied,
        len(whole) - copied,
        sum(file.size for file in whole),
        tuple(file for file in done if file.outcome.is_left),
    )
