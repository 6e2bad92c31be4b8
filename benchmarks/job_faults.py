"""Inject faults into whole jobs: `python -m benchmarks.job_faults [calls] [system-calls] [kills]`.

Jobs back up 30 assets from a simulated phone. After each fault, the record is compared with the drive and the
phone, and a clean run must copy the rest (`tests.faults.job_faults` defines violations).

calls           a single error, permanent errors, or a crash at each call of the I/O layer
system-calls    the same at each system call that changes a drive, including SQLite's, with strace
kills           `kill -9` at random times
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.faults.job_faults import (
    MODES,
    Range,
    Tally,
    calls_of_a_job,
    fail_at,
    fail_under_strace,
    firing_range,
    kill_at_random,
    mode_name,
    system_calls_of_a_job,
)

PARTS = ("calls", "system-calls", "kills")
SPARE_CALLS = 10
"""Calls beyond those of the counted job, since their number varies slightly."""


def main() -> None:
    """Print a Markdown table, then the violations and the messages of the jobs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--every", type=int, default=1, help="test only every Nth call")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--scratch", type=Path, default=None, help="scratch folder; a RAM disk is fastest")
    options = parser.parse_args()
    parts = options.parts or PARTS
    said = Tally()
    print("| fault | where | faults | before the job's end | assets vouched for | violations | seconds |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="at-", dir=options.scratch) as folder:
        scratch = Path(folder)
        _environment(scratch)
        with firing_range(scratch) as at:

            def row(fault: str, where: str, fire: Callable[[Tally], object]) -> None:
                began, tally = time.monotonic(), Tally()
                fire(tally)
                took = time.monotonic() - began
                print(
                    f"| {fault} | {where} | {tally.faults:,} | {tally.hit:,} | {tally.vouched:,} "
                    f"| {len(tally.violations)} | {took:,.0f} |",
                    flush=True,
                )
                said.violations += tally.violations
                said.sentences += tally.sentences

            if "calls" in parts:
                last = calls_of_a_job(at) + SPARE_CALLS
                for code, for_good in MODES:
                    name = mode_name(code, for_good)
                    row(
                        name,
                        f"{last} calls",
                        partial(_each_call, at, range(1, last + 1, options.every), code, for_good),
                    )
            if "system-calls" in parts:
                most = system_calls_of_a_job(at, scratch)
                where = ", ".join(f"{name} {count}" for name, count in sorted(most.items()))
                for code, for_good in MODES:
                    points = [(n, k) for n in sorted(most) for k in range(1, most[n] + 1, options.every)]
                    name = mode_name(code, for_good)
                    row(name, where, partial(_each_system_call, at, points, code, for_good))
            if "kills" in parts:
                chance = random.Random(options.seed)
                row("kill -9", "at random", partial(_kills, at, chance, options.kills))
    print()
    for words in said.violations:
        print(f"violation: {words}")
    for sentence, count in said.sentences.most_common(30):
        print(f"{count:6} x {sentence}")


def _each_call(at: Range, numbers: range, code: int, for_good: bool, tally: Tally) -> None:
    for number in numbers:
        fail_at(at, tally, number, code, for_good)


def _each_system_call(
    at: Range, points: list[tuple[str, int]], code: int, for_good: bool, tally: Tally
) -> None:
    for name, number in points:
        fail_under_strace(at, tally, name, number, code, for_good)


def _kills(at: Range, chance: random.Random, count: int, tally: Tally) -> None:
    with at.target() as target:
        began = time.monotonic()
        at.maker.run(target)
        longest = time.monotonic() - began
    while tally.hit < count:
        kill_at_random(at, tally, chance, longest)


def _environment(scratch: Path) -> None:
    (scratch / "run").mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(scratch / "run")
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        os.environ[variable] = str(scratch / variable)
    os.environ["USBMUXD_SOCKET_ADDRESS"] = str(scratch / "usbmuxd")


if __name__ == "__main__":
    main()
