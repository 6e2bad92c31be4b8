"""Runs the command line as a shell does: a process with two output streams and an exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ambertime_tui.simulator.library import LibraryRecipe, MadeLibrary, make_library

LONGEST_RUN = 90.0
"""Seconds; a run that takes longer hangs."""


@dataclass(frozen=True, slots=True)
class Ran:
    """The exit code and output of a command."""

    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """stdout as JSON Lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The records of one type."""
        return [record for record in self.records if record["type"] == kind]

    @property
    def sentence(self) -> str:
        """The error: the only line on stderr that starts with our name."""
        lines = [line for line in self.err.splitlines() if line.startswith("ambertime: ")]
        assert len(lines) == 1, self.err
        return lines[0].removeprefix("ambertime: ")


Ambertime = Callable[..., Ran]


@pytest.fixture
def ambertime() -> Ambertime:
    """Run `ambertime` with arguments in a new process. No run may show a traceback."""

    def run(*arguments: str | Path) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "ambertime_tui", *map(str, arguments)],
            capture_output=True,
            timeout=LONGEST_RUN,
            check=False,
        )
        ran = Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert "Traceback" not in ran.err + ran.out, ran.err + ran.out
        return ran

    return run


@pytest.fixture(scope="session")
def made_library(tmp_path_factory: pytest.TempPathFactory) -> MadeLibrary:
    """A small library of every kind and state; shared, so read it only."""
    return make_library(tmp_path_factory.mktemp("library"), LibraryRecipe(assets=150, seed=7))
