"""The two streams of a command: stdout has data, stderr has narration."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Mapping
from typing import TextIO

from ambertime_tui.plain.terminal_text import cut, harmless


class Streams:
    """Writes data to one stream, and what is happening to the other."""

    def __init__(self, data: TextIO, narration: TextIO, *, redraws: bool) -> None:
        """
        Args:
            data: the result of the command; often a pipe.
            narration: what is happening, for people.
            redraws: whether to draw a progress line on `narration` and overwrite it.
        """
        self._data = data
        self._narration = narration
        self._redraws = redraws
        self._progress = ""

    @property
    def redraws(self) -> bool:
        """Whether a progress line is drawn."""
        return self._redraws

    def write(self, line: str) -> None:
        """Write a line of data as it is.

        Raises:
            BrokenPipeError: the reader has closed the pipe.
        """
        self._clear()
        self._data.write(line + "\n")

    def flush(self) -> None:
        """Pass all data on to its reader now.

        Raises:
            BrokenPipeError: the reader has closed the pipe.
        """
        self._data.flush()

    def say(self, sentence: str) -> None:
        """Write a line of narration. If the terminal is gone, do nothing."""
        self._clear()
        self._narrate(harmless(sentence) + "\n")

    def progress(self, text: str) -> None:
        """Draw the progress line, if this terminal has one and the text is new."""
        if not self._redraws:
            return
        text = cut(harmless(text), shutil.get_terminal_size().columns - 1)
        if text != self._progress:
            self._narrate(f"\r{text}\x1b[K")
            self._progress = text

    def _clear(self) -> None:
        if self._progress:
            self._progress = ""
            self._narrate("\r\x1b[K")

    def _narrate(self, text: str) -> None:
        try:
            self._narration.write(text)
            self._narration.flush()
        except OSError:
            self._redraws = False


def may_redraw(narration: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether a line can be overwritten: on a terminal that is not dumb, in the foreground."""
    if not narration.isatty() or environ.get("TERM", "dumb") == "dumb":
        return False
    try:
        return os.tcgetpgrp(narration.fileno()) == os.getpgrp()
    except OSError:
        return False


def set_encoding(data: TextIO, *, encoding: str | None = None) -> None:
    """Make a stream write characters that it cannot encode as escapes, in its own encoding unless given."""
    if isinstance(data, io.TextIOWrapper):
        data.reconfigure(encoding=encoding or data.encoding, errors="backslashreplace")
