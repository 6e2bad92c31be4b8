"""A histogram of a library by month: what is on the phone, and what is only in iCloud. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from ambertime_tui.engine.api.overview import MonthTotals, Totals


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters of a histogram. They differ, so that it can be read without colour."""

    local: str = "█"
    icloud: str = "▒"
    missing: str = "×"
    side: str = "│"
    mark: str = "┤"
    corner: str = "└"
    floor: str = "─"


UNICODE = Glyphs()
ASCII = Glyphs(local="#", icloud="o", missing="x", side="|", mark="+", corner="+", floor="-")


def glyphs_for(encoding: str, *, ascii_only: bool) -> Glyphs:
    """The characters that a stream with this encoding can write."""
    try:
        "".join(getattr(UNICODE, f.name) for f in fields(UNICODE)).encode(encoding)
    except UnicodeEncodeError:
        return ASCII
    return ASCII if ascii_only else UNICODE


_BUCKETS = (1, 2, 3, 6, 12, 24, 60, 120, 600, 1200)
"""Months in one column, if the terminal is too narrow for one column per month."""
_WIDEST = 4


@dataclass(frozen=True, slots=True)
class Column:
    """One column: a run of months."""

    first: int
    """Months since year 0: year * 12 + month - 1."""
    parts: tuple[int, int, int]
    """Assets on the phone, only in iCloud, missing."""


def columns_of(months: Sequence[MonthTotals], most: int) -> tuple[int, tuple[Column, ...]]:
    """The months from the first to the last, including empty ones, in at most `most` columns.

    Returns:
        The number of months in one column, and the columns.
    """
    at = {_number(m.month): m.totals for m in months}
    if not at:
        return 1, ()
    first, last = min(at), max(at)
    size = next((s for s in _BUCKETS if last // s - first // s < most), last + 1)
    sums: dict[int, Totals] = {}
    for number, totals in at.items():
        sums[number // size] = sums.get(number // size, Totals()) + totals
    return size, tuple(
        _column(b * size, sums.get(b, Totals())) for b in range(first // size, last // size + 1)
    )


def _column(first: int, totals: Totals) -> Column:
    return Column(first, (totals.local.count, totals.icloud.count, totals.missing.count))


def heights(parts: tuple[int, int, int], highest: int, rows: int) -> tuple[int, int, int]:
    """The cells of each part of a column, if a column of `highest` assets has `rows` cells.

    A part that is not empty has at least one cell: a single iCloud-only original among thousands is visible.
    """
    total = sum(parts)
    if not total:
        return 0, 0, 0
    shown = [p for p in parts if p]
    cells = max(len(shown), round(total / highest * rows))
    given = [max(1, cells * p // total) if p else 0 for p in parts]
    biggest = max(range(3), key=lambda i: parts[i])
    given[biggest] += cells - sum(given)
    return given[0], given[1], given[2]


def picture(months: Sequence[MonthTotals], *, width: int, rows: int, glyphs: Glyphs) -> list[str]:
    """The histogram with its axis and the years below; empty if there is nothing to draw."""
    highest_label = 9
    room = max(12, width - highest_label - 2)
    size, columns = columns_of(months, room)
    if not columns:
        return []
    wide = max(1, min(_WIDEST, room // len(columns)))
    highest = max(sum(c.parts) for c in columns)
    stacks = []
    for column in columns:
        local, icloud, missing = heights(column.parts, highest, rows)
        stacks.append(glyphs.local * local + glyphs.icloud * icloud + glyphs.missing * missing)
    lines = []
    for row in range(rows - 1, -1, -1):
        label = f"{highest:,}" if row == rows - 1 else ""
        edge = glyphs.mark if label else glyphs.side
        cells = "".join(_cell(stack[row] if row < len(stack) else " ", wide) for stack in stacks)
        lines.append(f"{label:>{highest_label}} {edge}{cells}".rstrip())
    lines.append(f"{'0':>{highest_label}} {glyphs.corner}{glyphs.floor * (wide * len(columns))}")
    lines.append(" " * (highest_label + 2) + _years(columns, size, wide))
    return lines


def _cell(glyph: str, wide: int) -> str:
    return glyph if wide == 1 else glyph * (wide - 1) + " "


def _years(columns: Sequence[Column], size: int, wide: int) -> str:
    line = ""
    for index, column in enumerate(columns):
        year, begins = divmod(column.first, 12)
        if index and begins >= size:
            continue  # no January in this column
        at = index * wide
        if not line or at > len(line):
            line = line.ljust(at) + f"{year}"
    return line


def _number(month: str) -> int:
    year, _, of_year = month.partition("-")
    return int(year) * 12 + int(of_year) - 1
