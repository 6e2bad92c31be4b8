"""Write and read the report of `ambertime doctor`: counts, codes and versions, and nothing personal.

A report has no sentences, because they name phones, folders and files. Of texts it has only those that match
a pattern below, and no number that identifies anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ambertime_tui import __version__
from ambertime_tui.drive.volume.file_system import known_file_systems
from ambertime_tui.engine.api.doctor import Area, Fact, Finding, Level
from ambertime_tui.engine.api.protocol import EngineError
from ambertime_tui.safe_text import json_line

FORMAT = "ambertime-doctor"
VERSION = 1
LARGEST = 1 << 20
"""Bytes. A report has about 10 KB."""
_MOST_FINDINGS = 500

_WORD = re.compile(r"[a-z][a-z0-9_-]{0,40}")
_VERSION = re.compile(r"\d{1,3}(\.\d{1,4}){0,3}([abrc]+\d{1,2})?")
_TEXTS: Mapping[str, re.Pattern[str]] = {
    "version": _VERSION,
    "python": _VERSION,
    "ios": _VERSION,
    "system": re.compile("Linux|Darwin"),
    "product": re.compile(r"(iPhone|iPad|iPod)\d{1,3},\d{1,3}"),
    "kind": re.compile(r"[A-Z][A-Za-z]{1,40}"),
    "cache_dropping": re.compile("by-file|by-device|no"),
    "file_system": re.compile("|".join(map(re.escape, known_file_systems()))),
}
"""The facts that may be texts, and what these may be. Any other text is left out."""


@dataclass(frozen=True, slots=True)
class ReportedFinding:
    """One finding of a report."""

    area: str
    check: str
    level: str
    facts: Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """A report as read from a file."""

    version: str
    """Of AmberTime."""
    findings: tuple[ReportedFinding, ...]

    def facts(self, check: str) -> Mapping[str, Fact]:
        """The facts of a check; empty if it was not made."""
        return next((one.facts for one in self.findings if one.check == check), {})


def report_text(findings: Iterable[Finding]) -> str:
    """Return the report on findings, as JSON."""
    found = [
        {
            "area": one.area.value,
            "check": one.check,
            "level": one.level.value,
            "facts": impersonal(one.facts),
        }
        for one in findings
    ]
    report = {"format": FORMAT, "format_version": VERSION, "ambertime": __version__, "findings": found}
    return json_line(report, indent=1) + "\n"


def impersonal(facts: Mapping[str, Any]) -> dict[str, Fact]:
    """Return the facts that may be in a report."""
    return {
        name: value for name, value in facts.items() if _WORD.fullmatch(name) and _is_impersonal(name, value)
    }


def _is_impersonal(name: str, value: object) -> bool:
    if isinstance(value, str):
        return name in _TEXTS and _TEXTS[name].fullmatch(value) is not None
    return isinstance(value, bool | int | float)


def write_report(file: Path, findings: Iterable[Finding]) -> None:
    """Write a report. Replaces an older report, but no other file.

    Raises:
        EngineError: `ReportFailed`: it cannot be written, or the file is something else.
    """
    try:
        if file.exists() and not _is_report(file):
            raise EngineError("ReportFailed", f"{file} exists and is not a report. Choose another name.")
        file.write_text(report_text(findings), encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise EngineError(
            "ReportFailed", f"The report {file} cannot be written: {reason}. Choose another folder."
        ) from error


def _is_report(file: Path) -> bool:
    try:
        read_report(file)
    except EngineError:
        return False
    return True


def read_report(file: Path) -> DoctorReport:
    """Read a report of any origin. Whatever is not as expected is left out.

    Raises:
        EngineError: `ReportUnreadable`: it is not a report.
    """
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST + 1)
        report = json.loads(data) if len(data) <= LARGEST else None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise EngineError("ReportUnreadable", f"{file} cannot be read: {reason}.") from error
    except (ValueError, RecursionError):
        report = None
    if not isinstance(report, dict) or report.get("format") != FORMAT:
        raise EngineError(
            "ReportUnreadable", f"{file} is not a report of ambertime doctor. Make one with --report FILE."
        )
    findings = report.get("findings")
    found = findings[:_MOST_FINDINGS] if isinstance(findings, list) else []
    version = report.get("ambertime")
    return DoctorReport(
        version if isinstance(version, str) and _VERSION.fullmatch(version) else "",
        tuple(one for one in map(_finding, found) if one is not None),
    )


def _finding(data: object) -> ReportedFinding | None:
    match data:
        case {
            "area": str() as area,
            "check": str() as check,
            "level": str() as level,
            "facts": dict() as facts,
        }:
            if area in set(Area) and level in set(Level) and _WORD.fullmatch(check):
                return ReportedFinding(area, check, level, impersonal(facts))
    return None
