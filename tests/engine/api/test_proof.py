"""The proof line claims exactly what was verified."""

from __future__ import annotations

from datetime import date

import pytest

from ambertime_tui.engine.api.proof import backup_proof, proof_line
from ambertime_tui.engine.api.status import Proofs


@pytest.mark.parametrize(
    ("from_drive", "through_cache", "words"),
    [
        (1204, 0, "1,204 originals on the drive, read back from the drive, 0 damaged."),
        (0, 2, "2 originals on the drive, read back, maybe from memory (verify again after"),
        (0, 0, "No original was checked."),
    ],
)
def test_reading_from_memory_is_never_called_reading_from_the_drive(
    from_drive: int, through_cache: int, words: str
) -> None:
    assert proof_line(from_drive, through_cache, 0).startswith(words)


def test_a_sample_is_not_reported_as_everything() -> None:
    line = proof_line(60, 0, 1, not_looked_at=1140)
    assert line.startswith("60 originals checked (1,140 files skipped), read back from the drive, 1 damaged")


@pytest.mark.parametrize(
    ("proofs", "words"),
    [
        (
            Proofs(12_300, 0, 45),
            "12,345 originals on the drive, 12,300 proved against Apple's own fingerprint, ",
        ),
        (
            Proofs(12_300, 2, 43),
            "12,300 proved against Apple's own fingerprint, 2 different from it, read back",
        ),
        (Proofs(0, 0, 12_345), "12,345 originals on the drive, not proved by Apple's fingerprint, read back"),
    ],
)
def test_the_proof_against_apples_fingerprint_is_counted(proofs: Proofs, words: str) -> None:
    assert words in proof_line(12_345, 0, 0, proofs=proofs)


def test_a_backup_says_when_the_files_were_read_and_nothing_of_those_it_did_not_read() -> None:
    proofs = Proofs(1_100, 0, 104)
    first = backup_proof(1_204, 0, 0, 0, proofs, 840, None)
    assert first.endswith(
        "read back from the drive. 840 files read back in this run; never verified completely."
    )
    later = backup_proof(1_204, 0, 0, 0, proofs, 0, date(2026, 11, 10))
    assert later.endswith("No file read back in this run; the archive was last verified on 2026-11-10.")
    assert "damaged" not in first + later


def test_a_backup_names_the_files_that_are_known_to_be_damaged() -> None:
    line = backup_proof(1_204, 0, 3, 3, Proofs(1_100, 0, 104), 0, date(2026, 11, 10))
    assert " 3 damaged. Run the backup again to repair them. No file read back in this run;" in line


def test_a_backup_of_nothing_claims_nothing() -> None:
    assert backup_proof(0, 0, 0, 0, Proofs(), 0, date(2026, 11, 10)) == ""
