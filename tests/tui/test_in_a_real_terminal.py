"""The app in a pseudo-terminal: signals end it cleanly, a dead terminal ends it, and it sends little."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.tui.pseudo_terminal import LEAVES, ON_STAGE, WITHIN, PseudoTerminal, in_terminal, plain_environ


@contextmanager
def terminal(**environ: str) -> Iterator[PseudoTerminal]:
    """The app in a terminal of 80x24."""
    with in_terminal(ON_STAGE, plain_environ(**environ)) as found:
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


def test_a_signal_ends_it_even_if_the_terminal_no_longer_reads() -> None:
    with terminal(STAGE_SPEED="100") as on:
        on.until(b"Copying")
        # Without a reader the pipe fills, then the writer's queue; then the event loop blocks.
        end = time.monotonic() + WITHIN
        while select.select([], [on.follower], [], 0)[1] and time.monotonic() < end:
            select.select([], [], [], 0.05)
        on.process.send_signal(signal.SIGHUP)
        assert on.process.wait(WITHIN) in (129, 130)


def test_a_running_job_sends_little() -> None:
    with terminal() as on:
        on.until(b"Copying")
        on.read(1.0)
        sent = len(on.read(4.0)) / 4.0
        assert 0 < sent < 8 * 1024


def test_an_idle_setup_sends_nothing() -> None:
    with terminal(STAGE="setup") as on:
        on.until(b"starts the backup")
        on.read(1.0)
        assert on.read(2.0) == b""


def test_a_key_on_setup_sends_little_even_with_advice() -> None:
    with terminal(STAGE="setup", STAGE_ADVICE="Keep the phone on power.") as on:
        on.until(b"starts the backup")
        on.read(1.0)
        on.press(" ")
        on.read(1.0)
        costs = []
        for _ in range(4):
            on.press("\x1b[D")
            costs.append(len(on.read(1.0)))
        assert 0 < max(costs) < 4 * 1024


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


@pytest.mark.parametrize(
    "sent",
    [
        b"\xe9\xff\xfe",
        b"\x1b[M\x20\x80\x30",
        b"\x1b[200~caf\xe9\x1b[201~",
        b"\x1b[999999999999u",
        b"\x1b[55555u",
        b"\x1b[<0;" + b"9" * 400 + b";1M",
        b"\xf0\x9f",
    ],
    ids=["Latin-1", "X10 mouse", "paste", "no such key", "half a character", "mouse far away", "cut emoji"],
)
def test_no_bytes_from_the_terminal_end_the_app(sent: bytes) -> None:
    with terminal(STAGE="setup") as on:
        on.until(b"starts the backup")
        os.write(on.leader, sent)
        on.read(0.5)
        since = len(on.seen)
        on.press("?")
        on.until_true(lambda: len(on.seen) > since)
        on.process.send_signal(signal.SIGTERM)
        assert on.ends() == 130
        assert b"Traceback" not in on.seen


def test_an_unexpected_error_becomes_a_sentence_and_the_terminal_is_clean(home: Path) -> None:
    environ = {name: os.environ[name] for name in os.environ if name.startswith("XDG_")}
    broken = (
        "import sys; from ambertime_tui.tui.screens.setup import SetupScreen; "
        "SetupScreen.on_mount = lambda self: 1 / 0; "
        "from ambertime_tui.cli import entry; sys.argv = ['ambertime']; sys.exit(entry())"
    )
    command = (sys.executable, "-c", broken)
    with in_terminal(command, plain_environ(HOME=str(home), **environ)) as on:
        before = termios.tcgetattr(on.follower)
        assert on.ends() == 1
        assert LEAVES in on.seen
        assert termios.tcgetattr(on.follower) == before
        message = on.seen.rpartition(LEAVES)[2].decode()
    assert "An unexpected error occurred (ZeroDivisionError)" in message
    assert "Traceback" not in message
    assert "ZeroDivisionError" in next(home.rglob("ambertime.log")).read_text()
