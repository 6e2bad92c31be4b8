"""Opening the record in any state: a damaged or missing one is rebuilt from what is on the drive.

The backup copy of the last finished run has every asset up to then. Files written after it are recognized by
their bytes (see `existing_files`), so nothing is copied twice. Lines of SHA256SUMS that belong to no asset
are kept.
"""

from __future__ import annotations

import itertools
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from ambertime_tui.drive.errors import (
    RecordDamaged,
)
from ambertime_tui.drive.layout import BACKUP, DAMAGED, OURS, RECORD
from ambertime_tui.drive.os_errors import drive_error
from ambertime_tui.drive.record.checksums import each_checksum
from ambertime_tui.drive.record.connection import SIDE_FILES, copy_file, is_blank, replace_shared_files
from ambertime_tui.drive.record.damage_mark import is_marked, leave_mark, remove_mark
from ambertime_tui.drive.record.integrity import (
    IntegrityHashes,
    hash_of,
    invalidate_integrity,
    read_integrity,
)
from ambertime_tui.drive.record.record import Record
from ambertime_tui.drive.volume.name_keys import is_text
from ambertime_tui.drive.volume.system_calls import SystemCalls, closing

_FILES = ("", *SIDE_FILES)


def open_record(root: Path, *, now: float, calls: SystemCalls) -> tuple[Record, tuple[str, ...]]:
    """Open the record of a locked target. Also returns sentences on any repair.

    Raises:
        RecordTooNew: a newer version wrote it.
        RecordFailed, DriveError: the drive cannot be read or written.
    """
    path = root / OURS / RECORD
    try:
        replace_shared_files(path, calls)
        integrity = read_integrity(root)
        if is_marked(root) and calls.exists(path):
            what_happened = "damaged"
        elif calls.exists(path):
            try:
                return _open_sound(root, path, integrity, calls), ()
            except RecordDamaged:
                what_happened = "damaged"
        else:
            what_happened = "missing"
        invalidate_integrity(root, calls)
    except OSError as error:
        raise drive_error(error, path, doing="reading") from error
    aside = _move_aside(path, now, calls)
    try:
        remove_mark(root, calls)
    except OSError as error:
        raise drive_error(error, root / OURS / DAMAGED) from error
    restored = _restore_backup(root, path, integrity, calls)
    record = _add_checksums(root, path, calls)
    if what_happened == "missing" and not restored:
        return record, ()
    return record, (_notice(what_happened, aside, restored),)


def _notice(what_happened: str, aside: Path | None, restored: bool) -> str:
    kept = (
        f" The damaged one was kept as {aside.name}."
        if aside is not None and what_happened == "damaged"
        else ""
    )
    sources = "its last backup copy and SHA256SUMS" if restored else "SHA256SUMS"
    return (
        f"The record was {what_happened}.{kept} It was rebuilt from {sources}. Files it no longer lists are "
        "recognized by their content and not copied twice."
    )


def _open_sound(root: Path, path: Path, integrity: IntegrityHashes | None, calls: SystemCalls) -> Record:
    """Open the record as it is.

    Raises:
        RecordDamaged: it is not what the last run left or, without integrity hashes, not valid.
    """
    if integrity is not None and hash_of(root, f"{OURS}/{RECORD}") != integrity.record:
        raise RecordDamaged(path, "its bytes have changed since the last run")
    if (
        integrity is None
        and is_blank(path, calls)
        and (calls.exists(root / OURS / BACKUP) or any(each_checksum(root)))
    ):
        raise RecordDamaged(path, "it is empty")
    with ExitStack() as undo:
        record = Record(
            path,
            calls,
            before_writing=partial(invalidate_integrity, root, calls),
            on_damage=lambda why: leave_mark(root, why, calls),
            check_all=integrity is None,
        )
        undo.pop_all()
    return record


def _move_aside(path: Path, now: float, calls: SystemCalls) -> Path | None:
    """Rename the damaged database and its journals, without deleting anything. None if there are none."""
    if not any(calls.exists(Path(f"{path}{ending}")) for ending in _FILES):
        return None
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    for number in itertools.count(1):
        suffix = "" if number == 1 else f"-{number}"
        aside = path.with_name(f"record.damaged-{stamp}{suffix}.sqlite3")
        try:
            # Journals first: SQLite would apply them to a new database of the same name.
            for ending in reversed(_FILES):
                file = Path(f"{path}{ending}")
                if calls.exists(file):
                    calls.rename_noreplace(file, Path(f"{aside}{ending}"))
            calls.fsync_folder(path.parent)
        except FileExistsError:
            continue
        except OSError as error:
            raise drive_error(error, path, doing="moving aside") from error
        return aside
    raise AssertionError("itertools.count ends")


def _restore_backup(root: Path, path: Path, integrity: IntegrityHashes | None, calls: SystemCalls) -> bool:
    """Copy the backup copy to the record's place. False if there is no valid one."""
    backup, scratch = root / OURS / BACKUP, root / OURS / (RECORD + ".new")
    try:
        with suppress(FileNotFoundError):
            calls.unlink(scratch)
        found = hash_of(root, f"{OURS}/{BACKUP}")
        if not found or (integrity is not None and found != integrity.backup):
            return False
        copy_file(backup, scratch, calls)
        try:
            Record(scratch, calls, check_all=True).close()
        except RecordDamaged:
            calls.unlink(scratch)
            return False
        with closing(calls, calls.open_read(scratch)) as fd:
            calls.fsync(fd)
        for ending in SIDE_FILES:
            with suppress(FileNotFoundError):
                calls.unlink(Path(f"{scratch}{ending}"))
        calls.rename_noreplace(scratch, path)
        calls.fsync_folder(path.parent)
    except OSError as error:
        raise drive_error(error, path, doing="restoring") from error
    return True


def _add_checksums(root: Path, path: Path, calls: SystemCalls) -> Record:
    """Open the record and add the lines of SHA256SUMS that it lacks, even if their files are missing."""
    with ExitStack() as undo:
        record = Record(path, calls, on_damage=lambda why: leave_mark(root, why, calls))
        undo.callback(record.close)
        record.add_loose(line for line in each_checksum(root) if is_text(line[0]))
        try:
            calls.fsync_folder(path.parent)
        except OSError as error:
            raise drive_error(error, path) from error
        undo.pop_all()
    return record
