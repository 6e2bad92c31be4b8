"""A stdout or stderr that is full, closed or broken: the command does its work, and says what was lost."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from ambertime_tui.simulator.library import MadeLibrary
from tests.conftest import PhoneFactory

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")


def run(command: str, redirection: str) -> subprocess.CompletedProcess[str]:
    line = f"{shlex.quote(sys.executable)} -m ambertime_tui {command} {redirection}"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=90, check=False)
    assert "Traceback" not in done.stderr + done.stdout
    assert "unexpected" not in done.stderr
    return done


@pytest.mark.parametrize(
    "command", ["--help", "--version", "jobs", "drives", "devices --json", "scan", "completion bash", "man"]
)
def test_a_full_stdout_is_named(command: str, phone_factory: PhoneFactory) -> None:
    phone_factory()
    done = run(command, ">/dev/full")
    if command == "jobs":  # prints nothing on stdout when there is none
        assert done.returncode == 0
        return
    assert done.returncode == 1
    assert "ambertime: The output could not be written: No space left on device." in done.stderr


@pytest.mark.parametrize("command", ["--help", "drives --json", "devices", "scan", "man"])
@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">&- 2>&- <&-", "2>/dev/full"])
def test_a_closed_stream_and_a_full_stderr_lose_only_what_went_there(
    command: str, redirection: str, phone_factory: PhoneFactory
) -> None:
    phone_factory()
    assert run(command, redirection).returncode == 0


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-", "2>&-", "2>/dev/full", ">&- 2>&- <&-"])
@pytest.mark.parametrize("form", ["--json", ""])
def test_a_backup_is_complete_whatever_becomes_of_its_output(
    form: str, redirection: str, made_library: MadeLibrary, phone_factory: PhoneFactory, tmp_path: Path
) -> None:
    phone_factory(made_library.media)
    target = tmp_path / "drive"
    target.mkdir()
    assert run(f"backup --to {target} {form}", redirection).returncode == 3
    assert (target / "SHA256SUMS").stat().st_size > 0
    assert run(f"verify {target}", "").returncode == 0


def test_an_error_on_a_closed_stderr_is_still_an_exit_code(tmp_path: Path) -> None:
    assert run("backup", "2>&-").returncode == 2
    assert run(f"verify {tmp_path}", "2>/dev/full").returncode == 1
