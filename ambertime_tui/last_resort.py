"""What nobody foresaw: written down whole where it can be found, told in one sentence."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from datetime import datetime
from pathlib import Path
from types import TracebackType

from ambertime_tui.paths import PathsError, private

LOG_NAME = "ambertime.log"


def install_last_resort(state: Path) -> None:
    """From now on an unexpected error ends the process with a sentence, its traceback in a log in `state`.

    What libraries log goes to the same file: nothing but our own words may reach the terminal.
    """
    log = state / LOG_NAME

    def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        told = "".join(traceback.format_exception(kind, error, trace))
        where = _written(
            log, f"{datetime.now().astimezone():%Y-%m-%dT%H:%M:%S%z} pid {os.getpid()}\n{told}\n"
        )
        print(
            f"ambertime: Something unexpected happened ({kind.__name__}); what is recorded as copied is "
            f"safe. Please report it with {where}.",
            file=sys.stderr,
        )

    sys.excepthook = tell
    logging.getLogger().addHandler(_LogFile(log))


class _LogFile(logging.Handler):
    """Appends warnings to the log, making its folder only when there is something to say."""

    def __init__(self, log: Path) -> None:
        super().__init__(logging.WARNING)
        self.setFormatter(
            logging.Formatter("%(asctime)s pid %(process)d %(levelname)s %(name)s: %(message)s")
        )
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        _written(self._log, self.format(record) + "\n")


def _written(log: Path, text: str) -> str:
    """Appends to the log; tells where it is, or why it could not be written."""
    try:
        private(log.parent)
        with log.open("a", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(text)
    except (OSError, PathsError) as error:
        return f"its last line ({text.strip().splitlines()[-1]}); the log could not be written: {error}"
    return f"the log {log}"
