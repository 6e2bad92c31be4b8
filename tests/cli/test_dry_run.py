"""`--dry-run`: the plan by reason, with the exit code of a run, and nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Ambertime
from tests.conftest import PhoneFactory
from tests.engine.small_library import SmallLibrary, some_bytes


@pytest.fixture
def library(tmp_path: Path, phone_factory: PhoneFactory) -> SmallLibrary:
    """Two items on the phone, one only in iCloud."""
    made = SmallLibrary(tmp_path / "phone", fingerprints=True)
    made.add("IMG_0001.PNG", some_bytes("one", 3000))
    made.add("IMG_0002.PNG", some_bytes("two", 4000))
    made.add("IMG_0003.PNG", some_bytes("away", 5000), local=-1, file=False)
    phone_factory(made.media)
    return made


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "drive"
    folder.mkdir()
    return folder


def contents(target: Path) -> dict[str, tuple[int, bytes]]:
    """Every file of a target, with its time and bytes; every folder."""
    return {
        str(path.relative_to(target)): (
            path.stat().st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(target.rglob("*"))
    }


def test_a_dry_run_counts_by_reason_and_writes_nothing(
    library: SmallLibrary, target: Path, ambertime: Ambertime
) -> None:
    before = contents(target)
    dry = ambertime("backup", "--to", target, "--dry-run", "--names")
    assert dry.code == 3, dry.err
    assert "nothing was written" in dry.out
    assert "2  7.0 kB  to copy\n" in dry.out
    assert "1  5.0 kB  only in iCloud, left there\n" in dry.out
    assert "A run would leave 1 item incomplete. Its exit code would be 3." in dry.out
    assert dry.out.index("To copy:") < dry.out.index("IMG_0002.PNG") < dry.out.index("Only in iCloud:")
    assert contents(target) == before == {}

    assert ambertime("backup", "--to", target).code == 3
    before = contents(target)
    again = ambertime("backup", "--to", target, "--dry-run", "--json", "--names")
    assert again.code == 3
    plan, *items = again.records
    assert (plan["type"], plan["library"], plan["exit_code"]) == ("plan", 3, 3)
    assert [(one["action"], one["reason"], one["count"]) for one in plan["lines"]] == [
        ("icloud", "icloud", 1),
        ("already", "", 2),
    ]
    assert [(one["type"], one["original_filename"], one["action"]) for one in items] == [
        ("planned", "IMG_0003.PNG", "icloud")
    ]
    assert "only in iCloud" in items[0]["sentence"]
    assert contents(target) == before


@pytest.mark.parametrize(
    ("options", "code"),
    [(("--originals", "local"), 0), (("--range", "1999"), 3)],
)
def test_the_exit_code_is_that_of_a_run(
    library: SmallLibrary, target: Path, ambertime: Ambertime, options: tuple[str, ...], code: int
) -> None:
    assert ambertime("backup", "--to", target, *options, "--dry-run").code == code
    assert ambertime("backup", "--to", target, *options).code == code


def test_a_missing_original_is_named_and_left_also_by_choice(
    library: SmallLibrary, target: Path, ambertime: Ambertime
) -> None:
    library.add("IMG_0004.PNG", some_bytes("lost", 3000), remote=0, file=False)
    dry = ambertime("backup", "--to", target, "--originals", "local", "--dry-run", "--json", "--names")
    assert dry.code == 3
    (lost,) = [one for one in dry.of("planned") if one["action"] == "cannot"]
    assert (lost["original_filename"], lost["reason"]) == ("IMG_0004.PNG", "missing")


def test_with_icloud_it_tells_what_it_would_wait_for(
    library: SmallLibrary, target: Path, ambertime: Ambertime
) -> None:
    dry = ambertime("backup", "--to", target, "--originals", "icloud", "--dry-run")
    assert dry.code == 0, dry.out
    assert "to wait for from iCloud" in dry.out
    assert "complete if everything arrives from iCloud" in dry.out


def test_a_target_that_a_run_refuses_is_refused(
    library: SmallLibrary, target: Path, ambertime: Ambertime
) -> None:
    missing = target / "not there"
    dry = ambertime("backup", "--to", missing, "--dry-run", "--json")
    run = ambertime("backup", "--to", missing, "--json")
    assert (dry.code, dry.records[-1]["kind"]) == (run.code, run.records[-1]["kind"]) == (1, "TargetMissing")


def test_a_task_can_be_run_dry(library: SmallLibrary, target: Path, ambertime: Ambertime, home: Path) -> None:
    config = home / ".config/ambertime/config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(f'[tasks.all]\nto = "{target}"\noriginals = "local"\n')
    one = ambertime("run", "all", "--dry-run", "--json")
    assert one.records[-1]["sentence"] == "A run would be complete; 1 item is only in iCloud, by your choice."
    assert (one.code, one.records[-1]["type"], one.records[-1]["task"]) == (0, "plan", "all")
    every = ambertime("run", "--all", "--dry-run", "--names", "--json")
    assert every.code == 0
    assert [record["type"] for record in every.records] == [
        "task",
        "plan",
        "planned",
        "planned",
        "planned",
        "summary",
    ]
    assert contents(target) == {}


def test_options_that_do_not_fit_are_refused(target: Path, ambertime: Ambertime) -> None:
    assert "--names needs --dry-run" in ambertime("backup", "--to", target, "--names").sentence
    both = ambertime("backup", "--to", target, "--dry-run", "--detach")
    assert (both.code, "--detach" in both.sentence) == (2, True)
