"""Checks of the archive on a drive. Reads only: no mark, log or finding is left in it."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from ambertime_tui.drive.errors import (
    DriveError,
)
from ambertime_tui.drive.layout import BACKUP, CHECKSUMS, OURS
from ambertime_tui.drive.os_errors import drive_error
from ambertime_tui.drive.record.damage_mark import is_marked
from ambertime_tui.drive.record.integrity import hash_of, read_integrity
from ambertime_tui.drive.record.reader import read_record
from ambertime_tui.drive.record.verdicts import load_findings
from ambertime_tui.drive.volume.marker import read_marker
from ambertime_tui.drive.volume.relative_path import checked_archive_path
from ambertime_tui.drive.volume.root_folder import RootFolder
from ambertime_tui.engine.doctor.findings import Reporter
from ambertime_tui.units import plural

_NEWEST = """
    SELECT folder, name, size FROM file AS newest WHERE generation = (
        SELECT max(generation) FROM file
        WHERE udid = newest.udid AND uuid = newest.uuid AND role = newest.role
    )
"""
_NOT_FORGOTTEN = "AND (udid, uuid) NOT IN (SELECT udid, uuid FROM forgotten)"


@dataclass(frozen=True, slots=True)
class _Recorded:
    """What the record says, compared with the folders."""

    items: int
    files: int
    phones: int
    missing: int
    """Files that do not exist at their place, or have another size."""


def check_archive(report: Reporter, target: Path, *, busy: bool) -> None:
    """Check the archive in a folder, if there is one.

    Args:
        report: where to.
        target: the folder.
        busy: True if a backup is writing to it.
    """
    try:
        _check(report, target, busy=busy)
    except DriveError as error:
        report.wrong("archive", _with_remedy(str(error)), archive=True, kind=type(error).__name__)
    except OSError as error:
        trouble = drive_error(error, target, doing="reading")
        report.wrong("archive", str(trouble), archive=True, kind=type(trouble).__name__)


def _check(report: Reporter, target: Path, *, busy: bool) -> None:
    if not os.path.lexists(target / OURS):
        report.fine("archive", "There is no archive in this folder yet.", archive=False)
        return
    if read_marker(target) is None:
        report.wrong(
            "marker",
            f"The archive in {target} has lost the file that identifies it. Run a backup to it, which writes "
            "a new one.",
            marker=False,
        )
    marked = is_marked(target)
    recorded = read_record(target, lambda connection: _compared(connection, target), marks_damage=False)
    if recorded is None:
        report.wrong(
            "archive",
            f"The archive in {target} has no record of what was copied. Run a backup to it, which rebuilds "
            "the record from the files.",
            archive=True,
            record=False,
        )
        return
    facts = {
        "archive": True,
        "record": True,
        "items": recorded.items,
        "files": recorded.files,
        "phones": recorded.phones,
        "missing": recorded.missing,
    }
    if marked:
        report.wrong(
            "archive",
            f"The record of the archive in {target} was found damaged before. Run a backup to it, which "
            "rebuilds the record from the files.",
            marked=True,
            **facts,
        )
    elif recorded.missing and not busy:
        report.wrong(
            "archive",
            f"{plural(recorded.missing, 'recorded file is', 'recorded files are')} not in their place in "
            f"{target}, or have another size. Run ambertime verify to see which, then a backup.",
            **facts,
        )
    else:
        report.fine(
            "archive",
            f"The archive has {plural(recorded.items, 'item')} in {plural(recorded.files, 'file')}, all in "
            "their place.",
            **facts,
        )
    _check_integrity(report, target, busy=busy)
    findings = load_findings(target)
    if findings:
        report.wrong(
            "findings",
            f"The last verification found {plural(len(findings), 'file')} that differ from the record. Run a "
            "backup with the phone, which copies them again.",
            damaged=len(findings),
        )


def _check_integrity(report: Reporter, target: Path, *, busy: bool) -> None:
    integrity = read_integrity(target)
    if integrity is None:
        if not busy:
            report.note(
                "integrity",
                "The last backup to this archive did not finish. The next one continues where it stopped.",
                finished=False,
            )
        return
    changed = [
        path
        for path, expected in ((f"{OURS}/{BACKUP}", integrity.backup), (CHECKSUMS, integrity.checksums))
        if hash_of(target, path) != expected
    ]
    if changed and not busy:
        report.note(
            "integrity",
            f"{' and '.join(changed)} changed since the last backup. The next backup writes them again.",
            finished=True,
            changed=len(changed),
        )
    else:
        report.fine("integrity", "The record is byte for byte what the last backup left.", finished=True)


def _compared(connection: sqlite3.Connection, target: Path) -> _Recorded:
    """Compare the newest file of each role with the names and sizes in its folder."""
    (items,) = connection.execute("SELECT count(*) FROM asset").fetchone()
    (phones,) = connection.execute("SELECT count(DISTINCT udid) FROM asset").fetchone()
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    query = f"{_NEWEST} {_NOT_FORGOTTEN if 'forgotten' in tables else ''} ORDER BY folder"
    files = missing = 0
    with RootFolder(target) as root:
        for folder, rows in groupby(connection.execute(query), key=itemgetter(0)):
            checked_archive_path(folder, "x")
            sizes = _sizes(root, folder)
            for _, name, size in rows:
                files += 1
                missing += sizes.get(name) != size
    return _Recorded(items, files, phones, missing)


def _sizes(root: RootFolder, folder: str) -> dict[str, int]:
    try:
        return {entry.name: entry.size for entry in root.entries(folder) if entry.is_file}
    except FileNotFoundError:
        return {}


def _with_remedy(sentence: str) -> str:
    if "next backup" in sentence:
        return f"{sentence} Run a backup to it."
    return sentence
