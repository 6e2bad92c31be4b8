"""Ends the app cleanly on HUP, TERM and INT. The job runs in another process and continues.

Textual does not handle these signals. Without a handler the terminal would stay in the alternate screen, or,
if the terminal is gone, the process would use a whole core. A handler runs even if the event loop is blocked
writing to a terminal that no longer reads; in that case the process exits after a short grace period.
"""

from __future__ import annotations

import os
import signal
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TypeAlias

TerminalSettings: TypeAlias = "list[int | list[bytes | int]]"
SIGNALS = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)
GRACE = 2.0
"""Seconds for a clean exit before the process is ended."""
RESTORE = b"\x1b[?1049l\x1b[?25h\x1b[?2004l\x1b[?1004l\x1b[<u\x1b[0m\r\n"
"""Main screen, cursor, no bracketed paste, no focus reports, no Kitty keys, plain text."""


@contextmanager
def exit_on_signals(leave: Callable[[], None]) -> Iterator[None]:
    """Call `leave` when a signal asks the app to exit.

    Args:
        leave: ends the app; called in the main thread, possibly in the middle of other code.
    """
    saved = _terminal_settings()
    armed: list[threading.Timer] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        for one in SIGNALS:
            signal.signal(one, signal.SIG_IGN)
        timer = threading.Timer(GRACE, _exit_now, (128 + number, saved))
        timer.daemon = True
        armed.append(timer)
        timer.start()
        leave()

    before = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield
    finally:
        for timer in armed:
            timer.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)


def _terminal_settings() -> TerminalSettings | None:
    try:
        return termios.tcgetattr(0)
    except termios.error:
        return None


def _exit_now(code: int, saved: TerminalSettings | None) -> None:
    if saved is not None:
        with suppress(termios.error):
            termios.tcsetattr(0, termios.TCSANOW, saved)
    with suppress(OSError):
        os.set_blocking(1, False)
        os.write(1, RESTORE)
    os._exit(code)
