"""Notices about problems in a library: one sentence per problem, with the affected assets."""

from __future__ import annotations

from collections.abc import Iterable

from ambertime_tui import units

NAMES_PER_NOTICE = 20
"""Number of assets named in a sentence; the rest are counted."""


def printable(text: str, limit: int = 120) -> str:
    """Make text from the phone safe for a terminal: replace control characters and cut it at `limit`."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


class Notices:
    """Collects problems while a library is read. Even a badly damaged library gives only a page of text."""

    def __init__(self, sentences: Iterable[str] = ()) -> None:
        """
        Args:
            sentences: complete sentences to start with.
        """
        self._sentences = list(sentences)
        self._names: dict[str, list[str]] = {}
        self._counts: dict[str, int] = {}

    def add(self, sentence: str) -> None:
        """Add a complete sentence."""
        self._sentences.append(sentence)

    def about(self, name: str, problem: str) -> None:
        """Add an asset or file to those with a problem. `problem` continues the sentence after the name."""
        self._counts[problem] = self._counts.get(problem, 0) + 1
        names = self._names.setdefault(problem, [])
        if len(names) < NAMES_PER_NOTICE:
            names.append(printable(name, 240))

    def sentences(self) -> tuple[str, ...]:
        """Return complete sentences first, then one sentence per problem, in order of appearance."""
        return (*self._sentences, *(self._sentence(problem) for problem in self._names))

    def _sentence(self, problem: str) -> str:
        names, number = self._names[problem], self._counts[problem]
        if number == 1:
            return f"{names[0]}: {problem}"
        affected = units.first_of(names, NAMES_PER_NOTICE, number)
        # Start with the number and the problem, because a front end may show only the beginning.
        return f"{units.plural(number, 'item')} with the same problem: {problem} Affected: {affected}."
