"""Ctrl+C, hangups, closed pipes, detaching: what stops, what keeps running, and that nothing is lost."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ambertime_tui.simulator.library import LibraryRecipe, MadeLibrary, Sizes, make_library
from ambertime_tui.simulator.link import Link
from tests.cli.conftest import LONGEST_RUN, Ambertime
from tests.conftest import PhoneFactory

SLOW = Link(bytes_per_second=10e6)
"""Slow enough that a job of fifty megabytes can be caught in the middle."""


class Running:
    """A running `ambertime backup --json`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Read records until one matches."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            record: dict[str, Any] = json.loads(line)
            if wanted(record):
                return record
        raise AssertionError("the job ended before")

    def until_it_copies(self) -> None:
        """Read records until some items are on the drive, but not all."""
        progress = self.until(lambda r: r["type"] == "progress" and r["written"]["count"] > 0)
        assert progress["written"]["count"] < progress["planned"]["count"]

    def end(self) -> tuple[int, list[dict[str, Any]], str]:
        """Wait for the end. Return the exit code, the remaining records, and stderr."""
        out, err = self.process.communicate(timeout=LONGEST_RUN)
        assert "Traceback" not in err
        return self.process.returncode, [json.loads(line) for line in out.splitlines()], err


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "drive"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def large_library(tmp_path_factory: pytest.TempPathFactory) -> MadeLibrary:
    """A few photos and videos as large as real ones, local for the most part; shared, so read it only."""
    recipe = LibraryRecipe(assets=40, seed=7, sizes=Sizes.SPARSE)
    return make_library(tmp_path_factory.mktemp("library"), recipe)


@pytest.fixture
def backup(large_library: MadeLibrary, phone_factory: PhoneFactory, target: Path) -> Iterator[Running]:
    """A backup over a slow cable, caught while it copies."""
    phone_factory(large_library.media, link=SLOW)
    command = [sys.executable, "-m", "ambertime_tui", "backup", "--json", "--to", str(target)]
    with ExitStack() as stack:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        stack.enter_context(process)
        stack.callback(process.kill)
        running = Running(process)
        running.until_it_copies()
        yield running


def assert_whole(target: Path) -> None:
    """Check that every file is listed in SHA256SUMS with its hash, and that no partial file is left."""
    check = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"],
        cwd=target,
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 0, check
    listed = {line.rpartition(": ")[0] for line in check.stdout.splitlines()}
    assert {str(f.relative_to(target)) for f in (target / "Photos").rglob("*") if f.is_file()} == listed


def assert_ended_well(target: Path, ambertime: Ambertime) -> None:
    """Check that the job in the background has finished: a second run has nothing to copy."""
    if json.loads(ambertime("jobs", "--json").out or "{}"):
        attached = ambertime("attach", "--json")
        assert attached.code in (1, 3), attached.err  # it may have ended this very moment
    rest = ambertime("backup", "--json", "--to", target).records[-1]
    assert rest["copied"] == 0 and rest["already"] > 0
    assert_whole(target)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_the_first_ctrl_c_and_sigterm_stop_the_job_after_the_current_files(
    backup: Running, target: Path, ambertime: Ambertime, number: signal.Signals
) -> None:
    backup.process.send_signal(number)
    code, records, err = backup.end()
    assert code == 130
    assert "topping after the files that are being copied" in err
    census = records[-1]
    assert (census["type"], census["outcome"], census["exit_code"]) == ("census", "interrupted", 130)
    assert census["holds"] and census["copied"] > 0
    assert_whole(target)

    rest = ambertime("backup", "--json", "--to", target).records[-1]
    assert rest["already"] == census["copied"]
    assert rest["outcome"] == "left"
    assert_whole(target)


def test_the_second_ctrl_c_stops_it_at_once(backup: Running, target: Path) -> None:
    backup.process.send_signal(signal.SIGINT)
    backup.until(lambda r: r["type"] == "progress" and r["condition"] == "stopping")
    backup.process.send_signal(signal.SIGINT)
    code, records, _ = backup.end()
    assert code == 130
    assert records[-1]["outcome"] == "interrupted"
    assert_whole(target)


def test_a_hangup_ends_only_the_front_end_and_attach_shows_the_job_to_its_end(
    backup: Running, target: Path, ambertime: Ambertime
) -> None:
    backup.process.send_signal(signal.SIGHUP)
    code, _, err = backup.end()
    assert code == 130
    assert "keeps running" in err
    attached = ambertime("attach", "--json")
    assert attached.code == 3, attached.err
    assert [attached.records[0]["type"], attached.records[-1]["outcome"]] == ["job", "left"]
    assert_ended_well(target, ambertime)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_ctrl_c_in_attach_leaves_the_job_alone_and_says_so(
    backup: Running, target: Path, number: signal.Signals
) -> None:
    attach = [sys.executable, "-m", "ambertime_tui", "attach", "--json"]
    process = subprocess.Popen(attach, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    attached = Running(process)
    attached.until(lambda r: r["type"] == "progress")
    process.send_signal(number)
    code, _, err = attached.end()
    assert code == 130
    assert "keeps running" in err and "ambertime stop" in err
    _, records, _ = backup.end()
    assert records[-1]["outcome"] == "left", "the job ran to its end"
    assert_whole(target)


def test_a_front_end_that_is_killed_leaves_the_job_unharmed(
    backup: Running, target: Path, ambertime: Ambertime
) -> None:
    backup.process.kill()
    backup.process.wait()
    assert_ended_well(target, ambertime)


def test_a_closed_pipe_leaves_the_job_unharmed(backup: Running, target: Path, ambertime: Ambertime) -> None:
    assert backup.process.stdout is not None and backup.process.stderr is not None
    backup.process.stdout.close()
    err = backup.process.stderr.read()
    assert backup.process.wait() == 130
    assert "keeps running" in err
    assert "Traceback" not in err and "BrokenPipe" not in err
    assert_ended_well(target, ambertime)


def test_a_detached_job_is_listed_can_be_stopped_and_says_so(
    large_library: MadeLibrary, phone_factory: PhoneFactory, target: Path, ambertime: Ambertime
) -> None:
    phone = phone_factory(large_library.media, link=Link(bytes_per_second=2e6))
    (started,) = ambertime("backup", "--json", "--detach", "--to", target).records
    assert started["type"] == "started"
    (job,) = ambertime("jobs", "--json").records
    assert (job["job_id"], job["target"], job["udid"]) == (started["job_id"], str(target), phone.udid)
    assert started["job_id"] in ambertime("jobs").out
    assert ambertime("stop", "nonsense").code == 1
    stopped = ambertime("stop", started["job_id"])
    assert stopped.code == 0, stopped.err
    assert ambertime("jobs").out == ""
    phone.link = Link()
    assert ambertime("backup", "--json", "--to", target).code == 3
    assert_whole(target)
