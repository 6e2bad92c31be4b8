"""Found items, for people. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ambertime_tui.engine.api.finding import Found
from ambertime_tui.units import plural, size

_HASH = 12
"""Digits of a SHA-256 in a line; `--json` has all of them."""


def found_lines(items: Sequence[Found]) -> Iterator[str]:
    """One line for each file: day, size, proof, start of the SHA-256, path. Then the sum."""
    count, total = 0, 0
    for item in items:
        for file in item.files:
            count, total = count + 1, total + file.size
            yield (
                f"{item.day or 'undated':<10}  {size(file.size):>9}  {file.proof or '-':<8}  "
                f"{file.sha256[:_HASH]}  {file.path}"
            )
    if items:
        yield f"{plural(len(items), 'item')}, {plural(count, 'file')}, {size(total)}."
    else:
        yield "Nothing found."
