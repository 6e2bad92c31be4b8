"""A command run in a folder full of traps: nothing in the current folder is ever executed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ambertime_tui.child_processes import safe_environment
from tests.conftest import PhoneFactory

LONGEST_RUN = 90.0
OTHER_MODULES = ("textual", "rich", "pymobiledevice3", "humanize", "PIL", "segno", "tomli_w", "sitecustomize")
PROGRAMS = (
    "uname",
    "ldconfig",
    "gcc",
    "cc",
    "ld",
    "objdump",
    "diskutil",
    "ifconfig",
    "arp",
    "python3",
    "git",
)


@pytest.fixture
def traps(tmp_path: Path) -> Path:
    """A folder with a trap for each module and program that could be looked up in it. A trap that runs leaves
    its name in `sprung`."""
    folder = tmp_path / "stranger's drive"
    folder.mkdir()
    sprung = folder / "sprung"
    code = f"open({str(sprung)!r}, 'a').write(__name__ + '\\n')\n"
    for name in (*sys.stdlib_module_names, *OTHER_MODULES):
        (folder / f"{name}.py").write_text(code)
    for program in PROGRAMS:
        script = folder / program
        script.write_text(f'#!/bin/sh\necho {program} >> "{sprung}"\n')
        script.chmod(0o755)
    (folder / "startup").write_text(code)
    return folder


def trap_our_package(folder: Path) -> None:
    ours = folder / "ambertime_tui"
    for package in (ours, ours / "engine", ours / "engine/host", ours / "cli"):
        package.mkdir()
        for name in ("__init__", "__main__"):
            (package / f"{name}.py").write_text((folder / "json.py").read_text())


def run_in(folder: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PATH": f":.:{os.environ['PATH']}:", "PYTHONSTARTUP": "startup"}
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=LONGEST_RUN, check=False
    )
    sprung = folder / "sprung"
    assert not sprung.exists(), f"{command} ran {sprung.read_text().split()}"
    assert "Traceback" not in done.stderr
    return done


def test_the_installed_command_runs_nothing_of_the_current_folder(
    traps: Path, tmp_path: Path, phone_factory: PhoneFactory
) -> None:
    installed = shutil.which("ambertime", path=str(Path(sys.executable).parent))
    if installed is None:
        pytest.skip("not installed here")
    trap_our_package(traps)
    phone_factory()
    target = tmp_path / "drive"
    target.mkdir()
    assert run_in(traps, [installed, "--version"]).returncode == 0
    assert "iPhone" in run_in(traps, [installed, "devices"]).stdout
    assert run_in(traps, [installed, "drives"]).returncode == 0
    assert run_in(traps, [installed, "jobs"]).returncode == 0
    run_in(traps, [installed, "backup", "--to", str(target)])
    assert any((target / "Photos").rglob("*.HEIC"))
    assert run_in(traps, [installed, "verify", str(target)]).returncode == 0


def test_the_demo_runs_nothing_of_the_current_folder(traps: Path) -> None:
    installed = shutil.which("ambertime", path=str(Path(sys.executable).parent))
    if installed is None:
        pytest.skip("not installed here")
    trap_our_package(traps)
    done = run_in(traps, [installed, "demo", "--plain", "--assets", "5", "--scratch", "mine"])
    assert done.returncode in (0, 3), done.stderr
    assert any((traps / "mine/drive/Photos").rglob("*.*"))


def test_python_m_runs_no_module_of_the_current_folder(
    traps: Path, tmp_path: Path, phone_factory: PhoneFactory
) -> None:
    """Python itself looks there for our package, and for a few modules on the way. Nothing later may."""
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "nothing.py").write_text("import sys; print(*sys.modules)")
    python = [sys.executable, "-m", "nothing"]
    loaded = subprocess.run(python, cwd=empty, capture_output=True, text=True, check=True).stdout.split()
    for module in loaded:
        (traps / f"{module}.py").unlink(missing_ok=True)
    phone_factory()
    assert "iPhone" in run_in(traps, [sys.executable, "-m", "ambertime_tui", "devices"]).stdout


def test_python_m_with_safe_paths_runs_nothing_of_the_current_folder(
    traps: Path, phone_factory: PhoneFactory
) -> None:
    if shutil.which("ambertime", path=str(Path(sys.executable).parent)) is None:
        pytest.skip("not installed here")
    trap_our_package(traps)
    phone_factory()
    assert "iPhone" in run_in(traps, [sys.executable, "-P", "-m", "ambertime_tui", "devices"]).stdout


@pytest.mark.parametrize(
    ("before", "after"),
    [("", None), (":/usr/bin", "/usr/bin"), (".:/bin::relative:/sbin", "/bin:/sbin"), ("/bin:", "/bin")],
)
def test_a_child_gets_no_search_path_that_leads_to_the_current_folder(before: str, after: str | None) -> None:
    safe = safe_environment({"PYTHONPATH": before, "PYTHONINSPECT": "1", "LANG": "C"})
    assert safe.get("PYTHONPATH") == after
    assert safe.get("LANG") == "C"
    assert "PYTHONINSPECT" not in safe
