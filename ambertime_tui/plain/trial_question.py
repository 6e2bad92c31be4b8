"""The question after the trial of a way of asking, for a person at a terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ambertime_tui.engine.api.client import Command, CommandName
from ambertime_tui.engine.api.fetch_ways import EXPLAINED
from ambertime_tui.engine.api.trial import TrialStatus


def question_lines(trial: TrialStatus) -> Iterator[str]:
    """The possible answers."""
    yield "How should the backup continue? Type a letter or number, then Enter:"
    yield f"  c  this way: {EXPLAINED[trial.way].name} (also if you do not answer)"
    for number, way in enumerate(trial.others, start=1):
        yield f"  {number}  instead: {EXPLAINED[way].name}"
    yield "  f  finish without the originals in iCloud"


def answer(text: str, trial: TrialStatus) -> Command | None:
    """What an answer means; None: it is none of those offered."""
    wanted = text.strip().lower()
    if wanted in ("", "c"):
        return Command(CommandName.TRIAL)
    if wanted == "f":
        return Command(CommandName.FINISH)
    if wanted.isascii() and wanted.isdigit() and 0 < int(wanted) <= len(trial.others):
        return Command(CommandName.WAY, trial.others[int(wanted) - 1].value)
    return None
