"""`ambertime backup`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ambertime_tui.cli.context import Context
from ambertime_tui.cli.launch import at_a_terminal, printer_for, with_engine
from ambertime_tui.cli.options import (
    add_command,
    add_dry_run,
    add_fetch,
    add_json,
    add_selection,
    check_dry_run,
)
from ambertime_tui.engine.api.spec import FetchOrder, OriginalsChoice
from ambertime_tui.exit_codes import ExitCode

if TYPE_CHECKING:
    from ambertime_tui.cli.options import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Add the command."""
    parser = add_command(commands, "backup", run, "Copy the originals of a range to a drive")
    parser.add_argument(
        "--task", metavar="NAME", help="use a saved task; other options override it (default: none)"
    )
    add_selection(parser)
    parser.add_argument(
        "--to", metavar="DIR", help="target folder on the drive (default: the one in the config file)"
    )
    parser.add_argument(
        "--originals",
        choices=tuple(choice.value for choice in OriginalsChoice),
        help="local: only what is on the phone; icloud: also wait for originals in iCloud (default: local)",
    )
    add_fetch(parser, "with icloud: how to ask iOS for originals (default: keep-originals)")
    parser.add_argument(
        "--order",
        choices=tuple(order.value for order in FetchOrder),
        help="with icloud: which originals to wait for first (default: oldest)",
    )
    parser.add_argument(
        "--patience",
        metavar="TIME",
        help="how long to wait for the phone or the next iCloud original: 90s, 30m, 12h, forever "
        "(default: 30m)",
    )
    parser.add_argument(
        "--trial",
        action=argparse.BooleanOptionalAction,
        help="with icloud: first try a way of asking that is new for this iPhone on a few items, or ask for "
        "everything at once (default: first try it)",
    )
    parser.add_argument(
        "--edits",
        action=argparse.BooleanOptionalAction,
        help="also copy the current versions of edited items, or only originals (default: also edits)",
    )
    parser.add_argument(
        "--new-archive",
        action="store_true",
        help="start a new archive here, although another drive was used at this path (default: refuse)",
    )
    parser.add_argument(
        "--detach", action="store_true", help="run in the background (default: show the backup to its end)"
    )
    add_dry_run(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, context: Context) -> ExitCode:
    """Run one backup and print it line by line."""
    from ambertime_tui.cli.job_spec import load_tasks, spec_of
    from ambertime_tui.plain.backup import run_backup
    from ambertime_tui.plain.dry_run import dry_run

    check_dry_run(arguments)
    attended = not (arguments.json or arguments.detach) and at_a_terminal(context.environ)
    spec = spec_of(arguments, context, attended=attended)
    config, _ = load_tasks(context)
    printer = printer_for(context, as_json=arguments.json)
    locate = arguments.to is None
    if arguments.dry_run:
        return with_engine(
            context,
            lambda client: dry_run(client, spec, printer, names=arguments.names, locate=locate),
        )
    return with_engine(
        context,
        lambda client: run_backup(
            client,
            spec,
            printer,
            hooks=config.hooks.hooks(),
            detach=arguments.detach,
            locate=locate,
        ),
    )
