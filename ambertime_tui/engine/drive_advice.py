"""What a drive's file system cannot hold of a plan, said before a byte is written. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ambertime_tui.drive.file_system import FileSystemTraits
from ambertime_tui.drive.naming import suitable
from ambertime_tui.engine.plan import Fate, Plan

NAMED = 3
"""How many files a sentence names."""


def drive_advice(plan: Plan, traits: FileSystemTraits) -> Iterator[str]:
    """A sentence on files that are too large, and one on names that have to be spelled otherwise."""
    cannot = plan.numbers(Fate.CANNOT)
    too_large = [number for number in cannot if plan.words_of(number)[0] == "too_large_for_drive"]
    if too_large:
        largest = [plan[number] for number in sorted(too_large, key=plan.bytes_of)[: -NAMED - 1 : -1]]
        names = ", ".join(f"{p.asset.original_filename} ({p.bytes / 1e9:.1f} GB)" for p in largest)
        more = f" and {len(too_large) - NAMED:,} more" if len(too_large) > NAMED else ""
        yield (
            f"{names}{more}: too large for {traits.label}, so left on the iPhone. Use a drive with exFAT to "
            "have them, too."
        )
    takes = (p.asset.original_filename for p in plan if p.fate in (Fate.COPY, Fate.FETCH))
    otherwise = [name for name in takes if suitable(name, traits) != name]
    if otherwise:
        yield (
            f"{len(otherwise):,} names hold what {traits.label} cannot keep ({otherwise[0]}): that becomes "
            "_ on the drive, and the record keeps the true names."
        )
