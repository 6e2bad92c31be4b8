"""The app in a pseudo-terminal of its own: signals end it cleanly, a dead terminal ends it, little is
sent."""

from __future__ import annotations

import select
import signal
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.tui.pseudo_terminal import LEAVES, WITHIN, PseudoTerminal, in_terminal, plain_environ

ON_STAGE = """
import asyncio, os, sys
from ambertime_tui.tui.leaving_signals import leaving_on_signals
from ambertime_tui.tui.terminal import detect, prepare
prepare(os.environ, detect(os.environ))
from tests.tui.on_stage import moving_app
app = moving_app()
with leaving_on_signals(lambda: app.leave_soon(130)):
    code = app.run(mouse=False)
sys.exit(code)
"""


@contextmanager
def terminal(**environ: str) -> Iterator[PseudoTerminal]:
    """The app in a terminal of 80x24."""
    with in_terminal([sys.executable, "-c", ON_STAGE], plain_environ(**environ)) as found:
        yield found


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_screen_and_leaves_the_terminal_clean(number: signal.Signals) -> None:
    with terminal() as on:
        before = termios.tcgetattr(on.follower)
        on.until(b"Copying")
        on.process.send_signal(number)
        assert on.ends() == 130
        assert LEAVES in on.seen
        assert termios.tcgetattr(on.follower) == before


def test_a_signal_ends_it_even_where_the_terminal_reads_no_more() -> None:
    with terminal(STAGE_SPEED="100") as on:
        on.until(b"Copying")
        # Nobody reads: the pipe fills, then the queue of the writer, then the loop hangs in it.
        end = time.monotonic() + WITHIN
        while select.select([], [on.follower], [], 0)[1] and time.monotonic() < end:
            select.select([], [], [], 0.05)
        on.process.send_signal(signal.SIGHUP)
        assert on.process.wait(WITHIN) in (129, 130)


def test_a_job_that_moves_costs_little() -> None:
    with terminal() as on:
        on.until(b"Copying")
        on.read(1.0)
        sent = len(on.read(4.0)) / 4.0
        assert 0 < sent < 8 * 1024


def test_setup_at_rest_sends_nothing() -> None:
    with terminal(STAGE="setup") as on:
        on.until(b"starts the backup")
        on.read(1.0)
        assert on.read(2.0) == b""


@pytest.mark.parametrize(
    "environ",
    [{"NO_COLOR": "1"}, {"TERM": "linux"}, {"TERM": "dumb"}, {"TERM": "xterm-ghostty"}, {"LANG": "C"}],
    ids=str,
)
def test_it_starts_in_every_terminal(environ: dict[str, str]) -> None:
    with terminal(**environ) as on:
        on.until(b"Copying")
        on.process.send_signal(signal.SIGTERM)
        assert on.ends() == 130
        coloured = b"\x1b[38;" in on.seen or b";38;" in on.seen
        assert coloured == (environ.get("TERM") == "xterm-ghostty" or "LANG" in environ)
