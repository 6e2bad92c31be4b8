"""`--help` shows the default of every option of every command, and it is the true one."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

import pytest

from ambertime_tui.cli.parser import build_parser
from ambertime_tui.config import parse_patience
from ambertime_tui.engine.api.spec import JobSpec

WITHOUT_DEFAULT = {"--help", "--version"}
"""They print something and exit."""


def options_of(
    parser: argparse.ArgumentParser, command: str = "ambertime"
) -> Iterator[tuple[str, argparse.Action]]:
    """Every option of a parser and of its commands, with the name of the command."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield from options_of(below, f"{command} {name}")
        elif action.option_strings and not action.required and not WITHOUT_DEFAULT & {*action.option_strings}:
            yield command, action


OPTIONS = [
    pytest.param(action, id=f"{command} {action.option_strings[0]}")
    for command, action in options_of(build_parser(simulate_options=True))
]


def default_in_help(action: argparse.Action) -> str:
    """The default that the help of an option states; empty if it states none."""
    text = action.help % {"default": action.default} if action.help else ""
    found = re.search(r"\(default: ([^)]+)\)$", text)
    return found[1] if found else ""


@pytest.mark.parametrize("action", OPTIONS)
def test_each_option_states_its_default_at_the_end_of_its_help(action: argparse.Action) -> None:
    assert default_in_help(action)


@pytest.mark.parametrize("action", OPTIONS)
def test_a_stated_default_is_the_one_of_the_parser(action: argparse.Action) -> None:
    if action.default not in (None, False, argparse.SUPPRESS):
        assert default_in_help(action) == str(action.default)
    elif isinstance(action, argparse._AppendAction):  # its default is none of the choices, or all
        assert action.default is None
    elif action.choices is not None and action.default is None:
        assert default_in_help(action).split(";")[0] in action.choices


@pytest.mark.parametrize(
    ("option", "field"), [("--originals", "originals"), ("--order", "order"), ("--fetch", "way")]
)
def test_defaults_of_backup_are_those_of_a_job(option: str, field: str) -> None:
    assert default_in_help(backup_option(option)) == getattr(JobSpec("/media/anna/Archive"), field)


def test_the_default_patience_of_backup_is_that_of_a_job() -> None:
    stated = parse_patience(default_in_help(backup_option("--patience")))
    assert stated == JobSpec("/media/anna/Archive").patience


def backup_option(name: str) -> argparse.Action:
    """One option of `ambertime backup`."""
    found = options_of(build_parser(simulate_options=False))
    return next(a for command, a in found if command.endswith(" backup") and name in a.option_strings)
