"""`ambertime stop`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ambertime_tui.cli.context import Context
from ambertime_tui.cli.launch import printer_for, with_engine
from ambertime_tui.cli.options import add_command
from ambertime_tui.cli.which_job import add_job, named_job
from ambertime_tui.exit_codes import ExitCode

if TYPE_CHECKING:
    from ambertime_tui.cli.options import Subparsers
    from ambertime_tui.engine.api.client import EngineClient


def add_parser(commands: Subparsers) -> None:
    """Add the command."""
    parser = add_command(commands, "stop", run, "Stop a running backup")
    add_job(parser)
    parser.add_argument(
        "--now",
        action="store_true",
        help="stop at once and discard unfinished files (default: finish the files that are being copied)",
    )


def run(arguments: argparse.Namespace, context: Context) -> ExitCode:
    """Stop a running backup and wait until it has ended.

    Raises:
        EngineError: it cannot be stopped, or has just ended in another way.
    """
    from ambertime_tui.engine.api.client import Command, CommandName

    printer = printer_for(context)
    job = named_job(arguments.job, context)

    async def stop(client: EngineClient) -> ExitCode:
        await client.command(Command(CommandName.STOP_NOW if arguments.now else CommandName.STOP))
        after = "at once" if arguments.now else "after the files that are being copied"
        printer.say(f"Stopping {after}.")
        async for status in client.statuses():
            printer.progress(status.sentence)
        printer.say("The backup has stopped. What was copied is safe; the next run continues from there.")
        return ExitCode.COMPLETE

    return with_engine(context, stop, Path(job.socket))
