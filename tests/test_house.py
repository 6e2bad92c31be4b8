"""The arrows of the house run one way: who may import whom."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "ambertime_tui"
ROOM_MAY_IMPORT = {
    "library": {"library"},
    "phone": {"phone", "library"},
    "drive": {"drive", "library"},
    "engine": {"engine", "phone", "drive", "library", "paths"},
    "tui": {"tui", "engine", "library", "config", "paths", "qr", "units", "exit_codes"},
    "plain": {"plain", "engine", "library", "paths", "qr", "units", "exit_codes"},
    "config": {"config", "engine", "library", "paths"},
    "demo": {"demo", "engine", "paths", "simulator"},
    "simulator": {"simulator"},
    "exit_codes": {"exit_codes", "engine"},
    "last_resort": {"last_resort", "paths"},
    "paths": {"paths"},
    "qr": {"qr"},
    "units": {"units"},
}
"""`cli` may import every room. A front end uses `library` for the words and the date-range grammar only."""
FRONT_ENDS = ("plain", "tui", "demo", "config", "exit_codes")
WHAT_THEY_TAKE_OF_THE_ENGINE = {
    "client",
    "offline",
    "overview",
    "protocol",
    "spec",
    "status",
    "verification",
    "ways",
    "wire",
}
"""Words and the way to ask; what the engine is made of is its own."""
ONLY_ROOM_FOR = {"pymobiledevice3": "phone", "textual": "tui", "rich": "tui"}
PHONE_AND_DRIVE_KNOW_OF_THE_LIBRARY_ONLY = {"ambertime_tui.library.model"}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(file: Path) -> list[str]:
    found: list[str] = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are written out from the top"
            assert node.module is not None
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


@pytest.mark.parametrize("file", modules(), ids=lambda f: str(f.relative_to(PACKAGE)))
def test_a_room_imports_only_the_rooms_below_it(file: Path) -> None:
    room = room_of(file)
    for name in imports_of(file):
        top, *rest = name.split(".")
        assert ONLY_ROOM_FOR.get(top, room) == room, (
            f"{file.name} imports {top}, which belongs to {ONLY_ROOM_FOR[top]}/"
        )
        if top == "ambertime_tui" and rest and room in ROOM_MAY_IMPORT and rest[0] != "__version__":
            assert rest[0] in ROOM_MAY_IMPORT[room], f"{room} must not import {name}"
        if room in FRONT_ENDS and name.startswith("ambertime_tui.engine."):
            assert name.split(".")[2] in WHAT_THEY_TAKE_OF_THE_ENGINE, f"{file} imports {name}"
        if room in ("phone", "drive") and name.startswith("ambertime_tui.library."):
            assert ".".join(name.split(".")[:3]) in PHONE_AND_DRIVE_KNOW_OF_THE_LIBRARY_ONLY, (
                f"{file} imports {name}"
            )


def test_only_the_command_line_the_demo_and_the_tests_know_of_the_simulator() -> None:
    for file in modules():
        if room_of(file) not in ("simulator", "cli", "demo"):
            assert not [n for n in imports_of(file) if n.startswith("ambertime_tui.simulator")], file


def test_a_headless_backup_never_loads_textual() -> None:
    script = (
        "import sys\n"
        "from ambertime_tui.cli import main\n"
        "code = main(['backup', '--to', '/nonexistent/nowhere', '--device', 'no-such-phone'])\n"
        "loaded = [m for m in sys.modules if m.split('.')[0] == 'textual']\n"
        "assert not loaded, loaded[:3]\n"
        "assert code in (1, 2), code\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
