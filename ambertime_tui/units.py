"""Numbers as people read them: sizes, rates, counts, plurals, durations. Every room formats them here.

Widths have a limit, so that columns do not move.
"""

from __future__ import annotations

from collections.abc import Sequence

import humanize

SIZE_WIDTH = 7
"""Cells that `size` needs at most."""
RATE_WIDTH = 9
"""Cells that `rate` needs at most."""


def size(count: int) -> str:
    """Bytes in decimal units, as on a drive's box and in iOS: ``18.4 GB``, ``412 GB``, ``0 B``."""
    if count < 1000:
        return f"{count} B"
    fine = humanize.naturalsize(count)
    return fine if len(fine) <= SIZE_WIDTH else humanize.naturalsize(count, format="%.0f")


def rate(bytes_a_second: float | None) -> str:
    """A rate, ``42.0 MB/s``; a dash where it is unknown."""
    return "–" if bytes_a_second is None else f"{size(int(bytes_a_second))}/s"


def count(number: int) -> str:
    """A count with thousands separators: ``29,547``."""
    return f"{number:,}"


def plural(number: int, one: str, many: str = "") -> str:
    """A count and its word: ``1 item``, ``2,341 items``.

    Args:
        number: how many.
        one: the word, or words with their verb, for one: ``item``, ``item is``.
        many: the same for any other number; by default `one` with an s.
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def first_of(names: Sequence[str], shown: int, total: int | None = None) -> str:
    """The first names of a list and how many follow: ``IMG_1.HEIC, IMG_2.HEIC and 1,204 more``.

    Args:
        names: all names, or at least those to show.
        shown: how many names to show at most.
        total: how many there are; by default the length of `names`.
    """
    said = names[:shown]
    more = (len(names) if total is None else total) - len(said)
    return ", ".join(said) + (f" and {more:,} more" if more > 0 else "")


def percent(done: int, total: int) -> str:
    """A share as ``51%``, rounded down, so that 100% means all; padded to four cells."""
    return f"{100 * done // total if total else 0:>3}%"


def elapsed(seconds: float) -> str:
    """A duration as a clock shows it: ``0:08``, ``12:34``, ``1:02:03``."""
    whole = max(0, int(seconds))
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def duration(seconds: float) -> str:
    """A duration in a sentence, in one unit: ``45 s``, ``30 min``, ``90 min``, ``2 h``."""
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 120 or minutes % 60 else f"{minutes // 60} h"


def about(seconds: float) -> str:
    """An estimate, rounded to what it is worth: ``under a minute``, ``6 min``, ``2 h 10 min``."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "under a minute"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 10 * 60:
        hours, rest = divmod(minutes // 10 * 10, 60)
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    hours = round(seconds / 3600)
    return f"{hours} h" if hours < 48 else f"{round(hours / 24)} days"


def ago(seconds: float) -> str:
    """The time since a past moment: ``just now``, ``12 s ago``, ``4 min ago``, ``2 h ago``."""
    whole = int(seconds)
    if whole < 2:
        return "just now"
    if whole < 60:
        return f"{whole} s ago"
    if whole < 3600:
        return f"{whole // 60} min ago"
    return f"{whole // 3600} h ago"
