"""`ambertime demo`."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ambertime_tui.cli.context import CommandError, Context, UsageError
from ambertime_tui.cli.launch import printer_for, run_app, terminal_trouble, with_engine
from ambertime_tui.cli.options import add_command, add_display, add_fetch
from ambertime_tui.exit_codes import ExitCode

if TYPE_CHECKING:
    from ambertime_tui.cli.options import Subparsers
    from ambertime_tui.engine.api.client import EngineClient

MAKING = (
    "Making a simulated iPhone. The demo also plays its owner: what the app asks for on the iPhone is done "
    "a few seconds later."
)
PATIENCE = 20.0
"""Seconds; the simulated iCloud never pauses for that long."""


def add_parser(commands: Subparsers) -> None:
    """Add the command."""
    parser = add_command(
        commands, "demo", run, "Try the app with a simulated iPhone and a temporary target folder"
    )
    parser.add_argument(
        "--assets", type=_count, metavar="N", help="number of items in the simulated library (default: 1000)"
    )
    parser.add_argument(
        "--seed", type=int, metavar="S", help="another number makes another library (default: 1)"
    )
    parser.add_argument(
        "--scratch",
        type=Path,
        metavar="DIR",
        help="keep the phone and the target folder here (default: a temporary folder)",
    )
    add_fetch(
        parser,
        "how to ask iOS for iCloud originals (default: shortcut; with --plain, leave them in iCloud)",
    )
    parser.add_argument(
        "--plain", action="store_true", help="print one scan and one backup (default: the full screen)"
    )
    add_display(parser)


def run(arguments: argparse.Namespace, context: Context) -> ExitCode:
    """Open the app with a simulated iPhone, or print one scan and one backup.

    Raises:
        UsageError: the app needs a terminal.
        CommandError: the simulated iPhone cannot be started.
    """
    from ambertime_tui.demo import DemoError, demo_session

    trouble = "" if arguments.plain else terminal_trouble(context.environ)
    if trouble:
        raise UsageError(f"{trouble}. Without one, use `ambertime demo --plain`.")
    print(MAKING, file=sys.stderr)
    try:
        with demo_session(
            context.environ, assets=arguments.assets, seed=arguments.seed, scratch=arguments.scratch
        ) as demo:
            inside = Context(demo.environ)
            show = _show_lines if arguments.plain else _show_app
            code = show(arguments, inside, demo.target)
    except DemoError as error:
        raise CommandError(str(error)) from error
    kept = "" if arguments.scratch is None else f" and kept in {arguments.scratch}"
    removed = " and removed with the copies" if arguments.scratch is None else ""
    print(f"The demo has ended. The simulated iPhone was stopped{kept or removed}.", file=sys.stderr)
    return code


def _show_app(arguments: argparse.Namespace, inside: Context, target: Path) -> ExitCode:
    from ambertime_tui.config import State, Task, save_state
    from ambertime_tui.engine.api.spec import FetchWay, OriginalsChoice

    way = FetchWay(arguments.fetch or FetchWay.SHORTCUT)
    save_state(inside.paths.state, State(last=Task(originals=OriginalsChoice.ICLOUD, fetch=way)))
    return run_app(arguments, inside, target=target)


def _show_lines(arguments: argparse.Namespace, inside: Context, target: Path) -> ExitCode:
    from ambertime_tui.engine.api.spec import FetchWay, JobSpec, OriginalsChoice
    from ambertime_tui.plain.backup import run_backup
    from ambertime_tui.plain.scan import scan_phone

    spec = JobSpec(str(target))
    if arguments.fetch is not None:
        way = FetchWay(arguments.fetch)
        spec = replace(spec, originals=OriginalsChoice.ICLOUD, way=way, patience=PATIENCE)
    printer = printer_for(inside, ascii_only=bool(arguments.ascii))

    async def scan_and_back_up(client: EngineClient) -> ExitCode:
        await scan_phone(client, None, spec.selection, printer)
        return await run_backup(client, spec, printer, detach=False)

    return with_engine(inside, scan_and_back_up)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number of items")
    return number
