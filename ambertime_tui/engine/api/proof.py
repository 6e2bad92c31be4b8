"""The proof line of a report: what is on the drive, how and when it was checked, what is damaged. Pure."""

from __future__ import annotations

from datetime import date

from ambertime_tui import units
from ambertime_tui.engine.api.status import Proofs


def backup_proof(
    from_drive: int,
    through_cache: int,
    damaged: int,
    repairable: int,
    proofs: Proofs,
    read_now: int,
    verified_on: date | None,
) -> str:
    """Return what a backup can say of the originals on the drive, and when that was seen.

    Args:
        from_drive: originals that were read back from the drive itself when they were written or verified.
        through_cache: originals that may have been read back from memory instead.
        damaged: files that are known to differ from what was written.
        repairable: how many of the damaged files the next backup can copy again.
        proofs: what Apple's fingerprint says about the originals.
        read_now: files that this run read back.
        verified_on: the day on which the whole archive was last verified; None: not known.
    """
    total = from_drive + through_cache
    if not total and not damaged:
        return ""
    read = _how_read(from_drive, through_cache)
    sentences = [f"{units.plural(total, 'original')} on the drive, {_fingerprints(proofs)}, {read}."]
    if not total:
        sentences = []
    if damaged:
        sentences.append(f"{units.count(damaged)} damaged.{_what_to_do(damaged, repairable)}")
    now = f"{units.plural(read_now, 'file') if read_now else 'No file'} read back in this run"
    last = f"the archive was last verified on {verified_on}" if verified_on else "never verified completely"
    return " ".join((*sentences, f"{now}; {last}."))


def proof_line(
    from_drive: int,
    through_cache: int,
    damaged: int,
    not_looked_at: int = 0,
    repairable: int | None = None,
    proofs: Proofs | None = None,
) -> str:
    """Return the proof line of a verification, which has just read the files.

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
    if not from_drive and not through_cache and not damaged:
        skipped = f" ({units.plural(not_looked_at, 'file')} skipped)" if not_looked_at else ""
        return f"No original was checked{skipped}."
    read = _how_read(from_drive, through_cache)
    if proofs is not None and from_drive + through_cache:
        read = f"{_fingerprints(proofs)}, {read}"
    return f"{total}{checked}, {read}, {units.count(damaged)} damaged.{_what_to_do(damaged, repairable)}"


def _how_read(from_drive: int, through_cache: int) -> str:
    if not through_cache:
        return "read back from the drive"
    if not from_drive:
        return "read back, maybe from memory (verify again after reconnecting the drive)"
    return (
        f"{units.count(from_drive)} read back from the drive, {units.count(through_cache)} maybe from "
        "memory (verify again after reconnecting the drive)"
    )


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
