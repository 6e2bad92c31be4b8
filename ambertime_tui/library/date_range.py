"""The date-range grammar of ``--range`` and of the range picker.

A range consists of whole local calendar days, both ends inclusive. A year, quarter or month means all its
days: ``..2023`` ends with 2023-12-31.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta


class DateRangeError(ValueError):
    """The text is not a valid date range. The message is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class DateRange:
    """Local calendar days of capture, both ends inclusive. None is an open end.

    Raises:
        DateRangeError: the start is after the end.
    """

    start: date | None = None
    end: date | None = None

    def __post_init__(self) -> None:
        if self.start is not None and self.end is not None and self.start > self.end:
            raise DateRangeError(f"The start of the range, {self.start}, is after its end, {self.end}.")

    def __contains__(self, day: date | None) -> bool:
        """True if the day is in the range. Undated assets (None) are only in the unlimited range."""
        if day is None:
            return self.start is None and self.end is None
        return (self.start is None or day >= self.start) and (self.end is None or day <= self.end)

    def __str__(self) -> str:
        """The shortest text that parses to this range on any day: ``2023-05..2024-02``."""
        if self.start is None and self.end is None:
            return "all"
        for length in (4, 7, 10):  # years, months, days
            if _first(self.start, length) == self.start and _last(self.end, length) == self.end:
                start = self.start.isoformat()[:length] if self.start else ""
                end = self.end.isoformat()[:length] if self.end else ""
                return start if start == end else f"{start}..{end}"
        raise AssertionError("a range always consists of whole days")


EVERYTHING = DateRange()
"""All assets, including undated ones."""

FORMS = "2023, 2023-05-17, 2023q2, 2023-05..2024-02, ..2023, since 2024, last 90 days, all"
"""Examples for help texts and errors."""
QUOTED = 20
"""Characters of an invalid range that an error repeats, so that it fits two rows of 80 cells."""

_Span = tuple[date, date]

_YEAR = re.compile(r"(\d{4})")
_QUARTER = re.compile(r"(\d{4})-?q([1-4])")
_MONTH = re.compile(r"(\d{4})-(\d{1,2})")
_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_NAMED = re.compile(r"(this|last) (year|quarter|month|week)")
_PAST = re.compile(r"(?:last |past )?(\d+) ?(days?|d|weeks?|w|months?|m|years?|y)")
_OLDER = re.compile(r"older than (\d+ ?(?:days?|d|weeks?|w|months?|m|years?|y))")
_TWO_ENDS = re.compile(r"(?:from )?(.*?) ?(?:\.\.+|…|,| to ) ?(.*)")
_ONE_END = re.compile(r"(since|from|after|until|till|before) (.+)")


def parse_date_range(text: str, today: date) -> DateRange:
    """Parse a date range.

    Args:
        text: one of the forms in `FORMS`. Case and amount of whitespace do not matter.
        today: reference day for ``today``, ``this month``, ``last 90 days`` and ``older than 2 years``.

    Raises:
        DateRangeError: the text is not a valid range.
    """
    words = " ".join(text.lower().split())
    if words in ("all", "everything", ".."):
        return EVERYTHING
    if not words:
        raise DateRangeError(f"The range is empty. Use one of: {FORMS}.")
    if match := _TWO_ENDS.fullmatch(words):
        start = _span(match[1], today)[0] if match[1] else None
        end = _span(match[2], today)[1] if match[2] else None
        return DateRange(start, end)
    if match := _OLDER.fullmatch(words):
        return _one_end("before", _span(match[1], today))
    if match := _ONE_END.fullmatch(words):
        return _one_end(match[1], _span(match[2], today))
    return DateRange(*_span(words, today))


def is_relative(text: str) -> bool:
    """True for a valid range that moves with the day, such as ``last 90 days``.

    Raises:
        DateRangeError: the text is not a valid range.
    """
    return parse_date_range(text, date(2024, 3, 15)) != parse_date_range(text, date(2026, 8, 20))


def _one_end(word: str, span: _Span) -> DateRange:
    first, last = span
    try:
        if word in ("since", "from"):
            return DateRange(first, None)
        if word in ("until", "till"):
            return DateRange(None, last)
        if word == "after":
            return DateRange(last + timedelta(days=1), None)
        return DateRange(None, first - timedelta(days=1))
    except OverflowError:
        raise DateRangeError(f"There is no day {word} {first if word == 'before' else last}.") from None


def _span(words: str, today: date) -> _Span:
    """Return the first and last day of a term: a year, a month, ``yesterday``, ``last 6 months``."""
    try:
        for pattern, meaning in _TERMS:
            if match := pattern.fullmatch(words):
                return meaning(match, today)
    except DateRangeError:
        raise
    except (ValueError, OverflowError) as error:
        raise DateRangeError(_why(words, error)) from None
    shown = words if len(words) <= QUOTED else words[: QUOTED - 1] + "…"
    raise DateRangeError(f"“{shown}” is not a date or range. Use one of: {FORMS}.")


def _why(words: str, error: Exception) -> str:
    reason = str(error)
    if "month must be" in reason or "bad month" in reason:
        return f"“{words}” has an invalid month. Use 01 to 12."
    if "day is out of range" in reason or "day must be" in reason:
        return f"“{words}” has a day that does not exist in its month."
    return f"“{words}” is outside the years 0001 to 9999."


def _year(match: re.Match[str], today: date) -> _Span:
    year = int(match[1])
    return date(year, 1, 1), date(year, 12, 31)


def _quarter(match: re.Match[str], today: date) -> _Span:
    return _months(int(match[1]), 3 * int(match[2]) - 2, 3)


def _month(match: re.Match[str], today: date) -> _Span:
    return _months(int(match[1]), int(match[2]), 1)


def _day(match: re.Match[str], today: date) -> _Span:
    day = date(int(match[1]), int(match[2]), int(match[3]))
    return day, day


def _today(match: re.Match[str], today: date) -> _Span:
    day = today - timedelta(days=1) if match[0] == "yesterday" else today
    return day, day


def _named(match: re.Match[str], today: date) -> _Span:
    """``this`` and ``last`` calendar unit. Weeks start on Monday."""
    back = 1 if match[1] == "last" else 0
    if match[2] == "week":
        monday = today - timedelta(days=today.weekday() + 7 * back)
        return monday, monday + timedelta(days=6)
    length = {"year": 12, "quarter": 3, "month": 1}[match[2]]
    months = (today.year * 12 + today.month - 1) // length * length - back * length
    return _months(months // 12, months % 12 + 1, length)


def _past(match: re.Match[str], today: date) -> _Span:
    """The days up to and including today: ``last 7 days`` is seven days."""
    count, unit = int(match[1]), match[2][0]
    if count == 0:
        raise DateRangeError(f"“{match[0]}” is empty. Use 1 or more.")
    if unit in "dw":
        return today - timedelta(days=count * (7 if unit == "w" else 1) - 1), today
    months = today.year * 12 + today.month - 1 - count * (12 if unit == "y" else 1)
    first, last = _months(months // 12, months % 12 + 1, 1)
    return min(first.replace(day=min(today.day, last.day)) + timedelta(days=1), today), today


_TERMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], _Span]], ...] = (
    (_YEAR, _year),
    (_QUARTER, _quarter),
    (_MONTH, _month),
    (_DAY, _day),
    (re.compile("today|yesterday"), _today),
    (_NAMED, _named),
    (_PAST, _past),
)


def _months(year: int, month: int, count: int) -> _Span:
    """The first day of a month, and the last day of the month `count` - 1 months later in the same year."""
    first = date(year, month, 1)
    return first, date(year, month + count - 1, monthrange(year, month + count - 1)[1])


def _first(day: date | None, length: int) -> date | None:
    """The first day of a day's year (4), month (7) or the day itself (10 characters of ISO)."""
    if day is None or length == 10:
        return day
    return day.replace(day=1) if length == 7 else day.replace(month=1, day=1)


def _last(day: date | None, length: int) -> date | None:
    if day is None or length == 10:
        return day
    return _months(day.year, day.month, 1)[1] if length == 7 else day.replace(month=12, day=31)
