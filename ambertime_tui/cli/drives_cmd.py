"""`ambertime drives`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ambertime_tui.cli.context import Context
from ambertime_tui.cli.launch import printer_for, with_engine
from ambertime_tui.cli.options import add_command, add_json
from ambertime_tui.exit_codes import ExitCode

if TYPE_CHECKING:
    from ambertime_tui.cli.options import Subparsers
    from ambertime_tui.engine.api.client import EngineClient


def add_parser(commands: Subparsers) -> None:
    """Add the command."""
    add_json(add_command(commands, "drives", run, "List drives that an archive could be on"))


def run(arguments: argparse.Namespace, context: Context) -> ExitCode:
    """List drives that an archive could be on."""
    printer = printer_for(context, as_json=arguments.json)

    async def list_drives(client: EngineClient) -> ExitCode:
        drives = await client.drives()
        if not drives:
            printer.say("No drive found. Connect one and mount it.")
        printer.drives(drives)
        return ExitCode.COMPLETE

    return with_engine(context, list_drives)
