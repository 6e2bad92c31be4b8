"""Verdicts on files that differ from the record, and the saved findings of the last verification."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from ambertime_tui.drive.layout import FINDINGS, OURS, VERIFIED
from ambertime_tui.drive.volume.atomic_write import write_atomically
from ambertime_tui.drive.volume.own_files import read_own_json
from ambertime_tui.drive.volume.relative_path import checked_path
from ambertime_tui.drive.volume.system_calls import SystemCalls

SAME_TIME = 2.0
"""Seconds. FAT stores times in steps of two seconds."""
_FAR_FUTURE = 253_402_300_000.0
"""The year 10000, where dates end."""


class Verdict(StrEnum):
    """Result of verifying a file."""

    WHOLE = "whole"
    DAMAGED = "damaged"
    """The drive lost or altered its bytes: they differ at the same modification time, or cannot be read."""
    MISSING = "missing"
    CHANGED = "changed"
    """A person or program rewrote it: it has other bytes and another modification time, has the bytes of
    another file in the archive, or is not a regular file."""
    EXTRA = "extra"
    """It is in `Photos/`, but not in the record."""


def verdict_of(
    size: int,
    modified_at: float | None,
    found_size: int,
    found_modified_at: float,
    written_at: float | None = None,
) -> Verdict:
    """DAMAGED or CHANGED, for a file whose bytes differ from the recorded ones.

    Whatever writes a file sets its modification time; a drive that loses bytes does not.

    Args:
        size: as recorded, in bytes.
        modified_at: as recorded; None if the time of the file itself was not recorded.
        found_size: of the file, in bytes.
        found_modified_at: of the file.
        written_at: when the file was recorded. Without `modified_at`, only a later time tells a change.
    """
    if modified_at is not None:
        kept = abs(found_modified_at - modified_at) <= SAME_TIME
    elif written_at is not None:
        kept = found_modified_at <= written_at + SAME_TIME
    else:
        kept = found_size <= size
    return Verdict.DAMAGED if kept else Verdict.CHANGED


@dataclass(frozen=True, slots=True)
class Finding:
    """A recorded file that was not intact when it was verified."""

    path: str
    verdict: Verdict
    sha256: str
    """As recorded. The finding does not apply to a file that was written again later."""


def load_findings(root: Path) -> Mapping[str, Finding]:
    """Load the findings of the last verification, by path. Empty if they cannot be read."""
    try:
        rows = read_own_json(root, FINDINGS)
    except (OSError, ValueError):
        return {}
    found = [_finding(row) for row in rows] if isinstance(rows, list) else []
    return {finding.path: finding for finding in found if finding is not None}


def _finding(row: object) -> Finding | None:
    """Parse one finding. None if it is not valid; its file is then read again by the next verification."""
    match row:
        case {"path": str() as path, "verdict": str() as verdict, "sha256": str() as sha256}:
            with suppress(ValueError):
                return Finding(checked_path(path), Verdict(verdict), sha256)
    return None


def save_findings(root: Path, findings: Iterable[Finding], calls: SystemCalls, token: str) -> None:
    """Replace the saved findings. Needs no lock; `token` makes the name of the temporary file unique.

    Raises:
        DriveError: the old findings are kept; for example, the drive is read-only.
    """
    data = json.dumps([asdict(finding) for finding in sorted(findings, key=lambda f: f.path)]).encode()
    path = root / OURS / FINDINGS
    write_atomically(path, path.with_name(f"findings.{token}.new"), [data], calls)


def last_verified(root: Path) -> float | None:
    """When the whole archive was last verified to the end: seconds since 1970; None: not known."""
    try:
        row = read_own_json(root, VERIFIED)
    except (OSError, ValueError):
        return None
    match row:
        case {"at": float() | int() as at} if not isinstance(at, bool) and 0 <= at < _FAR_FUTURE:
            return float(at)
    return None


def save_verified(root: Path, at: float, calls: SystemCalls, token: str) -> None:
    """Note that the whole archive was verified, as `save_findings` does.

    Raises:
        DriveError: the old note is kept; for example, the drive is read-only.
    """
    path = root / OURS / VERIFIED
    write_atomically(path, path.with_name(f"verified.{token}.new"), [json.dumps({"at": at}).encode()], calls)
