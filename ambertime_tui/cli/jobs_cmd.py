"""`ambertime jobs`."""

from __future__ import annotations

import argparse
from datetime import date
from typing import TYPE_CHECKING

from ambertime_tui.cli.context import Context
from ambertime_tui.cli.launch import printer_for
from ambertime_tui.cli.options import add_command, add_json
from ambertime_tui.config import load_config
from ambertime_tui.exit_codes import ExitCode

if TYPE_CHECKING:
    from ambertime_tui.cli.options import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Add the command."""
    add_json(add_command(commands, "jobs", run, "List running backups"))


def run(arguments: argparse.Namespace, context: Context) -> ExitCode:
    """List running backups.

    Raises:
        ConfigError: the config file cannot be used; the list was printed all the same.
        EngineError: one may be running that cannot be asked, for example that of another version. The others
            are listed before.
    """
    from ambertime_tui.engine.api.client import find_jobs

    printer = printer_for(context, as_json=arguments.json)
    found = find_jobs(context.paths)
    if not found.jobs and not found.unreadable:
        printer.say("No backup is running.")
    printer.jobs(found.jobs)
    for error in found.unreadable[1:]:
        printer.say(error.sentence)
    if found.unreadable:
        raise found.unreadable[0]
    load_config(context.paths.config, date.today())
    return ExitCode.COMPLETE
