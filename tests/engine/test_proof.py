"""The one line a person can trust says neither more nor less than was found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ambertime_tui.drive.recorded import ReadBack
from ambertime_tui.engine.proof import proof_of, proved
from ambertime_tui.library.model import Role
from tests.engine.libraries import recorded_asset, recorded_file


def test_only_originals_are_counted_and_any_file_may_be_damaged() -> None:
    photo, edit = recorded_file(Role.PHOTO, 1), recorded_file(Role.EDITED_PHOTO, 1)
    cached = replace(recorded_file(Role.PAIRED_VIDEO, 1), read_back=ReadBack.THROUGH_CACHE)
    both = recorded_asset("A", (photo, cached, edit))
    assert proof_of([recorded_asset("A", (photo, edit))], {}) == (
        "1 original on the drive, read back from the drive, 0 damaged."
    )
    assert "1 read back from the drive, 1 maybe from memory" in proof_of([both], {})
    assert proof_of([both], {"A": (edit,)}).endswith(
        "1 damaged: run the backup again to have them put right."
    )


@pytest.mark.parametrize(
    ("from_drive", "through_cache", "words"),
    [
        (1204, 0, "1,204 originals on the drive, read back from the drive, 0 damaged."),
        (0, 2, "2 originals on the drive, read back, maybe from memory (verify after plugging"),
        (0, 0, "0 originals on the drive, read back from the drive, 0 damaged."),
    ],
)
def test_reading_from_memory_is_never_called_reading_from_the_drive(
    from_drive: int, through_cache: int, words: str
) -> None:
    assert proved(from_drive, through_cache, 0).startswith(words)
