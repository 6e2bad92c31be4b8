"""`ambertime history`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ambertime_tui.cli.context import Context
from ambertime_tui.cli.launch import printer_for
from ambertime_tui.cli.options import add_command, add_json
from ambertime_tui.exit_codes import ExitCode

if TYPE_CHECKING:
    from ambertime_tui.cli.options import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Add the command."""
    parser = add_command(commands, "history", run, "List past backups")
    parser.add_argument("--task", metavar="NAME", help="only those of this task (default: all)")
    add_json(parser)


def run(arguments: argparse.Namespace, context: Context) -> ExitCode:
    """List past backups, oldest first, and when each task last succeeded."""
    import time

    from ambertime_tui.engine.api.history import by_task, read_history

    printer = printer_for(context, as_json=arguments.json)
    runs = read_history(context.paths.state)
    if arguments.task is not None:
        runs = tuple(run for run in runs if run.task == arguments.task)
    if not runs:
        none = "No backup has" if arguments.task is None else f"The task {arguments.task} has not"
        printer.say(f"{none} run on this computer yet.")
    printer.history(runs, by_task(runs), time.time())
    return ExitCode.COMPLETE
