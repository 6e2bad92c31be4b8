"""`ambertime scan`."""

from __future__ import annotations

import argparse
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ambertime_tui.cli.context import Context, UsageError
from ambertime_tui.cli.launch import printer_for, with_engine
from ambertime_tui.cli.options import add_ascii, add_command, add_json, add_selection
from ambertime_tui.exit_codes import ExitCode

if TYPE_CHECKING:
    from ambertime_tui.cli.options import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Add the command."""
    parser = add_command(
        commands, "scan", run, "Show what a library holds, and which originals are only in iCloud"
    )
    add_selection(parser)
    parser.add_argument(
        "--database",
        type=Path,
        metavar="FILE",
        help="read this Photos.sqlite (default: the library of a connected iPhone)",
    )
    parser.add_argument(
        "--media",
        type=Path,
        metavar="DIR",
        help="with --database: the folder that contains DCIM (default: trust the database)",
    )
    parser.add_argument(
        "--largest", metavar="N", help="list the N largest selected items (default: list none; --json: all)"
    )
    add_ascii(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, context: Context) -> ExitCode:
    """Show what a library holds, and where its originals are."""
    from ambertime_tui.cli.job_spec import selection_of, task_of
    from ambertime_tui.plain.scan import scan_database, scan_phone

    selection = selection_of(task_of(arguments))
    largest = _number(arguments.largest)
    printer = printer_for(context, as_json=arguments.json, ascii_only=bool(arguments.ascii))
    if arguments.database is None:
        if arguments.media is not None:
            raise UsageError("--media needs --database. The media of a connected iPhone are read from it.")
        return with_engine(
            context, lambda client: scan_phone(client, arguments.device, selection, printer, largest)
        )
    if arguments.device is not None:
        raise UsageError("--database reads a file and --device a phone. Use only one of them.")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)  # so that the temporary copy is removed
    return scan_database(
        arguments.database, arguments.media, selection, printer, now=time.time(), largest=largest
    )


def _number(text: str | None) -> int | None:
    """Return a number of items; None without a text.

    Raises:
        UsageError: the text is not a number above 0.
    """
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 8 and int(text)):
        raise UsageError(f"--largest needs a number of items such as 20, not {text!r}.")
    return int(text)
