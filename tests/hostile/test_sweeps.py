"""Random hostile targets and phones change nothing outside the target, and never hang or show a traceback.

The long form is `python -m benchmarks.hostile_input`, with 1,000 targets and 1,000 phones by default.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.hostile import phones, targets
from tests.hostile.outside import changes, make_outside, snapshot
from tests.hostile.product import Product, Ran, Step

SOME_TARGETS = range(4)
SOME_PHONES = (11, 17, 20)


def test_hostile_targets_do_no_harm(scratch: Path) -> None:
    tally = targets.Tally()
    with targets.hostile_targets(scratch) as at:
        for seed in SOME_TARGETS:
            at.try_target(seed, tally)
    assert tally.violations == []
    assert tally.targets == len(SOME_TARGETS)


def test_hostile_phones_do_no_harm(scratch: Path) -> None:
    tally = phones.Tally()
    with phones.hostile_phones(scratch) as at:
        for seed in SOME_PHONES:
            at.try_phone(seed, tally)
    assert tally.violations == []
    assert tally.phones == len(SOME_PHONES)


@pytest.mark.parametrize("change", ["bytes", "name", "mode", "time", "gone"])
def test_a_change_outside_the_target_is_seen(tmp_path: Path, change: str) -> None:
    outside = tmp_path / "outside"
    make_outside(outside, "2023-11", ["IMG_0001.JPG"])
    before, letter = snapshot(outside), outside / "letter.txt"
    match change:
        case "bytes":
            facts = letter.stat()
            letter.write_text("DEAR")
            os.utime(letter, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        case "name":
            letter.rename(outside / "letter_damaged.txt")
        case "mode":
            letter.chmod(0o777)
        case "time":
            os.utime(letter)
        case "gone":
            letter.unlink()
    assert changes(before, snapshot(outside))


def test_what_no_run_may_do_is_a_violation() -> None:
    assert not Ran({"verify": Step(3, "")}).violations()
    for bad in (
        Ran({"verify": Step(-11, "")}),
        Ran({"backup": Step(1, "")}),
        Ran({"backup": Step(1, "Internal error in AmberTime")}),
        Ran(tracebacks=["ValueError"]),
        Ran(output="Traceback (most recent call last)"),
        Ran(memory=5000),
        Ran(hung="in a read"),
    ):
        assert bad.violations()


def test_a_run_that_fails_in_an_unforeseen_way_is_reported(scratch: Path) -> None:
    with Product() as product:
        ran = product.run(scratch, str(scratch / "no usbmuxd"), scratch, steps=("no such step", "backup"))
    assert "KeyError" in ran.violations()[0]
    assert ran.steps["backup"].code == 1
