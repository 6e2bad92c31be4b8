"""`ambertime simulate`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ambertime_tui.cli.context import Context
from ambertime_tui.cli.options import add_command
from ambertime_tui.exit_codes import ExitCode

if TYPE_CHECKING:
    from ambertime_tui.cli.options import Subparsers


def add_parser(commands: Subparsers, *, options: bool) -> None:
    """Add the command; its options need an import of the simulator, so they are added only if wanted."""
    parser = add_command(commands, "simulate", run, "Run a simulated iPhone for tests and other programs")
    if options:
        from ambertime_tui.simulator.command import add_arguments

        add_arguments(parser)


def run(arguments: argparse.Namespace, context: Context) -> ExitCode:
    """Run a simulated iPhone until it is stopped."""
    from ambertime_tui.simulator.command import run

    return ExitCode(run(arguments))
