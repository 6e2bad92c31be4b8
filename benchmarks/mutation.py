"""Mutation testing of the drive code: `python -m benchmarks.mutation [MODULE ...] [--every N]`.

Each mutant has one small change in one module: a negated condition, a changed comparison, a changed constant,
or a removed statement. The drive's tests run against it in a separate process. A mutant survives if no test
fails. README.md lists the survivors and what was done about each.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.machinery
import importlib.util
import os
import select
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]
MODULES = (
    "volume.lock",
    "volume.marker",
    "record.record",
    "record.rows",
    "record.schema",
    "record.reserve",
    "record.integrity",
    "record.rebuild",
    "record.checksums",
    "writing.file_writer",
    "writing.asset_writer",
    "writing.commit",
    "writing.destinations",
    "writing.existing_files",
    "writing.names",
    "writing.folders",
    "writing.part_journal",
    "writing.read_back",
    "verify.expected",
    "verify.verify",
)
TESTS = (
    "tests/drive/writing/test_writing.py",
    "tests/drive/test_target.py",
    "tests/drive/writing/test_existing_files.py",
    "tests/drive/record/test_integrity.py",
    "tests/drive/writing/test_resume.py",
    "tests/drive/record/test_record.py",
    "tests/drive/verify/test_verify.py",
    "tests/drive/verify/test_repair.py",
    "tests/drive/verify/test_expected.py",
    "tests/drive/writing/test_names.py",
    "tests/drive/record/test_checksums.py",
    "tests/drive/test_faults.py",
)
OF_NO_CONSEQUENCE = ("slots", "frozen", "strict")
"""Arguments that only guard against programming mistakes."""
TIME_LIMIT = 120.0
"""Seconds. A mutant that hangs counts as detected."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One changed module."""

    module: str
    line: int
    words: str
    source: str
    """The changed source of the whole module."""


class _Mutator(ast.NodeTransformer):
    """Applies the change with the number `wanted`."""

    def __init__(self, wanted: int) -> None:
        self._left = wanted
        self.line = 0
        self.words = ""

    def _hit(self, node: ast.AST, words: str) -> bool:
        self._left -= 1
        if self._left == -1:
            self.line, self.words = getattr(node, "lineno", 0), words
            return True
        return False

    def visit_If(self, node: ast.If) -> ast.AST:
        if self._hit(node, f"if not ({ast.unparse(node.test)})"):
            node.test = ast.UnaryOp(ast.Not(), node.test)
            return node
        return self.generic_visit(node)

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        return node if node.arg in OF_NO_CONSEQUENCE else self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        turned: dict[type[ast.cmpop], type[ast.cmpop]] = {
            ast.Lt: ast.LtE,
            ast.LtE: ast.Lt,
            ast.Gt: ast.GtE,
            ast.GtE: ast.Gt,
            ast.Eq: ast.NotEq,
            ast.NotEq: ast.Eq,
            ast.In: ast.NotIn,
            ast.NotIn: ast.In,
        }
        other = turned.get(type(node.ops[0]))
        if other is not None and self._hit(node, f"{ast.unparse(node)} changed to {other.__name__}"):
            node.ops[0] = other()
            return node
        return self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        if self._hit(node, f"and/or swapped: {ast.unparse(node)}"):
            node.op = other
            return node
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, bool) and self._hit(node, f"{node.value} inverted"):
            return ast.copy_location(ast.Constant(not node.value), node)
        if type(node.value) is int and self._hit(node, f"{node.value} + 1"):
            return ast.copy_location(ast.Constant(node.value + 1), node)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        if isinstance(node.value, ast.Call) and self._hit(node, f"removed: {ast.unparse(node)}"):
            return ast.copy_location(ast.Pass(), node)
        return node if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        if self._hit(node, f"removed: {ast.unparse(node)}"):
            return ast.copy_location(ast.Pass(), node)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        if self._hit(node, f"removed: {ast.unparse(node)}"):
            return ast.copy_location(ast.Pass(), node)
        return self.generic_visit(node)


def mutants_of(module: str) -> Iterator[Mutant]:
    """Yield every mutant of a module in ambertime_tui/drive."""
    tree = ast.parse((ROOT / f"ambertime_tui/drive/{module.replace('.', '/')}.py").read_text())
    number = 0
    while True:
        mutator = _Mutator(number)
        changed = ast.fix_missing_locations(mutator.visit(copy.deepcopy(tree)))
        if not mutator.words:
            return
        yield Mutant(module, mutator.line, mutator.words, ast.unparse(changed))
        number += 1


class _Instead(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads the changed source instead of the module."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant
        self._name = f"ambertime_tui.drive.{mutant.module}"

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_loader(name, self) if name == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._mutant.source, self._name, "exec"), module.__dict__)


def survives(mutant: Mutant | None) -> bool:
    """Whether all tests pass with a mutant; None: with the unchanged code."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        _judge_here(mutant, writing)
    os.close(writing)
    ended = bool(select.select([reading], [], [], TIME_LIMIT)[0])
    said = os.read(reading, 1) if ended else b""
    os.close(reading)
    if not ended:
        os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return said == b"y"


def _judge_here(mutant: Mutant | None, writing: int) -> None:
    import pytest

    os.setsid()
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    if mutant is not None:
        sys.meta_path.insert(0, _Instead(mutant))
    options = ["-x", "-q", "-n", "0", "-p", "no:cacheprovider", "-p", "no:randomly"]
    passed = False
    try:
        passed = pytest.main([*options, *TESTS]) == 0
    finally:
        os.write(writing, b"y" if passed else b"n")
        os._exit(0)


def main() -> None:
    """Print each surviving mutant, then a Markdown table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=", ".join(MODULES))
    parser.add_argument("--every", type=int, default=1, help="test only every Nth mutant")
    options = parser.parse_args()
    os.chdir(ROOT)
    # Load everything that no mutant changes before forking.
    for name in ("pytest", "hypothesis", "sqlite3", "ambertime_tui.simulator.background"):
        importlib.import_module(name)
    for name in [name for name in sys.modules if name.startswith("ambertime_tui.drive")]:
        del sys.modules[name]
    if not survives(None):
        sys.exit("The tests fail with the unchanged code.")
    rows = []
    for module in options.modules or MODULES:
        began, total, left = time.monotonic(), 0, 0
        for mutant in list(mutants_of(module))[:: options.every]:
            total += 1
            if survives(mutant):
                left += 1
                print(f"{module}.py:{mutant.line}: {mutant.words}", flush=True)
        rows.append(f"| {module}.py | {total} | {total - left} | {left} | {time.monotonic() - began:,.0f} |")
        print(rows[-1], flush=True)
    print("\n| module | mutants | detected | survived | seconds |\n|---|---|---|---|---|")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
