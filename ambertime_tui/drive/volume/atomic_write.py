"""Replacing a bookkeeping file atomically."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ambertime_tui.drive.os_errors import drive_error
from ambertime_tui.drive.volume.system_calls import SystemCalls


def write_atomically(path: Path, scratch: Path, blocks: Iterable[bytes], calls: SystemCalls) -> None:
    """Replace a bookkeeping file. After a power cut it has either the old or the new content.

    Args:
        path: the file.
        scratch: temporary file on the same file system.
        blocks: the new content.
        calls: the operating system.

    Raises:
        DriveError: the file is unchanged.
    """
    size = 0
    try:
        with suppress(FileNotFoundError):
            calls.unlink(scratch)
        fd = calls.create(scratch)
        try:
            for block in blocks:
                size += len(block)
                rest = memoryview(block)
                while rest:
                    rest = rest[calls.write(fd, rest) :]
            calls.fsync(fd)
        finally:
            calls.close(fd)
        calls.replace(scratch, path)
        calls.fsync_folder(path.parent)
    except OSError as error:
        raise drive_error(error, path, size=size) from error
