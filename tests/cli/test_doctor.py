"""`ambertime doctor`: one line for each check, an exit code, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ambertime_tui.simulator.library import MadeLibrary
from tests.cli.conftest import Ambertime
from tests.conftest import PhoneFactory


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "drive"
    folder.mkdir()
    return folder


def snapshot(root: Path) -> dict[str, tuple[bytes, int]]:
    """Contents and times of all files."""
    files = (path for path in root.rglob("*") if path.is_file())
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def test_a_set_up_that_works_is_fine_and_stays_as_it_was(
    made_library: MadeLibrary, phone_factory: PhoneFactory, target: Path, tmp_path: Path, ambertime: Ambertime
) -> None:
    phone = phone_factory(made_library.media)
    assert ambertime("backup", "--to", target).code == 3
    before, listed = snapshot(target), sorted(target.rglob("*"))
    ran = ambertime("doctor", "--json", "--to", target, "--report", tmp_path / "report.json")
    assert [one for one in ran.of("finding") if one["level"] == "wrong"] == []
    assert ran.code == 0
    assert {one["area"] for one in ran.of("finding")} == {"computer", "drive", "phone"}
    assert ran.records[-1]["type"] == "summary"
    assert ran.records[-1]["wrong"] == 0
    assert snapshot(target) == before
    assert sorted(target.rglob("*")) == listed
    assert phone.journal.refused_writes == []
    assert phone.open_files == 0
    compared = ambertime("doctor", "--json", "--compare", tmp_path / "report.json")
    assert "db-over-afc" in {one["row"] for one in compared.of("row") if one["settled"] == "confirmed"}
    assert compared.code == 0


def test_a_problem_gives_exit_code_3_and_a_line_that_says_so(ambertime: Ambertime) -> None:
    ran = ambertime("doctor")
    assert ran.code == 3
    assert "WRONG  usbmuxd is not running" in ran.out
    assert "1 thing is wrong" in ran.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("--long", "soon"),
        ("--long", "3s"),
        ("--fetch", "pigeon"),
        ("--compare", "x", "--report", "y"),
        ("--to", ""),
    ],
    ids=" ".join,
)
def test_an_option_that_cannot_be_used_gives_exit_code_2(
    arguments: tuple[str, ...], ambertime: Ambertime
) -> None:
    assert ambertime("doctor", *arguments).code == 2


def test_a_file_that_is_no_report_is_neither_read_nor_replaced(tmp_path: Path, ambertime: Ambertime) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"mine")
    assert "is not a report" in ambertime("doctor", "--compare", photo).sentence
    ran = ambertime("doctor", "--report", photo)
    assert (ran.code, photo.read_bytes()) == (1, b"mine")
    assert "Choose another name" in ran.sentence


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGKILL,
        pytest.param(signal.SIGTERM, marks=pytest.mark.long),
    ],
    ids=lambda number: number.name,
)
def test_a_command_that_is_stopped_leaves_nothing_on_the_drive(number: signal.Signals, target: Path) -> None:
    command = [sys.executable, "-m", "ambertime_tui", "doctor", "--to", str(target)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    announced = process.stderr.readline()
    assert f"Testing the drive in {target}" in announced
    process.send_signal(number)
    process.communicate(timeout=60)
    wait_until_empty(target)


def test_a_report_has_the_results_until_ctrl_c(target: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "ambertime_tui", "doctor", "--to", str(target), "--report", str(report)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    process.stderr.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    checks = [one["check"] for one in json.loads(report.read_text())["findings"]]
    assert "system" in checks
    assert "connected" not in checks
    assert list(target.iterdir()) == []


def wait_until_empty(folder: Path) -> None:
    """Wait for a process whose parent was killed."""
    command = ["timeout", "20", "sh", "-c", 'while [ -n "$(ls -A "$0")" ]; do :; done', str(folder)]
    subprocess.run(command, check=True, env=os.environ)
