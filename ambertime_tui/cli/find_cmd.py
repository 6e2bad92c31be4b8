"""`ambertime find`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ambertime_tui.cli.context import Context
from ambertime_tui.cli.find_options import add_find_options, query_of
from ambertime_tui.cli.launch import printer_for
from ambertime_tui.cli.options import add_command, add_json
from ambertime_tui.exit_codes import ExitCode

if TYPE_CHECKING:
    from ambertime_tui.cli.options import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Add the command."""
    parser = add_command(commands, "find", run, "Find items in an archive by day, name and kind")
    add_find_options(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, context: Context) -> ExitCode:
    """List the items of an archive that fit, from its record. Reads no photo.

    Raises:
        EngineError: there is no readable archive.
        UsageError: the range is not understood.
    """
    from ambertime_tui.engine.api.finding import find

    query = query_of(arguments)
    printer = printer_for(context, as_json=arguments.json)
    printer.found(find(arguments.target.absolute(), query))
    return ExitCode.COMPLETE
