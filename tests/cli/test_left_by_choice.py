"""What a person left out by choice is counted and listed, and is no failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Ambertime
from tests.conftest import PhoneFactory
from tests.engine.small_library import SmallLibrary, some_bytes


@pytest.fixture
def library(tmp_path: Path, phone_factory: PhoneFactory) -> SmallLibrary:
    """Two items, one of them only in iCloud, on a connected phone."""
    made = SmallLibrary(tmp_path / "phone", fingerprints=True)
    made.add("IMG_0001.PNG", some_bytes("here", 3000))
    made.add("IMG_0002.PNG", some_bytes("away", 3000), local=-1, file=False)
    phone_factory(made.media)
    return made


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "drive"
    folder.mkdir()
    return folder


def test_originals_left_in_icloud_are_a_failure_only_without_a_choice(
    library: SmallLibrary, target: Path, ambertime: Ambertime
) -> None:
    assert ambertime("backup", "--to", target).code == 3
    chosen = ambertime("backup", "--to", target, "--originals", "local")
    assert chosen.code == 0, chosen.out
    assert "Complete: everything on the iPhone; 1 item only in iCloud, by your choice." in chosen.out
    assert "IMG_0002.PNG" in chosen.out, "it is listed all the same"
    record = ambertime("backup", "--to", target, "--originals", "local", "--json").records[-1]
    assert (record["outcome"], record["exit_code"], record["icloud"], record["already"]) == (
        "complete",
        0,
        1,
        1,
    )


def test_a_choice_in_the_configuration_counts_as_well(
    library: SmallLibrary, target: Path, ambertime: Ambertime, home: Path
) -> None:
    config = home / ".config/ambertime/config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text('[defaults]\noriginals = "local"\n')
    assert ambertime("backup", "--to", target).code == 0


def test_what_is_missing_stays_a_failure(library: SmallLibrary, target: Path, ambertime: Ambertime) -> None:
    library.add("IMG_0003.PNG", some_bytes("lost", 3000), remote=0, file=False)
    ran = ambertime("backup", "--to", target, "--originals", "local", "--json")
    assert ran.code == 3
    assert {left["reason"] for left in ran.of("left")} == {"icloud", "missing"}


@pytest.mark.parametrize(("days", "code"), [("2001", 3), ("2001-05..2002", 3), ("last 2 days", 0)])
def test_an_empty_selection_is_a_failure_if_the_range_does_not_move(
    library: SmallLibrary, target: Path, ambertime: Ambertime, days: str, code: int
) -> None:
    ran = ambertime("backup", "--to", target, "--range", days, "--json")
    assert ran.code == code, ran.out
    assert " in " in ran.records[-1]["sentence"] and "library has n" in ran.records[-1]["sentence"]


def test_an_empty_library_is_complete(
    tmp_path: Path, phone_factory: PhoneFactory, target: Path, ambertime: Ambertime
) -> None:
    phone_factory(SmallLibrary(tmp_path / "phone").media)
    ran = ambertime("backup", "--to", target, "--json")
    assert (ran.code, ran.records[-1]["sentence"]) == (0, "The library has nothing to back up.")
