"""Which room may import which. Arrows run one way, so a change stays where it is made."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parents[1] / "ambertime_tui"


class Rule(NamedTuple):
    """What a room may import of this package, and why nothing else."""

    may_import: frozenset[str]
    why: str


def rule(may_import: str, why: str) -> Rule:
    return Rule(frozenset(may_import.split()), why)


# A room is a folder or file; an entry here allows everything below it.
RULES = {
    "units": rule("", "it is a leaf that every room may use"),
    "open_files": rule("", "it is a leaf that every room may use"),
    "safe_text": rule("", "it is a leaf that every room may use"),
    "child_processes": rule("", "it is a leaf that every room may use"),
    "paths": rule("", "it is a leaf that every room may use"),
    "qr": rule("", "it is a leaf that every room may use"),
    "last_resort": rule("paths safe_text", "it has to work when everything else has failed"),
    "library": rule("units", "what a Photo Library holds does not depend on phones, drives or jobs"),
    "phone": rule("library units", "a phone is reached without knowing of drives or jobs"),
    "drive.layout": rule("", "it only names files"),
    "drive.errors": rule("units", "every part of the drive may raise these"),
    "drive.os_errors": rule("drive.errors units", "every part translates the errors of its system calls"),
    "drive.volume": rule(
        "drive.errors drive.os_errors drive.layout units",
        "locks and file systems do not depend on what is archived",
    ),
    "drive.record": rule(
        "drive.volume drive.errors drive.os_errors drive.layout library units",
        "the record does not depend on who writes it",
    ),
    "drive.writing": rule(
        "drive.record drive.volume drive.errors drive.os_errors drive.layout library units",
        "writing uses the record, never the other way round",
    ),
    "drive.verify": rule(
        "drive.writing drive.record drive.volume drive.errors drive.os_errors drive.layout library units",
        "an archive can be verified without a job",
    ),
    "drive.target": rule(
        "drive.writing drive.record drive.volume drive.errors drive.os_errors drive.layout library units",
        "it puts the parts of the drive together",
    ),
    "drive.forgetting": rule(
        "drive.target drive.record drive.volume drive.errors drive.os_errors drive.layout library units",
        "it looks at a whole target",
    ),
    "drive.finding": rule(
        "drive.record drive.volume drive.errors drive.os_errors drive.layout library units",
        "items are found from the record alone",
    ),
    "drive.exporting": rule(
        "drive.finding drive.verify drive.writing drive.record drive.volume drive.errors drive.os_errors "
        "drive.layout library units",
        "files are copied out of an archive as they are verified: without a job",
    ),
    "engine.timing": rule("phone", "clocks are passed to every part of the engine"),
    "engine.api": rule(
        "drive phone library child_processes paths units",
        "front ends import it, so it must not pull in the engine's internals",
    ),
    "engine.scan": rule(
        "engine.api engine.timing drive phone library paths units", "a scan comes before plan and job"
    ),
    "engine.plan": rule(
        "engine.api phone library drive units", "a plan comes before the job that follows it"
    ),
    "engine.job": rule(
        "engine.plan engine.scan engine.api engine.timing drive phone library paths units",
        "a job does not depend on the process that runs it",
    ),
    "engine.doctor": rule(
        "engine.job.trial engine.job.fetch_requests engine.plan engine.scan engine.api engine.timing drive "
        "phone library paths units",
        "it checks phone and drive without a job, in a process of its own",
    ),
    "engine.host": rule(
        "engine drive phone library paths units", "the host serves front ends and knows none"
    ),
    "config": rule("engine.api library paths units", "settings are read by front ends only"),
    "exit_codes": rule("engine.api", "exit codes follow from a job's outcome"),
    "plain": rule(
        "engine.api library paths qr units exit_codes", "a front end sees the engine through its api only"
    ),
    "tui": rule(
        "engine.api library config paths qr units exit_codes",
        "a front end sees the engine through its api only",
    ),
    "watch": rule(
        "engine.api library config paths units child_processes",
        "a front end without a person: it sees the engine through its api only",
    ),
    "simulator": rule("", "it replaces a phone, so it must share no code with the product"),
    "demo": rule(
        "engine.api simulator child_processes paths units", "the demo runs the product as a person would"
    ),
    "cli": rule(
        "tui plain watch demo simulator engine.api config exit_codes last_resort library paths units "
        "child_processes",
        "commands start a front end; the work is done below them",
    ),
}
LEAVES = {"safe_text", "open_files"}
"""Leaves that every room may import that may import units."""
OUTSIDE_PACKAGES = {"pymobiledevice3": "phone", "textual": "tui", "rich": "tui"}
"""Packages that one room alone may import, so that replacing them touches one room."""


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def module_of(file: Path) -> str:
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def room_of(module: str) -> str:
    """The longest name in RULES that a module is in; empty for the package itself."""
    parts = module.split(".")
    names = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
    return next((name for name in names if name in RULES), "")


def imports_of(file: Path) -> list[str]:
    found: list[str] = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: write imports out from the top of the package"
            assert node.module is not None
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def allowed(imported: str, room: str) -> bool:
    rooms = {room, *RULES[room].may_import, *(LEAVES if "units" in RULES[room].may_import else ())}
    return any(f"{imported}.".startswith(f"{name}.") for name in rooms)


def wrong_imports(module: str, imports: list[str]) -> list[str]:
    """A sentence for each import that breaks a rule."""
    room, found = room_of(module), []
    for name in imports:
        top, _, rest = name.partition(".")
        owner = OUTSIDE_PACKAGES.get(top)
        if owner is not None and room != owner:
            found.append(
                f"{module} imports {name}; only {owner}/ may, so that replacing it touches one room."
            )
        if top == "ambertime_tui" and rest and room and not rest.startswith("__") and not allowed(rest, room):
            found.append(f"{module} imports {rest}; {room} must not: {RULES[room].why}.")
    return found


@pytest.mark.parametrize("file", modules(), ids=module_of)
def test_a_room_imports_only_what_its_rule_allows(file: Path) -> None:
    wrong = wrong_imports(module_of(file), imports_of(file))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("file", modules(), ids=module_of)
def test_every_module_has_a_rule(file: Path) -> None:
    module = module_of(file)
    is_package = file.name == "__init__.py"
    assert is_package or module == "__main__" or room_of(module), f"add a rule for {module} to RULES"


def test_the_rules_have_no_circle() -> None:
    seen: set[str] = set()

    def reach(room: str, path: tuple[str, ...]) -> None:
        assert room not in path, " -> ".join((*path, room))
        if room in seen:
            return
        for name in RULES:
            below = any(f"{name}.".startswith(f"{given}.") for given in RULES[room].may_import)
            if below and name != room:
                reach(name, (*path, room))
        seen.add(room)

    for room in RULES:
        reach(room, ())


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("tui.app", "ambertime_tui.engine.job.job.Job"),
        ("plain.backup", "ambertime_tui.drive.target.Target"),
        ("drive.record.record", "ambertime_tui.drive.writing.naming.place"),
        ("engine.plan.plan", "ambertime_tui.engine.job.census.Bucket"),
        ("engine.job.job", "textual.app.App"),
        ("phone.afc", "ambertime_tui.simulator.phone.Phone"),
    ],
)
def test_a_wrong_import_is_named_with_the_reason(module: str, imported: str) -> None:
    (sentence,) = wrong_imports(module, [imported])
    assert sentence.startswith(f"{module} imports ")


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
