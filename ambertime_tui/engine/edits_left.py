"""Edits that are not on the drive although the originals are."""

from __future__ import annotations

from collections.abc import Iterator

from ambertime_tui.engine.census import Bucket, Endings, left_as
from ambertime_tui.engine.plan import Fate, Plan
from ambertime_tui.engine.planner import EDIT_IN_ICLOUD, EDIT_TOO_LARGE
from ambertime_tui.engine.status import Left

EDITS = frozenset({EDIT_IN_ICLOUD, EDIT_TOO_LARGE})
"""Reasons of entries that stand for the edit alone."""


def edits_left(plan: Plan, endings: Endings) -> Iterator[Left]:
    """An entry for each asset whose originals are on the drive and whose edit is not."""
    for number in plan.numbers(Fate.COPY, Fate.ALREADY):
        reason, sentence = plan.words_of(number)
        if reason in EDITS and endings.of(number).bucket in (Bucket.COPIED, Bucket.ALREADY):
            planned = plan[number]
            entry = left_as(planned, endings.of(number))
            yield Left(entry.uuid, entry.original_filename, entry.day, 0, reason, sentence)
