"""The question after a trial, as lines, and the answers that a person can type."""

from __future__ import annotations

import pytest

from ambertime_tui.engine.api.client import Command, CommandName
from ambertime_tui.engine.api.spec import FetchWay
from ambertime_tui.engine.api.trial import TrialState, TrialStatus
from ambertime_tui.plain.trial_question import answer, question_lines

OTHERS = (FetchWay.SHORTCUT, FetchWay.BY_HAND)
TRIAL = TrialStatus(TrialState.ASKING, FetchWay.KEEP_ORIGINALS, others=OTHERS)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("\n", Command(CommandName.TRIAL)),
        (" C \n", Command(CommandName.TRIAL)),
        ("1\n", Command(CommandName.WAY, "shortcut")),
        ("2\n", Command(CommandName.WAY, "by-hand")),
        ("f\n", Command(CommandName.FINISH)),
        ("3\n", None),
        ("0\n", None),
        ("²\n", None),
        ("yes\n", None),
    ],
)
def test_an_answer_is_one_of_those_offered(text: str, command: Command | None) -> None:
    assert answer(text, TRIAL) == command


def test_every_answer_is_offered() -> None:
    lines = "\n".join(question_lines(TRIAL))
    for key in ("c", "1", "2", "f"):
        assert f"  {key}  " in lines
