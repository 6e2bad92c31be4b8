"""Imports inside the full-screen app: no circle, and no screen imports the app."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import pytest

from ambertime_tui.tui.application import AmberApp
from ambertime_tui.tui.shell import Shell
from tests.test_house import PACKAGE, imports_of, module_of, modules
from tests.tui.fake_engine import FakeEngine
from tests.tui.stage import app_of


def imports_in_tui() -> dict[str, set[str]]:
    """For each module of the full-screen app, the modules of the app that it imports, also for types only."""
    files = {module_of(file): file for file in modules() if file.is_relative_to(PACKAGE / "tui")}
    graph: dict[str, set[str]] = {}
    for module, file in files.items():
        names = {name.removeprefix("ambertime_tui.") for name in imports_of(file)}
        graph[module] = {name for n in names for name in (n, n.rpartition(".")[0]) if name in files}
    return graph


def test_imports_have_no_circle() -> None:
    try:
        TopologicalSorter(imports_in_tui()).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_only_the_start_imports_the_app() -> None:
    graph = imports_in_tui()
    assert [module for module, imported in graph.items() if "tui.application" in imported] == ["tui.app"]


def test_the_app_is_what_its_screens_expect() -> None:
    shell: Shell = app_of(FakeEngine())  # checked by mypy
    assert isinstance(shell, AmberApp)
