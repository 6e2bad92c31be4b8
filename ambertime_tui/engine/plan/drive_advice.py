"""Advice before a job about files and names that the drive's file system cannot store. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ambertime_tui import units
from ambertime_tui.drive.volume.file_system import FileSystemTraits
from ambertime_tui.drive.writing.naming import sanitized
from ambertime_tui.engine.plan.plan import Decision, Plan
from ambertime_tui.engine.plan.rules import EDIT_TOO_LARGE

NAMED = 3
"""Number of files named in a sentence."""


def drive_advice(plan: Plan, traits: FileSystemTraits) -> Iterator[str]:
    """Yield sentences about files that are too large and names that have to change."""
    cannot = plan.numbers(Decision.CANNOT)
    too_large = [number for number in cannot if plan.reason_of(number)[0] == "too_large_for_drive"]
    if too_large:
        largest = [plan[number] for number in sorted(too_large, key=plan.bytes_of)[: -NAMED - 1 : -1]]
        files = [f"{p.asset.original_filename} ({units.size(p.bytes)})" for p in largest]
        yield (
            f"{units.first_of(files, NAMED, len(too_large))}: too large for {traits.label}, "
            "so not backed up. Use a drive with exFAT to include them."
        )
    taken = plan.numbers(Decision.COPY, Decision.FETCH)
    edits = [number for number in taken if plan.reason_of(number)[0] == EDIT_TOO_LARGE]
    if edits:
        yield (
            f"Too large for {traits.label}: the edits of {units.plural(len(edits), 'video')}, such as "
            f"{plan[edits[0]].asset.original_filename}. The originals are copied, the edits are not."
        )
    otherwise, cut = list[str](), list[str]()
    for planned in plan.with_decision(Decision.COPY, Decision.FETCH):
        name = planned.asset.original_filename
        if sanitized(name, traits) != name:
            otherwise.append(name)
        if traits.name_length(name) > traits.max_name:
            cut.append(name)
    if otherwise:
        yield (
            f"{units.plural(len(otherwise), 'name')} with characters that {traits.label} cannot store "
            f"({otherwise[0]}). AmberTime replaces them with _ and records the original names."
        )
    if cut:
        yield (
            f"{units.plural(len(cut), 'name')} longer than {traits.label} allows ({cut[0][:40]}…). "
            "AmberTime shortens them and records the original names."
        )
