"""A power cut at any moment of a run loses nothing that was committed.

The long form is `python -m benchmarks.power_cuts`, with 1,000 states per file system.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.faults.block_log import missing_tools
from tests.faults.power_cut import FILE_SYSTEMS, WITHOUT_SYNC, FileSystem, judge_states, record_run

STATES = 25
SEED = 3


def skip_without_tools(file_system: FileSystem, *more: str) -> None:
    if absent := missing_tools(*file_system.tools, *more):
        pytest.skip(absent)


@pytest.mark.parametrize("file_system", FILE_SYSTEMS, ids=lambda f: f.name)
def test_after_a_power_cut_every_committed_file_is_complete(file_system: FileSystem, tmp_path: Path) -> None:
    skip_without_tools(file_system)
    run = record_run(file_system, tmp_path, SEED, 12)

    verdict = judge_states(run, tmp_path, STATES, random.Random(SEED))

    assert verdict.violations == ()
    assert verdict.promises_kept > STATES, "the cuts should cover the whole run"


@pytest.mark.parametrize("file_system", FILE_SYSTEMS[:1], ids=lambda f: f.name)
def test_the_same_power_cuts_lose_files_if_nothing_is_synced(file_system: FileSystem, tmp_path: Path) -> None:
    skip_without_tools(file_system, "strace")
    run = record_run(file_system, tmp_path, SEED, 12, under=WITHOUT_SYNC)

    verdict = judge_states(run, tmp_path, STATES, random.Random(SEED))

    assert any("promised and" in words for words in verdict.violations)
