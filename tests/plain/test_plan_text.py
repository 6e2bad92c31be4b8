"""A plan as text: each line says what would be done with its items."""

from __future__ import annotations

from pathlib import Path

import pytest

from ambertime_tui.engine.api.planned_run import Action, PlanLine, PlannedRun
from ambertime_tui.engine.api.protocol import Preview
from ambertime_tui.engine.api.spec import JobSpec
from ambertime_tui.engine.api.status import Outcome
from ambertime_tui.plain.plan_text import plan_lines


def text_of(*lines: PlanLine, outcome: Outcome = Outcome.COMPLETE) -> list[str]:
    spec = JobSpec(str(Path("/drive")), "UDID")
    return list(plan_lines(PlannedRun(spec, "UDID", lines, Preview(needed=9_000_000), outcome, "Why.")))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (PlanLine(Action.COPY, "", "", 4, 7000, 0), "4  7.0 kB  to copy"),
        (
            PlanLine(Action.COPY, "in_part", "in part", 4, 7000, 900),
            "4  7.0 kB  to copy (900 B more in iCloud)",
        ),
        (
            PlanLine(Action.ICLOUD, "in_part", "in part", 4, 7000, 0),
            "4  7.0 kB  only in iCloud, left there; their other files are on the drive",
        ),
        (
            PlanLine(Action.CANNOT, "pending", "still being processed", 4, 7000, 0),
            "4  7.0 kB  cannot be copied: still being processed",
        ),
        (PlanLine(Action.EXCLUDED, "hidden", "hidden", 4, 7000, 0), "4  7.0 kB  not selected: hidden"),
    ],
)
def test_a_line_says_what_would_be_done(line: PlanLine, words: str) -> None:
    assert text_of(line)[1:3] == ["4          in the library", words]


def test_the_end_says_how_a_run_would_end() -> None:
    assert text_of()[-2:] == ["Space needed on the drive: 9.0 MB.", "Why. Its exit code would be 0."]
    assert text_of(outcome=Outcome.FAILED)[-1] == "A run would fail (exit code 1). Why."
