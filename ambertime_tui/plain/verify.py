"""`ambertime verify`: reads an archive back and names what is no longer as it was written."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from ambertime_tui.engine.api.verification import Verification, VerifiedFile, VerifyStatus, verify_archive
from ambertime_tui.exit_codes import ExitCode
from ambertime_tui.plain.output import Output
from ambertime_tui.units import elapsed, plural, size

_VERDICTS = ("whole", "damaged", "missing", "changed", "extra")


def verify(target: Path, out: Output, *, since: float | None = None, sample: float | None = None) -> ExitCode:
    """Verifies; 0 where every recorded file that was looked at is whole, 3 where not.

    Args:
        target: the folder of the archive.
        out: where to tell it.
        since: only files written at or after this time (seconds since 1970).
        sample: only this share of them (0 to 1), picked by chance.

    Raises:
        EngineError: there is no archive that could be read.
        BrokenPipeError: nobody reads the result.
    """

    def tell(status: VerifyStatus) -> None:
        out.progress(
            f"Read back {status.files_done:,} of {plural(status.files_total, 'file')} · "
            f"{size(status.bytes_done)} of {size(status.bytes_total)}"
        )

    def record(file: VerifiedFile) -> None:
        if out.as_json:
            out.record("file", **asdict(file))

    found = verify_archive(target, tell, record, since=since, sample=sample)
    for notice in found.notices:
        out.say(f"Notice: {notice}")
    if out.as_json:
        _summary(found, out)
    else:
        _lines(found, out)
    out.flush()
    return ExitCode.COMPLETE if found.sound else ExitCode.LEFT


def _summary(found: Verification, out: Output) -> None:
    out.record(
        "summary",
        **{verdict: found.counts[verdict] for verdict in _VERDICTS},
        sound=found.sound,
        through_cache=found.through_cache,
        seconds=found.seconds,
        skipped=found.skipped,
        proof=found.proof,
        notices=list(found.notices),
    )


def _lines(found: Verification, out: Output) -> None:
    for file in found.not_whole:
        out.line(f"{file.verdict}: {file.sentence}")
    counts = found.counts
    told = ", ".join(f"{counts[v]:,} {v}" for v in _VERDICTS if counts[v] or v == "whole")
    out.line(f"{told} ({elapsed(found.seconds)})")
    if found.through_cache:
        memory = f"{plural(found.through_cache, 'file')} may have been read from memory"
        out.line(f"{memory}: unplug the drive, plug it in and verify again to be sure.")
    if found.skipped:
        out.line(f"{plural(found.skipped, 'file')} not looked at, as you asked.")
    out.line(found.proof)
    if not found.sound:
        out.line("The next backup copies again what is damaged or missing and still on the iPhone.")
