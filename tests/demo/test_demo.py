"""`ambertime demo`: a scan and a backup of a simulated iPhone; nothing is left behind."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import LONGEST_RUN, Ambertime


@pytest.fixture(autouse=True)
def temporary(short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for temporary files, to see what is left in it."""
    folder = short_tmp / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def test_without_a_terminal_it_scans_and_backs_up_and_leaves_nothing(
    home: Path, temporary: Path, ambertime: Ambertime
) -> None:
    ran = ambertime("demo", "--plain", "--assets", "80", "--seed", "3")
    assert ran.code == 3, ran.err
    assert "Photo Library of Simulated iPhone" in ran.out
    assert "Finished, but not everything you selected is on the drive." in ran.out
    assert "The demo also plays its owner" in ran.err
    assert "The demo has ended. The simulated iPhone was stopped and removed with the copies." in ran.err
    assert list(temporary.iterdir()) == []
    assert [file for file in home.rglob("*") if file.is_file()] == []


def test_a_scratch_folder_is_kept_and_used_again(tmp_path: Path, ambertime: Ambertime) -> None:
    arguments = ("demo", "--plain", "--assets", "40", "--scratch", tmp_path / "scratch")
    first, second = ambertime(*arguments), ambertime(*arguments)
    assert first.code == second.code == 3
    assert f"kept in {tmp_path / 'scratch'}." in first.err
    assert (tmp_path / "scratch/drive/SHA256SUMS").exists()
    assert "already on the drive" in second.out
    assert re.search(r"\d .* copied$", first.out, re.MULTILINE)
    assert not re.search(r"\d .* copied$", second.out, re.MULTILINE)


def test_a_scratch_folder_that_cannot_be_made(tmp_path: Path, ambertime: Ambertime) -> None:
    (tmp_path / "file").write_text("")
    ran = ambertime("demo", "--plain", "--scratch", tmp_path / "file" / "scratch")
    assert ran.code == 1
    assert str(tmp_path / "file") in ran.sentence


class Terminal:
    """A terminal of 100 columns and 30 lines."""

    def __init__(self, command: list[str]) -> None:
        self._ours, theirs = pty.openpty()
        environ = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
        self.process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ)
        os.close(theirs)
        self._seen = b""

    def until(self, text: bytes) -> None:
        """Read until the text appears."""
        deadline = time.monotonic() + LONGEST_RUN
        while text not in self._seen:
            ready, _, _ = select.select([self._ours], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, self._seen[-2000:]
            self._seen += os.read(self._ours, 65536)

    def keys(self, keys: bytes) -> None:
        """Type keys."""
        os.write(self._ours, keys)

    def end(self) -> int:
        """Read to the end. Return the exit code."""
        while True:
            try:
                if not os.read(self._ours, 65536):
                    break
            except OSError:  # Linux says EIO when the other side has closed
                break
        os.close(self._ours)
        return self.process.wait(LONGEST_RUN)


@pytest.fixture
def demo() -> Iterator[Terminal]:
    terminal = Terminal([sys.executable, "-m", "ambertime_tui", "demo", "--assets", "30"])
    yield terminal
    terminal.process.kill()
    terminal.process.wait()


def test_in_a_terminal_it_is_the_full_screen_app_on_that_phone(demo: Terminal, temporary: Path) -> None:
    demo.until(b"Simulated iPhone")
    demo.keys(b"q")
    assert demo.end() == 0
    assert list(temporary.iterdir()) == []
