"""What is wrong with a file that is not what was recorded, and what verification remembers of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from ambertime_tui.drive.layout import FINDINGS, OURS
from ambertime_tui.drive.volume.atomic_write import write_atomically
from ambertime_tui.drive.volume.system_calls import SystemCalls

_SAME_TIME = 2.0
"""Seconds: FAT keeps even ones only."""


class Verdict(StrEnum):
    """What verification found of a file."""

    WHOLE = "whole"
    DAMAGED = "damaged"
    """The drive lost or altered its bytes: other bytes at the same size or modification time, or cut short,
    or it cannot be read."""
    MISSING = "missing"
    CHANGED = "changed"
    """A program has rewritten it since: longer than recorded and with another modification time, the bytes of
    another file of the archive, or no longer a plain file."""
    EXTRA = "extra"
    """It lies in `Photos/`, and no record knows it."""


def verdict_of(size: int, modified_at: float | None, found_size: int, found_modified_at: float) -> Verdict:
    """DAMAGED or CHANGED, for a file whose bytes are not the recorded ones."""
    if found_size <= size:
        return Verdict.DAMAGED
    if modified_at is not None and abs(found_modified_at - modified_at) <= _SAME_TIME:
        return Verdict.DAMAGED
    return Verdict.CHANGED


@dataclass(frozen=True, slots=True)
class Finding:
    """A recorded file that was not whole, as it lay there when it was verified."""

    path: str
    verdict: Verdict
    sha256: str
    """As recorded: a file written anew since is another matter."""


def load_findings(root: Path) -> Mapping[str, Finding]:
    """What verification found last, by path; empty where nothing can be read."""
    try:
        rows = json.loads((root / OURS / FINDINGS).read_bytes())
        findings = [Finding(str(row["path"]), Verdict(row["verdict"]), str(row["sha256"])) for row in rows]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {finding.path: finding for finding in findings}


def save_findings(root: Path, findings: Iterable[Finding], calls: SystemCalls, token: str) -> None:
    """Replaces what verification found; needs no lock (`token` makes the temporary name one's own).

    Raises:
        DriveError: the drive is read-only, say; the older findings stay.
    """
    data = json.dumps([asdict(finding) for finding in sorted(findings, key=lambda f: f.path)]).encode()
    path = root / OURS / FINDINGS
    write_atomically(path, path.with_name(f"findings.{token}.new"), [data], calls)
