"""Test power cuts: `python -m benchmarks.power_cuts [--states N]` (needs root; only prints its results).

For each file system it prints the number of crash states, the promised assets checked in them, and
violations; then the same with every fsync removed, which must find violations, or the checks are useless.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path

from tests.faults.block_log import missing_tools
from tests.faults.power_cut import FILE_SYSTEMS, WITHOUT_SYNC, judge_states, record_run


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--states", type=int, default=1000)
    parser.add_argument("--assets", type=int, default=30)
    parser.add_argument(
        "--scratch", type=Path, default=None, help="scratch folder with 1 GB free; a RAM disk is fastest"
    )
    parser.add_argument("--only", help="test only this file system")
    options = parser.parse_args()
    print("| file system | syncs | crash states | promised assets checked | violations | seconds |")
    print("|---|---|---|---|---|---|")
    for file_system in FILE_SYSTEMS:
        if options.only not in (None, file_system.name):
            continue
        if absent := missing_tools(*file_system.tools, "strace"):
            print(f"| {file_system.name} | | {absent} | | | |")
            continue
        for name, under, states in (("as shipped", (), options.states), ("none", WITHOUT_SYNC, 100)):
            with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
                began = time.monotonic()
                run = record_run(file_system, Path(scratch), 7, options.assets, under=under)
                verdict = judge_states(run, Path(scratch), states, random.Random(7))
                took = time.monotonic() - began
            print(
                f"| {file_system.name} | {name} | {verdict.states} | {verdict.promises_kept:,} "
                f"| {len(verdict.violations):,} | {took:.0f} |",
                flush=True,
            )
            if not under:
                for words in verdict.violations[:20]:
                    print(f"  {words}")


if __name__ == "__main__":
    main()
