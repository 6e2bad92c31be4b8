"""HUP, TERM and INT end the screen cleanly; the job is in another process and goes on.

Textual has no handlers of its own for them: without these the terminal would be left in the alternate
screen, or, with the terminal gone, the process would spin. A handler runs even where the loop hangs in a
write to a terminal that no longer reads; then the process is ended the hard way after a moment, which costs
nothing but the screen.
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
PATIENCE = 2.0
"""Seconds that the clean way gets."""
RESTORE = b"\x1b[?1049l\x1b[?25h\x1b[?2004l\x1b[?1004l\x1b[<u\x1b[0m\r\n"
"""Main screen, cursor, no bracketed paste, no focus reports, no Kitty keys, plain text."""


@contextmanager
def exit_on_signals(leave: Callable[[], None]) -> Iterator[None]:
    """Calls `leave` when a signal asks us to go.

    Args:
        leave: ends the app; called in the main thread, between two instructions of whatever it does.
    """
    saved = _terminal_settings()
    armed: list[threading.Timer] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        for one in SIGNALS:
            signal.signal(one, signal.SIG_IGN)
        timer = threading.Timer(PATIENCE, _end_hard, (128 + number, saved))
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


def _end_hard(code: int, saved: TerminalSettings | None) -> None:
    if saved is not None:
        with suppress(termios.error):
            termios.tcsetattr(0, termios.TCSANOW, saved)
    with suppress(OSError):
        os.set_blocking(1, False)
        os.write(1, RESTORE)
    os._exit(code)
