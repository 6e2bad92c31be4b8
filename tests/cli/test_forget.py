"""`ambertime forget`: lists, asks, marks and undoes; afterwards backups are complete again."""

from __future__ import annotations

import os
import pty
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ambertime_tui.simulator.library import LibraryRecipe, MadeLibrary, make_library
from tests.cli.conftest import Ambertime
from tests.conftest import PhoneFactory


@pytest.fixture
def made(tmp_path: Path) -> MadeLibrary:
    """A library in which everything is on the phone."""
    return make_library(tmp_path / "library", LibraryRecipe(assets=12, seed=3, icloud_share=0.0))


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """An empty target folder."""
    folder = tmp_path / "drive"
    folder.mkdir()
    return folder


def deleted_on_both_sides(made: MadeLibrary, target: Path, files: list[str], uuid: str) -> None:
    """Throw an item away, in the archive and on the phone."""
    for file in files:
        (target / file).unlink()
    with closing(sqlite3.connect(made.media / "PhotoData/Photos.sqlite", isolation_level=None)) as database:
        for (trigger,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            database.execute(f'DROP TRIGGER "{trigger}"')
        database.execute("DELETE FROM ZASSET WHERE ZUUID = ?", (uuid,))


def test_what_was_thrown_away_on_both_sides_is_forgotten(
    made: MadeLibrary, phone_factory: PhoneFactory, target: Path, ambertime: Ambertime
) -> None:
    phone_factory(made.media)
    assert ambertime("backup", "--to", target).code == 0
    assert ambertime("forget", target, "--json", "--dry-run").records == [
        {"type": "summary", "listed": 0, "forgotten": 0, "undone": 0}
    ]
    by_item: dict[str, list[str]] = {}
    for file in ambertime("verify", "--json", target).of("file"):
        if file["uuid"]:
            by_item.setdefault(file["uuid"], []).append(file["path"])
    uuid, files = next(iter(by_item.items()))
    deleted_on_both_sides(made, target, files, uuid)

    left = ambertime("backup", "--json", "--to", target)
    assert left.code == 3
    assert "run `ambertime forget`" in left.of("left")[0]["sentence"]
    assert "Run the backup again" not in left.records[-1]["proof"]

    dry = ambertime("forget", target, "--json", "--dry-run")
    assert dry.code == 0
    (item,) = dry.of("item")
    assert (item["uuid"], sorted(item["paths"]), item["forgotten_at"]) == (uuid, sorted(files), None)
    assert ambertime("backup", "--to", target).code == 3, "a dry run changes nothing"

    refused = ambertime("forget", target)
    assert refused.code == 2
    assert "--yes" in refused.sentence

    done = ambertime("forget", target, "--yes")
    assert done.code == 0, done.err
    assert "1 item is neither on the iPhone nor in the archive:" in done.out
    assert "1 item forgotten. Nothing was deleted" in done.out
    complete = ambertime("backup", "--json", "--to", target)
    assert complete.code == 0
    assert "damaged" not in complete.records[-1]["proof"]
    assert ambertime("verify", target).code == 0
    assert (
        subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=target, check=False).returncode == 0
    )

    assert [one["uuid"] for one in ambertime("forget", target, "--list", "--json").of("item")] == [uuid]
    undone = ambertime("forget", target, "--undo", "--yes", "--json", "--item", uuid.lower())
    assert undone.records[-1] == {"type": "summary", "listed": 1, "forgotten": 0, "undone": 1}
    assert ambertime("backup", "--to", target).code == 3


def test_a_mistake_on_the_command_line_gets_a_sentence(target: Path, ambertime: Ambertime) -> None:
    assert ambertime("forget", target, "--yes").sentence.startswith(f"{target} contains no AmberTime archive")
    assert ambertime("forget", target, "--yes").code == 1
    assert ambertime("forget", target, "--list", "--undo").code == 2
    assert not list(target.iterdir()), "no archive is made"


@pytest.mark.parametrize(("answer", "words"), [("y\n", "1 item forgotten."), ("n\n", "Nothing was changed.")])
def test_at_a_terminal_it_asks(
    made: MadeLibrary,
    phone_factory: PhoneFactory,
    target: Path,
    ambertime: Ambertime,
    answer: str,
    words: str,
) -> None:
    phone_factory(made.media)
    ambertime("backup", "--to", target)
    file = next(f for f in ambertime("verify", "--json", target).of("file") if f["uuid"])
    uuid = file["uuid"]
    files = [f["path"] for f in ambertime("verify", "--json", target).of("file") if f["uuid"] == uuid]
    deleted_on_both_sides(made, target, files, uuid)
    ambertime("backup", "--to", target)
    ours, theirs = pty.openpty()
    os.write(ours, answer.encode())
    done = subprocess.run(
        [sys.executable, "-m", "ambertime_tui", "forget", str(target)],
        stdin=theirs,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 0, done.stderr
    assert "Forget this 1 item? [y/N]" in done.stderr
    assert words in done.stdout


def test_some_of_the_items_can_be_forgotten(
    made: MadeLibrary, phone_factory: PhoneFactory, target: Path, ambertime: Ambertime
) -> None:
    phone_factory(made.media)
    ambertime("backup", "--to", target)
    by_item: dict[str, list[str]] = {}
    for file in ambertime("verify", "--json", target).of("file"):
        if file["uuid"]:
            by_item.setdefault(file["uuid"], []).append(file["path"])
    gone = sorted(by_item)[:4]
    for uuid in gone:
        deleted_on_both_sides(made, target, by_item[uuid], uuid)
    ambertime("backup", "--to", target)
    assert (
        sorted(one["uuid"] for one in ambertime("forget", target, "--json", "--dry-run").of("item")) == gone
    )
    some = ambertime("forget", target, "--yes", "--json", "--item", gone[0], "--item", gone[1])
    assert some.records[-1] == {"type": "summary", "listed": 2, "forgotten": 2, "undone": 0}
    unknown = ambertime("forget", target, "--yes", "--item", gone[0])
    assert unknown.code == 2
    assert gone[0] in unknown.sentence
    rest = ambertime("forget", target, "--yes", "--json")
    assert sorted(one["uuid"] for one in rest.of("item")) == gone[2:]
    assert ambertime("backup", "--to", target).code == 0
    undone = ambertime("forget", target, "--undo", "--yes", "--json")
    assert undone.records[-1] == {"type": "summary", "listed": 4, "forgotten": 0, "undone": 4}
    assert (
        sorted(one["uuid"] for one in ambertime("forget", target, "--json", "--dry-run").of("item")) == gone
    )
