"""The one line a person can trust: what is on the drive, how it was proved, and what is damaged. Pure."""

from __future__ import annotations


def proof_line(from_drive: int, through_cache: int, damaged: int, not_looked_at: int = 0) -> str:
    """The line.

    Args:
        from_drive: originals that were read back from the drive itself.
        through_cache: originals that may have been read back from memory.
        damaged: files that are not as they were written.
        not_looked_at: files that a sample left out.
    """
    total = from_drive + through_cache
    originals = f"{total:,} {'original' if total == 1 else 'originals'}"
    originals += f" looked at ({not_looked_at:,} files were not)" if not_looked_at else " on the drive"
    if not through_cache:
        read = "read back from the drive"
    elif not from_drive:
        read = "read back, maybe from memory (verify after plugging the drive in again)"
    else:
        read = f"{from_drive:,} read back from the drive, {through_cache:,} maybe from memory (verify after"
        read += " plugging it in again)"
    todo = "" if not damaged else ": run the backup again to have them put right"
    return f"{originals}, {read}, {damaged:,} damaged{todo}."
