"""The results of `ambertime doctor`, for people. Pure."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

from ambertime_tui.engine.api.doctor import Area, Finding, Level
from ambertime_tui.engine.api.doctor_rows import RowVerdict, Settled
from ambertime_tui.units import plural

MARKS = {Level.FINE: "  ok   ", Level.NOTE: "  note ", Level.WRONG: "WRONG  "}
"""Before each finding, of equal width."""
HEADINGS = {Area.COMPUTER: "Computer", Area.DRIVE: "Drive", Area.PHONE: "iPhone"}


def finding_lines(finding: Finding, width: int) -> Iterator[str]:
    """One finding, wrapped."""
    mark = MARKS[finding.level]
    yield from textwrap.wrap(
        finding.sentence,
        max(width, 40),
        initial_indent=mark,
        subsequent_indent=" " * len(mark),
        break_long_words=False,
        break_on_hyphens=False,
    )


def summary_line(findings: Sequence[Finding], *, complete: bool = True) -> str:
    """How many findings there are of each level."""
    levels = Counter(finding.level for finding in findings)
    if not complete:
        return "The checks were stopped before their end."
    if levels[Level.WRONG]:
        sentence = f"{plural(levels[Level.WRONG], 'thing is', 'things are')} wrong"
    else:
        sentence = "Nothing is wrong"
    return f"{sentence}; {levels[Level.NOTE]:,} worth knowing, {levels[Level.FINE]:,} fine."


def comparison_lines(verdicts: Sequence[RowVerdict]) -> Iterator[str]:
    """The rows that a report settles, and the open ones in one line each."""
    settled = [one for one in verdicts if one.settled is not Settled.OPEN]
    width = max((len(one.row) for one in verdicts), default=0)
    for one in sorted(verdicts, key=lambda verdict: verdict.settled is Settled.OPEN):
        yield f"{one.settled.value:<9}  {one.row:<{width}}  {one.sentence}"
    yield f"The report settles {len(settled)} of {plural(len(verdicts), 'row')}."
