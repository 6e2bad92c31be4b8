"""`ambertime verify`."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ambertime_tui.cli.context import Context, UsageError
from ambertime_tui.cli.launch import printer_for
from ambertime_tui.cli.options import add_command, add_json
from ambertime_tui.exit_codes import ExitCode

if TYPE_CHECKING:
    from ambertime_tui.cli.options import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Add the command."""
    parser = add_command(commands, "verify", run, "Read an archive back and compare it with its record")
    parser.add_argument("target", type=Path, metavar="DIR", help="folder of the archive")
    parser.add_argument(
        "--since",
        metavar="DAY",
        help="only files written on this day or later, such as 2024-07-01 (default: all files)",
    )
    parser.add_argument(
        "--sample", metavar="SHARE", help="only a random part of them, such as 5%% (default: all of them)"
    )
    add_json(parser)


def run(arguments: argparse.Namespace, context: Context) -> ExitCode:
    """Read an archive back. Exit code 0: every recorded file that was read is intact; 3: not all are.

    Raises:
        EngineError: there is no readable archive.
    """
    from ambertime_tui.engine.api.verification import verify_archive
    from ambertime_tui.plain.verify_text import verify_progress

    since, sample = parse_since(arguments.since), parse_sample(arguments.sample)
    printer = printer_for(context, as_json=arguments.json)
    result = verify_archive(
        arguments.target.absolute(),
        lambda status: printer.progress(verify_progress(status)),
        printer.verified_file,
        since=since,
        sample=sample,
    )
    for notice in result.notices:
        printer.say(f"Notice: {notice}")
    printer.verified(result)
    return ExitCode.COMPLETE if result.sound else ExitCode.LEFT


def parse_since(text: str | None) -> float | None:
    """Return the start of a day in this computer's time zone, in seconds since 1970; None without a text.

    Raises:
        UsageError: the text is not a day.
    """
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").astimezone().timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(f"--since needs a day such as 2024-07-01, not {text!r}.") from error


def parse_sample(text: str | None) -> float | None:
    """Return a percentage as a share above 0 and up to 1; None without a text.

    Raises:
        UsageError: the text is not such a percentage.
    """
    if text is None:
        return None
    try:
        share = float(text.removesuffix("%")) / 100
    except ValueError:
        share = 0.0
    if not (text.endswith("%") and 0 < share <= 1):
        raise UsageError(f"--sample needs a percentage such as 5%, not {text!r}.")
    return share
