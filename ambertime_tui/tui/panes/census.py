"""End: the census of the library, and what is not on the drive, grouped by reason, with what to do."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ambertime_tui.engine.api.status import Census, JobStatus, Left, Outcome, Tally
from ambertime_tui.tui.glyphs import Glyphs
from ambertime_tui.tui.panes.rows import state_word
from ambertime_tui.tui.panes.totals import OUTCOME_WORDS
from ambertime_tui.tui.widgets.spans import Line, Span, Style, joined, line, shorten, spread, wrap
from ambertime_tui.units import SIZE_WIDTH, count, elapsed, plural, size

BUCKETS: tuple[tuple[str, str, Style], ...] = (
    ("copied", "Copied now", "good"),
    ("already", "Already on the drive", "good"),
    ("icloud", "Still only in iCloud", "icloud"),
    ("failed", "Failed", "bad"),
    ("excluded", "Left out", "muted"),
)


@dataclass(frozen=True, slots=True)
class LeftGroup:
    """Assets that are not on the drive for the same reason."""

    reason: str
    sentence: str
    tally: Tally


def groups_of(left: Iterable[Left]) -> tuple[LeftGroup, ...]:
    """Group what is left by reason and sentence, the largest group first.

    Sentences that differ only in names and numbers form one group, with the first as its example.
    """
    groups: dict[tuple[str, str], _Group] = {}
    kinds: Counter[str] = Counter()
    for item in left:
        key = (item.reason, _shape(item))
        if key not in groups:
            if kinds[item.reason] >= MOST_GROUPS:
                key = next(known for known in groups if known[0] == item.reason)
            else:
                kinds[item.reason] += 1
                groups[key] = _Group(item.reason, item.sentence)
        group = groups[key]
        group.count += 1
        group.bytes += item.bytes
        group.varies |= item.sentence != group.sentence
    ordered = sorted(groups.values(), key=lambda group: -group.count)
    return tuple(LeftGroup(g.reason, g.words, Tally(g.count, g.bytes)) for g in ordered)


MOST_GROUPS = 4
"""Most groups for one reason; further sentences join the first group."""
_NAMES_AND_NUMBERS = re.compile(r"\S+\.\w{2,5}\b|[\d.,]+")


def _shape(item: Left) -> str:
    return _NAMES_AND_NUMBERS.sub("*", item.sentence.replace(item.original_filename, "*"))


@dataclass(slots=True)
class _Group:
    reason: str
    sentence: str
    count: int = 0
    bytes: int = 0
    varies: bool = False

    @property
    def words(self) -> str:
        return f"For example: {self.sentence}" if self.varies else self.sentence


def headline(status: JobStatus, cells: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """How the job ended, in words and totals."""
    outcome = status.outcome or Outcome.FAILED
    words = {
        Outcome.COMPLETE: "Everything you selected is on the drive.",
        Outcome.LEFT: "Finished, but some of the items you selected are not on the drive. See below.",
        Outcome.FAILED: "The backup could not finish. All files written are complete and recorded.",
        Outcome.INTERRUPTED: "Stopped early. Files written are complete; a new run resumes from here.",
    }[outcome]
    mark = {Outcome.COMPLETE: glyphs.ok, Outcome.FAILED: glyphs.failed}.get(outcome, glyphs.warning)
    style = OUTCOME_WORDS[outcome][1]
    rows = wrap(status.sentence or words, cells - 2, "strong", 5, glyphs.ellipsis)
    lines = [line(Span(f"{mark} " if n == 0 else "  ", style), *row) for n, row in enumerate(rows)]
    write = status.write
    seconds = (status.ended_at or status.now) - status.started_at
    summary = [
        f"{plural(write.files_written, 'file')}, {size(write.written.bytes)} in {elapsed(seconds)}",
        f"{count(write.read_back)} read back from the drive" if write.read_back else "",
        f"{count(write.through_cache)} verified through the cache" if write.through_cache else "",
    ]
    lines += (
        [line("  ", *row) for row in wrap(status.proof, cells - 2, "good", 3, glyphs.ellipsis)]
        if status.proof
        else []
    )
    figures = joined([Span(text, "muted") for text in summary if text], cells - 2, f" {glyphs.dot} ", 2)
    lines += [line("  ", *row) for row in figures]
    return tuple(lines)


def census_lines(census: Census, cells: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """The buckets, each with its reasons, and their sum, which must equal the library."""
    lines: list[Line] = []
    for bucket, label, style in BUCKETS:
        rows = [row for row in census.lines if row.bucket == bucket and row.count]
        if not rows:
            continue
        total = Tally(sum(row.count for row in rows), sum(row.bytes for row in rows))
        lines.append(_figures(line(Span(label, style)), total, cells, strong=True))
        if any(row.reason for row in rows) and (len(rows) > 1 or bucket not in ("copied", "already")):
            lines += [
                _figures(
                    line("  ", Span(shorten(row.reason, REASON_WIDTH, glyphs.ellipsis), "muted")),
                    Tally(row.count, row.bytes),
                    cells,
                    strong=False,
                )
                for row in rows
            ]
    lines.append(line(Span(glyphs.rail * min(cells, WIDEST), "rail")))
    verdict = (
        line("All items in the library ", Span(f"{glyphs.ok} adds up", "good"))
        if census.holds
        else line(Span(f"{glyphs.failed} The library has {count(census.library)}. Please report this", "bad"))
    )
    total = Tally(sum(row.count for row in census.lines), sum(row.bytes for row in census.lines))
    lines.append(_figures(verdict, total, cells, strong=True))
    tallies = [
        Span(f"{count(census.in_part)} in part", "icloud") if census.in_part else None,
        Span(f"{count(census.repaired)} repaired", "good") if census.repaired else None,
        Span(f"{count(census.pending)} still being processed by the iPhone", "warn")
        if census.pending
        else None,
    ]
    lines += joined([span for span in tallies if span is not None], cells, f" {glyphs.dot} ")
    return tuple(lines)


WIDEST = 76
REASON_WIDTH = WIDEST - 2 - 20


def _figures(label: Line, tally: Tally, cells: int, *, strong: bool) -> Line:
    text = f" {count(tally.count):>9}  {size(tally.bytes):>{SIZE_WIDTH}}"
    return spread(label, (Span(text, "strong" if strong else "muted"),), min(cells, WIDEST))


def group_lines(groups: tuple[LeftGroup, ...], cells: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """Each group: count, size and what to do."""
    lines: list[Line] = []
    for group in groups:
        style: Style = "icloud" if group.reason.startswith("icloud") else "warn"
        lines.append(
            line(
                Span(f"{glyphs.dot} ", style),
                Span(f"{plural(group.tally.count, 'item')}", "strong"),
                Span(f"  {size(group.tally.bytes)}  {state_word(group.reason)[0]}", "muted"),
            )
        )
        rows = wrap(group.sentence, min(cells, 96) - 2, "text", 5, glyphs.ellipsis)
        lines += [line("  ", *row) for row in rows]
    return tuple(lines)


def afterwards_lines(status: JobStatus, cells: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """What the job needed changed on the phone, and how to change it back."""
    mark = f"{glyphs.arrow} "
    rows = wrap(status.afterwards, min(cells, 96) - len(mark), "text", 5, glyphs.ellipsis)
    return tuple(line(Span(" " * len(mark) if n else mark, "accent"), *row) for n, row in enumerate(rows))
