"""Attack the product at random: `python -m benchmarks.hostile_input [targets] [phones]`.

targets   a small archive in which somebody planted links, special files, other bytes or forged records, or
          swaps folders for links while the job runs (`tests.hostile.targets`)
phones    an iPhone whose usbmuxd, lockdownd and file service lie, or whose library is hostile
          (`tests.hostile.phones`)

Each run previews, backs up and verifies in its own process, and once more without the attacker. It is a
violation if anything outside the target changes, if a traceback appears, even in the log, if a run hangs,
takes too much memory or ends with an undocumented exit code, or if the archive lacks what it should have.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.hostile import phones, targets

PARTS = ("targets", "phones")


def main() -> None:
    """Print Markdown tables, and each violation as it is found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after this time")
    parser.add_argument("--scratch", type=Path, default=None, help="scratch folder; a RAM disk is fastest")
    options = parser.parse_args()
    for part in options.parts or PARTS:
        with tempfile.TemporaryDirectory(prefix="at-", dir=options.scratch) as folder:
            scratch = Path(folder)
            (scratch / "run").mkdir(mode=0o700)
            os.environ["XDG_RUNTIME_DIR"] = str(scratch / "run")
            seeds = range(options.first, options.first + options.runs)
            (_targets if part == "targets" else _phones)(scratch, seeds, options.minutes * 60)


def _targets(scratch: Path, seeds: range, within: float) -> None:
    tally, began = targets.Tally(), time.monotonic()
    with targets.hostile_targets(scratch) as at:
        for seed in seeds:
            if time.monotonic() - began > within:
                break
            _show(at.try_target(seed, tally), tally.violations)
    print(f"\nHostile targets: {tally.targets}, of which {tally.completed} had every original after the run ")
    _table(tally.attacks, tally.codes, tally.memory, tally.longest, time.monotonic() - began)
    print(f"violations: {len(tally.violations)}")


def _phones(scratch: Path, seeds: range, within: float) -> None:
    tally, began = phones.Tally(), time.monotonic()
    with phones.hostile_phones(scratch) as at:
        for seed in seeds:
            if time.monotonic() - began > within:
                break
            _show(at.try_phone(seed, tally), tally.violations)
    print(f"\nHostile phones: {tally.phones}, {tally.told} lies on the wire")
    _table(tally.attacks, tally.codes, tally.memory, tally.longest, time.monotonic() - began)
    print(f"violations: {len(tally.violations)}")


def _show(found: list[str], so_far: list[str]) -> None:
    for text in so_far[len(so_far) - len(found) :]:
        print(text, flush=True)


def _table(attacks: Counter[str], codes: Counter[int], memory: int, longest: float, seconds: float) -> None:
    print("| attack | runs |\n|---|---|")
    for name, count in sorted(attacks.items()):
        print(f"| {name} | {count} |")
    ends = ", ".join(f"{count} with {code}" for code, count in sorted(codes.items()))
    print(
        f"\nbackups ended: {ends}; at most {memory} MiB; longest {longest:.0f} s; {seconds:.0f} s", flush=True
    )


if __name__ == "__main__":
    main()
