"""A phone with a generated library, and a target folder."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ambertime_tui.simulator.library import LibraryRecipe, MadeLibrary, make_library
from ambertime_tui.simulator.phone import SimulatedPhone
from tests.conftest import PhoneFactory


@pytest.fixture
def made(tmp_path: Path) -> MadeLibrary:
    """Eighty assets; a third of the own ones are only in iCloud."""
    return make_library(tmp_path / "phone", LibraryRecipe(assets=80, seed=11, icloud_share=0.3))


@pytest.fixture
def phone(made: MadeLibrary, phone_factory: PhoneFactory) -> SimulatedPhone:
    """The phone with that library, connected and trusting this computer."""
    return phone_factory(made.media)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """An empty folder on this computer's disk."""
    folder = tmp_path / "drive"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def no_host_outlives_its_test(home: Path) -> Iterator[None]:
    """Kill the hosts that a failed test left running: those with a socket in this test's runtime folder."""
    yield
    runtime = Path(os.environ["XDG_RUNTIME_DIR"])
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if b"ambertime_tui.engine.host" in command and str(runtime).encode() in command:
            os.kill(int(process.name), signal.SIGKILL)
