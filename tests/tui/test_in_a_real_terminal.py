"""The app in a pseudo-terminal of its own: signals end it cleanly, a dead terminal ends it, little is
sent."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ENTERS = b"\x1b[?1049h"
LEAVES = b"\x1b[?1049l"
WITHIN = 60.0
"""Seconds that a condition is waited for before the test fails."""
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


class Terminal:
    """The other end of the pseudo-terminal."""

    def __init__(self, leader: int, follower: int, process: subprocess.Popen[bytes]) -> None:
        self.leader = leader
        self.follower = follower
        self.process = process
        self.seen = b""

    def read(self, seconds: float) -> bytes:
        """What comes within so many seconds."""
        got = b""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self.leader], [], [], left)[0]:
                try:
                    got += os.read(self.leader, 65536)
                except OSError:
                    break
        self.seen += got
        return got

    def until(self, text: bytes) -> None:
        """Reads until a text has come."""
        end = time.monotonic() + WITHIN
        while text not in self.seen:
            assert time.monotonic() < end, self.seen[-2000:]
            assert self.process.poll() is None, self.seen[-2000:]
            self.read(0.05)

    def ends(self) -> int:
        """Reads on until the process has ended; its exit code."""
        end = time.monotonic() + WITHIN
        while self.process.poll() is None:
            assert time.monotonic() < end
            self.read(0.05)
        self.read(0.05)
        return self.process.returncode


@contextmanager
def terminal(**environ: str) -> Iterator[Terminal]:
    """The app in a terminal of 80x24."""
    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (24, 80))
    process = subprocess.Popen(
        [sys.executable, "-c", ON_STAGE],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        cwd=Path(__file__).parents[2],
        env={
            "PATH": os.environ["PATH"],
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "PYTHONPATH": ".",
            **environ,
        },
        start_new_session=True,
    )
    found = Terminal(leader, follower, process)
    try:
        yield found
    finally:
        process.kill()
        process.wait()
        os.close(leader)
        os.close(follower)


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
