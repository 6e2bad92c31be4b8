"""`ambertime export`."""

from __future__ import annotations

import argparse
import signal
from typing import TYPE_CHECKING

from ambertime_tui.cli.context import Context, UsageError
from ambertime_tui.cli.find_options import add_find_options, query_of
from ambertime_tui.cli.launch import printer_for
from ambertime_tui.cli.options import add_command, add_json
from ambertime_tui.exit_codes import ExitCode

if TYPE_CHECKING:
    from ambertime_tui.cli.options import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Add the command."""
    parser = add_command(commands, "export", run, "Copy items from an archive to a folder")
    add_find_options(parser)
    parser.add_argument("--to", metavar="FOLDER", required=True, help="the folder; made if its parent exists")
    parser.add_argument(
        "--layout",
        choices=("plain", "flat"),
        default="plain",
        help="plain: folders as in the archive; flat: all files in one folder, for an import "
        "(default: plain)",
    )
    parser.add_argument(
        "--edits",
        action=argparse.BooleanOptionalAction,
        help="with edited versions, or only originals (default: with edits)",
    )
    add_json(parser)


def run(arguments: argparse.Namespace, context: Context) -> ExitCode:
    """Copy items. Exit code 0: all files that fit are in the folder; 3: not all, or nothing fits.

    Raises:
        EngineError: there is no readable archive, or the folder cannot be used.
        UsageError: an option is not understood.
    """
    from ambertime_tui.engine.api.exporting import Layout, export
    from ambertime_tui.paths import PathsError, folder_named
    from ambertime_tui.plain.export_text import export_progress

    query = query_of(arguments)
    try:
        folder = folder_named(arguments.to)
    except PathsError as error:
        raise UsageError(f"--to: {error}") from error
    printer = printer_for(context, as_json=arguments.json)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)  # so that the unfinished file is removed
    result = export(
        arguments.target.absolute(),
        query,
        folder,
        Layout(arguments.layout),
        edits=arguments.edits is not False,
        on_progress=lambda status: printer.progress(export_progress(status)),
        on_file=printer.exported_file,
    )
    printer.exported(result, str(folder))
    return ExitCode.COMPLETE if result.complete else ExitCode.LEFT
