"""The mark that a job or a verification leaves when it finds the record damaged.

The damage may be invisible when the next job opens the record, for example because the drive returns other
bytes at each read. The mark makes that job rebuild the record in any case.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from ambertime_tui.drive.layout import DAMAGED, OURS
from ambertime_tui.drive.volume.own_files import is_own_file
from ambertime_tui.drive.volume.system_calls import SystemCalls


def leave_mark(root: Path, why: str, calls: SystemCalls) -> None:
    """Leave the mark on a target. Does nothing if there is one, or if the drive cannot be written."""
    with suppress(OSError):
        fd = calls.create(root / OURS / DAMAGED)
        try:
            calls.write(fd, why.encode("utf-8", "replace") + b"\n")
            calls.fsync(fd)
        finally:
            calls.close(fd)
        calls.fsync_folder(root / OURS)


def is_marked(root: Path) -> bool:
    """Whether the record of a target was found damaged and not rebuilt since."""
    return is_own_file(root, f"{OURS}/{DAMAGED}")


def remove_mark(root: Path, calls: SystemCalls) -> None:
    """Remove the mark durably, after the damaged record was moved.

    Raises:
        OSError: the mark is still there.
    """
    if is_marked(root):
        calls.unlink(root / OURS / DAMAGED)
        calls.fsync_folder(root / OURS)
