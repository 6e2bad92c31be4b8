"""What became of recorded files that people moved or rewrote, or that the drive lost, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ambertime_tui import units
from ambertime_tui.drive.record.record_model import RecordedAsset, RecordedFile
from ambertime_tui.drive.volume.service_folders import service_in
from ambertime_tui.drive.writing.asset_writer import StagedAsset
from ambertime_tui.drive.writing.moved_files import MovedFile


def sentence_about_moved(moved: Sequence[MovedFile]) -> str:
    """A sentence about files that were moved or renamed in the archive; empty: there are none."""
    if not moved:
        return ""
    first = f"{moved[0].before} is now {moved[0].now}"
    if len(moved) == 1:
        return f"{first}. The record follows it; nothing is copied again."
    return (
        f"{units.plural(len(moved), 'file was', 'files were')} moved or renamed in the archive: {first}, and "
        f"{units.count(len(moved) - 1)} more. The record follows them; nothing is copied again."
    )


def is_repair(staged: StagedAsset) -> bool:
    """Whether an asset was copied only to replace files that were copied before."""
    return bool(staged.files) and all(file.repairs is not None for file in staged.files)


def sentences_about(staged: StagedAsset, recorded: RecordedAsset) -> Iterator[str]:
    """A sentence for each file that kept its name, so that the good copy has another one.

    A copy that has the name of the damaged or missing file needs no separate sentence.
    """
    for file in staged.files:
        before, now = file.repairs, recorded.current(file.placed.resource.role)
        if before is not None and now is not None and now.path != before.path:
            yield _kept(before, now)


def _kept(before: RecordedFile, now: RecordedFile) -> str:
    service = service_in(before.path)
    if service is not None:
        return f"{before.path} is in {service}, so it was copied again as {now.path}."
    beside = now.name if now.folder == before.folder else now.path
    return (
        f"{before.path} was rewritten by a person or a program. It keeps its name and content; the original "
        f"is now beside it as {beside}."
    )
