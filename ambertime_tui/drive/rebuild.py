"""Opening the record whatever its state: a damaged or missing one is made anew from what is on the drive.

First from the backup copy of the last finished run, which knows every asset; what came after it is found
again by its bytes (see `adopt`), so nothing is written twice. Lines of SHA256SUMS that no asset accounts for
are kept.
"""

from __future__ import annotations

import itertools
import shutil
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from ambertime_tui.drive.checksums import read_checksums
from ambertime_tui.drive.claim import OURS
from ambertime_tui.drive.errors import RecordDamaged, drive_error
from ambertime_tui.drive.record import Record
from ambertime_tui.drive.system_calls import SystemCalls, closing

RECORD = "record.sqlite3"
BACKUP = "record.backup.sqlite3"
_SIDE_FILES = ("", "-journal", "-wal", "-shm")


def open_record(root: Path, *, now: float, calls: SystemCalls) -> tuple[Record, tuple[str, ...]]:
    """The record of a locked target, and sentences on what had to be done for it.

    Raises:
        RecordTooNew: a newer version has written it.
        RecordFailed, DriveError: the drive would not let it be read or written.
    """
    path = root / OURS / RECORD
    if path.exists():
        try:
            return Record(path, calls), ()
        except RecordDamaged:
            aside = _moved_aside(path, now, calls)
            restored = _restored(root, path, calls)
            record = _with_checksums(root, path, calls)
            from_where = "its last backup copy and SHA256SUMS" if restored else "SHA256SUMS"
            return record, (
                f"The record was damaged. It was kept as {aside.name} and made anew from {from_where}; "
                "what it no longer knows is recognized by its bytes and not copied twice.",
            )
    restored = _restored(root, path, calls)
    record = _with_checksums(root, path, calls)
    if not restored:
        return record, ()
    return record, ("The record was missing and was made anew from its last backup copy.",)


def _moved_aside(path: Path, now: float, calls: SystemCalls) -> Path:
    """Renames the damaged database with its journal; nothing is deleted."""
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    for number in itertools.count(1):
        suffix = "" if number == 1 else f"-{number}"
        aside = path.with_name(f"record.damaged-{stamp}{suffix}.sqlite3")
        try:
            for ending in _SIDE_FILES[1:]:
                side = Path(f"{path}{ending}")
                if side.exists():
                    calls.rename_noreplace(side, Path(f"{aside}{ending}"))
            calls.rename_noreplace(path, aside)
            calls.fsync_folder(path.parent)
        except FileExistsError:
            continue
        except OSError as error:
            raise drive_error(error, path, doing="moving aside") from error
        return aside
    raise AssertionError("itertools.count ends")


def _restored(root: Path, path: Path, calls: SystemCalls) -> bool:
    """Puts the backup copy in the record's place; False where there is no sound one."""
    backup, scratch = root / OURS / BACKUP, root / OURS / (RECORD + ".new")
    try:
        with suppress(FileNotFoundError):
            calls.unlink(scratch)
        if not backup.is_file():
            return False
        shutil.copyfile(backup, scratch)
        try:
            Record(scratch, calls).close()
        except RecordDamaged:
            calls.unlink(scratch)
            return False
        with closing(calls, calls.open_read(scratch)) as fd:
            calls.fsync(fd)
        for ending in _SIDE_FILES[1:]:
            with suppress(FileNotFoundError):
                calls.unlink(Path(f"{scratch}{ending}"))
        calls.rename_noreplace(scratch, path)
        calls.fsync_folder(path.parent)
    except OSError as error:
        raise drive_error(error, path, doing="restoring") from error
    return True


def _with_checksums(root: Path, path: Path, calls: SystemCalls) -> Record:
    record = Record(path, calls)
    try:
        lines = read_checksums(root)
        if lines:
            record.remember_loose(lines.items())
        calls.fsync_folder(path.parent)
    except OSError as error:
        record.close()
        raise drive_error(error, path) from error
    except BaseException:
        record.close()
        raise
    return record
