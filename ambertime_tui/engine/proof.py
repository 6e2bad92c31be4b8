"""The one line a person can trust: what is on the drive, how it was proved, and what is damaged. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ambertime_tui.drive.recorded import ReadBack, RecordedAsset, RecordedFile


def proof_of(recorded: Iterable[RecordedAsset], broken: Mapping[str, Iterable[RecordedFile]]) -> str:
    """For the end of a backup.

    Args:
        recorded: what the drive has of the phone.
        broken: files of it that are not whole or not there any more, by uuid.
    """
    originals = [file for asset in recorded for file in asset.files if file.role.is_original]
    through_cache = sum(file.read_back is not ReadBack.FROM_DRIVE for file in originals)
    damaged = sum(1 for files in broken.values() for _ in files)
    return proved(len(originals) - through_cache, through_cache, damaged)


def proved(from_drive: int, through_cache: int, damaged: int) -> str:
    """The line.

    Args:
        from_drive: originals that were read back from the drive itself.
        through_cache: originals that may have been read back from memory.
        damaged: files that are not as they were written.
    """
    total = from_drive + through_cache
    originals = f"{total:,} {'original' if total == 1 else 'originals'} on the drive"
    if not through_cache:
        read = "read back from the drive"
    elif not from_drive:
        read = "read back, maybe from memory (verify after plugging the drive in again)"
    else:
        read = f"{from_drive:,} read back from the drive, {through_cache:,} maybe from memory (verify after"
        read += " plugging it in again)"
    todo = "" if not damaged else ": run the backup again to have them put right"
    return f"{originals}, {read}, {damaged:,} damaged{todo}."
