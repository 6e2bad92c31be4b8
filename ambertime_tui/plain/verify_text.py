"""The result of `ambertime verify`, for people. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ambertime_tui.engine.api.verification import Verification, VerifyStatus
from ambertime_tui.units import elapsed, plural, size

VERDICTS = ("whole", "damaged", "missing", "changed", "extra")
"""The possible results for a file, in the order in which they are counted."""


def verify_progress(status: VerifyStatus) -> str:
    """How much of the archive has been read, in one line."""
    return (
        f"Read back {status.files_done:,} of {plural(status.files_total, 'file')} · "
        f"{size(status.bytes_done)} of {size(status.bytes_total)}"
    )


def verification_lines(result: Verification) -> Iterator[str]:
    """The files that need attention, the counts, and what to do."""
    for file in result.not_whole:
        yield f"{file.verdict}: {file.sentence}"
    for file in result.moved:
        yield f"moved: {file.sentence}"
    for file in result.differing:
        yield f"differs: {file.path} is as it was copied, but differs from Apple's fingerprint"
    counts = result.counts
    shown = ", ".join(f"{counts[v]:,} {v}" for v in VERDICTS if counts[v] or v == "whole")
    if result.moved:
        shown += f", {len(result.moved):,} of them moved"
    yield f"{shown} ({elapsed(result.seconds)})"
    if result.through_cache:
        yield (
            f"{plural(result.through_cache, 'file')} may have been read from memory instead of the drive. "
            "To be sure, unplug the drive, plug it in and verify again."
        )
    if result.skipped:
        yield f"Skipped {plural(result.skipped, 'file')}, as you asked."
    yield result.proof
    if not result.sound:
        yield "The next backup copies damaged and missing files again if they are still on the iPhone."
