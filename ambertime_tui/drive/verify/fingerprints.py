"""Storing Apple's fingerprints that a verification computed, for files that an older version archived."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from itertools import chain
from pathlib import Path

from ambertime_tui.drive.errors import DriveError
from ambertime_tui.drive.layout import OURS, RECORD
from ambertime_tui.drive.record.integrity import finalize_archive
from ambertime_tui.drive.record.reader import read_record
from ambertime_tui.drive.record.rebuild import open_record
from ambertime_tui.drive.record.rows import version_of
from ambertime_tui.drive.record.schema import SCHEMA_VERSION
from ambertime_tui.drive.record.updates import ComputedFingerprint
from ambertime_tui.drive.volume.lock import lock_target
from ambertime_tui.drive.volume.system_calls import SystemCalls


def store_fingerprints(
    root: Path, computed: Iterable[ComputedFingerprint], now: float, calls: SystemCalls
) -> None:
    """Store fingerprints in the record, if no job holds the target's lock and the drive can be written.

    Nothing depends on it: a later verification computes them again. A record of an older version stays as it
    is, because only a backup migrates it.

    Args:
        root: the target.
        computed: only those that the record lacks.
        now: seconds since 1970.
        calls: the operating system.
    """
    waiting: Iterator[ComputedFingerprint] = iter(computed)
    first = next(waiting, None)
    if first is None or not (root / OURS / RECORD).is_file():
        return
    with suppress(DriveError, OSError):
        lock = lock_target(root, now=now, calls=calls)
        try:
            if read_record(root, version_of) != SCHEMA_VERSION:
                return
            record, _ = open_record(root, now=now, calls=calls)
            with closing(record):
                record.add_fingerprints(chain((first,), waiting))
                finalize_archive(root, record, calls)
        finally:
            lock.release()
