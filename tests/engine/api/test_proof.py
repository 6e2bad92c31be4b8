"""The proof line claims exactly what was verified."""

from __future__ import annotations

import pytest

from ambertime_tui.engine.api.proof import proof_line


@pytest.mark.parametrize(
    ("from_drive", "through_cache", "words"),
    [
        (1204, 0, "1,204 originals on the drive, read back from the drive, 0 damaged."),
        (0, 2, "2 originals on the drive, read back, maybe from memory (verify again after"),
        (0, 0, "0 originals on the drive, read back from the drive, 0 damaged."),
    ],
)
def test_reading_from_memory_is_never_called_reading_from_the_drive(
    from_drive: int, through_cache: int, words: str
) -> None:
    assert proof_line(from_drive, through_cache, 0).startswith(words)


def test_a_sample_is_not_reported_as_everything() -> None:
    line = proof_line(60, 0, 1, not_looked_at=1140)
    assert line.startswith("60 originals checked (1,140 files skipped), read back from the drive, 1 damaged")
