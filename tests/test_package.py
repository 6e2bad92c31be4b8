"""What users install: the wheel contains everything it needs, and the console script runs."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import pytest

from ambertime_tui import __version__

ROOT = Path(__file__).parents[1]
NOT_CODE = (".tcss", ".sql", ".toml", ".json", ".bash", ".fish", ".1")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    if find_spec("hatchling") is None:
        pytest.skip("hatchling is not installed")
    into = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(into)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = into.glob("*.whl")
    return zipfile.ZipFile(built)


def test_every_file_of_the_package_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    package = ROOT / "ambertime_tui"
    ours = {
        str(file.relative_to(ROOT))
        for file in package.rglob("*")
        if file.is_file() and file.suffix in (".py", *NOT_CODE) and "__pycache__" not in file.parts
    }
    assert ours <= set(wheel.namelist())
    assert {Path(name).suffix for name in ours} >= {".py", ".tcss", ".sql"}


def test_the_themes_are_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    themes = {f"ambertime_tui/themes/{file.name}" for file in (ROOT / "themes").glob("*.toml")}
    assert themes
    assert themes <= set(wheel.namelist())


def test_shells_and_man_find_their_files(wheel: zipfile.ZipFile) -> None:
    shared = {name.partition(".data/data/")[2] for name in wheel.namelist() if ".data/data/" in name}
    assert shared == {
        "share/man/man1/ambertime.1",
        "share/bash-completion/completions/ambertime",
        "share/zsh/site-functions/_ambertime",
        "share/fish/vendor_completions.d/ambertime.fish",
    }


def test_the_wheel_has_the_licence_and_the_console_script(wheel: zipfile.ZipFile) -> None:
    (entry_points,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "ambertime = ambertime_tui.cli:" in wheel.read(entry_points).decode()
    assert any(name.endswith("licenses/LICENSE") for name in wheel.namelist())


def test_the_version_is_one() -> None:
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text()
    assert f"ambertime {__version__}\n" == _output([sys.executable, "-m", "ambertime_tui", "--version"])


def test_the_installed_command_runs() -> None:
    try:
        metadata.distribution("ambertime-tui")
    except metadata.PackageNotFoundError:
        pytest.skip("not installed here")
    command = shutil.which("ambertime", path=str(Path(sys.executable).parent))
    assert command is not None
    assert f"ambertime {__version__}\n" == _output([command, "--version"])


def test_the_readme_holds_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    for name, ends in (("demo", ".venv/bin/ambertime demo"), ("test", ".venv/bin/python -m pytest")):
        block = readme.split(f"<!-- {name}-command -->")[1].split(f"<!-- /{name}-command -->")[0]
        (command,) = (line for line in block.splitlines() if line.startswith("python3 -m venv"))
        assert command.endswith(ends)


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
