"""Sentences about what could not be read as it stands: one for each problem, with the assets it befell."""

from __future__ import annotations

from collections.abc import Iterable

NAMES_PER_NOTICE = 20
"""How many assets a sentence names; the rest is a number."""


def printable(text: str, limit: int = 120) -> str:
    """A text from the phone, safe to show in a terminal: control characters replaced, cut at `limit`."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


class Notices:
    """Collects problems while a library is read; a damaged library of a million stays a page of text."""

    def __init__(self, sentences: Iterable[str] = ()) -> None:
        """
        Args:
            sentences: whole sentences to begin with.
        """
        self._sentences = list(sentences)
        self._names: dict[str, list[str]] = {}
        self._counts: dict[str, int] = {}

    def say(self, sentence: str) -> None:
        """Add a whole sentence."""
        self._sentences.append(sentence)

    def about(self, name: str, problem: str) -> None:
        """Add an asset (or file) to those that have a problem. `problem` reads on after their names."""
        self._counts[problem] = self._counts.get(problem, 0) + 1
        names = self._names.setdefault(problem, [])
        if len(names) < NAMES_PER_NOTICE:
            names.append(printable(name, 240))

    def sentences(self) -> tuple[str, ...]:
        """All that was collected: whole sentences first, then one for each problem, as they came up."""
        return (*self._sentences, *(self._sentence(problem) for problem in self._names))

    def _sentence(self, problem: str) -> str:
        names, number = self._names[problem], self._counts[problem]
        if number == 1:
            return f"{names[0]}: {problem}"
        more = number - len(names)
        namely = f"{', '.join(names)}{f' and {more:,} more' if more else ''}"
        # How many and what comes first: a front end may have room for no more than that.
        return f"{number:,} items, each of them: {problem} Namely {namely}."
