"""Handles unexpected errors: the traceback goes to a log, and one sentence to the terminal."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from datetime import datetime
from pathlib import Path
from types import TracebackType

from ambertime_tui.paths import PathsError, private
from ambertime_tui.safe_text import SafeFormatter, escaped_lines

LOG_NAME = "ambertime.log"


def install_last_resort(state: Path) -> None:
    """From now on, end the process with a sentence after an unexpected error, and log its traceback.

    Warnings of libraries go to the same log, so that they never appear on the terminal.

    Args:
        state: folder of the log.
    """
    log = state / LOG_NAME

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        text = escaped_lines("".join(traceback.format_exception(kind, error, trace)))
        where = _written(
            log, f"{datetime.now().astimezone():%Y-%m-%dT%H:%M:%S%z} pid {os.getpid()}\n{text}\n"
        )
        print(
            f"ambertime: An unexpected error occurred ({kind.__name__}). What is recorded as copied is safe. "
            f"Please report this error, with {where}.",
            file=sys.stderr,
        )

    sys.excepthook = report
    logging.getLogger().addHandler(_LogFile(log))


class _LogFile(logging.Handler):
    """Appends warnings to the log, and creates its folder only when there is one."""

    def __init__(self, log: Path) -> None:
        super().__init__(logging.WARNING)
        self.setFormatter(SafeFormatter("%(asctime)s pid %(process)d %(levelname)s %(name)s: %(message)s"))
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        _written(self._log, self.format(record) + "\n")


def _written(log: Path, text: str) -> str:
    """Append to the log. Return words that say where it is, or why it could not be written."""
    try:
        private(log.parent)
        with log.open("a", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(text)
    except (OSError, PathsError) as error:
        last = text.strip().splitlines()[-1]
        return f"its last line: {last} (the log could not be written: {error})"
    return f"the log {log}"
