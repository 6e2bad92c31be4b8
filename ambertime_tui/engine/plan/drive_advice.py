"""What a drive's file system cannot hold of a plan, said before a byte is written. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ambertime_tui.drive.volume.file_system import FileSystemTraits
from ambertime_tui.drive.writing.naming import sanitized
from ambertime_tui.engine.plan.plan import Decision, Plan
from ambertime_tui.engine.plan.rules import EDIT_TOO_LARGE

NAMED = 3
"""How many files a sentence names."""


def drive_advice(plan: Plan, traits: FileSystemTraits) -> Iterator[str]:
    """A sentence on files that are too large, and one on names that have to be spelled otherwise."""
    cannot = plan.numbers(Decision.CANNOT)
    too_large = [number for number in cannot if plan.reason_of(number)[0] == "too_large_for_drive"]
    if too_large:
        largest = [plan[number] for number in sorted(too_large, key=plan.bytes_of)[: -NAMED - 1 : -1]]
        names = ", ".join(f"{p.asset.original_filename} ({p.bytes / 1e9:.1f} GB)" for p in largest)
        more = f" and {len(too_large) - NAMED:,} more" if len(too_large) > NAMED else ""
        yield (
            f"{names}{more}: too large for {traits.label}, so left on the iPhone. Use a drive with exFAT to "
            "have them, too."
        )
    taken = plan.numbers(Decision.COPY, Decision.FETCH)
    edits = [number for number in taken if plan.reason_of(number)[0] == EDIT_TOO_LARGE]
    if edits:
        yield (
            f"Too large for {traits.label}: the edits of {_counted(len(edits), 'video')}, as of "
            f"{plan[edits[0]].asset.original_filename}. Their originals are copied, the edits are not."
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
            f"{_counted(len(otherwise), 'name')} with characters that {traits.label} cannot keep "
            f"({otherwise[0]}): there they become _, and the record keeps the true names."
        )
    if cut:
        yield (
            f"{_counted(len(cut), 'name')} longer than {traits.label} can keep ({cut[0][:40]}…): cut on the "
            "drive, and the record keeps the true names."
        )


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"
