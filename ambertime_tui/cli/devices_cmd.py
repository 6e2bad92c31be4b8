"""`ambertime devices`."""

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
    add_json(add_command(commands, "devices", run, "List connected iPhones"))


def run(arguments: argparse.Namespace, context: Context) -> ExitCode:
    """List connected iPhones."""
    printer = printer_for(context, as_json=arguments.json)

    async def list_phones(client: EngineClient) -> ExitCode:
        seen = await client.phones()
        if not seen.phones:
            printer.say(seen.hint or "No iPhone is connected. Connect one with a cable and unlock it.")
        printer.phones(seen.phones)
        return ExitCode.COMPLETE

    return with_engine(context, list_phones)
