"""`ambertime attach`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ambertime_tui.cli.context import Context
from ambertime_tui.cli.launch import at_a_terminal, printer_for, run_app, with_engine
from ambertime_tui.cli.options import add_command, add_display, add_json
from ambertime_tui.cli.which_job import add_job, named_job
from ambertime_tui.exit_codes import ExitCode

if TYPE_CHECKING:
    from ambertime_tui.cli.options import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Add the command."""
    parser = add_command(commands, "attach", run, "Show a running backup")
    add_job(parser)
    parser.add_argument(
        "--plain", action="store_true", help="print lines (default: the full screen, in a terminal)"
    )
    add_display(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, context: Context) -> ExitCode:
    """Show a running backup in the full-screen app, or print it as lines."""
    from ambertime_tui.plain.follow import Follower

    socket = Path(named_job(arguments.job, context).socket)
    if not (arguments.plain or arguments.json) and at_a_terminal(context.environ):
        return run_app(arguments, context, attach=socket)
    printer = printer_for(context, as_json=arguments.json)
    answers = sys.stdin if at_a_terminal(context.environ) and not arguments.json else None
    return with_engine(
        context, lambda client: Follower(client, printer, answers=answers, attached=True).run(), socket
    )
