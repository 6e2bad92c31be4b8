"""Whole jobs with errors and kills at every call lose nothing.

The long form, with every call and 1,000 kills, is `python -m benchmarks.job_faults`."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ambertime_tui.simulator.library import LibraryRecipe, Planted
from tests.faults.job_faults import (
    MODES,
    SYSTEM_CALLS,
    Range,
    Tally,
    calls_of_a_job,
    fail_at,
    fail_under_strace,
    firing_range,
    kill_at_random,
    mode_name,
)

POINTS = 3
"""Number of calls at which each kind of fault is tried."""
SPARE_CALLS = 20
"""The number of calls varies slightly between jobs."""
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


@pytest.fixture(scope="module")
def scratch() -> Iterator[Path]:
    """A folder in memory if possible (thousands of files are written and synced), set as HOME."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with (
        tempfile.TemporaryDirectory(prefix="at-", dir=memory) as folder,
        pytest.MonkeyPatch.context() as here,
    ):
        path = Path(folder)
        (path / "run").mkdir(mode=0o700)
        here.setenv("XDG_RUNTIME_DIR", str(path / "run"))
        for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
            here.setenv(variable, str(path / variable))
        here.setenv("USBMUXD_SOCKET_ADDRESS", str(path / "usbmuxd"))
        yield path


@pytest.fixture(scope="module")
def shooting(scratch: Path) -> Iterator[Range]:
    """A range with thirty assets."""
    with firing_range(scratch) as at:
        yield at


@pytest.mark.parametrize(("code", "for_good"), MODES, ids=[mode_name(*mode) for mode in MODES])
def test_a_fault_at_any_call_of_a_job_loses_nothing(shooting: Range, code: int, for_good: bool) -> None:
    calls, tally, chance = calls_of_a_job(shooting), Tally(), random.Random(f"{code} {for_good}")
    assert calls > 400
    for number in sorted(chance.sample(range(1, calls - SPARE_CALLS), POINTS)):
        fail_at(shooting, tally, number, code, for_good)
    assert tally.violations == []
    assert tally.hit == POINTS or not (for_good or code == 0)


@needs_strace
def test_a_fault_at_a_system_call_of_a_job_loses_nothing(shooting: Range) -> None:
    tally, chance = Tally(), random.Random(8)
    try:
        for code, for_good in MODES:
            name = chance.choice(SYSTEM_CALLS[:5])
            fail_under_strace(shooting, tally, name, chance.randint(1, 4), code, for_good)
    except PermissionError as error:
        pytest.skip(str(error))
    assert tally.violations == []
    assert tally.hit


def test_a_job_killed_at_any_moment_loses_nothing(shooting: Range) -> None:
    tally, chance = Tally(), random.Random(9)
    for _ in range(6):
        kill_at_random(shooting, tally, chance, 1.2)
    assert tally.violations == []


@pytest.mark.parametrize("seed", range(3))
def test_the_census_adds_up_after_faults_and_in_the_next_run(
    scratch: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance, tally = random.Random(seed), Tally()
    recipe = LibraryRecipe(
        assets=chance.randint(1, 70),
        seed=seed,
        ios=chance.choice([13, 14, 15, 16, 18, 26]),
        icloud_share=chance.choice([0.0, 0.3, 0.8]),
        planted=Planted(partial_live=chance.randint(0, 1), missing=chance.randint(0, 1)),
    )
    folder = scratch / f"library {seed}"
    folder.mkdir()
    monkeypatch.setenv("USBMUXD_SOCKET_ADDRESS", str(folder / "usbmuxd"))
    with firing_range(folder, recipe) as at:
        for code, for_good in MODES:
            fail_at(at, tally, chance.randint(20, 300), code, for_good)
    assert tally.violations == []
