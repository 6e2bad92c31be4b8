"""`ambertime watch`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from ambertime_tui.cli.context import CommandError, Context
from ambertime_tui.cli.launch import printer_for
from ambertime_tui.cli.options import add_command, add_json
from ambertime_tui.exit_codes import ExitCode

if TYPE_CHECKING:
    from ambertime_tui.cli.options import Subparsers
    from ambertime_tui.plain.printer import Printer


def add_parser(commands: Subparsers) -> None:
    """Add the command."""
    parser = add_command(commands, "watch", run, "Run saved tasks when their iPhone and drive are connected")
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--install",
        action="store_true",
        help="run it in the background from now on, as a service of this user (default: in this terminal)",
    )
    which.add_argument(
        "--uninstall", action="store_true", help="stop that service and remove it (default: keep it)"
    )
    add_json(parser)


def run(arguments: argparse.Namespace, context: Context) -> ExitCode:
    """Watch for phones and drives until interrupted, or install or remove the service."""
    printer = printer_for(context, as_json=arguments.json)
    if arguments.install or arguments.uninstall:
        return _service(context, printer, install_it=arguments.install)
    return _watch(context, printer)


def _service(context: Context, printer: Printer, *, install_it: bool) -> ExitCode:
    from ambertime_tui.watch.service import install, run_quietly, service_for, uninstall

    service = service_for(context.environ, sys.platform)
    try:
        sentences = (install if install_it else uninstall)(service, run_quietly)
    except OSError as error:
        raise CommandError(f"{service.file} cannot be changed: {error.strerror or error}.") from error
    printer.service(str(service.file), sentences, installed=install_it)
    return ExitCode.COMPLETE


def _watch(context: Context, printer: Printer) -> ExitCode:
    """Watch until SIGINT or SIGTERM."""
    import asyncio
    import signal

    from ambertime_tui.watch.loop import Watch
    from ambertime_tui.watch.world import SystemClock, World

    async def watch() -> None:
        world = World(context.paths, context.environ, SystemClock())
        watching = asyncio.create_task(Watch(world, printer.watch_event).run(), name="watch")
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, watching.cancel)
        try:
            await watching
        except asyncio.CancelledError:
            printer.say("Stopped watching. A running backup continues; see `ambertime jobs`.")

    asyncio.run(watch())
    return ExitCode.COMPLETE
