"""The other end of a pseudo-terminal: starts a program in it, reads what it paints, presses keys."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ENTERS = b"\x1b[?1049h"
LEAVES = b"\x1b[?1049l"
WITHIN = 60.0
"""Seconds that a condition is waited for before it counts as failed."""
REPOSITORY = Path(__file__).parents[2]
_STAGE = """\
import asyncio, os, sys
from ambertime_tui.tui.exit_signals import exit_on_signals
from ambertime_tui.tui.terminal import detect, prepare
prepare(os.environ, detect(os.environ))
from tests.tui.on_stage import moving_app
app = moving_app()
with exit_on_signals(lambda: app.leave_soon(130)):
    code = app.run(mouse=False)
sys.exit(code)
"""
ON_STAGE = (sys.executable, "-c", _STAGE)
"""The app on the stage of `tests.tui.on_stage`, which imports Textual: after the terminal was looked at."""


class PseudoTerminal:
    """A terminal that reads only on request."""

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
            chunk = self.chunk(left)
            if chunk is None:
                break
            got += chunk
        return got

    def chunk(self, patience: float, at_most: int = 65536) -> bytes | None:
        """Return output as soon as some arrives; empty: none in time; None: the other end is closed."""
        if not select.select([self.leader], [], [], patience)[0]:
            return b""
        try:
            got = os.read(self.leader, at_most)
        except OSError:
            return None
        self.seen += got
        return got

    def press(self, keys: str) -> None:
        """Sends keys, as the bytes that a terminal sends for them."""
        os.write(self.leader, keys.encode())

    def until(self, text: bytes, since: int = 0) -> None:
        """Reads until a text has come, after so many bytes."""
        self.until_true(lambda: text in self.seen[since:])

    def until_true(self, holds: Callable[[], bool]) -> None:
        """Reads on until something holds; fails if the process ends before."""
        end = time.monotonic() + WITHIN
        while not holds():
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
def in_terminal(
    command: Sequence[str], environ: Mapping[str, str], size: tuple[int, int] = (80, 24)
) -> Iterator[PseudoTerminal]:
    """A program in a terminal of so many columns and rows; killed when the block is left."""
    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (size[1], size[0]))
    process = subprocess.Popen(
        command,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        cwd=REPOSITORY,
        env=dict(environ),
        start_new_session=True,
    )
    try:
        yield PseudoTerminal(leader, follower, process)
    finally:
        process.kill()
        process.wait()
        os.close(leader)
        os.close(follower)


def plain_environ(**more: str) -> dict[str, str]:
    """The environment of a usual terminal, without what a developer's shell says."""
    return {
        "PATH": os.environ["PATH"],
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(REPOSITORY),
        **more,
    }
