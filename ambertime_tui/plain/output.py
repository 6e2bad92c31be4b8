"""Where the plain front end writes: stdout is data, stderr is narration."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
from collections.abc import Mapping
from typing import Any, TextIO

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""C0, C1, and what ends a line or turns its direction round in Unicode."""


class Output:
    """The two streams of one command, and whether they are read by a person at a terminal."""

    def __init__(self, data: TextIO, narration: TextIO, *, as_json: bool, redraw: bool) -> None:
        """
        Args:
            data: what the command was asked for; a pipe may stand behind it.
            narration: what happens meanwhile, for people.
            as_json: data is JSON Lines.
            redraw: a progress line may be drawn and drawn again on `narration`.
        """
        self.as_json = as_json
        self._data = data
        self._narration = narration
        self._redraw = redraw
        self._progress = ""

    @property
    def redraws(self) -> bool:
        """True where a progress line is drawn."""
        return self._redraw

    def line(self, text: str = "") -> None:
        """A line of data.

        Raises:
            BrokenPipeError: nobody reads on.
        """
        self._clear()
        print(harmless(text), file=self._data)

    def record(self, kind: str, /, **fields: Any) -> None:
        """A JSON line of data, with its type first.

        Raises:
            BrokenPipeError: nobody reads on.
        """
        self._clear()
        record = {"type": kind, **fields}
        self._data.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")

    def flush(self) -> None:
        """Hands all data over to whoever reads it now.

        Raises:
            BrokenPipeError: nobody reads on.
        """
        self._data.flush()

    def say(self, sentence: str) -> None:
        """A line of narration. A terminal that has gone is no reason to stop."""
        self._clear()
        self._narrate(harmless(sentence) + "\n")

    def progress(self, text: str) -> None:
        """Draws the progress line, where there is one; the same text is not drawn again."""
        if not self._redraw:
            return
        text = harmless(text)
        width = shutil.get_terminal_size().columns - 1
        text = text if len(text) <= width else text[: width - 1] + "…"
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
            self._redraw = False


def harmless(text: str) -> str:
    """The text with control characters as escapes: no file name may move the cursor or retitle the window."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def for_process(data: TextIO, narration: TextIO, environ: Mapping[str, str], *, as_json: bool) -> Output:
    """The output of a command on the streams of this process.

    JSON is UTF-8 whatever the locale says. A character that a stream cannot carry is written as its escape.
    """
    if isinstance(data, io.TextIOWrapper):
        data.reconfigure(encoding="utf-8" if as_json else data.encoding, errors="backslashreplace")
    return Output(data, narration, as_json=as_json, redraw=_may_redraw(narration, environ))


def _may_redraw(narration: TextIO, environ: Mapping[str, str]) -> bool:
    """True where a line can be drawn over: a terminal that is not a dumb one, and in the foreground."""
    if not narration.isatty() or environ.get("TERM", "dumb") == "dumb":
        return False
    try:
        return os.tcgetpgrp(narration.fileno()) == os.getpgrp()
    except OSError:
        return False
