"""The proof line of a report: what is on the drive, how it was verified, and what is damaged. Pure."""

from __future__ import annotations

from ambertime_tui import units
from ambertime_tui.engine.api.status import Proofs


def proof_line(
    from_drive: int,
    through_cache: int,
    damaged: int,
    not_looked_at: int = 0,
    repairable: int | None = None,
    proofs: Proofs | None = None,
) -> str:
    """Return the proof line.

    Args:
        from_drive: originals that were read back from the drive itself.
        through_cache: originals that may have been read back from memory instead.
        damaged: files that differ from what was written.
        not_looked_at: files left out by a sample.
        repairable: how many of the damaged files the next backup can copy again; None: not known.
        proofs: what Apple's fingerprint says about the originals; None: it was not asked.
    """
    total = units.plural(from_drive + through_cache, "original")
    checked = (
        f" checked ({units.plural(not_looked_at, 'file')} skipped)" if not_looked_at else " on the drive"
    )
    if not through_cache:
        read = "read back from the drive"
    elif not from_drive:
        read = "read back, maybe from memory (verify again after reconnecting the drive)"
    else:
        read = (
            f"{units.count(from_drive)} read back from the drive, {units.count(through_cache)} maybe from "
            "memory (verify again after reconnecting the drive)"
        )
    if proofs is not None and from_drive + through_cache:
        read = f"{_fingerprints(proofs)}, {read}"
    return f"{total}{checked}, {read}, {units.count(damaged)} damaged.{_what_to_do(damaged, repairable)}"


def _what_to_do(damaged: int, repairable: int | None) -> str:
    if not damaged:
        return ""
    if repairable is None:
        return " Run the backup again to repair what is still on the iPhone."
    if repairable == damaged:
        return f" Run the backup again to repair {'it' if damaged == 1 else 'them'}."
    if not repairable:
        return f" {'It is' if damaged == 1 else 'Each is'} listed with what to do."
    return f" Run the backup again to repair {units.count(repairable)} of them; each is listed."


def _fingerprints(proofs: Proofs) -> str:
    differs = f", {units.count(proofs.differs)} different from it" if proofs.differs else ""
    if not proofs.proved and not differs:
        return "not proved by Apple's fingerprint"
    return f"{units.count(proofs.proved)} proved against Apple's own fingerprint{differs}"
